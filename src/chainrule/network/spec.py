"""Network: what is computed, as data; every error about a network is raised here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from . import companions as _companions
from . import edge as _edge
from . import forward as _forward
from . import initial as _initial
from . import kinks as _kinks
from . import objective as _objective
from .activation import ACTIVATIONS, Activation, activation
from .arrays import Array
from .grammar import GRAMMAR, parse_layers
from .head import Head, join
from .interval import Interval
from .loss import Loss
from .loss import loss as find_loss
from .parameters import Block, Layer, blocks, layers, pack

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from .backward import Backward
    from .forward import Forward

__all__ = ["Network"]

MAX_WIDTH = 2**31 - 1  # what 32-bit BLAS interfaces count to


@dataclass(frozen=True)
class Network:
    """A feed-forward network: layer sizes, an activation for each layer, and a loss.

    Parameters
    ----------
    sizes : sequence of int
        n_0, n_1, ..., n_L: the width of the input and of every layer.
    activations : sequence of str or Activation
        sigma_1, ..., sigma_L: names of ``cr.ACTIVATIONS``, parameters in brackets, or one's own.
    loss : str or Loss
        A name of ``cr.LOSSES``, parameters in brackets, or one's own.
    bias : bool, default True
        Whether the layers have biases (those of Chains have none).
    input_activation : str or Activation, default "identity"
        sigma_0, applied to X (Chains' q_0 = sigma_0(p_0)).

    Raises
    ------
    ValueError
        If the sizes, activations and loss do not make a network: among others, if the output activation can
        leave the domain of the loss. The message says what would fit.

    Examples
    --------
    >>> import chainrule as cr
    >>> net = cr.Network((4, 8, 3), ("tanh", "softmax"), "categorical_cross_entropy")
    >>> print(net, net.depth, net.n_parameters)
    4-8:tanh-3:softmax 2 67
    >>> cr.Network((4, 1), ("identity",), "poisson")
    Traceback (most recent call last):
    ...
    ValueError: loss 'poisson' is defined for outputs in (0, inf), but ... gives (-inf, inf): use one of exp, ...
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    bias: bool = field(default=True, kw_only=True)
    input_activation: Activation = field(default="identity", kw_only=True)  # type: ignore[assignment]

    if TYPE_CHECKING:

        def __init__(
            self,
            sizes: Sequence[int],
            activations: Sequence[str | Activation],
            loss: str | Loss,
            *,
            bias: bool = True,
            input_activation: str | Activation = "identity",
        ) -> None: ...

    def __post_init__(self) -> None:
        fix = object.__setattr__
        fix(self, "sizes", _checked_sizes(self.sizes))
        fix(self, "activations", _checked_activations(self.activations, len(self.sizes) - 1))
        fix(self, "input_activation", activation(self.input_activation))
        fix(self, "loss", find_loss(self.loss))
        fix(self, "bias", bool(self.bias))
        _check_head(self.activations[-1], self.loss, self.sizes[-1])

    @classmethod
    def parse(
        cls, text: str, loss: str | Loss, *, bias: bool = True, hidden: str = "relu", output: str | None = None
    ) -> Network:
        """A network from the grammar ``width[:activation]``, joined by hyphens.

        Parameters
        ----------
        text : str
            Such as ``"4-8:tanh-3:softmax"``. An activation after the first width is sigma_0.
        loss : str or Loss
            The loss.
        bias : bool, default True
            Whether the layers have biases.
        hidden, output : str, optional
            The activation of hidden layers that name none, and that of an output that names none:
            by default the one that suits the loss.

        Raises
        ------
        ValueError
            If the text is not of the grammar, or as for `Network`.

        Examples
        --------
        >>> import chainrule as cr
        >>> print(cr.Network.parse("64-100-10", loss="categorical_cross_entropy"))
        64-100:relu-10:softmax
        """
        found = parse_layers(text)
        if len(found) < 2:
            raise ValueError(f"network {text!r} has {len(found)} width(s): expected an input and an output, {GRAMMAR}")
        widths, names = [width for width, _ in found], [name for _, name in found]
        last = find_loss(loss).output if output is None else output
        chosen = [name or hidden for name in names[1:-1]] + [names[-1] or last]
        return cls(widths, chosen, loss, bias=bias, input_activation=names[0] or "identity")

    @property
    def depth(self) -> int:
        """L, the number of layers with parameters."""
        return len(self.activations)

    @property
    def n_targets(self) -> int:
        """The width of T: the outputs, divided by how many of them the loss takes for a target."""
        return self.sizes[-1] // self.loss.outputs_per_target

    @cached_property
    def n_parameters(self) -> int:
        """The length of theta."""
        return sum(n * (m + self.bias) for m, n in zip(self.sizes, self.sizes[1:], strict=False))

    @cached_property
    def head(self) -> Head:
        """Output activation and loss joined."""
        return join(self.activations[-1], self.loss)

    def activation(self, l: int) -> Activation:
        """sigma_l, l = 0..L."""
        return self.input_activation if l == 0 else self.activations[l - 1]

    def __str__(self) -> str:
        parts = [str(self.sizes[0])]
        if self.input_activation.name != "identity":
            parts[0] += f":{self.input_activation.spec}"
        parts += [f"{n}:{sigma.spec}" for n, sigma in zip(self.sizes[1:], self.activations, strict=True)]
        return "-".join(parts)

    def blocks(self) -> tuple[Block, ...]:
        """Where W_1, b_1, W_2, ... lie in theta."""
        return blocks(self)

    def layers(self, theta: Array) -> list[Layer]:
        """[(W_1, b_1), ...], views of theta where the library has views; b is None without biases."""
        return layers(self, _edge.parameters(theta))

    def pack(self, parts: Iterable[Sequence[Array | None]]) -> Array:
        """theta from [(W_1, b_1), ...]."""
        return pack(self, [tuple(None if part is None else _edge.parameters(part) for part in pair) for pair in parts])

    def initial(
        self,
        seed: int | np.random.Generator = 0,
        *,
        dtype: DTypeLike = np.float64,
        scheme: str | Sequence[str] | None = None,
    ) -> NDArray[Any]:
        """theta to start training from.

        Parameters
        ----------
        seed : int or numpy.random.Generator
            What the weights are drawn from.
        dtype : dtype
            float64 or float32.
        scheme : str or sequence of str, optional
            A name of ``chainrule.network.initial.SCHEMES`` for all layers, or one for each;
            by default what suits each layer's activation.

        Returns
        -------
        array (n_parameters,)
            Biases are zero.

        Examples
        --------
        >>> import chainrule as cr
        >>> net = cr.Network.parse("2-3:tanh-1", loss="half_squared_error")
        >>> net.initial(seed=0).shape
        (13,)
        """
        return _initial.initial(self, seed, dtype=dtype, scheme=scheme)

    def forward(self, theta: Array, X: Array) -> Forward:
        """All pre-activations and activations: ``.z[l]`` and ``.a[l]``, (N, n_l), l = 0..L (F1, F2)."""
        theta = _edge.parameters(theta)
        return _forward.forward(self, layers(self, theta), _edge.inputs(self, X, theta))

    def predict(self, theta: Array, X: Array) -> Array:
        """The outputs a_L, (N, n_L), for samples X, (N, n_0)."""
        return self.forward(theta, X).a[-1]

    def objective(
        self,
        theta: Array,
        X: Array,
        T: Array,
        sample_weight: Array | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> Array:
        """J: the weighted mean of the losses, plus ``l1 sum |W| + 1/2 l2 sum W^2`` (equation J)."""
        return _objective.objective(self, *_edge.data(self, theta, X, T, sample_weight), *_edge.penalties(l1, l2))

    def value_and_gradient(
        self,
        theta: Array,
        X: Array,
        T: Array,
        sample_weight: Array | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> tuple[Array, Array]:
        """J and its gradient with respect to theta.

        Parameters
        ----------
        theta : array (n_parameters,)
            The parameters; real or complex.
        X : array (N, n_0)
            Samples as rows.
        T : array (N, n_targets)
            Targets; (N,) where there is one target.
        sample_weight : array (N,), optional
            Weights w_n, not negative, not all zero.
        l1, l2 : float
            Penalties on the weights, not on the biases.

        Returns
        -------
        J : number
            Equation J.
        gradient : array (n_parameters,)
            Equations B1 to B4, in the order of theta.

        Raises
        ------
        ValueError
            If a shape does not fit the network, or the weights have no positive sum.

        Notes
        -----
        Watters (44) to (78), Wichmann 5, Chains II and IV, Neuron 3, Menon 2.

        Examples
        --------
        >>> import numpy as np, chainrule as cr
        >>> net = cr.Network((1, 1), ("identity",), "half_squared_error")
        >>> J, g = net.value_and_gradient(np.array([2.0, 1.0]), np.array([[3.0]]), np.array([[5.0]]))
        >>> float(J), g
        (2.0, array([6., 2.]))
        """
        return _objective.value_and_gradient(
            self, *_edge.data(self, theta, X, T, sample_weight), *_edge.penalties(l1, l2)
        )

    def backward(self, theta: Array, X: Array, T: Array, sample_weight: Array | None = None) -> Backward:
        """Everything on the way to the gradient: value, delta, weights, biases, inputs, vector (B1 to B5)."""
        return _objective.full_backward(self, *_edge.data(self, theta, X, T, sample_weight))

    def jacobian(self, theta: Array, X: Array) -> Array:
        """dY/dX of every sample, (N, n_L, n_0)."""
        theta = _edge.parameters(theta)
        return _companions.jacobian(self, theta, _edge.inputs(self, X, theta))

    def gradients_per_sample(self, theta: Array, X: Array, T: Array) -> Array:
        """The gradient of each sample's own loss, (N, n_parameters); their mean is that of J without penalties."""
        theta, X, T, _ = _edge.data(self, theta, X, T)
        return _companions.gradients_per_sample(self, theta, X, T)

    def hessian_product(
        self,
        theta: Array,
        X: Array,
        T: Array,
        vector: Array,
        sample_weight: Array | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> Array:
        """H v, (n_parameters,), H the Hessian of J: exact to rounding, at the cost of one complex gradient."""
        theta, X, T, w = _edge.data(self, theta, X, T, sample_weight)
        return _companions.hessian_product(self, theta, X, T, _edge.parameters(vector), w, *_edge.penalties(l1, l2))

    def gauss_newton_product(
        self, theta: Array, X: Array, T: Array, vector: Array, sample_weight: Array | None = None
    ) -> Array:
        """G v, (n_parameters,), G = J_z^T H_z J_z with J_z = dz_L/dtheta and H_z the Hessian of the loss in z_L."""
        theta, X, T, w = _edge.data(self, theta, X, T, sample_weight)
        return _companions.gauss_newton_product(self, theta, X, T, _edge.parameters(vector), w)

    def branches(self, theta: Array, X: Array, T: Array) -> NDArray[np.int8]:
        """Which side of every kink each number is on (-1, 0 on it, 1); equal patterns cross no kink."""
        theta, X, T, _ = _edge.data(self, theta, X, T)
        return _kinks.branches(self, theta, X, T)

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what is cached holds functions that do not pickle, and is made again when asked for."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def describe(self) -> dict[str, Any]:
        """The network as plain data, for a header; the inverse is `from_description`."""
        return {
            "sizes": list(self.sizes),
            "activations": [sigma.spec for sigma in self.activations],
            "loss": self.loss.spec,
            "bias": self.bias,
            "input_activation": self.input_activation.spec,
        }

    @classmethod
    def from_description(cls, data: dict[str, Any], custom: Iterable[Activation | Loss] = ()) -> Network:
        """A network from `describe`'s data; activations and losses of one's own are handed in as ``custom``."""
        own = {entry.spec: entry for entry in custom}
        try:
            return cls(
                data["sizes"],
                [own.get(name, name) for name in data["activations"]],
                own.get(data["loss"], data["loss"]),
                bias=data.get("bias", True),
                input_activation=own.get(
                    data.get("input_activation", "identity"), data.get("input_activation", "identity")
                ),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this does not describe a network: {error}") from error


def _checked_sizes(sizes: Any) -> tuple[int, ...]:
    if isinstance(sizes, str | int) or not all(isinstance(n, int | np.integer) for n in sizes):
        raise ValueError(f"sizes are whole numbers, such as (4, 8, 3), given {sizes!r}")
    widths = tuple(int(n) for n in sizes)
    if len(widths) < 2 or not all(0 < n <= MAX_WIDTH for n in widths):
        raise ValueError(
            f"sizes are an input width and the widths of the layers, each from 1 to {MAX_WIDTH}, given {widths}"
        )
    return widths


def _checked_activations(given: Any, depth: int) -> tuple[Activation, ...]:
    if isinstance(given, str | Activation):
        raise ValueError(
            f"activations are a sequence, one for each layer, such as ('tanh', 'softmax'), given {given!r}"
        )
    found = tuple(activation(entry) for entry in given)
    if len(found) != depth:
        raise ValueError(f"{depth} layers need {depth} activations (sigma_1 to sigma_{depth}), given {len(found)}")
    return found


def _output_range(sigma: Activation, width: int) -> Interval:
    """What the output can be; softmax over one unit is always 1."""
    return Interval(1, 1, True, True) if sigma.name == "softmax" and width == 1 else sigma.range


def _check_head(sigma: Activation, entry: Loss, width: int) -> None:
    if width % entry.outputs_per_target:
        raise ValueError(
            f"loss {entry.spec!r} takes {entry.outputs_per_target} outputs for every target: "
            f"the output width must be a multiple of it, given {width}"
        )
    reach = _output_range(sigma, width)
    if reach not in entry.domain:
        fitting = [other.name for other in ACTIVATIONS.values() if _output_range(other, width) in entry.domain]
        fitting.sort(key=lambda name: name != entry.output)
        raise ValueError(
            f"loss {entry.name!r} is defined for outputs in {entry.domain}, but the output activation "
            f"{sigma.name!r} gives {reach}: use one of {', '.join(fitting)}"
        )
