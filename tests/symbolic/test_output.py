"""Pages and documents: whole, self-contained, readable without mathematical fonts or a network."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule as cr
from chainrule.symbolic.presets import NOTATIONS

VOID = {"meta", "mspace"}


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.links, self.labels = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in ("src", "href")]
        self.labels += any(k == "aria-label" for k, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def network():
    return cr.Network((3, 4, 5, 2), ("gelu", "leaky_relu(0.1)", "softmax"), "categorical_cross_entropy")


def pages():
    net = network()
    for name in NOTATIONS:
        yield cr.derive(net, name, l1=0.1, optimizer="adam").html()
    yield cr.explain(net, net.initial(0), np.ones(3), [1.0, 0.0]).html()


def test_pages_are_balanced_and_self_contained():
    for page in pages():
        reader = Balance()
        reader.feed(page)
        assert not reader.open
        assert not reader.links
        assert reader.labels > 10
        assert "http" not in page.replace("http-equiv", "")
        assert "prefers-color-scheme: dark" in page
        assert "@media print" in page


@pytest.mark.parametrize("name", NOTATIONS)
def test_latex_is_plain_ascii_with_matched_braces(name):
    source = cr.derive(network(), name, l1=0.1, l2=0.1, optimizer="adam").latex()
    assert source.isascii()  # pdflatex has no other characters
    assert source.count("{") == source.count("}")
    assert source.count(r"\left") == source.count(r"\right") + source.count(r"\leftarrow")
    assert source.startswith(r"\documentclass")
    assert source.rstrip().endswith(r"\end{document}")


def cells():
    net = network()
    theta = net.initial(0)
    d = cr.derive(net)
    yield d._repr_html_()
    yield d.verify(theta, np.ones((2, 3)), np.eye(2))._repr_html_()
    yield cr.explain(net, theta, np.ones(3), [1.0, 0.0])._repr_html_()
    yield cr.differentiate("norm2(A*x - y)^2", "x")._repr_html_()


def test_notebook_cells_are_whole_and_style_nothing_outside():
    for cell in cells():
        reader = Balance()
        reader.feed(cell)
        assert not reader.open
        assert "<math" in cell
        style = re.search(r"<style>(.*?)</style>", cell, re.DOTALL)[1]
        selectors = re.findall(r"^\s*([^@{}\n][^{}\n]*?)\s*\{", style, re.MULTILINE)
        assert selectors
        assert all(".chainrule" in part for selector in selectors for part in re.split(r",(?![^(]*\))", selector))


def test_a_notebook_shows_reasons_tags_and_steps():
    cell = cr.derive(network())._repr_html_()
    assert "every neuron" in cell or "come back through its weights" in cell
    assert '<span class="tag">B2</span>' in cell
    assert "<summary>by indices</summary>" in cell
    assert "<summary>4 steps</summary>" in cr.differentiate("norm2(A*x - y)^2", "x")._repr_html_()


def test_notebook_forms_in_latex():
    assert r"\begin{equation*}" in cr.derive(network())._repr_latex_()
    assert cr.differentiate("x'*x", "x")._repr_latex_() == r"$\frac{\partial C}{\partial x} = 2 \, x$"


def test_rich_prints_the_same_words():
    from io import StringIO

    from rich.console import Console

    d = cr.derive(network())
    out = StringIO()
    Console(file=out, width=400).print(d)
    for line in d.steps:
        assert line.text() in out.getvalue()


def test_components_are_shown_on_demand():
    d = cr.derive(network(), "watters")
    assert "∑" not in d.text()
    assert "∂g¹" not in d.line("F1", 1).text()
    assert "∂L/∂Wₖₗ" in d.text(components=True).replace("W̃", "W")
