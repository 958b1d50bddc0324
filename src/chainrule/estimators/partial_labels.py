"""The labels of a model that has seen labels before: batches of partial_fit, and warm starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target, unique_labels

from chainrule.estimators.labels import Labels, labels_of, labels_of_classes

__all__ = ["labels_of_batch", "same_labels"]


def labels_of_batch(y: Any, classes: Any, known: Labels | None) -> Labels:
    """The labels of a model whose partial_fit is called with y and `classes`.

    Raises
    ------
    ValueError
        If the first call names no classes, or a later one leaves out some that were there.
    """
    if known is None:
        return _first_labels(y, classes)
    if classes is None or known.kind not in ("binary", "multiclass"):
        return known
    given, before = unique_labels(classes), known.classes[0]
    if np.array_equal(given, before):
        return known
    if np.isin(before, given).all():
        return labels_of_classes(classes)
    raise ValueError(
        f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {before!r}; "
        "new classes may come to the old ones, but all of the old ones stay"
    )


def same_labels(y: Any, known: Labels) -> Labels:
    """The labels of a warm start, which must be those of the fit before."""
    if known.kind == "multioutput":
        return known
    classes = unique_labels(y)
    if set(classes) != set(known.classes[0]):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
            f"{known.classes[0]}, `y` has {classes}"
        )
    return known


def _first_labels(y: Any, classes: Any) -> Labels:
    kind = type_of_target(y)
    if kind == "multilabel-indicator":
        return labels_of(y)
    if classes is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    if kind == "multiclass-multioutput":
        return Labels("multioutput", tuple(np.unique(column) for column in classes))
    return labels_of_classes(classes)
