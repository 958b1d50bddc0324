"""``chainrule derive``: the gradient of a network, or of a matrix expression, as equations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import options
from .endings import FAILED
from .networks import network_from
from .terminal import Terminal

if TYPE_CHECKING:
    from chainrule.symbolic.derivation import Derivation
    from chainrule.symbolic.derivative import Derivative

EXAMPLES = """Examples:

chainrule derive 784-256:relu-10:softmax --notation wichmann

chainrule derive 4-8:tanh-3:softmax --format html --output derivation.html

chainrule derive "1/2*norm2(A*sigma(B*x)-y)^2" --wrt B"""

_NETWORK = re.compile(r"\s*\d+(:[^-]+)?(-\d+.*)+")


def command(
    subject: Annotated[str, typer.Argument(help="A network such as 4-8:tanh-3:softmax, or a matrix expression.")],
    wrt: Annotated[
        str | None, typer.Option(help="Differentiate an expression by this symbol.", metavar="SYMBOL")
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(help="What a symbol is: b=vector, A=3xn, S=symmetric; may be repeated.", metavar="NAME=SHAPE"),
    ] = None,
    loss: options.CheckedLoss = None,
    notation: Annotated[
        str, typer.Option(help="rows, watters, wichmann, chains, neuron or menon.", metavar="NAME")
    ] = "rows",
    output_format: Annotated[
        Literal["text", "latex", "html", "mathml", "numpy"],
        typer.Option("--format", help="text, latex, html, mathml or numpy.", metavar="FORMAT"),
    ] = "text",
    output: options.Output = None,
    components: Annotated[bool | None, options.flag("The steps by indices; else as the notation has it.")] = None,
    symbolic_sizes: Annotated[bool, options.flag("Letters for the sizes.", "--symbolic-sizes")] = False,
    weights: Annotated[bool, options.flag("Samples carry weights.", "--weights")] = False,
    l1: Annotated[float, typer.Option(help="Penalty l1 times the sum of |W|.", min=0, metavar="L1")] = 0.0,
    l2: Annotated[float, typer.Option(help="Penalty l2/2 times the sum of W^2.", min=0, metavar="L2")] = 0.0,
    optimizer: Annotated[
        Literal["sgd", "momentum", "adam"],
        typer.Option(help="Whose update ends it: sgd, momentum or adam.", metavar="NAME"),
    ] = "sgd",
    verify: Annotated[
        bool, options.flag("Check every line of a network's derivation at random data.", "--verify")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Derive the gradient of a network in a notation, or of a matrix expression by one of its symbols."""
    terminal = Terminal(as_json=as_json, quiet=False)
    if wrt is not None or not _NETWORK.fullmatch(subject):
        _expression(terminal, subject, wrt, shape or [], output_format, output)
        return
    from chainrule.symbolic.derivation import derive

    network = network_from(subject, loss)
    sizes = "symbolic" if symbolic_sizes else "own"
    derivation = derive(network, notation, sizes=sizes, weights=weights, l1=l1, l2=l2, optimizer=optimizer)
    if as_json:
        terminal.emit(_described(derivation))
    elif output_format == "text" and output is None:
        from chainrule.symbolic.document import coloured

        terminal.show_text(coloured(derivation, derivation.notation.indices if components is None else components))
    else:
        write(terminal, _written(derivation, output_format, components), output)
    if verify:
        _verify(terminal, derivation)


def write(terminal: Terminal, text: str, output: Path | None) -> None:
    """To the file, whole or not at all, or as it is to standard output."""
    from chainrule.storage import replacing

    if output is None:
        terminal.results.print(text, markup=False, soft_wrap=True)
    else:
        with replacing(output) as stream:
            stream.write(text.encode())
        terminal.say("Written", str(output))


def _written(derivation: Derivation, output_format: str, components: bool | None) -> str:
    if output_format == "text":
        return derivation.text(components=components)
    if output_format == "mathml":
        return "\n".join(line.mathml() for line in derivation.steps)
    if output_format == "numpy":
        raise ValueError("the format numpy is for expressions; a network's gradient is net.value_and_gradient")
    return derivation.latex() if output_format == "latex" else derivation.html()


def _described(derivation: Derivation) -> dict[str, Any]:
    from chainrule.symbolic.text import text

    lines = [
        {
            "tag": s.tag,
            "layer": s.layer,
            "title": s.title,
            "text": s.text(),
            "latex": s.latex(),
            "reason": s.reason,
            "by_indices": [text(step) for step in s.components],
        }
        for s in derivation.steps
    ]
    network = derivation.network
    return {
        "network": str(network), "loss": network.loss.spec, "notation": derivation.notation.name, "lines": lines
    }  # fmt: skip


def _verify(terminal: Terminal, derivation: Derivation) -> None:
    import numpy as np

    from .check import random_data

    rng = np.random.default_rng(0)
    network = derivation.network
    weights = rng.uniform(0.5, 1.5, 8) if derivation.options["weights"] else None
    report = derivation.verify(network.initial(0), *random_data(network, 8, rng), weights)
    terminal.say("Verified", f"{len(report.rows)} lines, largest relative error {report.max_error:.1e}")
    if not report.ok:
        terminal.messages.print(str(report), markup=False, soft_wrap=True)
        raise typer.Exit(FAILED)


# ---------------------------------------------------------------- expressions


def _expression(
    terminal: Terminal, text: str, wrt: str | None, shapes: list[str], output_format: str, output: Path | None
) -> None:
    from chainrule.symbolic.derivative import differentiate

    if wrt is None:
        raise ValueError(f"{text!r} is no network; to differentiate an expression say by what: --wrt SYMBOL")
    derivative = differentiate(text, wrt, dict(map(_shape, shapes)))
    if terminal.as_json:
        terminal.emit(_described_derivative(derivative))
        return
    shown = _derivative_text(derivative, output_format)
    if output is None and output_format == "text":
        terminal.show_text(shown)
    else:
        write(terminal, shown, output)


def _shape(text: str) -> tuple[str, Any]:
    name, sign, said = text.partition("=")
    if not sign:
        raise ValueError(f"--shape is NAME=SHAPE, such as b=vector or A=3xn; given {text!r}")
    if said in ("scalar", "vector", "matrix", "symmetric"):
        return name, said
    sizes = said.split("x")
    if "" in sizes:
        raise ValueError(f"the shape {text!r} has an empty size; give sizes with an x between, such as {name}=3xn")
    return name, tuple(int(size) if size.isdigit() else size for size in sizes)


def _derivative_text(derivative: Derivative, output_format: str) -> str:
    from chainrule.symbolic import derivative_document as document

    if output_format == "numpy":
        return derivative.numpy()
    if output_format == "mathml":
        return derivative.mathml()
    if output_format == "latex":
        return document.derivative_latex(derivative)
    return document.derivative_page(derivative) if output_format == "html" else document.derivative_text(derivative)


def _described_derivative(derivative: Derivative) -> dict[str, Any]:
    return {
        "expression": str(derivative.function),
        "wrt": derivative.variable.name,
        "kind": derivative.kind,
        "text": derivative.text(),
        "latex": derivative.latex(),
        "numpy": derivative.numpy(),
        "steps": [step.text() for step in derivative.steps],
    }
