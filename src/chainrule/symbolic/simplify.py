"""Simplification to the form a person would write; each rewrite is proved numerically before it is used.

Numbers and scalars stand in front, transposes on the symbols, products are flat, like terms are added, common factors
are taken out, diag(u) v is u * v. Rules are local: they see a node whose arguments are already simple and return a
better one, or None. ``RULES`` lists them by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from chainrule.symbolic import simplify_elementwise as elementwise
from chainrule.symbolic import simplify_matrices as matrices
from chainrule.symbolic import simplify_products as products
from chainrule.symbolic import simplify_sums as sums
from chainrule.symbolic import simplify_transposes as transposes
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
        products.flat_product,
        products.product_scalars_in_front,
        products.product_with_zero_or_identity,
        products.product_with_inverse,
        products.product_with_diagonal,
        products.product_inner_scalars,
        products.product_of_ones,
        products.scalar_product_orientation,
        products.product_with_selection,
    ),
    "hadamard": _rules(
        elementwise.flat_hadamard,
        elementwise.hadamard_scalars_in_front,
        elementwise.hadamard_numbers,
        elementwise.hadamard_powers,
        elementwise.hadamard_of_rank_one,
        elementwise.hadamard_order,
        transposes.transposed_arguments,
    ),
    "scale": _rules(elementwise.scale_trivial, elementwise.scale_nested),
    "power": _rules(
        elementwise.power_trivial,
        elementwise.power_of_power,
        elementwise.power_distributes,
        transposes.transposed_arguments,
    ),
    "transpose": _rules(transposes.transpose_pushes_down),
    "add": _rules(
        sums.flat_sum,
        sums.like_terms,
        sums.common_number,
        sums.common_factor,
        sums.pair_order,
        sums.positive_first,
        sums.single_term,
        transposes.transposed_arguments,
    ),
    "apply": _rules(elementwise.function_and_inverse, elementwise.function_of_number, transposes.transposed_arguments),
    "sum": _rules(matrices.sum_of_scalar, matrices.sum_linear, matrices.sum_of_turned, matrices.sum_of_products),
    "trace": _rules(matrices.trace_linear, matrices.trace_of_product, matrices.trace_special),
    "inverse": _rules(matrices.inverse_special),
    "determinant": _rules(matrices.determinant_special),
    "logdet": _rules(matrices.determinant_special),
    "norm2": _rules(matrices.norm_special),
    "diag": _rules(matrices.diag_special),
    "diagonal": _rules(matrices.diagonal_special),
    "kron": _rules(matrices.kron_special),
    "vec": _rules(matrices.vec_special),
    "unvec": _rules(matrices.unvec_special),
    "where": _rules(matrices.where_special, transposes.transposed_arguments),
    "softmax": _rules(matrices.softmax_special, transposes.transposed_arguments),
    "logsumexp": _rules(matrices.softmax_special, transposes.transposed_arguments),
    "block_inner": _rules(matrices.block_special),
    "block_sum": _rules(matrices.block_special),
    "commutation": _rules(matrices.commutation_special),
    "stack": _rules(transposes.transposed_arguments),
    "part": _rules(transposes.transposed_arguments),
    "append_zeros": _rules(matrices.linear_special),
    "drop_row": _rules(matrices.linear_special),
    "drop_column": _rules(matrices.linear_special),
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
