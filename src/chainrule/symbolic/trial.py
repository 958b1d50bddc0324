"""A derivation tried on numbers before it is shown: the same network with few units, random parameters and data.

The lines of a derivation hold for any widths, so a small twin of the network proves them: same depth, activations,
loss and number of outputs. At random numbers a wrong line agrees with probability zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.proof import ProofError

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.symbolic.derivation import Derivation

Array = Any
_SAMPLES = 2
_SIZES = (0.4, 0.02)  # of the parameters; the second for networks that overflow at the first


def prove_derivation(derivation: Derivation) -> None:
    """ProofError when a line does not hold, or can nowhere be evaluated."""
    tried = replace(derivation, network=twin(derivation.network))
    for size in _SIZES:
        with np.errstate(all="ignore"):
            report = _report(tried, size)
        if report.ok:
            return
        wrong = [check for check in report.rows if not check.ok]
        if any(np.isfinite(check.error) for check in wrong):
            break
    lines = "\n".join(f"  {check.line.tag}: {check.line.text()}" for check in wrong)
    raise ProofError(f"these lines of {derivation.network} do not hold at random numbers:\n{lines}")


def twin(network: Network) -> Network:
    """The same network with three or four units in each layer but the last."""
    widths = (3 + l % 2 for l in range(network.depth))
    return replace(network, sizes=(*widths, network.sizes[-1]))


def _report(derivation: Derivation, size: float) -> Any:
    network, rng = derivation.network, np.random.default_rng(0)
    theta = size * rng.normal(size=network.n_parameters)
    X = rng.normal(size=(_SAMPLES, network.sizes[0]))
    weights = rng.uniform(0.5, 1.5, _SAMPLES) if derivation.options["weights"] else None
    return derivation.verify(theta, X, random_targets(network, _SAMPLES, rng), weights)


def random_targets(network: Network, rows: int, rng: np.random.Generator) -> Array:
    """Targets that the loss takes; those of a softmax sum to one."""
    shape, loss = (rows, network.n_targets), network.loss
    if network.activations[-1].name == "softmax":
        return rng.dirichlet(np.ones(shape[1]), size=rows)
    if loss.target_values:
        return rng.choice(loss.target_values, size=shape)
    low, high = max(loss.targets.low, -1e3), min(loss.targets.high, 1e3)
    return rng.uniform(max(low, min(0.1, high - 1)), min(high, max(0.9, low + 1)), size=shape)
