"""Wrong curvatures that the checks must catch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import test_landscape_critical as critical_tests
import test_landscape_curvature as curvature_tests
import test_landscape_spectrum as spectrum_tests

from dlcourse.scratch import landscape, layers, losses
from dlcourse.scratch.landscape import critical, curvature, density, eigenvalues, krylov, rules


def gauss_newton(layer, cache):
    """Without the curvature of the activation."""
    return 1 - cache**2, 0.0


def positive_bend(layer, cache):
    slope = 1 - cache**2
    return slope, 2 * cache * slope


def sigmoid_without_factor(layer, cache):
    slope = cache * (1 - cache)
    return slope, slope * (1 - cache)


def gelu_one_term(layer, cache):
    x, share, _ = cache
    d = np.exp(-(x**2) / 2) * (2 * np.pi) ** -0.5
    return share + x * d, d * (1 - x**2)


def no_mean(y, target, ry):
    """The diagonal of the softmax's Jacobian alone."""
    p = np.exp(y) / np.exp(y).sum(-1, keepdims=True)
    return p * ry / y.shape[-2]


def hard_only(y, target, ry):
    """Takes the sum of soft targets for 1."""
    return rules.softmax_cross_entropy_tangent(y, np.zeros(1, int), ry)


def half_mse(y, target, ry):
    return ry / (y.shape[-1] * y.shape[-2])


class OnceTurned(rules.Weighted):
    """Forgets dy RW on the way back."""

    def pull(self, rdy, grads):
        mine, self.dy = self.dy, self.dy.copy()
        found = super().pull(rdy, grads)
        if found is not None:
            found = found - self.turned.pair_backward(mine, self.turned_cache, True)[0]
        return found


class FirstWindow(rules.Chosen):
    """Takes the first entry of each window for the largest."""

    def push(self, rx, params):
        if rx is None:
            return None
        passes, size, stride, padding = self.layer.cache
        y = rules.padded(rx, padding)
        for _, _, axis in passes:
            y, *_ = rules.windows(y, size, stride, axis)
        return y


def forward_difference(loss_grad, theta, v, h):
    return (loss_grad(theta + h * v) - loss_grad(theta)) / h


def step_of_a_unit(loss_grad, theta, v, h):
    """A step that grows with v, and with it the error."""
    h = 1e-5 * np.ones_like(h)
    return (loss_grad(theta + h * v) - loss_grad(theta - h * v)) / (2 * h)


def without_once(basis, v):
    """Orthogonal to the two before it, as the recursion would have it in exact arithmetic."""
    near = basis[:, -2:]
    return v - ((near @ v[..., None]).swapaxes(-1, -2) @ near)[..., 0, :]


def gaussian_probes(rngs, runs, dim):
    return krylov.random_start(rngs, runs, dim)


def no_line(gradient, theta, g, p, hp):
    return theta + p, gradient(theta + p), np.ones(len(g), bool)


def downhill(product, g, n):
    """A step of gradient descent: it leaves a saddle, and needs more than one step."""
    return -0.1 * g, -0.1 * product(g)


def one_stop_for_all(found):
    """All runs stop when the first has settled."""
    return lambda *args: np.full_like(kept := found(*args), kept.any())


EXACT = curvature_tests.check_exact
PLANTED = [
    ("no curvature of tanh", rules.BENDS, layers.Tanh, gauss_newton, lambda: EXACT("tanh", "labels", None)),
    ("sign of tanh''", rules.BENDS, layers.Tanh, positive_bend, lambda: EXACT("tanh", "mse", None)),
    ("sigmoid''", rules.BENDS, layers.Sigmoid, sigmoid_without_factor, lambda: EXACT("sigmoid", "labels", None)),
    ("gelu''", rules.BENDS, layers.GELU, gelu_one_term, lambda: EXACT("gelu", "labels", 2)),
    ("softmax's diagonal", rules.TANGENTS, losses.SoftmaxCrossEntropy, no_mean, lambda: EXACT("relu", "labels", None)),
    ("sum of soft targets", rules.TANGENTS, losses.SoftmaxCrossEntropy, hard_only, lambda: EXACT("relu", "soft", None)),
    ("half of MSE", rules.TANGENTS, losses.MSE, half_mse, lambda: EXACT("relu", "mse", None)),
    ("mean over places", rules.TANGENTS, losses.SequenceCrossEntropy, rules.softmax_cross_entropy_tangent, lambda: EXACT("sequences", "labels", None)),
    ("dy RW forgotten", rules.RULES, layers.Linear, OnceTurned, lambda: EXACT("residual", "labels", None)),
    ("first of the window", rules.RULES, layers.MaxPool2d, FirstWindow, lambda: EXACT("max pool", "labels", None)),
    ("one-sided difference", curvature, "central_difference", forward_difference, curvature_tests.check_order),
    ("step along a long v", curvature, "central_difference", step_of_a_unit, lambda: curvature_tests.test_the_difference_is_close_however_long_the_direction_is(None)),
    ("three-term recursion", krylov, "without", without_once, spectrum_tests.check_orthogonal),
    ("other end", eigenvalues, "places", lambda k, which: np.arange(2 * k if which == "both" else k), spectrum_tests.check_net),
    ("one stop for all", eigenvalues, "settled", one_stop_for_all(eigenvalues.settled), spectrum_tests.check_runs),
    ("no fresh direction", krylov.Lanczos, "fresh", lambda self, run, rng: np.zeros(self.basis.shape[-1]), spectrum_tests.check_copies),
    ("normal probes", density, "random_signs", gaussian_probes, spectrum_tests.check_trace),
    ("normal probes in a density", density, "random_signs", gaussian_probes, spectrum_tests.check_moments),
    ("twice the width", density, "smoothed", lambda g, n, w, s, right=density.smoothed: right(g, n, w, 2 * s), spectrum_tests.check_density),
    ("a step downhill", critical, "minimum_residual", downhill, critical_tests.check_quadratic),
    ("no line search", critical, "line_search", no_line, critical_tests.check_stuck),
    ("flat is up", critical, "kind", lambda n, z, p: "saddle" if n and p else "maximum" if n else "minimum", lambda: critical_tests.test_kinds([3.0, 1.0, 0.0], "degenerate")),
    ("a zero hides a saddle", critical, "kind", lambda n, z, p: "degenerate" if z else "saddle", lambda: critical_tests.test_kinds([3.0, 0.0, -0.2], "saddle")),
    ("absolute tolerance", critical, "inertia", lambda e, tol: landscape.Inertia((e < -tol).sum(-1), (abs(e) <= tol).sum(-1), (e > tol).sum(-1)), critical_tests.test_the_tolerance_is_a_share),
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "name", "wrong", "check"), [row[1:] for row in PLANTED], ids=[r[0] for r in PLANTED]
)
def test_it_is_noticed(where: Any, name: Any, wrong: Any, check: Any, monkeypatch: Any) -> None:
    check()
    if isinstance(where, dict):
        monkeypatch.setitem(where, name, wrong)
    else:
        monkeypatch.setattr(where, name, wrong)
    with pytest.raises(AssertionError):
        check()
