"""Data as it comes: gaps, columns of any scale, frames with names, sparse matrices.

Run it with ``python examples/estimator_data.py``; it needs Polars, of the extra ``chainrule[table]``.
"""

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from sklearn.datasets import load_diabetes

import chainrule as cr


def main() -> None:
    """Predict the progress of diabetes from columns in their own units, a tenth of them missing."""
    data = load_diabetes(scaled=False)
    X, y = data.data.copy(), data.target
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    frame = pl.DataFrame(X, schema=list(data.feature_names))

    common = {"solver": "lbfgs", "hidden_layer_sizes": 8, "activation": "tanh", "alpha": 10.0, "random_state": 0}
    model = cr.MLPRegressor(missing="impute", standardize=True, standardize_target=True, max_iter=1000, **common)
    model.fit(frame, y)
    gaps, inputs = np.isnan(X).sum(), model.network_.sizes[0]
    print(f"{X.shape[1]} columns, {gaps} gaps, {inputs} inputs: R^2 {model.score(frame, y):.2f}")
    print(f"names seen: {', '.join(model.feature_names_in_)}")

    features = model.set_output(transform="polars").transform(frame)
    print(f"hidden features as {type(features).__module__.split('.')[0]}: {', '.join(features.columns[:2])}, ...")

    counts = np.random.default_rng(0).poisson(0.3, (300, 50))
    label = counts[:, :25].sum(axis=1) > counts[:, 25:].sum(axis=1)
    text = cr.MLPClassifier(16, solver="lbfgs", random_state=0).fit(csr_matrix(counts), label)
    print(f"a sparse matrix: {text.score(csr_matrix(counts), label):.2f} right")


if __name__ == "__main__":
    main()
