"""The table's losses and activations as expressions of one entry, and their lift to matrices.

A loss is a term of an output f and a target y, with its slope by f; both run on symbols as they stand in the table.
Three losses are written there for arrays: they reshape their outputs or guard their digits. On paper they read

    quantile        q (y - f) where y > f, else (1 - q) (f - y); one level q for every output of a target
    gaussian_nll    1/2 (s + (y - m)^2 exp(-s)); half of the outputs are means m, the others log variances s
    log_cosh        log cosh(f - y)

What needs the arrays themselves (a custom loss that reshapes them) has no elementwise form; it stays abstract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chainrule.network.loss import LOSSES
from chainrule.network.loss import loss as loss_of
from chainrule.symbolic.expression import (
    Expression,
    Shape,
    add,
    apply,
    hadamard,
    make,
    number,
    ones,
    postorder,
    power,
    product,
    scale,
    symbol,
)
from chainrule.symbolic.namespace import SYMBOLS
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.network.activation import Activation
    from chainrule.network.loss import Loss

_F, _Y, _Z, _A = symbol("__f"), symbol("__y"), symbol("__z"), symbol("__a")
_LEVEL, _MEAN, _LOG_VARIANCE = symbol("__q"), symbol("__m"), symbol("__s")
_NOT_SYMBOLIC = (TypeError, AttributeError, IndexError, KeyError, ValueError)
_SMOOTHED = ("binary_cross_entropy", "categorical_cross_entropy")


@dataclass(frozen=True)
class LossForm:
    """A loss of one entry, without its factor.

    Attributes
    ----------
    term : Expression
        The loss, in letters.
    slopes : mapping of str to Expression
        Its derivative by each quantity that the outputs hold: "activation", or "mean" and "log_variance".
    places : mapping of Expression to str
        The quantity that each letter is an entry of.
    """

    term: Expression
    slopes: Mapping[str, Expression]
    places: Mapping[Expression, str]


def loss_form(loss: Loss) -> LossForm | None:
    """The loss of one entry; None where it has no elementwise form."""
    on_paper = _ON_PAPER.get(loss.name) if loss.code is not None else None
    if on_paper is not None:
        return on_paper(loss)
    plain = LOSSES[loss.name] if smoothing(loss) else loss
    term, slope = _tried(lambda: plain.term(SYMBOLS, _F, _Y)), _tried(lambda: plain.slope(SYMBOLS, _F, _Y))
    if term is None or slope is None or loss.outputs_per_target != 1:
        return None
    target = "adjusted" if smoothing(loss) else "target"
    return LossForm(term, {"activation": slope}, {_F: "activation", _Y: target})


def _quantile(loss: Loss) -> LossForm:
    levels = loss.parameters or (0.5,)
    q = exactly(levels[0]) if len(levels) == 1 else _LEVEL
    above, below = make("greater", (_Y, _F)), make("greater", (_F, _Y))
    term = make("where", (above, q * (_Y - _F), (1 - q) * (_F - _Y)))
    slope = make("where", (above, -q, make("where", (below, 1 - q, number(0)))))
    if len(levels) == 1:
        return LossForm(term, {"activation": slope}, {_F: "activation", _Y: "target"})
    return LossForm(term, {"activation": slope}, {_F: "activation", _Y: "adjusted", _LEVEL: "levels"})


def _gaussian(loss: Loss) -> LossForm:
    precision = apply("exp", -_LOG_VARIANCE)
    term = number(0.5) * (_LOG_VARIANCE + (_Y - _MEAN) ** 2 * precision)
    slopes = {
        "mean": (_MEAN - _Y) * precision,
        "log_variance": number(0.5) * (1 - (_Y - _MEAN) ** 2 * precision),
    }
    return LossForm(term, slopes, {_MEAN: "mean", _LOG_VARIANCE: "log_variance", _Y: "target"})


def _log_cosh(loss: Loss) -> LossForm:
    slope = {"activation": apply("tanh", _F - _Y)}
    return LossForm(apply("logcosh", _F - _Y), slope, {_F: "activation", _Y: "target"})


_ON_PAPER: dict[str, Callable[[Loss], LossForm]] = {
    "quantile": _quantile,
    "gaussian_nll": _gaussian,
    "log_cosh": _log_cosh,
}


def smoothing(loss: Loss) -> float:
    """The share of a label that is spread over all classes."""
    return loss.parameters[0] if loss.code is not None and loss.name in _SMOOTHED and loss.parameters else 0.0


def text_loss(own: Loss, text: str) -> Loss:
    """The text's loss where the network's differs from it in factor and reduction alone; else the network's."""
    if not text or text == own.spec:
        return own
    theirs = loss_of(text)
    on_paper, ours = loss_form(theirs), loss_form(own)
    same = on_paper is not None and ours is not None and on_paper.term is ours.term
    return theirs if same else own


def exactly(value: float) -> Expression:
    return number(Fraction(repr(float(value))))


def factor(loss: Loss, outputs: Expression) -> Expression:
    """What every term is multiplied by."""
    exact = exactly(loss.factor)
    return simplify(hadamard(exact, power(outputs, number(-1)))) if loss.reduction == "mean" else exact


def lift(node: Expression, places: Mapping[Expression, Expression], shape: Shape) -> Expression:
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
