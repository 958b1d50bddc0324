"""The cases: a network, a batch size, a dtype; data and first weights are drawn the same for everyone."""

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

SHAPES = {
    "tiny": ((20, 32, 2), 32),
    "small": ((64, 100, 10), 200),
    "medium": ((784, 256, 128, 10), 128),
    "large": ((784, 1024, 1024, 10), 512),
    "deep": ((32, *[64] * 10, 1), 64),
}
BATCHES = {"tiny": 256, "small": 64, "medium": 40, "large": 6, "deep": 128}  # of one epoch


@dataclass(frozen=True)
class Problem:
    """What a peer trains on: labels y for classes, else values; Adam, the batches of an epoch all whole."""

    sizes: tuple[int, ...]
    batch_size: int
    X: np.ndarray
    y: np.ndarray
    activation: str = "relu"
    learning_rate: float = 1e-3
    l2: float = 0.0
    seed: int = 0

    @property
    def dtype(self):
        return self.X.dtype.name

    @property
    def classes(self):
        """Number of classes; 0 for a regression."""
        return self.sizes[-1] if self.sizes[-1] > 1 else 0

    @property
    def n_batches(self):
        return len(self.X) // self.batch_size

    @property
    def layers(self):
        """Inputs and outputs of each layer."""
        return list(pairwise(self.sizes))

    @property
    def T(self):
        """Targets as rows, one-hot for classes."""
        return np.eye(self.classes, dtype=self.dtype)[self.y] if self.classes else self.y[:, None]

    def initial(self):
        """W (inputs, outputs) and b of each layer: Glorot and Bengio's uniform scheme, biases zero."""
        rng, found = np.random.default_rng(self.seed), []
        for m, n in self.layers:
            bound = sqrt(6 / (m + n))
            found.append((rng.uniform(-bound, bound, (m, n)).astype(self.dtype), np.zeros(n, self.dtype)))
        return found


@dataclass(frozen=True)
class Case:
    """One row of the tables of steps."""

    shape: str
    activation: str = "relu"
    dtype: str = "float32"

    @property
    def name(self):
        return f"{self.shape} {self.activation} {self.dtype}"

    @property
    def operations(self):
        """Floating-point operations of the products of one step: F1, B2 (not for the first layer) and B3."""
        return arithmetic(*SHAPES[self.shape])[1]

    def problem(self):
        sizes, batch_size = SHAPES[self.shape]
        rng, rows = np.random.default_rng(0), batch_size * BATCHES[self.shape]
        X = rng.normal(size=(rows, sizes[0])).astype(self.dtype)
        y = rng.integers(0, sizes[-1], rows) if sizes[-1] > 1 else rng.normal(size=rows).astype(self.dtype)
        return Problem(sizes, batch_size, X, y, self.activation)


def arithmetic(sizes, rows):
    """Floating-point operations of the products of a forward pass (F1), and of forward and backward (B2, B3)."""
    products = [2 * rows * m * n for m, n in pairwise(sizes)]
    return sum(products), 3 * sum(products) - products[0]
