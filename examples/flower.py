"""The flower: 400 points in two petalled classes, four tanh units, plain descent on the whole batch.

This is the example of Wichmann's section 6: its equations 6.3 to 6.8 are what every one of the 10,000 steps computes.
A straight line does little better than guessing; four units bend it into petals.

Run it with ``python examples/flower.py``.
"""

import numpy as np

import chainrule as cr


def flower(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """200 points of each class: X (400, 2) and the labels (400,)."""
    rng = np.random.default_rng(seed)
    petals = []
    for c in (0, 1):
        t = np.linspace(3.12 * c, 3.12 * (c + 1), 200) + 0.2 * rng.normal(size=200)
        r = 4 * np.sin(4 * t) + 0.2 * rng.normal(size=200)
        petals.append(np.column_stack([r * np.sin(t), r * np.cos(t)]))
    return np.concatenate(petals), np.repeat([0, 1], 200)


def accuracy(fit: cr.Fit, X: np.ndarray, y: np.ndarray) -> float:
    """The share of points on the right side of 1/2."""
    return float(np.mean((fit.predict(X)[:, 0] > 0.5) == y))


def learn(text: str, X: np.ndarray, y: np.ndarray, steps: int = 10_000, seed: int = 0) -> cr.Fit:
    """Whole-batch descent with eta = 1.2."""
    net = cr.Network.parse(text, loss="binary_cross_entropy")
    return cr.fit(net, X, y, optimizer=cr.SGD(1.2), batch_size=None, epochs=steps, seed=seed)


def picture(fit: cr.Fit, X: np.ndarray, y: np.ndarray, rows: int = 21, columns: int = 43) -> str:
    """Points of class 0 (o) and class 1 (x) on the plane, which is dotted where the network says 1."""
    across, down = np.linspace(-4.2, 4.2, columns), np.linspace(4.2, -4.2, rows)
    grid = np.column_stack([np.tile(across, rows), np.repeat(down, columns)])
    canvas = np.where(fit.predict(grid)[:, 0] > 0.5, ".", " ").reshape(rows, columns)
    for (x1, x2), label in zip(X, y, strict=True):
        canvas[np.abs(down - x2).argmin(), np.abs(across - x1).argmin()] = "ox"[label]
    return "\n".join("".join(line).rstrip() for line in canvas)


def main() -> None:
    """Train with and without the hidden layer, and draw what was learned."""
    X, y = flower(seed=0)
    line = learn("2-1:sigmoid", X, y, steps=500)
    petals = learn("2-4:tanh-1:sigmoid", X, y)
    print(picture(petals, X, y))
    print()
    for fit in (line, petals):
        print(f"{fit.network!s:<20} loss {fit.history.loss[-1]:.3f}   accuracy {accuracy(fit, X, y):.1%}")


if __name__ == "__main__":
    main()
