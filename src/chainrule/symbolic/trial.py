"""A derivation tried on numbers before it is shown: the same network with few units, random parameters and data.

The lines of a derivation hold for any widths, so a small twin of the network proves them: same depth, activations and
loss, and as many outputs, whose number may stand in the cost; of a network with many, the derivation with few. At
random numbers a wrong line agrees with probability zero. The steps by indices are read back as they are printed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.index_reading import Reader
from chainrule.symbolic.index_values import Known
from chainrule.symbolic.passes import Passes
from chainrule.symbolic.proof import ProofError
from chainrule.symbolic.text import text
from chainrule.symbolic.verification import TOLERANCE, layers_of

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.symbolic.derivation import Derivation
    from chainrule.symbolic.quantities import Quantities

Array = Any
_SAMPLES = 2
_MOST_OUTPUTS = 12
_SIZES = (0.4, 0.02)  # of the parameters; the second for networks that overflow at the first


def prove_derivation(derivation: Derivation, q: Quantities) -> None:
    """ProofError when a line or a step by indices does not hold, or can nowhere be evaluated."""
    tried = replace(derivation, network=twin(derivation.network))
    for size in _SIZES:
        numbers = _numbers(tried, size)
        with np.errstate(all="ignore"):
            wrong = [*_wrong_lines(tried, numbers), *_wrong_steps(tried, q, numbers)]
        if not wrong:
            return
        if any(np.isfinite(error) for _, error in wrong):
            break
    lines = "\n".join(f"  {shown}" for shown, _ in wrong)
    raise ProofError(f"these lines of {derivation.network} do not hold at random numbers:\n{lines}")


def with_few_outputs(network: Network) -> Network:
    """The network itself, or with fewer outputs where it has many: the arrays of the steps grow with their square."""
    several = network.loss.outputs_per_target
    targets = max(2, _MOST_OUTPUTS // several)
    return network if network.n_targets <= targets else replace(network, sizes=(*network.sizes[:-1], targets * several))


def twin(network: Network) -> Network:
    """The same network with three or four units in each layer but the last."""
    widths = (3 + l % 2 for l in range(network.depth))
    return replace(network, sizes=(*widths, network.sizes[-1]))


def _numbers(derivation: Derivation, size: float) -> tuple[Array, ...]:
    """theta, X, T and the weights of samples, if the derivation has them."""
    network, rng = derivation.network, np.random.default_rng(0)
    theta = size * rng.normal(size=network.n_parameters)
    X = rng.normal(size=(_SAMPLES, network.sizes[0]))
    weights = rng.uniform(0.5, 1.5, _SAMPLES) if derivation.options["weights"] else None
    return theta, X, random_targets(network, _SAMPLES, rng), weights


def _wrong_lines(derivation: Derivation, numbers: tuple[Array, ...]) -> list[tuple[str, float]]:
    rows = derivation.verify(*numbers).rows
    return [(f"{check.line.tag}: {check.line.text()}", check.error) for check in rows if not check.ok]


def _wrong_steps(derivation: Derivation, q: Quantities, numbers: tuple[Array, ...]) -> list[tuple[str, float]]:
    theta, X, T, weights = numbers
    one = derivation.notation.samples == "one"
    passes = Passes(derivation, theta, X[:1], T[:1], None) if one else Passes(derivation, theta, X, T, weights)
    readers: dict[tuple[int, bool], Reader] = {}
    wrong = []
    for line in derivation.steps:
        places = layers_of(line, passes) if line.relation == "=" and line.components else []
        for layer in dict.fromkeys([*places[:1], *places[-1:]]):  # the general step at its first and last layer
            place = (layer, isinstance(line.layer, str))
            if place not in readers:
                readers[place] = Reader(Known(q, passes, *place))
            errors = ((step, readers[place].error(step)) for step in line.components)
            wrong += [(f"{line.tag}: {text(step)}", error) for step, error in errors if not error <= TOLERANCE]
    return wrong


def random_targets(network: Network, rows: int, rng: np.random.Generator) -> Array:
    """Targets that the loss takes; those of a softmax sum to one, but not for a single unit, whose output is 1."""
    shape, loss = (rows, network.n_targets), network.loss
    if network.activations[-1].name == "softmax" and network.n_targets > 1:
        return rng.dirichlet(np.ones(shape[1]), size=rows)
    if loss.target_values:
        return rng.choice(loss.target_values, size=shape)
    low, high = max(loss.targets.low, -1e3), min(loss.targets.high, 1e3)
    return rng.uniform(max(low, min(0.1, high - 1)), min(high, max(0.9, low + 1)), size=shape)
