"""One document of all cases through a TeX, where there is one: every notation, identity and kind of expression."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.symbolic.derivative_document import derivative_latex
from chainrule.symbolic.document import latex_body, latex_file
from chainrule.symbolic.latex import latex
from chainrule.symbolic.presets import NOTATIONS

CASES = tomllib.loads(Path(__file__).with_name("expressions.toml").read_text())["cases"]


def all_cases():
    net = cr.Network((4, 5, 4, 3), ("gelu", "leaky_relu(0.1)", "softmax"), "categorical_cross_entropy")
    parts = [latex_body(cr.derive(net, name, l1=0.1, l2=0.1, optimizer="adam")) for name in NOTATIONS]
    for loss in cr.LOSSES:
        width = 2 * cr.LOSSES[loss].outputs_per_target
        pair = cr.Network((2, width), (cr.LOSSES[loss].output,), loss)
        parts.append(latex_body(cr.derive(pair, weights=True, optimizer="momentum")))
    explained = cr.explain(net, net.initial(0), [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0], "watters").latex()
    parts.append(explained.partition("\\section*")[2].partition("\n")[2].removesuffix("\\end{document}\n"))
    stepwise = derivative_latex(cr.differentiate("1/2*norm2(A*sigma(B*x) - y)^2", "B"))
    parts.append(stepwise.partition("\\section*")[2].partition("\n")[2].removesuffix("\\end{document}\n"))
    parts += [rf"\[ {latex(cr.differentiate(c[0], c[1]).equation())} \]" for c in CASES]
    return latex_file("All cases", "", "\n".join(parts))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex: apt-get install texlive-latex-base")
def test_one_document_of_all_cases_compiles(tmp_path):
    (tmp_path / "all.tex").write_text(all_cases())
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert outcome.returncode == 0, "\n".join(line for line in outcome.stdout.splitlines() if line.startswith("!"))
    assert (tmp_path / "all.pdf").stat().st_size > 50_000


def test_the_document_is_plain_ascii():
    assert all_cases().isascii()
