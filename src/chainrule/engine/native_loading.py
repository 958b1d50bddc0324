"""Finds the compiled module for this processor, and lends it the BLAS that SciPy carries where it wants one.

On x86-64 there are three modules, one for each instruction level: baseline, avx2, avx512; elsewhere there is
one, baseline. The environment variable CHAINRULE_ISA chooses one by name, for tests and comparisons.
"""

import ctypes
import os
import sys
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["level", "module"]

LEVELS = ("avx512", "avx2", "baseline")  # from the best on
# What /proc/cpuinfo must list for a level: what the compiler was told it may use (x86-64-v3 and -v4).
NEEDED = {
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "avx2": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"},
    "baseline": set[str](),
}


def level() -> str:
    """The instruction level in use.

    Raises
    ------
    ImportError
        If no module is there, or CHAINRULE_ISA names one that is not.
    """
    built = [name for name in LEVELS if find_spec(f"chainrule.engine._native_{name}")]
    if not built:
        raise ImportError("chainrule was installed without its compiled engine")
    wanted = os.environ.get("CHAINRULE_ISA")
    if wanted:
        if wanted not in built:
            raise ImportError(f"CHAINRULE_ISA is {wanted!r}; this installation has {', '.join(built)}")
        return wanted
    has = _features()
    return next((name for name in built if NEEDED[name] <= has), built[-1])


@lru_cache(maxsize=1)
def module() -> ModuleType:
    """The compiled module, imported once."""
    found = import_module(f"chainrule.engine._native_{level()}")
    if not found.OWN_PRODUCTS:
        _lend_blas(found)
    return found


def _features() -> set[str]:
    """The processor's instruction sets by the names of /proc/cpuinfo."""
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("flags"):
                    return set(line.partition(":")[2].split())
        return set()
    return _features_by_numpy()


def _features_by_numpy() -> set[str]:
    """Where /proc is not: NumPy asks the processor itself, under the same names in capitals."""
    try:
        found = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return set()
    here = {name.lower() for name, present in found.items() if present}
    if {"fma3", "avx2"} <= here:
        here |= NEEDED["avx2"]  # every processor with AVX2 and FMA has the rest of x86-64-v3
    return here


def _lend_blas(found: Any) -> None:
    """Function pointers of SciPy's BLAS; without fitting signatures the engine's own products do all the work."""
    from scipy.linalg import cython_blas

    get_threads, set_threads = _thread_functions()
    found.use_blas(cython_blas.__pyx_capi__, get_threads, set_threads)


def _thread_functions() -> tuple[int, int]:
    """Addresses of OpenBLAS's functions that read and set its threads; 0 where SciPy carries another BLAS."""
    from scipy.linalg import cython_blas

    library = ctypes.CDLL(cython_blas.__file__)  # already loaded: its dependencies are searched with it
    for prefix in ("scipy_", ""):
        for suffix in ("", "64_"):
            names = (f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set"))
            try:
                addresses = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in names]
            except AttributeError:
                continue
            return addresses[0], addresses[1]
    return 0, 0
