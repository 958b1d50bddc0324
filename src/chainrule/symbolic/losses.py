"""The table's losses and activations as matrix expressions: term and slope run on symbols, then lifted to matrices.

What needs the arrays themselves (a loss that reshapes its outputs) has no elementwise form; it stays abstract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chainrule.network.loss import LOSSES
from chainrule.symbolic.expression import (
    Expression,
    Shape,
    add,
    hadamard,
    make,
    number,
    ones,
    postorder,
    power,
    product,
    scale,
    size,
    symbol,
)
from chainrule.symbolic.namespace import SYMBOLS
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.network.activation import Activation
    from chainrule.network.loss import Loss

_F, _Y, _Z, _A = symbol("__f"), symbol("__y"), symbol("__z"), symbol("__a")
_NOT_SYMBOLIC = (TypeError, AttributeError, IndexError, KeyError, ValueError)


@dataclass(frozen=True)
class LossForm:
    """A loss as expressions of the outputs and targets, (n_L, N): its terms and their slopes, without factors."""

    term: Expression
    slope: Expression


def lift(node: Expression, places: dict[Expression, Expression], shape: Shape) -> Expression:
    """An expression of numbers applied to every entry of matrices."""
    done: dict[Expression, Expression] = {}
    for current in postorder(node):
        if current in places:
            done[current] = places[current]
        elif not current.args:
            done[current] = scale(current, ones(shape))
        elif current.op == "power":
            done[current] = power(done[current.args[0]], current.args[1])
        else:
            done[current] = make(current.op, tuple(done[a] for a in current.args), current.data)
    return simplify(done[node])


def _tried(compute: Callable[[], Any]) -> Expression | None:
    try:
        found = compute()
    except _NOT_SYMBOLIC:
        return None
    return found if isinstance(found, Expression) else number(found) if isinstance(found, int | float) else None


def loss_form(loss: Loss, output: Expression, target: Expression) -> LossForm | None:
    """The loss on matrices of outputs and targets; None where it has no elementwise form."""
    loss, target = _without_smoothing(loss, output, target)
    term, slope = _tried(lambda: loss.term(SYMBOLS, _F, _Y)), _tried(lambda: loss.slope(SYMBOLS, _F, _Y))
    if term is None or slope is None or loss.outputs_per_target != 1 or output.shape != target.shape:
        return None
    places = {_F: output, _Y: target}
    return LossForm(lift(term, places, output.shape), lift(slope, places, output.shape))


def _without_smoothing(loss: Loss, output: Expression, target: Expression) -> tuple[Loss, Expression]:
    """Label smoothing over the classes, t <- (1 - e) t + e / K, as a part of the target: K is the number of outputs."""
    if loss.name != "categorical_cross_entropy" or not loss.parameters:
        return loss, target
    epsilon = number(Fraction(repr(loss.parameters[0])))
    share = hadamard(epsilon, power(size(output.shape[0]), number(-1)))
    kept = scale(add(number(1), scale(number(-1), epsilon)), target)
    return LOSSES["categorical_cross_entropy"], add(kept, scale(share, ones(target.shape)))


def factor(loss: Loss, outputs: Any) -> Expression:
    """What every term is multiplied by."""
    exact = number(Fraction(repr(float(loss.factor))))
    return hadamard(exact, power(size(outputs), number(-1))) if loss.reduction == "mean" else exact


def activation_form(activation: Activation) -> tuple[Expression, Expression | None] | None:
    """f(z), and f' written with z and a, as expressions of numbers; None for a row-wise function."""
    if not activation.elementwise:
        return None
    value = _tried(lambda: activation.f(SYMBOLS, _Z))
    slope = _tried(lambda: activation.df(SYMBOLS, _Z, _A))  # type: ignore[misc]
    return None if value is None else (simplify(value), None if slope is None else simplify(slope))


def slope_of(activation: Activation, z: Expression, a: Expression) -> Expression | None:
    """f' on matrices, written with z and a."""
    form = activation_form(activation)
    return None if form is None or form[1] is None else lift(form[1], {_Z: z, _A: a}, z.shape)


def value_of(activation: Activation, z: Expression) -> Expression | None:
    """f on matrices."""
    form = activation_form(activation)
    return None if form is None else lift(form[0], {_Z: z}, z.shape)


def expand(node: Expression) -> Expression:
    """Elementwise products multiplied out, so that what cancels does; then simplified."""
    return simplify(_expanded(simplify(node)))


def _expanded(node: Expression) -> Expression:
    args = tuple(_expanded(a) for a in node.args)
    node = make(node.op, args, node.data) if args else node
    if node.op == "scale" and args[1].op == "add":
        return _expanded_sum([scale(args[0], t) for t in args[1].args])
    if node.op != "hadamard":
        return node
    flat = [f for a in args for f in (a.args if a.op == "hadamard" else (a,))]
    for i, candidate in enumerate(flat):
        body = candidate.args[1] if candidate.op == "scale" else candidate
        if body.op == "add":
            rest = [*flat[:i], *flat[i + 1 :]]
            front = [candidate.args[0]] if candidate.op == "scale" else []
            terms = [hadamard(term, *rest) for term in body.args]
            return _expanded_sum([scale(front[0], t) for t in terms] if front else terms)
    return node


def _expanded_sum(terms: list[Expression]) -> Expression:
    return simplify(add(*(_expanded(simplify(t)) for t in terms)))


def column_sums(node: Expression) -> Expression:
    """The sum over each sample's entries, repeated."""
    rows = node.shape[0]
    return product(ones((rows, 1)), ones((1, rows)), node)
