"""The drop-in: a pipeline and a search from scikit-learn, with the import line changed, and the mathematics behind it.

Run it with ``python examples/estimator_drop_in.py``.
"""

from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# from sklearn.neural_network import MLPClassifier
import chainrule as cr
from chainrule import MLPClassifier


def main() -> None:
    """Search for a number and a width of layers, then look inside the best network."""
    X, X_test, y, y_test = train_test_split(*load_wine(return_X_y=True), random_state=0)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(solver="lbfgs", random_state=0, max_iter=1000))
    # n_layers and width are numbers that a search can move; hidden_layer_sizes works as ever
    search = GridSearchCV(pipeline, {"mlpclassifier__n_layers": [1, 2], "mlpclassifier__width": [4, 16]}, cv=3)
    search.fit(X, y)
    print(f"best of the search: {search.best_params_}, held out {search.score(X_test, y_test):.3f}")

    scaler, model = search.best_estimator_
    print(f"network_   {model.network_} with {model.theta_.size} parameters")
    loss = model.history_.loss
    print(f"history_   {len(loss)} iterations, loss {loss[0]:.3f} to {loss[-1]:.5f}")
    report = cr.check_gradient(model.network_, model.theta_, *model.prepared(scaler.transform(X), y))
    print(f"gradient   {'right' if report.ok else 'wrong'}, largest relative error {report.max_relative_error:.0e}")


if __name__ == "__main__":
    main()
