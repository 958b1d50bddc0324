"""Matrix calculus: expressions, adjoint rules, simplification, printers; notations; derivations; explanations.

The names below are what one builds on; each is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "ADJOINTS": "rules",
    "Derivation": "derivation",
    "Derivative": "derivative",
    "Explanation": "explanation",
    "Expression": "expression",
    "NOTATIONS": "presets",
    "Notation": "notation",
    "ParseError": "parser",
    "ProofError": "proof",
    "SYMBOLS": "namespace",
    "ShapeError": "expression",
    "derive": "derivation",
    "differentiate": "derivative",
    "explain": "explanation",
    "parse": "parser",
    "symbol": "expression",
    "variant": "presets",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'chainrule.symbolic' has no attribute {name!r}")
    return getattr(import_module(f"chainrule.symbolic.{_PUBLIC[name]}"), name)
