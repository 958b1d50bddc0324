"""Rewrites of sums: flat, like terms added, common numbers and common factors in front."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import gcd

from chainrule.symbolic.expression import Expression, add, hadamard, product, scale, zeros
from chainrule.symbolic.forms import is_vulgar, is_zero, split_number, with_number


def flat_sum(node: Expression) -> Expression | None:
    """Sums are flat and without zeros."""
    if not any(is_zero(t) or t.op == "add" or _scaled_sum(t) for t in node.args):
        return None
    terms: list[Expression] = []
    for term in node.args:
        if term.op == "add":
            terms += term.args
        elif _scaled_sum(term):
            factor, body = split_number(term)
            terms += [with_number(factor, part) for part in body.args]
        elif not is_zero(term):
            terms.append(term)
    return add(*terms) if terms else zeros(node.shape)


def _scaled_sum(node: Expression) -> bool:
    return split_number(node)[1].op == "add"


def like_terms(node: Expression) -> Expression | None:
    """Like terms are added."""
    counts: dict[Expression, Fraction] = {}
    for term in node.args:
        factor, body = split_number(term)
        counts[body] = counts.get(body, Fraction(0)) + factor
    if len(counts) == len(node.args) and all(counts.values()):
        return None
    kept = [with_number(factor, body) for body, factor in counts.items() if factor]
    return add(*kept) if kept else zeros(node.shape)


def common_number(node: Expression) -> Expression | None:
    """A number common to all terms stands in front."""
    factors = [split_number(t)[0] for t in node.args]
    bodies = [split_number(t)[1] for t in node.args]
    shared = Fraction(gcd(*(f.numerator for f in factors)), 1)
    denominators = {f.denominator for f in factors}
    if len(denominators) == 1 and is_vulgar(factors[0]):  # 0.01 + 0.99 u stays as it is
        shared /= denominators.pop()
    if all(f < 0 for f in factors):
        shared = -shared
    if shared == 1 or len(node.args) < 2:
        return None
    return with_number(shared, add(*(with_number(f / shared, b) for f, b in zip(factors, bodies, strict=True))))


def single_term(node: Expression) -> Expression | None:
    """A sum of one term is the term."""
    return node.args[0] if len(node.args) == 1 else None


def pair_order(node: Expression) -> Expression | None:
    """A matrix stands before its transpose."""
    args = node.args
    for i, (a, b) in enumerate(itertools.pairwise(args)):
        if a.op == "transpose" and a.args[0] is b:
            return add(*args[:i], b, a, *args[i + 2 :])
    return None


def positive_first(node: Expression) -> Expression | None:
    """A sum begins with a positive term where it has one."""
    positive = next((t for t in node.args if split_number(t)[0] > 0), None)
    if positive is None or positive is node.args[0]:
        return None
    return add(positive, *(t for t in node.args if t is not positive))


def common_factor(node: Expression) -> Expression | None:
    """A factor common to several terms is taken out."""
    for split in (_last_factor, _first_factor, _scalar_factor, _elementwise_factor):
        merged = _merge(node, split)
        if merged is not None:
            return merged
    return None


Splits = list[tuple[Expression, tuple[str, Expression]]]


def _merge(node: Expression, split: object) -> Expression | None:
    """Join the first two terms that share a factor under one way of splitting."""
    seen: dict[tuple[str, Expression], tuple[int, Expression]] = {}
    for i, term in enumerate(node.args):
        for rest, shared in split(term):  # type: ignore[operator]
            if shared in seen and seen[shared][0] != i and seen[shared][1].shape == rest.shape:
                j, earlier = seen[shared]
                joined = _join(add(earlier, rest), *shared)
                others = [joined if k == j else t for k, t in enumerate(node.args) if k != i]
                return add(*others)
            seen.setdefault(shared, (i, rest))
    return None


def _join(rest: Expression, kind: str, shared: Expression) -> Expression:
    if kind == "last":
        return product(rest, shared)
    if kind == "first":
        return product(shared, rest)
    return scale(shared, rest) if kind == "scalar" else hadamard(rest, shared)


def _last_factor(term: Expression) -> Splits:
    factor, body = split_number(term)
    if body.op != "product" or body.is_scalar:
        return []
    rest = product(*body.args[:-1])
    return [] if rest.is_scalar else [(with_number(factor, rest), ("last", body.args[-1]))]


def _first_factor(term: Expression) -> Splits:
    factor, body = split_number(term)
    if body.op != "product" or body.is_scalar:
        return []
    rest = product(*body.args[1:])
    return [] if rest.is_scalar else [(with_number(factor, rest), ("first", body.args[0]))]


def _scalar_factor(term: Expression) -> Splits:
    factor, body = split_number(term)
    if body.op != "scale":
        return []
    scalars = body.args[0].args if body.args[0].op == "hadamard" else (body.args[0],)
    splits: Splits = []
    for i, s in enumerate(scalars):
        others = scalars[:i] + scalars[i + 1 :]
        rest = scale(hadamard(*others), body.args[1]) if others else body.args[1]
        splits.append((with_number(factor, rest), ("scalar", s)))
    return splits


def _elementwise_factor(term: Expression) -> Splits:
    factor, body = split_number(term)
    if body.op != "hadamard":
        return []
    return [
        (with_number(factor, hadamard(*(body.args[:i] + body.args[i + 1 :]))), ("elementwise", f))
        for i, f in enumerate(body.args)
    ]
