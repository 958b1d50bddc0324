"""The head: output activation and loss joined, so that value and delta come from z where that is safer.

Three roads lead from z to B1, and `join` takes the first that exists:

- a pair whose factors cancel: sigmoid with binary_cross_entropy and softmax with
  categorical_cross_entropy have delta = a - t (Wichmann 3.12, Menon (1) for sigmoid and softmax);
- the loss is written in logarithms and the activation knows its own: dloss/dlog f, pulled back through log f;
- the chain rule as it stands: dloss/df, pulled back through f (Watters 44, Wichmann 2.15).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .activation import Activation
from .arrays import Array, Library, is_complex
from .loss import Loss, smooth_labels

__all__ = ["Head", "join"]

# value(xp, z, a, t) -> (N,);  delta(xp, z, a, t) -> (N, width), per sample, unweighted
HeadFunction = Callable[[Library, Array, Array, Array], Array]


@dataclass(frozen=True)
class Head:
    """An output activation with a loss.

    Attributes
    ----------
    activation : Activation
        sigma_L.
    loss : Loss
        The loss in the form it takes on this activation.
    value : callable
        ``value(xp, z, a, t)``: the loss of each sample, (N,).
    delta : callable
        ``delta(xp, z, a, t)``: its derivative with respect to z, (N, n_L).
    road : {"cancelled", "logarithms", "chain"}
        Which of the three roads the functions take.
    """

    activation: Activation
    loss: Loss
    value: HeadFunction
    delta: HeadFunction
    road: str


def join(activation: Activation, loss: Loss) -> Head:
    """The head of an output activation and a loss.

    Examples
    --------
    >>> from chainrule.network.activation import activation
    >>> from chainrule.network.loss import loss
    >>> join(activation("softmax"), loss("categorical_cross_entropy")).road
    'cancelled'
    >>> join(activation("exp"), loss("poisson")).road
    'logarithms'
    """
    if activation.name == "softmax" and loss.on_softmax is not None:
        loss = loss.on_softmax
    pair = (activation.name, loss.name)
    if pair in CANCELLED and activation.code is not None and loss.code is not None:
        value, delta = CANCELLED[pair](loss)
        return Head(activation, loss, value, delta, "cancelled")
    logs = activation.logs
    if logs is not None and loss.logs is not None and (logs.colog is not None or not loss.logs.needs_colog):
        return Head(activation, loss, *_through_logarithms(activation, loss), "logarithms")
    return Head(activation, loss, *_through_chain(activation, loss), "chain")


def _through_chain(activation: Activation, loss: Loss) -> tuple[HeadFunction, HeadFunction]:
    def value(xp: Library, z: Array, a: Array, t: Array) -> Array:
        return loss.value(xp, a, t)

    def delta(xp: Library, z: Array, a: Array, t: Array) -> Array:
        return activation.pullback(xp, z, a, loss.gradient(xp, a, t))  # B1

    return value, delta


def _through_logarithms(activation: Activation, loss: Loss) -> tuple[HeadFunction, HeadFunction]:
    of_f, of_loss = activation.logs, loss.logs
    if of_f is None or of_loss is None:
        raise TypeError(f"{activation.name!r} with {loss.name!r} has no logarithms")

    def logarithms(xp: Library, z: Array, a: Array) -> tuple[Array, Array | None]:
        v = of_f.colog(xp, z, a) if of_loss.needs_colog and of_f.colog else None
        return of_f.log(xp, z, a), v

    def value(xp: Library, z: Array, a: Array, t: Array) -> Array:
        return loss.reduce(xp, of_loss.term(xp, *logarithms(xp, z, a), t), z.shape[1])

    def delta(xp: Library, z: Array, a: Array, t: Array) -> Array:
        g_u, g_v = of_loss.slope(xp, *logarithms(xp, z, a), t)
        d = of_f.log_pullback(xp, z, a, g_u)  # B1
        if g_v is not None and of_f.colog_pullback is not None:
            d = d + of_f.colog_pullback(xp, z, a, g_v)  # B1
        scale = loss.scale(z.shape[1])
        return d if scale == 1 else scale * d

    return value, delta


def _sigmoid_binary(loss: Loss) -> tuple[HeadFunction, HeadFunction]:
    smoothing = sum(loss.parameters)

    def value(xp: Library, z: Array, a: Array, t: Array) -> Array:
        return loss.reduce(xp, xp.softplus(z) - smooth_labels(xp, t, smoothing, 2) * z, z.shape[1])

    def delta(xp: Library, z: Array, a: Array, t: Array) -> Array:
        return a - smooth_labels(xp, t, smoothing, 2)  # B1

    return value, delta


def _log_sum_exp(xp: Library, z: Array, a: Array) -> Array:
    """log sum exp z of each row, from the class of the largest z: log a = z - log sum exp, where a is at least 1/K."""
    if is_complex(z):
        return xp.logsumexp(z)
    return xp.max(z, axis=1, keepdims=True) - xp.log(xp.max(a, axis=1, keepdims=True))


def _softmax_categorical(loss: Loss) -> tuple[HeadFunction, HeadFunction]:
    smoothing = sum(loss.parameters)

    def value(xp: Library, z: Array, a: Array, t: Array) -> Array:
        t = smooth_labels(xp, t, smoothing, t.shape[1])
        return xp.vecdot(t, _log_sum_exp(xp, z, a) - z)

    def delta(xp: Library, z: Array, a: Array, t: Array) -> Array:
        t = smooth_labels(xp, t, smoothing, t.shape[1])
        return a * xp.sum(t, axis=1, keepdims=True) - t  # B1

    return value, delta


#: The pairs whose factors cancel, for the built-in entries.
CANCELLED: dict[tuple[str, str], Callable[[Loss], tuple[HeadFunction, HeadFunction]]] = {
    ("sigmoid", "binary_cross_entropy"): _sigmoid_binary,
    ("softmax", "categorical_cross_entropy"): _softmax_categorical,
}
