"""Exact companions of the gradient: Jacobian, gradients per sample, Hessian and Gauss-Newton products.

The products with second derivatives are complex steps of first derivatives: with h tiny,
H v = Im g(theta + i h v) / h exact to rounding (Squire and Trapp 1998), because every formula of
this package continues to complex numbers. No second derivative is written by hand anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import Array, Library, namespace
from .backward import backward, deltas, pull_back
from .forward import forward
from .objective import delta_of_output, shares, value_and_gradient

if TYPE_CHECKING:
    from .spec import Network

__all__ = ["gauss_newton_product", "gradients_per_sample", "hessian_product", "jacobian"]

STEP = 1e-30  # its square vanishes beside 1 in float64, and the division by it is exact enough


def jacobian(network: Network, theta: Array, X: Array) -> Array:
    """dY/dX of each sample, (N, n_L, n_0); see `Network.jacobian`."""
    xp = namespace(theta, X)
    layers = network.layers(theta)
    state = forward(network, layers, X)
    rows = []
    for k in range(network.sizes[-1]):
        g = xp.zeros_like(state.a[-1]) + _unit(xp, network.sizes[-1], k, state.a[-1])
        delta_L = network.activation(network.depth).pullback(xp, state.z[-1], state.a[-1], g)
        delta_1 = dict(deltas(network, layers, state, delta_L))[1]
        rows.append(pull_back(network, layers, state, 0, delta_1))  # B5
    return xp.stack(rows, axis=1)


def _unit(xp: Library, n: int, k: int, like: Array) -> Array:
    return xp.asarray([float(j == k) for j in range(n)], dtype=like.dtype)


def gradients_per_sample(network: Network, theta: Array, X: Array, T: Array) -> Array:
    """d loss_n / d theta of every sample, (N, n_parameters); see `Network.gradients_per_sample`."""
    xp = namespace(theta, X)
    layers = network.layers(theta)
    state = forward(network, layers, X)
    delta_L = network.head.delta(xp, state.z[-1], state.a[-1], T)
    parts: list[Array] = []
    for l, d in deltas(network, layers, state, delta_L):
        outer = xp.reshape(d[:, :, None] * state.fed[l - 1][:, None, :], (X.shape[0], -1))  # B3
        parts = [outer, d, *parts] if network.bias else [outer, *parts]  # B4
    return xp.concat(parts, axis=1)


def _complex(xp: Library, x: Array) -> Array:
    return xp.astype(x, xp.complex128)


def hessian_product(
    network: Network,
    theta: Array,
    X: Array,
    T: Array,
    vector: Array,
    sample_weight: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> Array:
    """H v, (n_parameters,); see `Network.hessian_product`."""
    xp = namespace(theta, X, vector)
    stepped = _complex(xp, theta) + 1j * STEP * _complex(xp, vector)
    _, g = value_and_gradient(network, stepped, _complex(xp, X), T, sample_weight, l1, l2)
    return xp.astype(xp.imag(g) / STEP, theta.dtype)


def gauss_newton_product(
    network: Network, theta: Array, X: Array, T: Array, vector: Array, sample_weight: Array | None = None
) -> Array:
    """J_z^T H_z J_z v, (n_parameters,); see `Network.gauss_newton_product`."""
    xp = namespace(theta, X, vector)
    stepped = forward(network, network.layers(_complex(xp, theta) + 1j * STEP * _complex(xp, vector)), _complex(xp, X))
    layers = network.layers(theta)
    state = forward(network, layers, X)
    # the head at z + i h (J_z v): its imaginary part is h H_z J_z v
    state_z = forward(network, layers, X)
    state_z.z[-1] = _complex(xp, state.z[-1]) + 1j * xp.imag(stepped.z[-1])
    state_z.a[-1] = network.activation(network.depth).f(xp, state_z.z[-1])
    share = shares(xp, X.shape[0], sample_weight)
    curved = xp.imag(delta_of_output(network, xp, state_z, T, share)) / STEP
    return backward(network, layers, state, xp.astype(curved, theta.dtype))
