"""Every option of the commands, as a type with its help: a command's signature then says only its defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

READING, TRAINING = "Reading the table", "Network and training"


def _option(metavar: str, text: str, *names: str, panel: str | None = None, default: bool = True, **more: Any) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=panel, show_default=default, **more)


def flag(text: str, *names: str, **more: Any) -> Any:
    """An option that takes no value, whatever the library says of its type."""
    return typer.Option(*names, help=text, metavar="", **more)


def _reading(metavar: str, text: str, *names: str, default: bool = False, **more: Any) -> Any:
    return _option(metavar, text, *names, panel=READING, default=default, **more)


def _training(metavar: str, text: str, *names: str, **more: Any) -> Any:
    return _option(metavar, text, *names, panel=TRAINING, **more)


_TABLE = (
    "A CSV file (plain or gzipped), a Parquet file, JSON lines, - for standard input, or one of the data sets "
    "breast_cancer, diabetes, digits, iris, wine."
)
AsJson = Annotated[bool, flag("Print the results as JSON on standard output.", "--json")]
Quiet = Annotated[bool, flag("Say nothing but errors, and JSON where asked for.", "--quiet", "-q")]

# What is written
Table = Annotated[str, typer.Argument(help=_TABLE)]
OptionalTable = Annotated[str | None, typer.Argument(help=_TABLE + " Not needed with --config.", show_default=False)]
Target = Annotated[
    list[str] | None, _option("COLUMN", "Column to predict; may be repeated.", "--target", "-t", default=False)
]
ModelFile = Annotated[
    Path | None, _option("PATH", "Model file to write; else FILE's name .safetensors.", "--model", "-m", default=False)
]
Config = Annotated[
    Path | None,
    _option(
        "PATH", "Repeat the run of a .run.toml file that train wrote; options given here come first.", default=False
    ),
]
Plot = Annotated[
    Path | None, _option("PATH", "Learning curve to write (.png, .svg, .pdf); else beside the model.", default=False)
]
Report = Annotated[
    Path | None,
    _option("PATH", "Write a page (.html) with scores of the test rows, network, training and curve.", default=False),
]
Log = Annotated[Path | None, _option("PATH", "Write a JSON line for each epoch to this file.", default=False)]
NoPlot = Annotated[bool, flag("Write no picture.", "--no-plot")]
Interval = Annotated[
    float | None,
    _option(
        "SHARE", "Width of the intervals of --loss gaussian_nll: the share of values inside; else 0.9.", default=False
    ),
]
Output = Annotated[
    Path | None, _option("PATH", "File to write; else standard output.", "--output", "-o", default=False)
]

# Reading the table
Delimiter = Annotated[str | None, _reading("CHAR", "Of the CSV; found in its header by default.")]
Encoding = Annotated[str | None, _reading("NAME", "Of the CSV, such as utf-8 or windows-1252.")]
DecimalComma = Annotated[
    bool, flag("Numbers are written 1,5; else found out.", "--decimal-comma", rich_help_panel=READING)
]


def reading(delimiter: str | None, encoding: str | None, decimal_comma: bool) -> dict[str, Any]:
    """The three options above as `chainrule.table.read_table` takes them."""
    return {"delimiter": delimiter, "encoding": encoding, "decimal": "," if decimal_comma else None}


Kind = Annotated[
    Literal["auto", "classes", "number"],
    _reading("KIND", "What the target is: auto, classes or number.", default=True),
]
Drop = Annotated[list[str] | None, _reading("COLUMN", "Column to leave out; may be repeated.")]
Category = Annotated[list[str] | None, _reading("COLUMN", "Column of numbers to read as categories.")]
Number = Annotated[list[str] | None, _reading("COLUMN", "Column to use though it seems an identifier.", "--number")]
Scaling = Annotated[
    Literal["standard", "robust"], _reading("NAME", "Of numbers: standard, or robust to outliers.", default=True)
]
Group = Annotated[str | None, _reading("COLUMN", "Keep rows of one group together; not used to predict.")]
Time = Annotated[str | None, _reading("COLUMN", "Split in its order: the latest rows are tested on.")]
Folds = Annotated[int | None, _reading("N", "Cross-validate in so many parts first; then train on all rows.", min=2)]
TestFraction = Annotated[float, _reading("SHARE", "Share of the rows to test on.", default=True)]
ValidationFraction = Annotated[
    float | None, _reading("SHARE", "Share of the rows that choose the best epoch; else 0.1, or parts of few in turn.")
]

# Network and training
Hidden = Annotated[str, _training("LAYERS", "Hidden layers, such as 64:relu-32:tanh, or none.")]
Loss = Annotated[str, _training("LOSS", "For numbers: huber(1.0), quantile(0.1,0.5,0.9), gaussian_nll, poisson, ...")]
ClassWeight = Annotated[Literal["none", "balanced"], _training("NAME", "none, or balanced for equally heavy classes.")]
TimeLimit = Annotated[float | None, _training("SECONDS", "Stop training after this time.", min=0.001, default=False)]
Epochs = Annotated[int | None, _training("N", "Passes over the training rows; else 20 to 400, by their number.", min=1)]
BatchSize = Annotated[int | None, _training("N", "Rows in a mini-batch; else 32 to 1024, by their number.", min=1)]
Optimizer = Annotated[
    Literal["adam", "adamw", "nadam", "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "lbfgs"],
    _training("NAME", "adam, adamw, nadam, sgd, momentum, nesterov, rmsprop, adagrad or lbfgs."),
]
LearningRate = Annotated[float, _training("RATE", "At the start; it falls to 0 along a cosine.")]
L2 = Annotated[float, _training("L2", "Penalty: l2/2 times the sum of the squared weights.", min=0)]
Dropout = Annotated[
    float | None,
    _training("SHARE", "Share of hidden units dropped in each step; else 0.3, for numbers 0.", min=0, max=1),
]
Smoothing = Annotated[float, _training("SHARE", "Label smoothing, for classes.", min=0, max=1)]
Patience = Annotated[int, _training("N", "Stop after so many epochs without improvement; 0: never.", min=0)]
Seed = Annotated[int, _training("N", "Of the split, the weights and the order of the rows.", min=0)]

# Checking
CheckedLoss = Annotated[
    str | None, _option("LOSS", "Loss of a NETWORK; by default what suits its output.", "--loss", default=False)
]
CheckedRows = Annotated[int, _option("N", "Rows to check on.", "--rows", min=1)]
BootstrapSeed = Annotated[int, _option("N", "Of the bootstrap.", "--seed", min=0)]
CheckedSeed = Annotated[int, _option("N", "Of rows, random data and random parameters.", "--seed", min=0)]
