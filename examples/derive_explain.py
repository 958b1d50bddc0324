"""Why a deep sigmoid network learns slowly: the gradient of one example, layer by layer.

Run it with ``python examples/derive_explain.py``.
"""

import numpy as np

import chainrule as cr


def main() -> None:
    """Follow one example through six layers of sigmoids, then of ReLUs."""
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=4), np.array([1.0])
    for activation in ("sigmoid", "relu"):
        net = cr.Network((4, *[8] * 6, 1), (*[activation] * 6, "identity"), "half_squared_error")
        explanation = cr.explain(net, net.initial(seed=0), x, t, weight=(1, 0, 0))
        print(f"\n{net}")
        for report in reversed(explanation.layers):
            dead = f", {len(report.dead)} dead" if report.dead else ""
            print(f"  layer {report.layer}: |delta| {report.delta_norm:.2e}, the gradient {report.verdict}{dead}")
        path = explanation.path
        print(f"  the first weight: {' * '.join(f'{f.number:.2g}' for f in path.factors)} = {path.contribution:.2g}")
        print(f"  one of {path.ways} ways; all of them: {path.gradient:.2g}")


if __name__ == "__main__":
    main()
