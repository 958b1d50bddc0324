"""Reverse mode on expressions: how the adjoint of a node passes to each of its arguments.

If C = C(F) and G = dC/dF, the table gives dC/dA_i for F = op(A_1, ..., A_k) from G, one line per operation:
``ADJOINTS[op](G, F, i)``. Constants pass to the other side by being transposed (Chains III and IV); everything else
follows from <G, dF> = <dC/dA, dA>.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.symbolic.expression import (
    Expression,
    add,
    apply,
    depends,
    hadamard,
    identity,
    make,
    number,
    ones,
    postorder,
    power,
    product,
    scale,
    transpose,
    unary,
    zeros,
)
from chainrule.symbolic.functions import derivative

Adjoint = Callable[[Expression, Expression, int], Expression]


def _others(node: Expression, i: int) -> tuple[Expression, ...]:
    return node.args[:i] + node.args[i + 1 :]


def _through_product(g: Expression, f: Expression, i: int) -> Expression:
    before = [transpose(a) for a in reversed(f.args[:i])]
    after = [transpose(a) for a in reversed(f.args[i + 1 :])]
    return product(*before, g, *after)


def _through_scale(g: Expression, f: Expression, i: int) -> Expression:
    return scale(f.args[0], g) if i == 1 else unary("sum", hadamard(g, f.args[1]))


def _through_power(g: Expression, f: Expression, i: int) -> Expression:
    base, exponent = f.args
    if i == 1:
        return unary("sum", hadamard(g, f, apply("log", base)))
    return hadamard(g, scale(exponent, power(base, exponent - 1)))


def _sums(node: Expression, axis: int) -> Expression:
    """The sums along an axis, repeated to the shape of the node."""
    rows, columns = node.shape
    if axis == 0:
        return product(ones((rows, 1)), ones((1, rows)), node)
    return product(node, ones((columns, 1)), ones((1, columns)))


def _through_softmax(g: Expression, f: Expression, i: int) -> Expression:
    return hadamard(f, g) - hadamard(f, _sums(hadamard(f, g), f.data))


def _through_logsumexp(g: Expression, f: Expression, i: int) -> Expression:
    rows, columns = f.args[0].shape
    spread = product(ones((rows, 1)), g) if f.data == 0 else product(g, ones((1, columns)))
    return hadamard(spread, make("softmax", f.args, f.data))


def _through_inverse(g: Expression, f: Expression, i: int) -> Expression:
    turned = transpose(f)
    return -product(turned, g, turned)


def _inverse_transposed(f: Expression) -> Expression:
    return transpose(unary("inverse", f.args[0]))


def _through_where(g: Expression, f: Expression, i: int) -> Expression:
    condition, nothing = f.args[0], zeros(f.shape)
    return (nothing, make("where", (condition, g, nothing)), make("where", (condition, nothing, g)))[i]


def _through_kron(g: Expression, f: Expression, i: int) -> Expression:
    left, right = f.args
    return make("block_inner", (g, right), left.shape) if i == 0 else make("block_sum", (g, left), right.shape)


def _through_block_inner(g: Expression, f: Expression, i: int) -> Expression:
    big, small = f.args
    return make("kron", (g, small)) if i == 0 else make("block_sum", (big, g), small.shape)


def _through_block_sum(g: Expression, f: Expression, i: int) -> Expression:
    big, weights = f.args
    return make("kron", (weights, g)) if i == 0 else make("block_inner", (big, g), weights.shape)


def _through_stack(g: Expression, f: Expression, i: int) -> Expression:
    axis, block = f.data[0], f.args[i]
    return unary("part", g, (axis, block.shape[axis], i, len(f.args)))


def _through_part(g: Expression, f: Expression, i: int) -> Expression:
    axis, _, place, count = f.data
    blocks = tuple(g if k == place else zeros(g.shape) for k in range(count))
    return make("stack", blocks, (axis, f.args[0].shape[axis]))


@dataclass(frozen=True)
class Rule:
    """An adjoint rule: the line, its name, and the reason a person would give."""

    adjoint: Adjoint
    name: str
    reason: str


ADJOINTS: dict[str, Rule] = {
    "add": Rule(lambda g, f, i: g, "sum", "every term of a sum receives the adjoint of the sum"),
    "product": Rule(_through_product, "product", "the other factors are constants; they pass over by being transposed"),
    "scale": Rule(_through_scale, "scaling", "a number in front stays in front"),
    "hadamard": Rule(
        lambda g, f, i: hadamard(g, *_others(f, i)), "elementwise product", "the other factors multiply elementwise"
    ),
    "power": Rule(_through_power, "power", "the exponent comes down, one power is left"),
    "apply": Rule(
        lambda g, f, i: hadamard(g, derivative(f.data[0], f.data[1], f.args[0])),
        "chain rule",
        "an elementwise function has a diagonal Jacobian: multiply elementwise by its derivative",
    ),
    "transpose": Rule(lambda g, f, i: transpose(g), "transpose", "the adjoint of a transpose is the transpose"),
    "sum": Rule(lambda g, f, i: scale(g, ones(f.args[0].shape)), "sum of entries", "every entry counts once"),
    "norm2": Rule(
        lambda g, f, i: scale(g, scale(power(f, number(-1)), f.args[0])), "norm", "a norm grows along its own direction"
    ),
    "trace": Rule(lambda g, f, i: scale(g, identity(f.args[0].shape[0])), "trace", "only diagonal entries count"),
    "determinant": Rule(lambda g, f, i: scale(g, scale(f, _inverse_transposed(f))), "determinant", "Jacobi's formula"),
    "logdet": Rule(lambda g, f, i: scale(g, _inverse_transposed(f)), "log determinant", "Jacobi's formula over det"),
    "inverse": Rule(_through_inverse, "inverse", "d(A^-1) = -A^-1 dA A^-1"),
    "diag": Rule(lambda g, f, i: unary("diagonal", g), "diag", "only the diagonal is filled by the vector"),
    "diagonal": Rule(lambda g, f, i: unary("diag", g), "diagonal", "only the diagonal is read"),
    "softmax": Rule(_through_softmax, "softmax", "its Jacobian is diag(s) - s s^T"),
    "logsumexp": Rule(_through_logsumexp, "log-sum-exp", "its gradient is the softmax"),
    "kron": Rule(_through_kron, "Kronecker product", "each block is weighed by the other factor"),
    "block_inner": Rule(_through_block_inner, "block products", "the adjoint of reading blocks is filling them"),
    "block_sum": Rule(_through_block_sum, "block sum", "the adjoint of reading blocks is filling them"),
    "vec": Rule(lambda g, f, i: unary("unvec", g, f.args[0].shape), "vec", "the columns are put back"),
    "unvec": Rule(lambda g, f, i: unary("vec", g), "unvec", "the columns are stacked again"),
    "where": Rule(_through_where, "case distinction", "each case keeps its own derivative"),
    "greater": Rule(lambda g, f, i: zeros(f.args[i].shape), "comparison", "a step is flat wherever it is smooth"),
    "stack": Rule(_through_stack, "blocks", "every block receives its own part"),
    "part": Rule(_through_part, "part of blocks", "the other blocks have no share in it"),
    "append_ones": Rule(lambda g, f, i: unary("drop_row", g), "appended ones", "the appended row is a constant"),
    "append_zeros": Rule(lambda g, f, i: unary("drop_column", g), "appended zeros", "the new column is a constant"),
    "drop_column": Rule(
        lambda g, f, i: unary("append_zeros", g), "dropped column", "the bias column has no part in it"
    ),
    "drop_row": Rule(
        lambda g, f, i: transpose(unary("append_zeros", transpose(g))),
        "dropped row",
        "the dropped row has no part in it",
    ),
}


@dataclass(frozen=True)
class Passage:
    """One step of the sweep: the adjoint that reaches a node, and the rules of the nodes it came through."""

    node: Expression
    adjoint: Expression
    rules: tuple[Rule, ...]


def sweep(
    function: Expression, variable: Expression, seed: Expression, tidy: Callable[[Expression], Expression]
) -> list[Passage]:
    """Walk the expression from its value back to the variable; every node that depends on it gets its adjoint."""
    memo: dict[Expression, bool] = {}
    received: dict[Expression, list[Expression]] = {function: [seed]}
    rules: dict[Expression, list[Rule]] = {function: []}
    passages = []
    for node in reversed(postorder(function)):
        if node not in received:
            continue
        adjoint = tidy(add(*reversed(received[node])))  # in the order in which the terms are written
        passages.append(Passage(node, adjoint, tuple(dict.fromkeys(rules[node]))))
        for i, argument in enumerate(node.args):
            if depends(argument, variable, memo):
                received.setdefault(argument, []).append(ADJOINTS[node.op].adjoint(adjoint, node, i))
                rules.setdefault(argument, []).append(ADJOINTS[node.op])
    return passages


def gradient(
    function: Expression, variable: Expression, seed: Expression, tidy: Callable[[Expression], Expression] = lambda e: e
) -> Expression:
    """dC/dX when dC/dF is the seed; zeros when the variable does not occur."""
    for passage in sweep(function, variable, seed, tidy):
        if passage.node is variable:
            return passage.adjoint
    return zeros(variable.shape)
