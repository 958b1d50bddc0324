"""Derivations: how long they take, and which expressions SymPy and matrixcalculus.org's language can differentiate.

    python benchmarks/symbolic.py [--no-sympy] [--json] [--page docs/explanation/expressions.md]

The expressions are those of tests/symbolic/expressions.toml; each has an independent NumPy form, whose complex step
judges. SymPy is asked to differentiate the same expression by the same symbol, with explicit 2 x 2 and 2 x 1 symbols,
and to evaluate the result at numbers. matrixcalculus.org is a web service and is not asked; its column says whether the
operators that its documentation lists can write the expression as it stands. ``--page`` writes the table of all.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

CASES = tomllib.loads((Path(__file__).parents[1] / "tests/symbolic/expressions.toml").read_text())["cases"]
SIZE = 2
#: The functions under "valid input operators" at matrixcalculus.org/documentation; diag, adj, sqrt, the Kronecker
#: product, softmax and functions without a definition are not among them.
DOCUMENTED = frozenset(
    {
        "sin", "cos", "tan", "arcsin", "arccos", "arctan", "exp", "log", "tanh", "abs", "sign", "relu", "sum", "norm1",
        "norm2", "tr", "det", "logdet", "inv", "vector", "matrix",
    }
)  # fmt: skip
_IMPORT = """
import sys, time
import numpy
start = time.process_time()
import chainrule.symbolic.derivative
print(time.process_time() - start)
assert "sympy" not in sys.modules
"""


def import_seconds(repeats=7):
    """Processor time of importing the differentiator on top of NumPy, the median of fresh processes."""
    runs = [
        subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
        for _ in range(repeats)
    ]
    return statistics.median(float(r.stdout) for r in runs)


def derive_seconds(depth=10):
    """Deriving a network of ten layers for the first time in a process, in the slowest notation."""
    code = f"""
import time, chainrule as cr
net = cr.Network((64, *[32] * {depth - 1}, 10), (*["tanh"] * {depth - 1}, "softmax"), "categorical_cross_entropy")
cr.derive
start = time.perf_counter()
for name in ("rows", "watters"):
    d = cr.derive(net, name)
    d.text(components=True)
    print(time.perf_counter() - start)
    start = time.perf_counter()
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return max(map(float, out.split()))


def differentiate_seconds():
    """One expression of the list, the median."""
    import chainrule as cr

    times = []
    for text, wrt, *_ in CASES:
        start = time.perf_counter()
        cr.differentiate(text, wrt)
        times.append(time.perf_counter() - start)
    return statistics.median(times), max(times)


# ---------------------------------------------------------------- SymPy on the same list


def documented(text):
    """Whether every function of an expression is among the operators that matrixcalculus.org documents."""
    return set(re.findall(r"([A-Za-z]\w*)\s*\(", text)) <= DOCUMENTED


def sympy_verdict(case):
    """ "right", "wrong", "no value" (a result that cannot be evaluated) or "raises" for one expression."""
    import sympy

    text, wrt, form, kind = case[:4]
    from chainrule.symbolic.expression import symbols
    from chainrule.symbolic.parser import parse

    node = parse(text)
    found = symbols(node)
    rng = np.random.default_rng(0)
    arrays = {}
    for name, s in found.items():
        shape = tuple(1 if d == 1 else SIZE for d in s.shape)
        value = rng.uniform(0.2, 0.9, shape) + (4 * np.eye(SIZE) if shape == (SIZE, SIZE) and kind == "positive" else 0)
        arrays[name] = value
    try:
        table = {n: _sympy_symbol(sympy, n, a.shape) for n, a in arrays.items()}
        expression = _to_sympy(sympy, node, table)
        derived = expression.diff(table[wrt])
    except Exception:
        return "raises"
    try:
        numbers = {table[n]: (sympy.Matrix(a) if a.shape != (1, 1) else a.item()) for n, a in arrays.items()}
        result = np.array(
            derived.subs(numbers).doit().tolist()
            if hasattr(derived, "tolist")
            else sympy.Matrix(derived.subs(numbers).doit())
            if arrays[wrt].shape != (1, 1)
            else [[derived.subs(numbers).doit()]],
            dtype=float,
        )
    except Exception:
        return "no value"
    expected = _complex_step(form, arrays, wrt)
    good = result.shape == expected.shape and np.allclose(result, expected, rtol=1e-8)
    return "right" if good else "wrong"


def _sympy_symbol(sympy, name, shape):
    return sympy.Symbol(name, positive=True) if shape == (1, 1) else sympy.MatrixSymbol(name, *shape)


def _to_sympy(sympy, node, table):
    """The expression in SymPy's matrix expressions, in the form its documentation shows."""
    a = [_to_sympy(sympy, arg, table) for arg in node.args]
    rows, columns = (1 if d == 1 else SIZE for d in node.shape)
    match node.op:
        case "symbol":
            return table[node.name]
        case "number":
            return sympy.Rational(node.data.numerator, node.data.denominator)
        case "size":
            return sympy.Integer(SIZE)
        case "ones":
            return sympy.OneMatrix(rows, columns)
        case "identity":
            return sympy.Identity(rows)
        case "add":
            return sympy.Add(*a) if node.is_scalar else sympy.MatAdd(*a)
        case "product":
            whole = sympy.MatMul(*a)
            return sympy.Trace(whole) if node.is_scalar else whole
        case "scale":
            return a[0] * a[1]
        case "hadamard":
            return sympy.Mul(*a) if node.is_scalar else sympy.HadamardProduct(*a)
        case "power":
            return a[0] ** a[1] if node.is_scalar else sympy.HadamardPower(a[0], a[1])
        case "transpose":
            return sympy.Transpose(a[0])
        case "trace":
            return sympy.Trace(a[0])
        case "inverse":
            return sympy.Inverse(a[0])
        case "determinant":
            return sympy.Determinant(a[0])
        case "logdet":
            return sympy.log(sympy.Determinant(a[0]))
        case "norm2":
            return sympy.sqrt(sympy.Trace(a[0].T * a[0]))
        case "sum":
            m, n = (1 if d == 1 else SIZE for d in node.args[0].shape)
            return sympy.Trace(sympy.OneMatrix(1, m) * a[0] * sympy.OneMatrix(n, 1))
        case "diag":
            return sympy.DiagMatrix(a[0])
        case "diagonal":
            return sympy.DiagonalOf(a[0])
        case "kron":
            return sympy.KroneckerProduct(*a)
        case "apply":
            name, _ = node.data
            f = getattr(sympy, {"arcsin": "asin", "arctan": "atan", "abs": "Abs"}.get(name, name), None)
            f = f or sympy.Function(name)
            if node.is_scalar:
                return f(a[0])
            z = sympy.Dummy("z")
            return a[0].applyfunc(sympy.Lambda(z, f(z)))
    raise NotImplementedError(node.op)


def _complex_step(form, arrays, wrt):
    shape = arrays[wrt].shape

    def flat(value):
        return value.item() if value.shape == (1, 1) else value.ravel() if value.shape[1] == 1 else value

    def sigma(z):
        return np.sin(z) + z * z

    slope = np.zeros(shape)
    for place in np.ndindex(shape):
        moved = arrays[wrt].astype(complex)
        moved[place] += 1e-20j
        slope[place] = (
            np.imag(eval(form, {"np": np, "sigma": sigma, **{n: flat(v) for n, v in (arrays | {wrt: moved}).items()}}))
            / 1e-20
        )
    return slope


PAGE = """# Which expressions can be differentiated, and by what

Written by `python benchmarks/symbolic.py --page docs/explanation/expressions.md` from the list in
`tests/symbolic/expressions.toml`.

*Here*: every gradient is right to $10^{{-10}}$ against the complex step of an independent NumPy form, and is a matrix
expression without index tensors.

*SymPy* {version}: *right* or *wrong* by the same complex step, *no value* where its result cannot be evaluated at
numbers, *raises* where it gives none. It gets its own matrix expressions; a number that is a product of matrices is
given as a trace, the form that it differentiates most often.

*matrixcalculus.org* is a web service and was not asked. *Yes* says that the operators which its documentation lists can
write the expression as it stands; its answer was not seen. The documentation names {operators}.

| expression | by | here | SymPy | matrixcalculus.org's documented language |
|---|---|---|---|---|
{rows}

Of {count} expressions SymPy gets {tally}; the language that matrixcalculus.org documents can write {said}.
"""


def page(verdicts):
    """The table of all expressions, as a page of the documentation."""
    import sympy

    import chainrule as cr

    rows = []
    for text, wrt, *_ in CASES:
        here = cr.differentiate(text, wrt).text()
        said = "yes" if documented(text) else "no"
        rows.append(f"| `{text}` | `{wrt}` | `{here}` | {verdicts[f'{text} by {wrt}']} | {said} |")
    tally = {v: sum(x == v for x in verdicts.values()) for v in ("right", "wrong", "no value", "raises")}
    words = {"no value": "without a value", "raises": "raised"}
    return PAGE.format(
        version=sympy.__version__,
        operators=", ".join(f"`{name}`" for name in sorted(DOCUMENTED)) + " and `eye`",
        rows="\n".join(rows),
        count=len(CASES),
        tally=", ".join(f"{number} {words.get(verdict, verdict)}" for verdict, number in tally.items()),
        said=sum(documented(case[0]) for case in CASES),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-sympy", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", type=Path, help="write the table of all expressions there, and time nothing")
    options = parser.parse_args()
    if options.page:
        options.page.write_text(page({f"{c[0]} by {c[1]}": sympy_verdict(c) for c in CASES}))
        return
    median, slowest = differentiate_seconds()
    results = {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        "import_seconds": import_seconds(),
        "derive_ten_layers_seconds": derive_seconds(),
        "differentiate_median_seconds": median,
        "differentiate_slowest_seconds": slowest,
    }
    said = sum(documented(case[0]) for case in CASES)
    results |= {"expressions": len(CASES), "matrixcalculus_documented_language": said}
    if not options.no_sympy:
        verdicts = {f"{c[0]} by {c[1]}": sympy_verdict(c) for c in CASES}
        results["sympy"] = {v: sum(x == v for x in verdicts.values()) for v in sorted(set(verdicts.values()))}
        results["sympy_each"] = verdicts
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        if name != "sympy_each":
            print(f"{name:32} {value if not isinstance(value, float) else f'{value:.4f}'}")
    for name, verdict in results.get("sympy_each", {}).items():
        print(f"  {verdict:9} {name}")


if __name__ == "__main__":
    main()
