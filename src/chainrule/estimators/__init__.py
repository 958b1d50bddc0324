"""scikit-learn's contract: MLPClassifier and MLPRegressor with every parameter of its own, and more."""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
