"""Boxes and expressions as plain Unicode text, for the terminal."""

from __future__ import annotations

from chainrule.symbolic.boxes import Box
from chainrule.symbolic.expression import Expression
from chainrule.symbolic.layout import PLAIN, Script, layout

_SUP = dict(zip("0123456789+-−=()nTtijklL′⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿᵀᵗⁱʲᵏˡᴸ′ᵀ", strict=True))
_SUB = dict(zip("0123456789+-−=()ijklmnxrtp", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ᵢⱼₖₗₘₙₓᵣₜₚ", strict=True))
_BOLD_DIGITS = {"0": "𝟎", "1": "𝟏"}


def text(node: Expression | Box, script: Script = PLAIN) -> str:
    """The formula as one line of Unicode text.

    Examples
    --------
    >>> from chainrule.symbolic.expression import symbol
    >>> A, x = symbol("A", ("m", "n")), symbol("x", ("n", 1))
    >>> text(2 * (A @ x).T)
    '2 (A x)ᵀ'
    """
    return _text(layout(node, script) if isinstance(node, Expression) else node)


def _raised(base: str, mark: str, letters: dict[str, str], sign: str) -> str:
    plain = mark.replace(" ", "")
    if plain and all(c in letters for c in plain):
        return base + "".join(letters[c] for c in plain)
    return f"{base}{sign}{plain}" if len(plain) == 1 or plain.isalnum() else f"{base}{sign}({plain})"


def _sup(base: str, mark: str) -> str:
    if mark[:1] in ("⊙", "∘", "*"):
        return _raised(base + mark[0], mark[1:], _SUP, "^")
    return _raised(base, mark, _SUP, "^")


def _operator(sign: str) -> str:
    return {"neg": "−", ",": ", ", ";": "; ", "d": " "}.get(sign, f" {sign} ")


def _quotient(top: Box, bottom: Box) -> str:
    over, under = _text(top), _text(bottom)
    over = f"({over})" if _loose(top) else over
    closed = bottom.kind in ("id", "number", "sub", "sup", "subsup", "fence", "root") or under.startswith("∂")
    return f"{over}/{under if closed else f'({under})'}"


def _loose(box: Box) -> bool:
    """Whether a sum or an elementwise product stands open in a row."""
    if box.kind != "row":
        return False
    parts = [_box(part) for part in box.parts]
    return any(_loose(part) or (part.kind == "operator" and str(part.parts[0]) in "+−⊙∘*⊘⊗") for part in parts)


def _sum(parts: tuple[Box | str, ...]) -> str:
    limits = [_text(p) for p in parts[:-1] if isinstance(p, Box)]
    body = _text(_box(parts[-1]))
    return f"{_raised('∑', limits[0], _SUB, '_')} {body}"


def _box(part: Box | str) -> Box:
    assert isinstance(part, Box)  # noqa: S101 - the kinds that hold boxes hold nothing else
    return part


def _text(box: Box) -> str:
    p = box.parts
    match box.kind:
        case "id" | "upright" | "number":
            return str(p[0])
        case "words":
            return str(p[0])
        case "bold":
            return _BOLD_DIGITS.get(str(p[0]), str(p[0]))
        case "operator":
            return _operator(str(p[0]))
        case "space":
            return " "
        case "row":
            return "".join(_text(_box(part)) for part in p)
        case "sup":
            return _sup(_text(_box(p[0])), _text(_box(p[1])))
        case "sub":
            return _raised(_text(_box(p[0])), _text(_box(p[1])), _SUB, "_")
        case "subsup":
            return _sup(_raised(_text(_box(p[0])), _text(_box(p[1])), _SUB, "_"), _text(_box(p[2])))
        case "fraction":
            return _quotient(_box(p[0]), _box(p[1]))
        case "root":
            return f"√({_text(_box(p[0]))})"
        case "tilde":
            return _text(_box(p[0])) + "\u0303"
        case "fence":
            return f"{p[0]}{_text(_box(p[1]))}{p[2]}"
        case "sum":
            return _sum(p)
        case "cases":
            pairs = zip(p[::2], p[1::2], strict=True)
            return "{ " + "; ".join(f"{_text(_box(a))} {_text(_box(b))}" for a, b in pairs) + " }"
