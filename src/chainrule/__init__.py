"""chainrule: feed-forward neural networks whose backpropagation can be read, printed and checked.

The public names and nothing else; each is imported when it is first asked for (PEP 562), so that
``import chainrule`` stays quick. Type checkers and editors read the same names in ``__init__.pyi``.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# name -> the module that defines it
_PUBLIC: dict[str, str] = {
    "ACTIVATIONS": "chainrule.network.activation",
    "Activation": "chainrule.network.activation",
    "AdaGrad": "chainrule.descent",
    "Adam": "chainrule.descent",
    "AdamW": "chainrule.descent",
    "Epoch": "chainrule.training.history",
    "Fit": "chainrule.training.fit",
    "History": "chainrule.training.history",
    "LBFGS": "chainrule.descent",
    "LOSSES": "chainrule.network.loss",
    "Loss": "chainrule.network.loss",
    "MLPClassifier": "chainrule.estimators",
    "MLPRegressor": "chainrule.estimators",
    "Model": "chainrule.models",
    "Momentum": "chainrule.descent",
    "NAdam": "chainrule.descent",
    "Nesterov": "chainrule.descent",
    "Network": "chainrule.network.spec",
    "NonFiniteError": "chainrule.training.nonfinite",
    "RMSProp": "chainrule.descent",
    "SGD": "chainrule.descent",
    "TableTransformer": "chainrule.table.transformer",
    "TabularClassifier": "chainrule.table.classifier",
    "TabularRegressor": "chainrule.table.regressor",
    "check_gradient": "chainrule.checking",
    "Notation": "chainrule.symbolic.notation",
    "derive": "chainrule.symbolic.derivation",
    "differentiate": "chainrule.symbolic.derivative",
    "explain": "chainrule.symbolic.explanation",
    "fit": "chainrule.training.fit",
    "load": "chainrule.models",
    "predictor": "chainrule.engine.predicting",
    "report": "chainrule.reporting.page",
    "save": "chainrule.models",
    "schedules": "chainrule.descent",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604  the keys are strings


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
