"""The same networks in PyTorch, written from PyTorch's own functions and differentiated by its autograd."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

import chainrule as cr

ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": lambda z: functional.softplus(z, threshold=1e9),
    "softsign": functional.softsign,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda z: functional.relu6(z + 3) / 6,  # hardsigmoid itself has a 1/6 of float32
    "exp": torch.exp,
    "gaussian": lambda z: torch.exp(-(z**2)),
    "sine": torch.sin,
    "squared_relu": lambda z: functional.relu(z) ** 2,
    "softmax": lambda z: functional.softmax(z, dim=1),
}


def _gaussian_nll(m, v, y):
    return functional.gaussian_nll_loss(m, y, v.exp(), eps=1e-300, reduction="none").sum(1)


def _pinball(f, y):
    return torch.maximum(0.5 * (y - f), -0.5 * (y - f))


LOSSES = {
    "squared_error": lambda f, y: functional.mse_loss(f, y, reduction="none").sum(1),
    "half_squared_error": lambda f, y: functional.mse_loss(f, y, reduction="none").sum(1) / 2,
    "mean_squared_error": lambda f, y: functional.mse_loss(f, y, reduction="none").mean(1),
    "half_mean_squared_error": lambda f, y: functional.mse_loss(f, y, reduction="none").mean(1) / 2,
    "binary_cross_entropy": lambda f, y: functional.binary_cross_entropy(f, y, reduction="none").sum(1),
    "categorical_cross_entropy": lambda f, y: -(y * torch.log(f)).sum(1),
    "absolute_error": lambda f, y: functional.l1_loss(f, y, reduction="none").sum(1),
    "huber": lambda f, y: functional.huber_loss(f, y, reduction="none").sum(1),
    "log_cosh": lambda f, y: (torch.logaddexp(f - y, y - f) - np.log(2)).sum(1),
    "quantile": lambda f, y: _pinball(f, y).sum(1),
    "poisson": lambda f, y: functional.poisson_nll_loss(f, y, log_input=False, eps=0.0, reduction="none").sum(1),
    "gamma": lambda f, y: (y / f + torch.log(f)).sum(1),
    "hinge": lambda f, y: functional.relu(1 - y * f).sum(1),
    "gaussian_nll": lambda f, y: functional.gaussian_nll_loss(
        *f.chunk(2, 1)[:1], y, f.chunk(2, 1)[1].exp(), eps=1e-300, reduction="none"
    ).sum(1),
    "kl_divergence": lambda f, y: functional.kl_div(torch.log(f), y, reduction="none").sum(1),
}


def _loss(net: cr.Network, f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if net.loss.name != "focal":
        return LOSSES[net.loss.name](f, y)
    if net.activations[-1].name == "softmax":
        return (-0.25 * y * (1 - f) ** 2 * torch.log(f)).sum(1)
    return (-0.25 * y * (1 - f) ** 2 * torch.log(f) - 0.75 * (1 - y) * f**2 * torch.log(1 - f)).sum(1)


def value_and_gradient(net: cr.Network, theta: np.ndarray, X, T, weight) -> tuple[float, np.ndarray]:
    """J and its gradient, from a forward pass of PyTorch's functions and its autograd."""
    leaf = torch.tensor(theta, requires_grad=True)
    a = torch.tensor(X)
    for layer, sigma in zip(_split(net, leaf), net.activations, strict=True):
        a = ACTIVATIONS[sigma.name](functional.linear(a, *layer))
    losses = _loss(net, a, torch.tensor(T))
    w = torch.ones(len(X), dtype=leaf.dtype) if weight is None else torch.tensor(weight)
    J = (losses * w).sum() / w.sum()
    J.backward()
    return float(J.detach()), leaf.grad.numpy()


def _split(net: cr.Network, theta: torch.Tensor):
    start = 0
    for m, n in zip(net.sizes, net.sizes[1:], strict=False):
        W = theta[start : start + m * n].reshape(n, m)
        start += m * n
        b = theta[start : start + n] if net.bias else None
        start += n if net.bias else 0
        yield W, b
