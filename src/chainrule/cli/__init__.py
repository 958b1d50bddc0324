"""The command: ``chainrule train | predict | check | info``."""

from .app import main

__all__ = ["main"]
