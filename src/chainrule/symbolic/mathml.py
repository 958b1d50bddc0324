"""Boxes and expressions as MathML Core: what a browser draws without any script or mathematical font."""

from __future__ import annotations

from html import escape

from chainrule.symbolic.boxes import Box
from chainrule.symbolic.expression import Expression
from chainrule.symbolic.layout import PLAIN, Script, layout

_SPACE = '<mspace width="0.17em"/>'


def mathml(node: Expression | Box, script: Script = PLAIN, display: bool = False) -> str:
    """The formula as a <math> element.

    Examples
    --------
    >>> from chainrule.symbolic.expression import symbol
    >>> mathml(symbol("x").T)
    '<math><msup><mi>x</mi><mi mathvariant="normal">T</mi></msup></math>'
    """
    inner = _mathml(layout(node, script) if isinstance(node, Expression) else node)
    style = ' display="block"' if display else ""
    return f"<math{style}>{inner}</math>"


def _part(part: Box | str) -> str:
    return _mathml(part) if isinstance(part, Box) else escape(part)


def _operator(sign: str) -> str:
    if sign == "neg":
        return '<mo form="prefix">−</mo>'
    if sign in "()":
        return f'<mo stretchy="false" lspace="0em" rspace="0em">{sign}</mo>'
    spacing = ' lspace="0em" rspace="0.3em"' if sign in ",;" else ' lspace="0.25em" rspace="0.25em"'
    return f"<mo{spacing}>{escape(sign)}</mo>"


def _sum(p: tuple[Box | str, ...]) -> str:
    tall = len(p) == 3
    sign = "<mo>∑</mo>" + f"<mrow>{_part(p[0])}</mrow>" + (f"<mrow>{_part(p[1])}</mrow>" if tall else "")
    tag = "munderover" if tall else "munder"
    return f"<mrow><{tag}>{sign}</{tag}>{_SPACE}{_part(p[-1])}</mrow>"


def _cases(p: tuple[Box | str, ...]) -> str:
    rows = zip(p[::2], p[1::2], strict=True)
    body = "".join(f"<mtr><mtd>{_part(a)}</mtd><mtd>{_part(b)}</mtd></mtr>" for a, b in rows)
    return f'<mrow><mo fence="true">{{</mo><mtable>{body}</mtable></mrow>'


def _is_tall(box: Box | str) -> bool:
    """Whether brackets round the box should grow with it."""
    if not isinstance(box, Box):
        return False
    return box.kind in ("fraction", "cases", "sum", "root") or any(_is_tall(p) for p in box.parts)


def _fence(p: tuple[Box | str, ...]) -> str:
    stretchy = "true" if _is_tall(p[1]) else "false"
    left, right = (f'<mo fence="true" stretchy="{stretchy}">{escape(str(e))}</mo>' for e in (p[0], p[2]))
    return f"<mrow>{left}{_part(p[1])}{right}</mrow>"


def _primes(part: Box | str) -> str:
    """Primes, which are raised in the font already: an exponent would raise them twice."""
    marks = str(part.parts[0]) if isinstance(part, Box) and part.kind == "upright" else ""
    return f'<mo lspace="0em" rspace="0em">{marks}</mo>' if marks and set(marks) == {"′"} else ""


def _mathml(box: Box) -> str:
    p = box.parts
    if box.kind in ("sup", "subsup") and _primes(p[-1]):
        base = _part(p[0]) if box.kind == "sup" else f"<msub>{_part(p[0])}{_part(p[1])}</msub>"
        return f"<mrow>{base}{_primes(p[-1])}</mrow>"
    match box.kind:
        case "id":
            return f"<mi>{escape(str(p[0]))}</mi>"
        case "upright":
            return f'<mi mathvariant="normal">{escape(str(p[0]))}</mi>'
        case "bold":
            return f'<mi class="bold">{escape(str(p[0]))}</mi>'
        case "number":
            return f"<mn>{escape(str(p[0]))}</mn>"
        case "operator":
            return _operator(str(p[0]))
        case "words":
            return f"<mtext>{escape(str(p[0]))}</mtext>"
        case "space":
            return _SPACE
        case "row":
            return "<mrow>" + "".join(_part(part) for part in p) + "</mrow>"
        case "sup":
            return f"<msup>{_part(p[0])}{_part(p[1])}</msup>"
        case "sub":
            return f"<msub>{_part(p[0])}{_part(p[1])}</msub>"
        case "subsup":
            return f"<msubsup>{_part(p[0])}{_part(p[1])}{_part(p[2])}</msubsup>"
        case "fraction":
            return f"<mfrac>{_part(p[0])}{_part(p[1])}</mfrac>"
        case "root":
            return f"<msqrt>{_part(p[0])}</msqrt>"
        case "tilde":
            return f'<mover accent="true">{_part(p[0])}<mo stretchy="false">~</mo></mover>'
        case "fence":
            return _fence(p)
        case "sum":
            return _sum(p)
        case "cases":
            return _cases(p)
