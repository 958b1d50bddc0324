"""Pictures of what was computed elsewhere; nothing here trains, and no engine is seen."""

from .curves import learning_curve, picture_format
from .page import report

__all__ = ["learning_curve", "picture_format", "report"]
