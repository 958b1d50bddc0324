"""Boxes and expressions as LaTeX."""

from __future__ import annotations

from chainrule.symbolic.boxes import GREEK, Box
from chainrule.symbolic.expression import Expression
from chainrule.symbolic.functions import FUNCTIONS
from chainrule.symbolic.layout import PLAIN, Script, layout

_LETTERS = {letter: "\\" + name for name, letter in GREEK.items()} | {
    "ε": r"\varepsilon", "∇": r"\nabla", "ℓ": r"\ell",
}  # fmt: skip
_OPERATORS = {
    "neg": "-", "−": " - ", "+": " + ", "=": " = ", "⊙": r" \odot ", "∘": r" \circ ", "⊘": r" \oslash ",
    "⊗": r" \otimes ", ",": ", ", ";": "; ", "×": r" \times ", "→": r" \to ", "·": r" \cdot ", "≤": r" \le ",
    "∈": r" \in ", "←": r" \leftarrow ", ">": " > ", "<": " < ", "≥": r" \ge ", "*": " * ",
}  # fmt: skip
_UPRIGHT = {
    "∂": r"\partial ", "T": r"\mathsf{T}", "⊤": r"\top", "t": "t", "⊙": r"\odot ", "∘": r"\circ ", "*": "*",
    "∇": r"\nabla ", "ℝ": r"\mathbb{R}", "−": "-", "+": "+", ",": ",",
}  # fmt: skip
_FENCES = {"‖": (r"\left\lVert ", r"\right\rVert "), "|": (r"\left|", r"\right|"), "{": (r"\left\{", r"\right\}")}
_NAMED = {"softmax", "logsumexp", "sum", "tr", "diag", "diagonal", "vec", "unvec", "blocks", "blocksum", "drop"}


def latex(node: Expression | Box, script: Script = PLAIN) -> str:
    r"""The formula as LaTeX for math mode (amsmath).

    Examples
    --------
    >>> from chainrule.symbolic.expression import symbol
    >>> A, x = symbol("A", ("m", "n")), symbol("x", ("n", 1))
    >>> print(latex(2 * (A @ x).T))
    2 \, \left(A \, x\right)^{\mathsf{T}}
    """
    return _latex(layout(node, script) if isinstance(node, Expression) else node)


def _identifier(name: str) -> str:
    if name in _LETTERS:
        return _LETTERS[name]
    return name if len(name) == 1 else rf"\mathit{{{escape(name)}}}"


def _upright(name: str) -> str:
    if name in _UPRIGHT:
        return _UPRIGHT[name]
    if name in FUNCTIONS:
        return FUNCTIONS[name].latex
    if name == "log det":
        return r"\log\det"
    if name and set(name) == {"′"}:
        return r"\prime" * len(name)
    if name == "det":
        return r"\det"
    return rf"\operatorname{{{name}}}" if name in _NAMED else rf"\mathrm{{{escape(name)}}}"


def escape(words: str) -> str:
    """Plain words for LaTeX text."""
    for character in r"\&%$#_{}":
        words = words.replace(character, "\\" + character if character != "\\" else r"\textbackslash ")
    return words


def _part(part: Box | str) -> str:
    return _latex(part) if isinstance(part, Box) else part


def _fenced(p: tuple[Box | str, ...]) -> str:
    left = _FENCES.get(str(p[0]), (rf"\left{p[0]}", ""))[0]
    right = _FENCES.get(str(p[2]), ("", rf"\right{p[2]}"))[1]
    return f"{left}{_part(p[1])}{right}"


def _raisable(part: Box | str) -> str:
    """A base for a sub- or superscript, braced when it already carries one."""
    inner = _part(part)
    return f"{{{inner}}}" if isinstance(part, Box) and part.kind in ("sup", "subsup", "tilde") else inner


def _sum(p: tuple[Box | str, ...]) -> str:
    upper = rf"^{{{_part(p[1])}}}" if len(p) == 3 else ""
    return rf"\sum_{{{_part(p[0])}}}{upper} {_part(p[-1])}"


def _latex(box: Box) -> str:
    p = box.parts
    match box.kind:
        case "id":
            return _identifier(str(p[0]))
        case "bold":
            letter = str(p[0])
            return rf"\boldsymbol{{{_LETTERS[letter]}}}" if letter in _LETTERS else rf"\mathbf{{{letter}}}"
        case "upright":
            return _upright(str(p[0]))
        case "number":
            return str(p[0])
        case "operator":
            return _OPERATORS.get(str(p[0]), f" {p[0]} ")
        case "words":
            return rf"\text{{{escape(str(p[0]))}}}"
        case "space":
            return r" \, "
        case "row":
            return "".join(_part(part) for part in p)
        case "sup":
            return f"{_raisable(p[0])}^{{{_part(p[1])}}}"
        case "sub":
            return f"{_raisable(p[0])}_{{{_part(p[1])}}}"
        case "subsup":
            return f"{_raisable(p[0])}_{{{_part(p[1])}}}^{{{_part(p[2])}}}"
        case "fraction":
            return rf"\frac{{{_part(p[0])}}}{{{_part(p[1])}}}"
        case "root":
            return rf"\sqrt{{{_part(p[0])}}}"
        case "tilde":
            return rf"\tilde{{{_part(p[0])}}}"
        case "fence":
            return _fenced(p)
        case "sum":
            return _sum(p)
        case "cases":
            rows = [f"{_part(a)} & {_part(b)}" for a, b in zip(p[::2], p[1::2], strict=True)]
            return r"\begin{cases}" + r" \\ ".join(rows) + r"\end{cases}"
