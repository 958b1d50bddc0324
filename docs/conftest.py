"""Pages whose blocks need PyTorch are run where it is installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["how-to/coming-from-keras-and-pytorch.md"]
