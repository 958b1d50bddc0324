"""The check on functions that are not the package's, and what the report says of them."""

import json

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

import chainrule as cr
from chainrule.checking import Verdict
from chainrule.checking.methods import central, complex_step, confirmed, value_noise

EPS = 2.0**-52


@pytest.mark.parametrize("n", [2, 8, 40])
def test_rosenbrock_of_scipy(n):
    x = np.random.default_rng(n).standard_normal(n)
    report = cr.check_gradient(lambda x: (rosen(x), rosen_der(x)), x)
    assert report.ok
    assert report.max_relative_error < 1e-12
    assert report.method.startswith("complex step")


def test_rosenbrock_with_a_slip():
    def f(x):
        gradient = rosen_der(x)
        gradient[-1] *= 0.5
        return rosen(x), gradient

    report = cr.check_gradient(f, np.array([0.3, -1.2, 0.7]))
    assert report.worst[0].name == "theta[2]"
    assert report.worst[0].analytic == pytest.approx(report.worst[0].numeric / 2, rel=1e-12)


def test_theta_of_any_shape_and_the_index_of_its_entries():
    def f(A):
        gradient = 2 * A
        gradient[1, 2] = 0
        return np.sum(A * A), gradient

    report = cr.check_gradient(f, np.arange(1.0, 7.0).reshape(2, 3))
    assert report.worst[0].name == "theta[1, 2]"
    assert report.worst[0].numeric == pytest.approx(12)


def test_a_buffer_that_is_reused_and_a_theta_that_is_spoilt():
    buffer = np.empty(3)

    def f(theta):
        value = np.sum(np.sin(theta))
        if np.isrealobj(theta):
            buffer[...] = np.cos(theta)
        theta[:] = 0
        return value, buffer

    theta = np.array([0.1, 0.2, 0.3])
    assert cr.check_gradient(f, theta).ok
    np.testing.assert_array_equal(theta, [0.1, 0.2, 0.3])


class TestWhereTheMethodsDiffer:
    """The complex step shares the code's branches; the central difference does not."""

    def test_a_value_that_is_not_analytic(self):
        """A custom relu made with the magnitude: Im |z| is lost, so the complex step sees half of the slope."""

        def f(theta):
            return np.sum((theta + np.sqrt((theta * np.conj(theta)).real)) / 2), (theta.real > 0) * 1.0

        report = cr.check_gradient(f, np.array([1.0, -2.0, 3.0]))
        assert report.ok
        assert "contradict each other in 3 entries" in " ".join(str(report).split())

    def test_a_wrong_gradient_that_agrees_with_the_complex_step(self):
        def f(theta):
            return np.sum((theta + np.sqrt((theta * np.conj(theta)).real)) / 2), np.full(theta.shape, 0.5)

        report = cr.check_gradient(f, np.array([1.0, -2.0, 3.0]))
        assert not report.ok
        assert [entry.numeric for entry in report.worst] == pytest.approx([0, 1, 1], abs=1e-8)

    def test_a_straight_through_rounding(self):
        def f(theta):
            return np.sum(np.round(theta) + 0 * theta), np.ones(theta.shape)

        report = cr.check_gradient(f, np.array([0.2, 1.3]))
        assert not report.ok
        assert report.worst[0].numeric == 0

    @pytest.mark.parametrize("complex_step", [True, False])
    def test_max_at_a_tie_without_branches(self, complex_step):
        def f(theta):
            if np.iscomplexobj(theta) and not complex_step:
                raise TypeError
            winner = int(np.argmax(theta.real))
            return theta[winner] ** 2 + theta[2], np.array(
                [2 * theta.real[0] * (winner == 0), 2 * theta.real[1] * (winner == 1), 1.0]
            )

        report = cr.check_gradient(f, np.array([1.5, 1.5, 0.0]))
        assert report.ok
        assert [entry.verdict for entry in report.entries] == [Verdict.KINK, Verdict.KINK, Verdict.OK]

    def test_max_at_a_tie_with_branches(self):
        def f(theta):
            return abs(theta[0] - theta[1]) + theta[2], np.array([0.0, 0.0, 1.0])

        report = cr.check_gradient(f, np.array([2.0, 2.0, 1.0]), branches=lambda t: np.sign([t[0] - t[1]]))
        assert [entry.verdict for entry in report.entries][2] is Verdict.OK
        assert "1 of 1 branch choices lie exactly on a kink" in str(report)

    def test_an_error_at_a_kink_is_still_an_error(self):
        def f(theta):
            return np.sum(np.maximum(theta.real, 0)), 2.0 * (theta.real > 0)

        def right(theta):
            return f(theta)[0], f(theta)[1] / 2

        assert not cr.check_gradient(f, np.zeros(8)).ok
        assert cr.check_gradient(right, np.zeros(8)).ok


class TestNoise:
    def test_a_gradient_of_pure_rounding(self):
        A = np.random.default_rng(0).standard_normal((6, 6))
        x = np.random.default_rng(1).standard_normal(6)
        y = A @ x

        def f(theta):
            r = A @ theta - y
            return r @ r / 2, A.T @ r

        report = cr.check_gradient(f, x * (1 + 1e-16))
        assert report.ok
        assert cr.check_gradient(f, x + 0.1).ok

    def test_a_value_with_a_large_constant(self):
        def f(theta):
            if np.iscomplexobj(theta):
                raise TypeError
            return 1e6 + np.sum(np.sin(theta)), np.cos(theta)

        report = cr.check_gradient(f, np.array([0.3, 1.4]))
        assert report.ok
        assert not cr.check_gradient(lambda t: (f(t)[0], 1.01 * f(t)[1]), np.array([0.3, 1.4])).ok

    def test_a_function_of_float32(self):
        def f(theta):
            if np.iscomplexobj(theta):
                raise TypeError
            theta = theta.astype(np.float32)
            return np.sum(np.sin(theta)), np.cos(theta)

        theta = np.linspace(0.1, 1.2, 6)
        report = cr.check_gradient(f, theta)
        assert report.ok
        assert not cr.check_gradient(lambda t: (f(t)[0], 2 * f(t)[1]), theta).ok

    def test_noise_is_measured(self):
        def rough(t):
            return 1.0 + 1e-9 * np.sin(1e15 * np.real(t))

        assert 1e-10 < value_noise(rough, 1.0) < 1e-8
        assert EPS / 4 < value_noise(lambda t: 1.0 + np.real(t), 1.0) < 4 * EPS

    def test_a_random_function_is_refused(self):
        rng = np.random.default_rng(0)
        report = cr.check_gradient(lambda t: (np.sum(t) + rng.standard_normal(), np.ones(t.shape)), np.ones(2))
        assert not report.ok
        assert "called again" in " ".join(str(report).split())


class TestMethods:
    @pytest.mark.parametrize(
        ("f", "slope"),
        [
            (np.exp, np.exp(0.7)),
            (np.sin, np.cos(0.7)),
            (lambda t: np.sin(50 * t), 50 * np.cos(35.0)),
            (lambda t: 1 / t, -1 / 0.49),
        ],
    )
    def test_both_find_the_slope(self, f, slope):
        def line(t):
            return f(0.7 + t)

        noise = value_noise(line, 0.7)
        assert complex_step(line) == pytest.approx(slope, rel=4 * EPS)
        for method in (central, confirmed):
            found = method(line, 0.7, noise)
            assert found.value == pytest.approx(slope, rel=1e-8)
            assert abs(found.value - slope) <= 20 * found.uncertainty

    @pytest.mark.parametrize("distance", [3e-4, 1e-4, 1e-5, 1e-6])
    def test_the_step_shrinks_until_it_is_clear_of_a_kink(self, distance):
        def line(t):
            return np.exp(t) + 5 * abs(np.real(t) - distance)

        assert central(line, 1.0, EPS).value == pytest.approx(1 - 5, rel=1e-6)


class TestReport:
    def report(self, **options):
        return cr.check_gradient(lambda t: (np.sum(t**2), 3 * t), np.array([1.0, 2.0]), **options)

    def test_json_and_dict(self):
        data = json.loads(self.report().to_json())
        assert data == self.report().to_dict()
        assert data["ok"] is False
        assert data["rows"][0]["verdict"] == "wrong"
        assert data["worst"][0]["name"] == "theta[0]"
        assert data["worst"][0]["index"] == [0]
        assert data["hints"][0]["evidence"] == "analytic / numeric = 1.5 in all 2 entries"

    def test_what_is_not_finite_is_still_valid_json(self):
        report = cr.check_gradient(lambda t: (np.sum(t**2), np.full(2, np.nan)), np.array([1.0, 2.0]))
        assert json.loads(report.to_json())["rows"][0]["relative_error"] is None
        assert report.rows[0].verdict is Verdict.NOT_FINITE

    def test_truth_value_and_number_of_worst(self):
        assert not self.report()
        assert len(self.report(worst=1).worst) == 1
        assert self.report(rtol=0.9).ok

    def test_the_same_twice(self):
        assert str(self.report(method="projections", seed=3)) == str(self.report(method="projections", seed=3))

    def test_the_text_of_a_failure(self):
        assert str(self.report()).splitlines() == [
            "Gradient check: WRONG in 1 of 1 blocks (2 parameters)",
            f"complex step and central differences, entry by entry; {self.report().evaluations} evaluations",
            "",
            "block  shape               checked  rel. error  verdict",
            "theta  2                         2     3.3e-01  WRONG",
            "accepted up to 1.5e-08",
            "",
            "worst entries        analytic         numeric  rel. error  verdict",
            "theta[0]        3.0000000e+00   2.0000000e+00     3.3e-01  wrong",
            "theta[1]        6.0000000e+00   4.0000000e+00     3.3e-01  wrong",
            "",
            "Taylor remainder: shrinks like t^1.00 (2: gradient right, 1: wrong)",
            "",
            "What to look at",
            "- theta: a constant factor too much",
            "    because analytic / numeric = 1.5 in all 2 entries",
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("subject", "theta", "options", "error", "words"),
        [
            (lambda t: (t.sum(), np.ones(3)), np.ones(2), {}, ValueError, "the gradient has 3 entries, theta has 2"),
            (lambda t: (t, t), np.ones(2), {}, TypeError, "must be one number"),
            (lambda t: (t.sum(), t), np.ones(2), {"blocks": {"W1": (3,)}}, ValueError, "the blocks hold 3 parameters"),
            (lambda t: (t.sum(), t), np.array([1.0, np.nan]), {}, ValueError, "1 values that are not finite"),
            (lambda t: (t.sum(), t), np.array(["a"]), {}, TypeError, "array of real numbers"),
            (lambda t: (t.sum(), t), np.ones(2), {"X": np.ones((2, 2))}, TypeError, "belong to a network"),
            (lambda t: (t.sum(), t), np.ones(2), {"method": "fast"}, ValueError, "'entries' or 'projections'"),
            (3, np.ones(2), {}, TypeError, "expected a network or a function"),
            (cr.Network.parse("2-1", loss="squared_error"), np.ones(3), {}, TypeError, "is checked on data"),
        ],
    )
    def test_says_what_is_wrong(self, subject, theta, options, error, words):
        with pytest.raises(error, match=words):
            cr.check_gradient(subject, theta, **options)
