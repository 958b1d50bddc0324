"""A network named on the command line: without a loss, the one that makes a pair with its output activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.network.spec import Network

PAIRS = {"softmax": "categorical_cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}


def network_from(text: str, loss: str | None) -> Network:
    """The network of the grammar ``4-8:tanh-3:softmax``; half_squared_error where no pair is known.

    Examples
    --------
    >>> network_from("4-3:softmax", None).loss.name
    'categorical_cross_entropy'
    """
    from chainrule.network.spec import Network

    output = text.rpartition(":")[2].strip() if ":" in text.rpartition("-")[2] else ""
    return Network.parse(text, loss or PAIRS.get(output, "half_squared_error"))
