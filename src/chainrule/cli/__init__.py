"""The command: ``chainrule train | predict | evaluate | derive | explain | check | info``."""

from .app import main

__all__ = ["main"]
