"""The loan of SciPy's BLAS, what is said where the engine is missing, and how much memory training takes."""

import logging
import os
import subprocess
import sys

import pytest
import scipy.linalg.cython_blas

from chainrule.engine import choosing

native = pytest.importorskip("chainrule.engine.native", reason="the compiled engine was not built")
baseline = pytest.importorskip("chainrule.engine._native_baseline")


def test_a_function_with_another_signature_is_refused():
    lent = dict(scipy.linalg.cython_blas.__pyx_capi__)
    assert baseline.use_blas(lent, 0, 0)
    assert not baseline.use_blas(lent | {"sgemm": lent["dgemm"]}, 0, 0)
    assert not baseline.use_blas(lent | {"dgemm": lent["dgemv"]}, 0, 0)
    assert not baseline.use_blas({"sgemm": lent["sgemm"]}, 0, 0)


def test_the_baseline_module_computes_large_products_by_blas_and_leaves_its_threads_as_they_were():
    code = (
        "import numpy as np, chainrule as cr\n"
        "from chainrule.engine import native, native_loading, reference\n"
        "from threadpoolctl import threadpool_info\n"
        "net = cr.Network.parse('300-400:tanh-5', loss='categorical_cross_entropy')\n"
        "rng = np.random.default_rng(0); X = rng.normal(size=(500, 300)); T = np.eye(5)[rng.integers(0, 5, 500)]\n"
        "theta = net.initial(0); before = [i['num_threads'] for i in threadpool_info()]\n"
        "g = native.value_and_gradient(net, theta, X, T)[1]; e = reference.value_and_gradient(net, theta, X, T)[1]\n"
        "assert np.linalg.norm(g - e) < 1e-13 * np.linalg.norm(e)\n"
        "assert [i['num_threads'] for i in threadpool_info()] == before\n"
        "assert native.LEVEL == 'baseline' and native_loading._thread_functions() != (0, 0)\n"
    )
    environment = {**os.environ, "CHAINRULE_ISA": "baseline", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_engine_is_told_once(monkeypatch, caplog):
    def missing(name):
        if name == "native":
            raise ImportError("nothing was compiled")
        return real(name)

    real = choosing._module
    monkeypatch.setattr(choosing, "_module", missing)
    choosing._say_once.cache_clear()
    with caplog.at_level(logging.WARNING, logger="chainrule"):
        assert choosing.choose("auto").NAME == choosing.choose("auto").NAME == "reference"
    assert len(caplog.records) == 1
    assert "nothing was compiled" in caplog.text
    with pytest.raises(ValueError, match="nothing was compiled"):
        choosing.choose("native")
    choosing._say_once.cache_clear()


MEMORY = """
import re, resource, warnings
import numpy as np
import chainrule as cr
from chainrule.engine import native
from chainrule.engine.protocol import Job

def page():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

net = cr.Network((500, 3500, 3500, 10), ("relu", "relu", "softmax"), "categorical_cross_entropy")
X, y = np.ones((64, 500), np.float32), np.arange(64) % 10
T, size = np.eye(10, dtype=np.float32)[y], 4 * net.n_parameters
batch = 32 * 4 * (2 * sum(net.sizes) + 4 * 10)
{work}
# ru_maxrss would begin with the memory of the process that started this one
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
print((peak - before - batch) / size)
"""
TRAINING = {
    "a session": (
        "theta, rule = np.full(net.n_parameters, 0.001, np.float32), cr.Adam(1e-3)\n"
        "before = page() - size\n"
        "session = native.session(Job(net, X, T, None, rule, 32), theta, rule.init(theta))\n"
        "session.run(None, 0, 2, np.full(2, 1e-3))\n"
    ),
    "an estimator's fit": (
        "warnings.simplefilter('ignore')\n"
        "cr.MLPClassifier((3,), max_iter=1).fit(X, y)\n"  # all that is imported late
        "before = page()\n"
        "cr.MLPClassifier((3500, 3500), max_iter=1, batch_size=32).fit(X, y)\n"
    ),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("what", TRAINING)
def test_training_takes_six_times_theta_and_the_batch(what):
    code = MEMORY.format(work=TRAINING[what])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 6.3, "a few megabytes of code and stacks are no part of the account"
