"""Simplification to the form a person would write; each rewrite is proved numerically before it is used.

Numbers and scalars stand in front, transposes on the symbols, products are flat, like terms are added, common factors
are taken out, diag(u) v is u * v. Rules are local: they see a node whose arguments are already simple and return a
better one, or None. ``RULES`` lists them by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from chainrule.symbolic import simplify_sums as sums
from chainrule.symbolic import simplify_terms as terms
from chainrule.symbolic.expression import Expression, make
from chainrule.symbolic.proof import prove_rewrite

__all__ = ["RULES", "Rewrite", "simplify"]


@dataclass(frozen=True)
class Rewrite:
    """A named local rule."""

    name: str
    apply: Callable[[Expression], Expression | None]


def _rules(*functions: Callable[[Expression], Expression | None]) -> tuple[Rewrite, ...]:
    return tuple(Rewrite((f.__doc__ or f.__name__).strip().rstrip("."), f) for f in functions)


RULES: dict[str, tuple[Rewrite, ...]] = {
    "product": _rules(
        terms.flat_product,
        terms.product_scalars_in_front,
        terms.product_with_zero_or_identity,
        terms.product_with_inverse,
        terms.product_with_diagonal,
        terms.product_inner_scalars,
        terms.product_of_ones,
        terms.scalar_product_orientation,
        terms.product_with_selection,
    ),
    "hadamard": _rules(
        terms.flat_hadamard,
        terms.hadamard_scalars_in_front,
        terms.hadamard_numbers,
        terms.hadamard_powers,
        terms.hadamard_of_rank_one,
        terms.hadamard_order,
        terms.transposed_arguments,
    ),
    "scale": _rules(terms.scale_trivial, terms.scale_nested),
    "power": _rules(terms.power_trivial, terms.power_of_power, terms.power_distributes, terms.transposed_arguments),
    "transpose": _rules(terms.transpose_pushes_down),
    "add": _rules(
        sums.flat_sum,
        sums.like_terms,
        sums.common_number,
        sums.common_factor,
        sums.pair_order,
        sums.positive_first,
        sums.single_term,
        terms.transposed_arguments,
    ),
    "apply": _rules(terms.function_and_inverse, terms.function_of_number, terms.transposed_arguments),
    "sum": _rules(terms.sum_of_scalar, terms.sum_linear, terms.sum_of_products),
    "trace": _rules(terms.trace_linear, terms.trace_of_product, terms.trace_special),
    "inverse": _rules(terms.inverse_special),
    "determinant": _rules(terms.determinant_special),
    "logdet": _rules(terms.determinant_special),
    "norm2": _rules(terms.norm_special),
    "diag": _rules(terms.diag_special),
    "diagonal": _rules(terms.diagonal_special),
    "kron": _rules(terms.kron_special),
    "vec": _rules(terms.vec_special),
    "unvec": _rules(terms.unvec_special),
    "where": _rules(terms.where_special, terms.transposed_arguments),
    "softmax": _rules(terms.softmax_special, terms.transposed_arguments),
    "logsumexp": _rules(terms.softmax_special, terms.transposed_arguments),
    "block_inner": _rules(terms.block_special),
    "block_sum": _rules(terms.block_special),
    "commutation": _rules(terms.commutation_special),
    "append_zeros": _rules(terms.linear_special),
    "drop_row": _rules(terms.linear_special),
    "drop_column": _rules(terms.linear_special),
}

_SIMPLE: WeakKeyDictionary[Expression, Expression] = WeakKeyDictionary()


def simplify(node: Expression) -> Expression:
    """The expression in its simple form.

    Parameters
    ----------
    node : Expression

    Returns
    -------
    Expression
        Of the same shape and, proved at random points, the same value.

    Raises
    ------
    ProofError
        When a rewrite changed the value.

    Examples
    --------
    >>> from chainrule.symbolic.expression import symbol
    >>> A, B, x = symbol("A", ("m", "n")), symbol("B", ("n", "p")), symbol("x", ("p", 1))
    >>> print(simplify((A @ B @ x).T))
    xᵀ Bᵀ Aᵀ
    """
    known = _SIMPLE.get(node)
    if known is None:
        known = _simplified(node)
        _SIMPLE[node] = known
        _SIMPLE[known] = known
    return known


def _simplified(node: Expression) -> Expression:
    current = _with_args(node, [simplify(a) for a in node.args])
    for rewrite in RULES.get(current.op, ()):
        better = rewrite.apply(current)
        if better is not None and better is not current and prove_rewrite(current, better, rewrite.name):
            return simplify(better)
    return current


def _with_args(node: Expression, args: Iterable[Expression]) -> Expression:
    args = tuple(args)
    return node if args == node.args else make(node.op, args, node.data)
