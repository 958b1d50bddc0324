"""The parts of a network by themselves: whether every derivative is that of its function, where the data puts it.

A custom activation with a wrong df, or a loss with a wrong slope, makes every block before it wrong; looking at the
part alone says which one it is and at which input.
"""

from collections.abc import Iterator

import numpy as np

from chainrule.checking.methods import EPS
from chainrule.checking.problem import Example, Vector
from chainrule.checking.report import Hint
from chainrule.network.arrays import namespace

# A central difference of 1e-5 is right to 1e-10 on smooth functions of order one, and to 1e-5 where the second
# derivative jumps (elu at 0); a wrong formula is wrong by far more than 2e-5 somewhere.
STEP = 1e-5
ALLOWED = 2e-5


def wrong_parts(example: Example, theta: Vector) -> Iterator[Hint]:
    """A hint for every activation and for the loss, if its derivative is not that of its function."""
    net, xp = example.network, namespace(theta)
    state = net.forward(theta, example.X)
    for l in range(net.depth):  # the input's activation is not on the way to theta, but dJ/dX needs it
        sigma = net.activation(l)
        if sigma.df is None:
            continue
        z = state.z[l].reshape(-1)
        z = z[np.all(np.abs(z[:, None] - np.array([*sigma.kinks, np.inf])) > 1e-3, axis=1)]
        slope = np.broadcast_to(sigma.df(xp, z, sigma.f(xp, z)), z.shape)
        found = _worst(z, slope, sigma.f(xp, z + STEP), sigma.f(xp, z - STEP))
        if found:
            yield Hint(f"the derivative df of activation {sigma.name!r} (layer {l}) is not that of its f", found)
    yield from _wrong_loss(example, state.z[-1], state.a[-1])


def _wrong_loss(example: Example, z: Vector, a: Vector) -> Iterator[Hint]:
    """The head as a whole, value against delta, along each output in turn."""
    net, xp = example.network, namespace(a)
    T = example.T.reshape(len(example.X), -1)
    sigma = net.activation(net.depth)
    for j in range(z.shape[1]):
        move = np.zeros(z.shape)
        move[:, j] = 1.0

        def value(t: float, move: Vector = move) -> Vector:
            at = z + t * move
            return np.asarray(net.head.value(xp, at, sigma.f(xp, at), T))

        delta = np.asarray(net.head.delta(xp, z, a, T))[:, j]
        found = _worst(z[:, j], delta, value(STEP), value(-STEP))
        if found and net.loss.kinks is None:
            yield Hint(
                f"the slope of loss {net.loss.name!r} on {sigma.name!r} is not that of its value",
                f"output {j}, {found}",
            )
            return


def _worst(z: Vector, slope: Vector, high: Vector, low: Vector) -> str:
    """The place of the largest error in words, empty if there is none beyond what rounding of the values explains."""
    numeric = (high - low) / (2 * STEP)
    rounding = 8 * EPS * np.maximum(np.abs(high), np.abs(low)) / STEP
    error = np.abs(slope - numeric) / (np.maximum(np.abs(slope), np.abs(numeric)) + 1e-3 + rounding / ALLOWED)
    error = np.where(np.isfinite(error), error, 0.0)
    if not error.size or error.max() <= ALLOWED:
        return ""
    k = int(np.argmax(error))
    return f"at z = {z[k]:.6g} it gives {slope[k]:.6g}, the difference quotient is {numeric[k]:.6g}"
