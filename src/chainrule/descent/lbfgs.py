"""L-BFGS: whole-batch descent with a memory of past gradients in place of second derivatives.

The work is SciPy's (`scipy.optimize.minimize`, method L-BFGS-B: Byrd, Lu, Nocedal and Zhu 1995; Morales and Nocedal
2011), imported when it is first asked for. Its direction is -H g, H the inverse Hessian's estimate from the last
`memory` pairs of steps and gradient changes; the length comes from a line search.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.descent.rule import Array, require_small


@dataclass(frozen=True)
class LBFGS:
    """The quasi-Newton method for small data and smooth losses; it takes the whole batch and no learning rate.

    Parameters
    ----------
    memory : int
        Pairs of steps and gradient changes that are kept.
    gradient_tolerance : float
        Done when no entry of the gradient is larger.
    value_tolerance : float
        Done when J falls by less than this share of max(``|J|``, 1) in an iteration.
    max_evaluations : int
        Most evaluations of J and its gradient.
    max_line_search : int
        Most evaluations in one line search.

    Examples
    --------
    >>> import numpy as np
    >>> bowl = lambda theta: (float(theta @ theta), 2 * theta)
    >>> theta, stopped = LBFGS().minimize(bowl, np.array([3.0, -1.0]), after_iteration=lambda theta: False)
    >>> bool(abs(theta).max() < 1e-6), stopped
    (True, 'converged: ...')
    """

    memory: int = 10
    gradient_tolerance: float = 1e-5
    value_tolerance: float = 2.2e-9
    max_evaluations: int = 15_000
    max_line_search: int = 50

    def __post_init__(self) -> None:
        require_small("LBFGS", gradient_tolerance=self.gradient_tolerance, value_tolerance=self.value_tolerance)
        for name in ("memory", "max_evaluations", "max_line_search"):
            if getattr(self, name) < 1:
                raise ValueError(f"LBFGS: {name} is {getattr(self, name)!r}; it must be at least 1")

    def minimize(
        self,
        value_and_gradient: Callable[[Array], tuple[float, Array]],
        theta: Array,
        after_iteration: Callable[[Array], bool],
        iterations: int = 200,
    ) -> tuple[Array, str]:
        """Descend from theta, calling `after_iteration` with each new theta; True stops.

        Returns
        -------
        (array (n_parameters,) of float64, str)
            The last theta, and why it stopped there, in words.
        """
        from scipy.optimize import minimize  # SciPy stays out of `import chainrule`

        def iterate(intermediate_result: object) -> None:
            if after_iteration(intermediate_result.x):  # type: ignore[attr-defined]
                raise StopIteration

        options = {
            "maxcor": self.memory,
            "gtol": self.gradient_tolerance,
            "ftol": self.value_tolerance,
            "maxiter": iterations,
            "maxfun": self.max_evaluations,
            "maxls": self.max_line_search,
        }
        start = np.array(theta, dtype=np.float64)
        done = minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", callback=iterate, options=options)
        return np.asarray(done.x), _reason(int(done.status), str(done.message), int(done.nit) >= iterations)


def _reason(status: int, message: str, exhausted: bool) -> str:
    """SciPy's verdict in our words (statuses 0: converged, 1: a limit was met, 2: line search failed, 99: callback)."""
    detail = message.lower().replace("_", " ").strip()
    if status == 0:
        return f"converged: {detail}"
    if status == 1:
        return "epochs" if exhausted else "evaluations"
    return "callback" if status == 99 else f"line search failed: {detail}"
