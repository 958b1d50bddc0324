"""How to learn from a table: one frozen record, which a model file holds, so that a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, get_args

from .features import Scaling

if TYPE_CHECKING:
    from .target import Target

OPTIMIZERS = {
    name.lower(): name
    for name in ("Adam", "AdamW", "NAdam", "SGD", "Momentum", "Nesterov", "RMSProp", "AdaGrad", "LBFGS")
}
CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True)
class Settings:
    """How to learn.

    Parameters
    ----------
    hidden : str
        Hidden layers in the grammar of `cr.Network.parse`, such as ``64:relu-32:tanh``; empty or "none" for none.
    kind : {"auto", "classes", "number"}
        The kind of the target.
    loss : str
        For numbers: half_squared_error, absolute_error, huber(1.0), log_cosh, quantile(0.1, 0.5, 0.9), gaussian_nll
        (mean and variance, so intervals of any width), poisson or gamma. "auto" is the first of these, poisson for
        counts (`chainrule.table.inferring`), and cross-entropy for classes.
    seed : int
    epochs, batch_size : int, optional
        By default `default_epochs` and `default_batch_size` of the number of training rows.
    optimizer : str
        A key of ``OPTIMIZERS``.
    learning_rate : float
        At the start; it falls to 0 along a cosine.
    l2 : float
    dropout : float, optional
        By default 0.3 for classes; 0 for numbers, whose last digits dropout costs, without hidden layers, and with
        L-BFGS, which takes none.
    smoothing : float
        Label smoothing of classes.
    class_weight : {"none", "balanced"}
        "balanced" gives every class the same weight in the loss.
    patience : int
        Epochs without a better validation loss before training stops; 0 to train all epochs.
    time_limit : float, optional
        Seconds of training.
    test : float
        Share of the rows to test on.
    validation : float, optional
        Share of the rows that choose the best epoch. By default 0.1; where the rows to train on are 20 to 1,000, and
        not in the order of time, none: parts of them take turns (`chainrule.table.holdouts`), and all are trained.
    group : str
        Column whose values stay together in one part of the rows; it is not used to predict. Empty for none.
    time : str
        Column that orders the rows: the latest are the test rows. Empty for none.
    scaling : {"standard", "robust"}
        Of the columns that are numbers: (x - mean)/std, or by median and interquartile range, which outliers do not
        move.
    drop, categories, numbers : tuple of names
        Columns to leave out, to read as categories, and to use as numbers even if they look like identifiers.
    """

    hidden: str = "128:silu"
    kind: str = "auto"
    loss: str = "auto"
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 5e-3
    l2: float = 1e-3
    dropout: float | None = None
    smoothing: float = 0.02
    class_weight: str = "none"
    patience: int = 0
    time_limit: float | None = None
    test: float = 0.25
    validation: float | None = None
    group: str = ""
    time: str = ""
    scaling: Scaling = "standard"
    drop: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def layers(self) -> str:
        """The hidden layers in the grammar, empty for none."""
        return "" if self.hidden.strip().lower() in ("", "none", "0") else self.hidden

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"there is no optimizer {self.optimizer!r}; there are {', '.join(OPTIMIZERS)}")
        if self.class_weight not in CLASS_WEIGHTS:
            raise ValueError(f"the class weight {self.class_weight!r} must be one of {', '.join(CLASS_WEIGHTS)}")
        if self.scaling not in get_args(Scaling):
            raise ValueError(f"the scaling {self.scaling!r} must be one of {', '.join(get_args(Scaling))}")
        if self.kind not in ("auto", "classes", "number"):
            raise ValueError(f"the kind {self.kind!r} must be one of auto, classes, number")
        for name, holds, expected in (
            ("learning_rate", 0 < self.learning_rate < inf, "above 0"),
            ("l2", 0 <= self.l2 < inf, "0 or more"),
            ("dropout", self.dropout is None or 0 <= self.dropout < 1, "at least 0 and below 1"),
            ("smoothing", 0 <= self.smoothing < 1, "at least 0 and below 1"),
            ("epochs", self.epochs is None or self.epochs >= 1, "1 or more"),
            ("batch_size", self.batch_size is None or self.batch_size >= 1, "1 or more"),
            ("patience", self.patience >= 0, "0 or more"),
        ):
            if not holds:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be {expected}")
        if self.group and self.time:
            raise ValueError("rows are split by groups or in the order of time; give one of the two")


def default_batch_size(n: int) -> int:
    """32 rows, and for large tables a power of two near n/256, up to 1024.

    Examples
    --------
    >>> [default_batch_size(n) for n in (10, 1_000, 20_000, 10**6)]
    [32, 32, 64, 1024]
    """
    return min(1024, max(32, 1 << max(0, (n // 256).bit_length() - 1)))


def default_epochs(n: int, batch_size: int) -> int:
    """What makes about 4,000 updates of the weights, from 20 to 400 epochs.

    Examples
    --------
    >>> [default_epochs(n, 32) for n in (100, 1_000, 20_000)]
    [400, 125, 20]
    """
    return min(400, max(20, -(-4_000 // -(-n // batch_size))))


def filled(settings: Settings, target: Target, n: int) -> Settings:
    """The settings with what was left to the target and to the number of training rows."""
    batch_size = min(settings.batch_size or default_batch_size(n), n)
    epochs = settings.epochs or default_epochs(n, batch_size)
    dropout = settings.dropout
    if dropout is None:
        without = target.kind == "numbers" or settings.optimizer == "lbfgs" or not settings.layers
        dropout = 0.0 if without else 0.3
    return replace(settings, batch_size=batch_size, epochs=epochs, dropout=dropout)


def optimizer_of(settings: Settings, steps: int) -> Any:
    """The update rule of that name, its learning rate falling along a cosine to 0 after so many updates."""
    from chainrule import descent

    rule = OPTIMIZERS[settings.optimizer]
    return (
        descent.LBFGS()
        if rule == "LBFGS"
        else getattr(descent, rule)(descent.schedules.Cosine(settings.learning_rate, steps=steps))
    )
