"""The cases: a network, a batch size, a dtype; the data are drawn the same for everyone."""

from dataclasses import dataclass

import numpy as np

SHAPES = {
    "tiny": ((20, 32, 2), 32),
    "small": ((64, 100, 10), 200),
    "medium": ((784, 256, 128, 10), 128),
    "large": ((784, 1024, 1024, 10), 512),
    "deep": ((32, *[64] * 10, 1), 64),
}
BATCHES = {"tiny": 256, "small": 64, "medium": 40, "large": 6, "deep": 128}  # of one epoch
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Case:
    shape: str
    activation: str = "relu"
    dtype: str = "float32"

    @property
    def sizes(self):
        return SHAPES[self.shape][0]

    @property
    def batch_size(self):
        return SHAPES[self.shape][1]

    @property
    def n_batches(self):
        return BATCHES[self.shape]

    @property
    def classes(self):
        """Number of classes; 0 for a regression."""
        return self.sizes[-1] if self.sizes[-1] > 1 else 0

    @property
    def name(self):
        return f"{self.shape} {self.activation} {self.dtype}"

    @property
    def operations(self):
        """Floating-point operations of the products of one step: F1, B2 (not for the first layer) and B3."""
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        return sum(2 * self.batch_size * m * n * (3 if l else 2) for l, (m, n) in enumerate(pairs))

    def data(self):
        """X, the labels or values, and T as rows."""
        rng = np.random.default_rng(0)
        rows = self.batch_size * self.n_batches
        X = rng.normal(size=(rows, self.sizes[0])).astype(self.dtype)
        if not self.classes:
            y = rng.normal(size=rows).astype(self.dtype)
            return X, y, y[:, None]
        labels = rng.integers(0, self.classes, rows)
        return X, labels, np.eye(self.classes, dtype=self.dtype)[labels]
