"""What the boxes of index steps stand for: entries of quantities and derivatives of one entry by another, as arrays.

Each array has a letter for each of its axes. A derivative of one entry by another is computed by the complex step of
the forward equations, not by the equation that is being checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.boxes import Box, primed
from chainrule.symbolic.components import Indices, partial_of
from chainrule.symbolic.losses import loss_form
from chainrule.symbolic.notation import OF_THE_LOSS, Layer, shifted

if TYPE_CHECKING:
    from chainrule.symbolic.passes import Passes
    from chainrule.symbolic.quantities import Quantities

Array = Any
STEP = 1e-20  # complex step
LETTERS = "ijkl"  # of neurons; n counts samples


@dataclass(frozen=True)
class Indexed:
    """An array with a letter for each of its axes."""

    letters: str
    array: Array

    def over(self, letters: str) -> Array:
        """The array with these axes, of length one where it has no such letter."""
        order = [self.letters.index(c) for c in letters if c in self.letters]
        shape = [self.array.shape[self.letters.index(c)] if c in self.letters else 1 for c in letters]
        return np.transpose(self.array, order).reshape(shape)


def union(terms: Iterable[Indexed]) -> str:
    return "".join(dict.fromkeys("".join(t.letters for t in terms)))


def combine(function: Callable[..., Array], *terms: Indexed) -> Indexed:
    """A function of entries, for every value of their letters."""
    letters = union(terms)
    return Indexed(letters, np.asarray(function(*(t.over(letters) for t in terms))))


@dataclass
class Known:
    """What the boxes about one layer stand for, at the numbers of one pass."""

    q: Quantities
    passes: Passes
    near: int  # the layer that a step is about
    general: bool = False  # whether the letter of the general step stands for it
    entries: dict[Box, Indexed] = field(default_factory=dict)
    functions: dict[Box, Callable[[Array], Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.x = Indices(self.q)
        self._numbers()
        for layer, l in self._layers():
            self._functions(layer, l)
            for a in LETTERS:
                self._entries(layer, l, a)
            if l >= max(1, self.near):  # a step reads the weights of its layer and of the one above
                self._parameters(layer, l)
            if l == self.near:
                self._slopes(layer, l)

    # ------------------------------------------------------------ what is known

    def _layers(self) -> list[tuple[Layer, int]]:
        """The layer and its neighbours, as a number or as the letter of the general step."""
        letter = self.q.notation.layer
        around = [(shifted(letter, by) if self.general else self.near + by, self.near + by) for by in (-1, 0, 1)]
        return [(name, l) for name, l in around if 0 <= l <= self.passes.depth]

    def _numbers(self) -> None:
        passes, names = self.passes, self.q.names
        self.entries[self.x.cost()] = Indexed("", np.array(float(passes.J)))
        for name, number in {**passes.penalties, "N": len(passes.X)}.items():
            if name in names:
                self.entries[names[name]] = Indexed("", np.array(float(number)))
        for name, n in [(f"n_{l}", n) for l, n in enumerate(passes.network.sizes)]:
            if name in names and names[name].kind != "number":
                self.entries[names[name]] = Indexed("", np.array(float(n)))
        if "share" in names:
            self.entries[self.x.share()] = Indexed("n", passes.share[:, 0])

    def _per_sample(self, letters: str, array: Array) -> Indexed:
        """An array whose last axis counts samples, which has no letter where there is one sample."""
        return Indexed(letters + "n", array) if self.x.batch else Indexed(letters, array[..., 0])

    def _entries(self, layer: Layer, l: int, a: str) -> None:
        x, passes = self.x, self.passes
        last = ("target", "adjusted", *OF_THE_LOSS) if l == passes.depth else ()
        for role in ("preactivation", "activation", *last):
            try:
                array = passes.column_form(role, l)
                box = x.entry(role, layer, a)
            except (AssertionError, IndexError, ValueError):
                continue  # a quantity that this network does not have
            self.entries[box] = self._per_sample(a, array)
        if x.q.notation.absorbs(x.q.network):
            self.entries[x.entry("augmented", layer, a)] = self._per_sample(a, passes.column_form("augmented", l))
        for role, of in (("delta", "preactivation"), ("error", "activation")):
            if role == "delta" and l == 0 and not self._has_input_activation():
                continue
            slope = self._per_sample(a, passes.column_form(role, l))
            self.entries[x.by(x.entry(of, layer, a))] = slope
            sign = self.q.notation.sign if self.q.notation.letter(role) else 1
            self.entries[x.entry(role, layer, a)] = Indexed(slope.letters, sign * slope.array)
        if l == passes.depth and x.q.network.loss.outputs_per_target > 1:
            halves = np.split(passes.column_form("error", l), 2) if "mean" in self._roles() else []
            for role, half in zip(("mean", "log_variance"), halves, strict=False):
                self.entries[x.by(x.entry(role, layer, a))] = self._per_sample(a, half)

    def _roles(self) -> set[str]:
        form = loss_form(self.q.network.head.loss)
        return set(form.places.values()) if form is not None else set()

    def _has_input_activation(self) -> bool:
        return bool(self.q.network.activation(0).name != "identity")

    def _functions(self, layer: Layer, l: int) -> None:
        sigma = self.q.network.activation(l)
        if not sigma.elementwise:
            return
        name = self.q.names[self.q.function(layer)]
        self.functions[name] = lambda z: np.asarray(sigma.f(NUMPY, z))
        self.functions[primed(name, 1)] = lambda z: sigma.df(NUMPY, z, sigma.f(NUMPY, z)) * np.ones_like(z)  # type: ignore[misc]

    def _parameters(self, layer: Layer, l: int) -> None:
        """Weights, biases, what the cost has by them, and the derivatives of a pre-activation."""
        x, passes = self.x, self.passes
        role = "augmented_weights" if x.q.notation.absorbs(x.q.network) else "weights"
        W, plain, g = (passes.column_form(r, l) for r in (role, "weights", f"{role}_gradient"))
        seen = np.column_stack([plain, np.zeros(len(plain))]) if role != "weights" else plain  # by a penalty
        by_below, by_weight = self._by_below(l), self._by_weight(role, l)
        for a, b in permutations(LETTERS, 2):
            self.entries[x.weight(layer, a, b)] = Indexed(a + b, W)
            self.entries[x.weight(layer, a, b, plain=True)] = Indexed(a + b, plain)
            self.entries[x.penalized(layer, a, b)] = Indexed(a + b, seen)
            self.entries[x.by(x.weight(layer, a, b))] = Indexed(a + b, g)
            z = x.entry("preactivation", layer, a)
            below = x.entry("activation", shifted(layer, -1), b)
            self.entries[partial_of(z, below)] = self._per_sample(a + b, by_below)
        for a, b, c in permutations(LETTERS, 3):
            slope = partial_of(x.entry("preactivation", layer, a), x.weight(layer, b, c))
            self.entries[slope] = self._per_sample(a + b + c, by_weight)
        if x.bias(layer, "i") is not None:
            self._biases(layer, l)

    def _biases(self, layer: Layer, l: int) -> None:
        x, passes = self.x, self.passes
        b, g, by_bias = passes.column_form("bias", l), passes.gradient_of("bias_gradient", l), self._by_bias(l)
        for a, k in permutations(LETTERS, 2):
            bias = x.bias(layer, k)
            assert bias is not None  # noqa: S101 - asked before
            self.entries[bias], self.entries[x.by(bias)] = Indexed(k, b[:, 0]), Indexed(k, g[:, 0])
            self.entries[partial_of(x.entry("preactivation", layer, a), bias)] = self._per_sample(a + k, by_bias)

    def _slopes(self, layer: Layer, l: int) -> None:
        """The derivatives of what a layer puts out by its own pre-activations."""
        by_own = self._by_own(l)
        for a, b in permutations(LETTERS, 2):
            top, bottom = self.x.entry("activation", layer, a), self.x.entry("preactivation", layer, b)
            self.entries[partial_of(top, bottom)] = self._per_sample(a + b, by_own)

    # ------------------------------------------------------------ derivatives of entries, by the complex step

    def _z(self, l: int, a: Array, W: Array | None = None, b: Array | None = None) -> Array:
        own, bias = self.passes.layers[l - 1]
        b = bias if b is None else b
        z = (own if W is None else W) @ a
        return z if b is None else z + b[:, None]

    def _by_below(self, l: int) -> Array:
        a = self.passes.column_form("activation", l - 1)
        return np.stack([np.imag(self._z(l, _moved(a, k))) / STEP for k in range(len(a))], axis=1)

    def _by_bias(self, l: int) -> Array:
        a, b = self.passes.column_form("activation", l - 1), self.passes.layers[l - 1][1]
        moved = (b + 1j * STEP * unit for unit in np.eye(len(b)))
        return np.stack([np.imag(self._z(l, a, b=m)) / STEP for m in moved], axis=1)

    def _by_weight(self, role: str, l: int) -> Array:
        """[i, k, l, n] of dz_i/dW_kl; the bias column of an absorbed matrix meets the appended ones."""
        W = self.passes.column_form(role, l)
        below = self.passes.column_form("augmented" if role != "weights" else "activation", l - 1)
        slopes = np.zeros((len(W), *W.shape, below.shape[1]))
        for k, j in np.ndindex(W.shape):
            moved = W.astype(complex)
            moved[k, j] += 1j * STEP
            slopes[:, k, j] = np.imag(moved @ below) / STEP
        return slopes

    def _by_own(self, l: int) -> Array:
        z, sigma = self.passes.column_form("preactivation", l), self.q.network.activation(l)
        moved = (np.imag(sigma.f(NUMPY, _moved(z, k).T)).T / STEP for k in range(len(z)))
        return np.stack(list(moved), axis=1)


def _moved(a: Array, k: int) -> Array:
    moved = a.astype(complex)
    moved[k] += 1j * STEP
    return moved
