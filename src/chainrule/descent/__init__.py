"""How theta moves: update rules as (init, update) pairs, learning-rate schedules, L-BFGS."""

from chainrule.descent import schedules
from chainrule.descent.adam import Adam, AdamW, NAdam
from chainrule.descent.adaptive import AdaGrad, RMSProp
from chainrule.descent.gradient import SGD, Momentum, Nesterov
from chainrule.descent.lbfgs import LBFGS
from chainrule.descent.rule import State, UpdateRule, restored, stored

__all__ = [
    "LBFGS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Momentum",
    "NAdam",
    "Nesterov",
    "RMSProp",
    "State",
    "UpdateRule",
    "restored",
    "schedules",
    "stored",
]
