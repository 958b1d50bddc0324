"""What hints are made from: the wrong entries of one block, analytic against numeric."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chainrule.checking.entries import Judged
from chainrule.checking.judge import Setting
from chainrule.checking.problem import Vector
from chainrule.checking.verdict import Verdict
from chainrule.network.parameters import Block


@dataclass(frozen=True)
class Evidence:
    """The entries of a block that were looked at, less those at kinks or not finite.

    Attributes
    ----------
    block : Block
    whole : array, the block's shape
        The analytic gradient of the whole block.
    theta : array, the block's shape
        The parameters of the whole block.
    places : array of int
        Flat indices of the entries looked at.
    analytic, numeric : array
        Their values.
    wrong : array of bool
        Which of them are.
    closeness : float
        Two numbers that agree so well, relative to the largest, are taken for one.
    """

    block: Block
    whole: Vector
    theta: Vector
    places: npt.NDArray[np.intp]
    analytic: Vector
    numeric: Vector
    wrong: npt.NDArray[np.bool_]
    closeness: float

    @property
    def complete(self) -> bool:
        """Whether every entry of the block was looked at."""
        return self.places.size == self.whole.size

    @property
    def n_wrong(self) -> int:
        """How many of the entries are wrong."""
        return int(np.count_nonzero(self.wrong))

    @property
    def count(self) -> str:
        """How many entries are wrong, for a sentence."""
        looked = f"{self.places.size} entries" + ("" if self.complete else " looked at")
        return f"all {looked}" if self.wrong.all() else f"{self.n_wrong} of {looked}"

    def is_close(self, predicted: Vector, seen: Vector) -> bool:
        """Whether a prediction reproduces what was seen."""
        size = float(np.max(np.abs(seen), initial=0.0))
        return bool(np.max(np.abs(predicted - seen), initial=0.0) <= self.closeness * size)


def gather(setting: Setting, judged: Judged) -> Evidence:
    """The evidence of one block."""
    kept = [
        k
        for k, found in enumerate(judged.judgements)
        if found.verdict not in (Verdict.KINK, Verdict.NOT_FINITE) and np.isfinite(found.numeric)
    ]
    block, found = judged.block, [judged.judgements[k] for k in kept]
    return Evidence(
        block=block,
        whole=setting.gradient[block.slice].reshape(block.shape),
        theta=setting.problem.theta[block.slice].reshape(block.shape),
        places=np.array([judged.places[k] for k in kept], dtype=np.intp),
        analytic=np.array([one.analytic for one in found]),
        numeric=np.array([one.numeric for one in found]),
        wrong=np.array([one.verdict is Verdict.WRONG for one in found], dtype=bool),
        # A prediction may inherit rtol's worth of honest difference; 1e-6 keeps coincidences out in double precision.
        closeness=max(1e-6, setting.rtol),
    )
