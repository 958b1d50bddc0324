"""Classes and the numbers a network is trained on: what y means, as columns of T and back.

binary        one column, 1 for the second class        multiclass   a column for each class, one-hot
multilabel    a column for each label, 0 or 1           multioutput  a one-hot group for each column of y
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

__all__ = ["Kind", "Labels", "labels_of", "labels_of_classes"]

Array = NDArray[Any]
Kind = Literal["binary", "multiclass", "multilabel", "multioutput"]


@dataclass(frozen=True, eq=False)
class Labels:
    """What the columns of T stand for.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel", "multioutput"}
    classes : tuple of array
        The sorted classes; for "multioutput" those of each column of y.
    sparse : bool
        Whether y came as a sparse indicator matrix, which predictions then are, too.

    Examples
    --------
    >>> labels = labels_of(np.array(["no", "yes", "perhaps"]))
    >>> labels.kind, labels.encode(np.array(["yes", "no"]))
    ('multiclass', array([[0., 0., 1.],
           [1., 0., 0.]]))
    >>> labels.decode(np.array([[0.2, 0.1, 0.7]]))
    array(['yes'], dtype='<U7')
    """

    kind: Kind
    classes: tuple[Array, ...]
    sparse: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """The columns of T, by column of y for "multioutput"."""
        return (1,) if self.kind == "binary" else tuple(len(classes) for classes in self.classes)

    @property
    def public(self) -> Any:
        """scikit-learn's classes_: an array, or a list of arrays for several multiclass outputs."""
        return list(self.classes) if self.kind == "multioutput" else self.classes[0]

    def encode(self, y: Any, dtype: Any = np.float64, low: float = 0.0) -> Array:
        """T, (N, sum of widths), with 1 for yes and ``low`` for no.

        Raises
        ------
        ValueError
            If y has labels that are not among the classes, or another number of columns.
        """
        if self.kind == "multilabel":
            yes = _indicator(y, len(self.classes[0]))
        elif self.kind == "multioutput":
            yes = np.hstack([_one_hot(y[:, k], classes) for k, classes in enumerate(self.classes)])
        elif self.kind == "multiclass":
            yes = _one_hot(y, self.classes[0])
        else:
            yes = (_places(y, self.classes[0]) == 1)[:, None]
        T = np.ascontiguousarray(yes, dtype=dtype)
        return T if low == 0.0 else low + (1.0 - low) * T

    def decode(self, Y: Array, threshold: float = 0.5) -> Any:
        """The labels that the outputs Y speak for."""
        if self.kind == "multiclass":
            return self.classes[0][Y.argmax(axis=1)]
        if self.kind == "binary":
            return self.classes[0][np.minimum(Y[:, 0] > threshold, len(self.classes[0]) - 1).astype(int)]
        if self.kind == "multilabel":
            return self._like_given((threshold < Y).astype(int))
        parts = [classes[group.argmax(axis=1)] for classes, group in zip(self.classes, self.groups(Y), strict=True)]
        return np.column_stack(parts)

    def probabilities(self, Y: Array) -> Any:
        """Columns that go with the classes; for "multioutput" a list, an array for each column of y."""
        if self.kind == "binary":
            return np.hstack([1 - Y, Y]) if len(self.classes[0]) == 2 else np.ones_like(Y)
        return self.groups(Y) if self.kind == "multioutput" else Y

    def hits(self, Y: Array, T: Array, threshold: float = 0.5) -> NDArray[np.bool_]:
        """Which rows the outputs Y get right, all columns of y at once: accuracy is their mean."""
        if self.kind == "multiclass":
            right: NDArray[np.bool_] = Y.argmax(axis=1) == T.argmax(axis=1)
        elif self.kind == "multioutput":
            pairs = zip(self.groups(Y), self.groups(T), strict=True)
            right = np.logical_and.reduce([a.argmax(axis=1) == t.argmax(axis=1) for a, t in pairs])
        else:
            right = ((threshold < Y) == (threshold < T)).all(axis=1)
        return right

    def groups(self, Y: Array) -> list[Array]:
        """The columns of each output."""
        return np.split(Y, np.cumsum(self.widths)[:-1], axis=1)

    def _like_given(self, indicator: Array) -> Any:
        if not self.sparse:
            return indicator
        from scipy.sparse import csr_matrix

        return csr_matrix(indicator)


def labels_of(y: Any) -> Labels:
    """The labels that y speaks of.

    Raises
    ------
    ValueError
        If y holds no class labels, such as continuous numbers.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multilabel-indicator":
        return Labels("multilabel", (unique_labels(y),), sparse=hasattr(y, "tocsr"))
    if kind == "multiclass-multioutput":
        return Labels("multioutput", tuple(np.unique(column) for column in y.T))
    return labels_of_classes(y)


def labels_of_classes(classes: Any) -> Labels:
    """The labels of a list of all classes."""
    found = unique_labels(classes)
    return Labels("binary" if len(found) <= 2 else "multiclass", (found,))


def _places(y: Array, classes: Array) -> NDArray[np.intp]:
    """The place of each label among the sorted classes."""
    places = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    known = classes[places] == y
    if not np.all(known):
        unknown = np.unique(np.asarray(y)[~known])
        raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. 'y' has {unknown}.")
    return places


def _one_hot(y: Array, classes: Array) -> NDArray[np.bool_]:
    hot: NDArray[np.bool_] = np.arange(len(classes)) == _places(y, classes)[:, None]
    return hot


def _indicator(y: Any, width: int) -> Array:
    dense: Array = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if dense.ndim != 2 or dense.shape[1] != width or not np.isin(dense, (0, 1)).all():
        raise ValueError(
            f"y has shape {dense.shape}, but the model was begun with {width} labels: "
            f"expected (n_samples, {width}) of 0 and 1"
        )
    return dense
