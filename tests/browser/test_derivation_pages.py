"""The pages of derivations and explanations in a Chromium, where there is one: nothing overflows, every formula shows.

The page measures itself: a script appended for the test writes what it finds into the document, which
``chromium --dump-dom`` prints.
"""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import chainrule as cr

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

MEASURE = """<script>
document.querySelectorAll("details").forEach(d => d.open = true);
const flat = e => { const b = e.getBoundingClientRect(); return b.width < 1 || b.height < 1; };
const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const style = getComputedStyle(document.body);
const found = {
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  formulas: document.querySelectorAll("math").length,
  invisible: [...document.querySelectorAll("math")].filter(flat).length,
  ink: light(style.color), paper: light(style.backgroundColor),
  unnamed: [...document.querySelectorAll("[tabindex]")].filter(e => e.className == "formula" && !e.ariaLabel).length,
};
const out = document.createElement("pre"); out.id = "found"; out.textContent = JSON.stringify(found);
document.body.append(out);
</script></html>"""


def pages():
    net = cr.Network((4, 6, 5, 3), ("gelu", "leaky_relu(0.1)", "softmax"), "categorical_cross_entropy")
    yield "wichmann", cr.derive(net, "wichmann", l2=0.1, optimizer="adam").html()
    yield "watters", cr.derive(net, "watters").html()
    yield "explained", cr.explain(net, net.initial(0), np.ones(4), [1.0, 0.0, 0.0], "neuron").html()


def measured(path, width, dark):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},1200", "--dump-dom"]
    if dark:
        command.append("--blink-settings=preferredColorScheme=0")
    dom = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, check=True, timeout=60).stdout
    return json.loads(re.search(r'<pre id="found">(.*?)</pre>', dom)[1])


VIEWS = [(1000, False), (500, True), (500, False)]


@pytest.mark.parametrize(("view", "name", "page"), [(v, *p) for v, p in zip(VIEWS, pages(), strict=True)])
def test_page(tmp_path, view, name, page):
    width, dark = view
    path = tmp_path / f"{name}.html"
    path.write_text(page.replace("</html>", MEASURE), encoding="utf-8")
    found = measured(path, width, dark)
    assert found["overflow"] <= 0
    assert found["formulas"] > 10
    assert found["invisible"] == 0
    assert found["unnamed"] == 0
    assert (found["ink"] > 150 > found["paper"]) if dark else (found["ink"] < 100 < found["paper"])
