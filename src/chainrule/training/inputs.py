"""What a user hands to training, checked and put into the form that an engine relies on; complaints are made here."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.loss import check_targets
from chainrule.network.spec import Network
from chainrule.training.history import Array
from chainrule.training.state import order_of_split

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True, eq=False)
class Rows:
    """Samples with their targets and weights, C-contiguous and of one dtype; X may be sparse (CSR)."""

    X: Any
    T: Array
    sample_weight: Array | None

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    def take(self, rows: Array) -> "Rows":
        return Rows(self.X[rows], self.T[rows], None if self.sample_weight is None else self.sample_weight[rows])


def chosen_dtype(dtype: Any, theta: Any, X: Any) -> np.dtype[Any]:
    """float32 or float64: what was asked for, else theta's, else float32 where X has it, else float64."""
    for given, owner in ((dtype, "dtype"), (getattr(theta, "dtype", None), "theta")):
        if given is not None:
            if np.dtype(given) not in FLOATS:
                raise ValueError(f"{owner} is {np.dtype(given).name}; training works in float32 or float64")
            return FLOATS[FLOATS.index(np.dtype(given))]
    return FLOATS[0] if getattr(X, "dtype", None) == FLOATS[0] else FLOATS[1]


def checked_rows(network: Network, X: Any, T: Any, sample_weight: Any, dtype: Any, name: str = "") -> Rows:
    """X, T and the weights, checked against each other and the network; `name` goes before them in messages."""
    X = checked_inputs(network, X, dtype, f"{name}X")
    T = _checked_targets(network, T, X.shape[0], dtype, f"{name}T")
    return Rows(X, T, _checked_weight(sample_weight, X.shape[0], dtype, f"{name}sample_weight"))


def checked_inputs(network: Network, X: Any, dtype: Any, name: str = "X") -> Any:
    """X as an array (N, n_0) or a CSR array of that dtype."""
    X = _sparse(X, dtype) if hasattr(X, "tocsr") else _numbers(X, dtype, name)
    n_inputs = network.sizes[0]
    if X.ndim != 2 or X.shape[1] != n_inputs:
        hint = ""
        if X.ndim == 1:
            hint = "; one column is X[:, None], one sample X[None, :]"
        raise ValueError(
            f"{name} has shape {X.shape}, but the network {network} takes {n_inputs} inputs: expected (N, {n_inputs}), "
            f"samples as rows{hint}"
        )
    if X.shape[0] == 0:
        raise ValueError(f"{name} has no rows; give at least one sample")
    _require_finite(X if isinstance(X, np.ndarray) else X.data, name)
    return X


def _sparse(X: Any, dtype: Any) -> Any:
    from scipy.sparse import csr_array  # only where X came from SciPy

    return csr_array(X, dtype=dtype)


def _numbers(values: Any, dtype: Any, name: str) -> Array:
    _require_unmasked(values, name)
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} has dtype {array.dtype}, expected numbers; turn text and categories into numbers first "
            f"(one-hot columns), and give every row the same length"
        )
    with np.errstate(over="ignore"):  # what overflows float32 is found as infinite
        return np.ascontiguousarray(array, dtype=dtype)


def _require_unmasked(values: Any, name: str) -> None:
    masked = int(np.ma.getmaskarray(values).sum()) if isinstance(values, np.ma.MaskedArray) else 0
    if masked:
        raise ValueError(
            f"{name} is a masked array with {masked} masked value(s); fill them in or leave those rows out"
        )


def _require_finite(array: Array, name: str) -> None:
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()) or np.isfinite(array).all():  # the sum needs no memory, but may overflow
            return
    places = np.argwhere(~np.isfinite(array))
    where = ", ".join(map(str, places[0]))
    raise ValueError(
        f"{name} holds {len(places)} value(s) that are NaN or infinite, the first at [{where}]; "
        f"fill them in or leave those rows out (is a number too large for {array.dtype}?)"
    )


def _checked_targets(network: Network, T: Any, n_samples: int, dtype: Any, name: str) -> Array:
    _require_unmasked(T, name)
    given = np.asarray(T)
    classes = given.dtype.kind in "biuOSU" or network.activations[-1].name in {"softmax", "sigmoid"}
    if network.n_targets > 1 and classes and given.size == n_samples:
        raise ValueError(
            f"{name} holds one class label for each sample, but the network {network} has {network.n_targets} outputs "
            f"and takes a row for each: give it one-hot, np.eye({network.n_targets})[labels] for labels 0 to "
            f"{network.n_targets - 1}"
        )
    numbers = _numbers(given, dtype, name)
    if numbers.ndim == 1 and network.n_targets == 1:
        numbers = numbers[:, None]
    if numbers.shape != (n_samples, network.n_targets):
        raise ValueError(
            f"{name} has shape {given.shape}, but X has {n_samples} samples and the network {network} takes "
            f"{network.n_targets} target(s): expected ({n_samples}, {network.n_targets})"
        )
    _require_finite(numbers, name)
    check_targets(network.loss, numbers)
    return numbers


def _checked_weight(sample_weight: Any, n_samples: int, dtype: Any, name: str) -> Array | None:
    if sample_weight is None:
        return None
    weight = _numbers(sample_weight, dtype, name)
    if weight.shape != (n_samples,):
        raise ValueError(f"{name} has shape {weight.shape}; expected ({n_samples},), a weight for each sample")
    _require_finite(weight, name)
    if (weight < 0).any():
        raise ValueError(f"{name} holds negative weights, the first {weight[weight < 0][0]:g}; weights are at least 0")
    if not weight.any():
        raise ValueError(f"{name} is all zero; at least one sample must count")
    return weight


def with_validation(network: Network, rows: Rows, validation: Any, seed: int, dtype: Any) -> tuple[Rows, Rows | None]:
    """The rows to train on and those to validate on: given as (X, T) or (X, T, sample_weight), or a share split off."""
    if validation is None:
        return rows, None
    if isinstance(validation, (tuple, list)) and len(validation) in {2, 3}:
        weight = validation[2] if len(validation) == 3 else None
        return rows, checked_rows(network, validation[0], validation[1], weight, dtype, "validation ")
    if isinstance(validation, (float, np.floating)) and 0.0 < validation < 1.0:
        return _split(rows, float(validation), seed)
    raise ValueError(
        f"validation is {_short(validation)}; give (X, T), (X, T, sample_weight), or the share of the samples to split "
        "off, a number between 0 and 1"
    )


def _split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    n_held = max(1, round(share * rows.n_samples))
    if n_held >= rows.n_samples:
        raise ValueError(f"validation={share} leaves nothing to train on: X has {rows.n_samples} sample(s)")
    order = order_of_split(seed, rows.n_samples)
    held, kept = rows.take(np.sort(order[:n_held])), rows.take(np.sort(order[n_held:]))
    for part, what in ((kept, "training"), (held, "validation")):
        if part.sample_weight is not None and not part.sample_weight.any():
            raise ValueError(
                f"validation={share} leaves only weights of zero for {what}; give a validation set instead"
            )
    return kept, held


def checked_theta(network: Network, theta: Any, seed: int, dtype: Any) -> Array:
    """A copy of theta, or the network's own first one."""
    if theta is None:
        return network.initial(seed, dtype=dtype)
    given = _numbers(theta, dtype, "theta")
    if given.shape != (network.n_parameters,):
        raise ValueError(
            f"theta has shape {given.shape}, but the network {network} has {network.n_parameters} parameters: "
            f"expected ({network.n_parameters},), as from net.initial(seed)"
        )
    _require_finite(given, "theta")
    return given.copy()


def checked_seed(seed: Any) -> int:
    """A whole number from 0 to 2^64 - 1; drawn from a generator, or from the system for None."""
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed!r}; give a whole number from 0 to 2**64 - 1, a numpy Generator, or None")
    return int(seed)


def checked_batch_size(batch_size: Any, n_samples: int) -> int:
    """A whole number from 1; None and more than there are samples mean the whole batch."""
    if batch_size is None:
        return n_samples
    return min(checked_count("batch_size", batch_size, otherwise=", or None for the whole batch"), n_samples)


def checked_dropout(network: Network, dropout: Any) -> tuple[float, ...]:
    """Rates for a_0 .. a_{L-1}; one number is meant for the hidden layers. Empty when all are 0."""
    alone, hidden = _is_number(dropout), network.depth - 1
    given = (dropout,) if alone or not isinstance(dropout, (tuple, list, np.ndarray)) else tuple(dropout)
    if not all(_is_number(rate) and 0.0 <= rate < 1.0 for rate in given):
        raise ValueError(f"dropout is {dropout!r}; give rates at least 0 and below 1")
    if alone and dropout and not hidden:
        raise ValueError(
            f"dropout={dropout} is meant for hidden layers, and the network {network} has none; "
            f"dropout=({dropout},) drops inputs"
        )
    rates = (0.0, *given * hidden) if alone else given
    if len(rates) != network.depth:
        raise ValueError(
            f"dropout has {len(rates)} rates; give one number for all hidden layers, or {network.depth} rates, "
            f"for the inputs and each hidden layer of {network}"
        )
    return tuple(map(float, rates)) if any(rates) else ()


def checked_count(name: str, value: Any, least: int = 1, otherwise: str = "") -> int:
    """A whole number, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} is {value!r}; give a whole number, at least {least}{otherwise}")
    return int(value)


def checked_number(name: str, value: Any) -> float:
    """A finite number, at least 0."""
    if not _is_number(value) or value < 0:
        raise ValueError(f"{name} is {value!r}; give a finite number, at least 0")
    return float(value)


def checked_limit(name: str, value: Any) -> float | None:
    """A finite number above 0, or None."""
    if value is None:
        return None
    if not _is_number(value) or value <= 0:
        raise ValueError(f"{name} is {value!r}; give a finite number above 0, or None")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _short(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"an array of shape {shape}" if shape else repr(value)[:60]
