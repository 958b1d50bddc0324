"""The command: ``chainrule train | predict | evaluate | check | info``."""

from .app import main

__all__ = ["main"]
