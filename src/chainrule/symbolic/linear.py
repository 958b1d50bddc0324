"""The matrix of a linear expression: vec(E) = M vec(G) for an expression E that is linear in the symbol G.

With it the Jacobian comes out of the adjoint, which is linear in its seed: vec(dC/dX) = J^T vec(G).
vec(A E B) = (B^T kron A) vec(E); an elementwise factor becomes a diagonal matrix, a transpose the commutation K.
"""

from __future__ import annotations

from chainrule.symbolic.expression import (
    Expression,
    add,
    commutation,
    depends,
    hadamard,
    identity,
    make,
    number,
    ones,
    product,
    scale,
    times,
    transpose,
    unary,
    zeros,
)
from chainrule.symbolic.shapes import Shape, times_dim


class NoMatrixFormError(NotImplementedError):
    """A linear map that these operations cannot write as one matrix."""


def matrix_of(node: Expression, g: Expression) -> Expression:
    """M with vec(node) = M vec(g); the node must be linear in g and simplified."""
    if node is g:
        return identity(unary("vec", g).shape[0])
    if not depends(node, g):
        return zeros((unary("vec", node).shape[0], unary("vec", g).shape[0]))
    handler = _HANDLERS.get(node.op)
    if handler is None:
        raise NoMatrixFormError(f"{node} has no matrix form in {g}; ask for a product with a direction instead")
    return handler(node, g)


def _of_add(node: Expression, g: Expression) -> Expression:
    return add(*(matrix_of(a, g) for a in node.args))


def _of_product(node: Expression, g: Expression) -> Expression:
    i = _dependent(node, g)
    inner = matrix_of(node.args[i], g)
    before = product(*node.args[:i]) if i else identity(node.args[i].shape[0])
    after = product(*node.args[i + 1 :]) if i + 1 < len(node.args) else identity(node.args[i].shape[1])
    return times(make("kron", (transpose(after), before)), inner)


def _of_scale(node: Expression, g: Expression) -> Expression:
    factor, body = node.args
    if depends(body, g):
        return scale(factor, matrix_of(body, g))
    return times(unary("vec", body), matrix_of(factor, g))


def _of_hadamard(node: Expression, g: Expression) -> Expression:
    i = _dependent(node, g)
    others = hadamard(*(node.args[:i] + node.args[i + 1 :]))
    return times(unary("diag", unary("vec", others)), matrix_of(node.args[i], g))


def _of_transpose(node: Expression, g: Expression) -> Expression:
    inner = node.args[0]
    return times(commutation(*inner.shape), matrix_of(inner, g))


def _of_sum(node: Expression, g: Expression) -> Expression:
    inner = unary("vec", node.args[0])
    return times(ones((1, inner.shape[0])), matrix_of(node.args[0], g))


def _of_trace(node: Expression, g: Expression) -> Expression:
    return times(transpose(unary("vec", identity(node.args[0].shape[0]))), matrix_of(node.args[0], g))


def _of_vec(node: Expression, g: Expression) -> Expression:
    return matrix_of(node.args[0], g)


def _of_where(node: Expression, g: Expression) -> Expression:
    condition, yes, no = node.args
    flags = unary("diag", unary("vec", make("greater", (condition, zeros(condition.shape)))))
    keep = add(identity(flags.shape[0]), scale(number(-1), flags))
    return add(times(flags, matrix_of(yes, g)), times(keep, matrix_of(no, g)))


def _of_diagonal(node: Expression, g: Expression) -> Expression:
    """diagonal(E) = (E * I) 1, the entries on the diagonal as a column."""
    body = node.args[0]
    n = body.shape[0]
    return matrix_of(product(hadamard(body, identity(n)), ones((n, 1))), g)


def _of_diag(node: Expression, g: Expression) -> Expression:
    """diag(u) = (u 1^T) * I."""
    body = node.args[0]
    n = body.shape[0]
    return matrix_of(hadamard(product(body, ones((1, n))), identity(n)), g)


def _vec_of_kron(shape: Shape, inner: Shape) -> Expression:
    """P with vec(A kron B) = P (vec A kron vec B), for A of m x n and B of p x q: I_n kron K_qm kron I_p."""
    (m, n), (p, q) = shape, inner
    return make("kron", (make("kron", (identity(n), commutation(q, m))), identity(p)))


def _of_block_inner(node: Expression, g: Expression) -> Expression:
    """The adjoint of vec A -> vec(A kron B) = P (I kron vec B) vec A."""
    big, small = node.args
    spread = make("kron", (identity(times_dim(*node.shape)), unary("vec", small)))
    return times(transpose(times(_vec_of_kron(node.shape, small.shape), spread)), matrix_of(big, g))


def _of_block_sum(node: Expression, g: Expression) -> Expression:
    """The adjoint of vec B -> vec(A kron B) = P (vec A kron I) vec B."""
    big, weights = node.args
    spread = make("kron", (unary("vec", weights), identity(times_dim(*node.shape))))
    return times(transpose(times(_vec_of_kron(weights.shape, node.shape), spread)), matrix_of(big, g))


def _dependent(node: Expression, g: Expression) -> int:
    places = [i for i, a in enumerate(node.args) if depends(a, g)]
    if len(places) != 1:
        raise NoMatrixFormError(f"{node} is not linear in {g}")
    return places[0]


_HANDLERS = {
    "add": _of_add,
    "product": _of_product,
    "scale": _of_scale,
    "hadamard": _of_hadamard,
    "transpose": _of_transpose,
    "sum": _of_sum,
    "trace": _of_trace,
    "vec": _of_vec,
    "unvec": _of_vec,
    "where": _of_where,
    "diagonal": _of_diagonal,
    "diag": _of_diag,
    "block_inner": _of_block_inner,
    "block_sum": _of_block_sum,
}
