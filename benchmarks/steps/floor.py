"""Compiles and calls floor.cpp: the products of a step through the BLAS that SciPy carries, and the arithmetic peak."""

import ctypes
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path


@lru_cache
def library():
    """floor.cpp, compiled for this processor."""
    source = Path(__file__).with_name("floor.cpp")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "floor.so"
        subprocess.run(["c++", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(made)], check=True)
        loaded = ctypes.CDLL(str(made))
    loaded.peak_float32.restype = ctypes.c_double
    return loaded


def gemm(dtype):
    """The address of sgemm or dgemm."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["sgemm" if dtype == "float32" else "dgemm"]
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return get(capsule, name(capsule))


def products(problem):
    run = getattr(library(), f"steps_{problem.dtype}")
    sizes = (ctypes.c_int * len(problem.sizes))(*problem.sizes)
    pointer = ctypes.c_void_p(gemm(problem.dtype))
    return lambda: run(pointer, sizes, len(problem.sizes) - 1, problem.batch_size, problem.n_batches)


def peak():
    """Floating-point operations a second of one core, float32."""
    return library().peak_float32()
