"""``chainrule check``: the gradient of a network against derivatives that do not use backpropagation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .endings import FAILED
from .loading import load_model, read_for
from .networks import network_from
from .terminal import Terminal

if TYPE_CHECKING:
    from chainrule.network.spec import Network

EXAMPLES = """Examples:

chainrule check digits.safetensors digits

chainrule check houses.safetensors houses.csv --rows 64

chainrule check 4-8:tanh-3:softmax --loss categorical_cross_entropy"""


def command(
    model_or_network: Annotated[str, typer.Argument(help="A model file, or a network such as 4-8:tanh-3:softmax.")],
    file: Annotated[str | None, typer.Argument(help="Table to check on; else random data.")] = None,
    loss: options.CheckedLoss = None,
    rows: options.CheckedRows = 32,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    seed: options.CheckedSeed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Check backpropagation against complex steps and finite differences, block by block."""
    import numpy as np

    from chainrule.checking import check_gradient

    terminal = Terminal(as_json=as_json, quiet=quiet)
    rng = np.random.default_rng(seed)
    reading = options.reading(delimiter, encoding, decimal_comma)
    if Path(model_or_network).exists():
        model = load_model(Path(model_or_network))
        network, theta = model.network, model.theta
        data = random_data(network, rows, rng) if file is None else _rows_of(model, file, reading, rows, rng)
    elif model_or_network.endswith((".safetensors", ".st")) or "/" in model_or_network:
        raise FileNotFoundError(2, f"there is no model file {model_or_network!r}")
    else:
        if file is not None:
            raise ValueError("a network that is no model file is checked on random data; leave FILE out")
        network = network_from(model_or_network, loss)
        theta, data = network.initial(seed), random_data(network, rows, rng)
    report = check_gradient(network, theta.astype(np.float64), *data)
    terminal.say("Network", f"{network}, {network.loss.spec}")
    terminal.say("Data", f"{len(data[0])} rows of {file or 'random data'}, seed {seed}")
    terminal.show_text(str(report))
    terminal.emit({"network": str(network), "loss": network.loss.spec, **report.to_dict()})
    if not report.ok:
        raise typer.Exit(FAILED)


def _rows_of(model: Any, source: str, reading: dict[str, Any], rows: int, rng: Any) -> tuple[Any, Any]:
    """X and T, in float64, of some rows of a table that have a target."""
    from chainrule.table import TableModel
    from chainrule.table.target import rows_with_target

    if not isinstance(model, TableModel):
        raise ValueError("the model is a bare network, which knows no columns; leave FILE out")
    table = read_for(model, source, reading)
    known = rows_with_target(table, model.target.names)
    if len(known) == 0:
        raise ValueError(f"{source} has no row with a target")
    chosen = table.take(rng.permutation(known)[:rows])
    return model.encoder.transform(chosen), model.target.encode(chosen)


def random_data(network: Network, rows: int, rng: Any) -> tuple[Any, Any]:
    """Standard normal X, and targets that the loss takes."""
    return rng.standard_normal((rows, network.sizes[0])), _random_targets(network, rows, rng)


def _random_targets(network: Network, rows: int, rng: Any) -> Any:
    import numpy as np

    shape, loss = (rows, network.n_targets), network.loss
    if network.activations[-1].name == "softmax":
        return np.eye(shape[1])[rng.integers(shape[1], size=rows)]
    if loss.target_values:
        return rng.choice(loss.target_values, shape)
    low, high = loss.targets.low, loss.targets.high
    if np.isfinite(high):
        return rng.uniform(max(low, high - 1.0), high, shape)
    return rng.uniform(low + 0.5, low + 2.5, shape) if np.isfinite(low) else rng.standard_normal(shape)
