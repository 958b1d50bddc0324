"""The public names for type checkers and editors; `__init__.py` imports each when it is first asked for."""

from chainrule.checking import check_gradient as check_gradient
from chainrule.descent import LBFGS as LBFGS
from chainrule.descent import SGD as SGD
from chainrule.descent import AdaGrad as AdaGrad
from chainrule.descent import Adam as Adam
from chainrule.descent import AdamW as AdamW
from chainrule.descent import Momentum as Momentum
from chainrule.descent import NAdam as NAdam
from chainrule.descent import Nesterov as Nesterov
from chainrule.descent import RMSProp as RMSProp
from chainrule.descent import schedules as schedules
from chainrule.engine.predicting import predictor as predictor
from chainrule.estimators import MLPClassifier as MLPClassifier
from chainrule.estimators import MLPRegressor as MLPRegressor
from chainrule.models import Model as Model
from chainrule.models import load as load
from chainrule.models import save as save
from chainrule.network.activation import ACTIVATIONS as ACTIVATIONS
from chainrule.network.activation import Activation as Activation
from chainrule.network.loss import LOSSES as LOSSES
from chainrule.network.loss import Loss as Loss
from chainrule.network.spec import Network as Network
from chainrule.reporting.page import report as report
from chainrule.symbolic.derivation import derive as derive
from chainrule.symbolic.derivative import differentiate as differentiate
from chainrule.symbolic.explanation import explain as explain
from chainrule.symbolic.notation import Notation as Notation
from chainrule.table.classifier import TabularClassifier as TabularClassifier
from chainrule.table.regressor import TabularRegressor as TabularRegressor
from chainrule.table.transformer import TableTransformer as TableTransformer
from chainrule.training.fit import Fit as Fit
from chainrule.training.fit import fit as fit
from chainrule.training.history import Epoch as Epoch
from chainrule.training.history import History as History
from chainrule.training.nonfinite import NonFiniteError as NonFiniteError

__version__: str
