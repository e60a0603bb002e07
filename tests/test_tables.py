"""Tables with units: their losses beside differences and closed forms, their draws by moments."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems import walk
from dlcourse.problems.tables import (
    LeastSquares,
    condition,
    draw_mixtures,
    draw_people,
    draw_shoppers,
    in_units,
    judged,
    log_loss,
    steps_below,
    with_ones,
)
from dlcourse.scratch.optimizers import SGD

RNG = np.random.default_rng(4)
X, Y = RNG.normal(1.0, [1.0, 3.0], size=(3, 20, 2)), RNG.normal(size=(3, 20))
LOSS = LeastSquares(with_ones(X), Y)


@pytest.mark.parametrize("factor", [1.0, 1.001])
def test_the_gradient_is_that_of_the_loss_from_the_rows(factor):
    arguments = (
        lambda w: (LOSS.value(w), w),
        lambda dy, w: dy[..., None] * factor * LOSS.grad(w),
        [RNG.normal(size=(3, 3))],
        np.random.default_rng(0),
    )
    if factor == 1:
        check_vjp(*arguments)
    else:
        with pytest.raises(AssertionError, match="off by"):
            check_vjp(*arguments)


def test_the_best_weights_are_those_of_lstsq_and_the_excess_is_counted_from_there():
    for i in range(3):
        best = np.linalg.lstsq(with_ones(X[i]), Y[i])[0]
        np.testing.assert_allclose(LOSS.best[i], best, rtol=1e-10)
    w = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(LOSS.excess(w), LOSS.value(w) - LOSS.value(LOSS.best), rtol=1e-10)


def test_the_limit_and_the_condition_number_are_those_of_the_singular_values():
    s = np.linalg.svd(with_ones(X), compute_uv=False) ** 2 / 20
    np.testing.assert_allclose(LOSS.limit, 2 / s[:, 0], rtol=1e-12)
    np.testing.assert_allclose(LOSS.kappa, s[:, 0] / s[:, -1], rtol=1e-10)
    assert condition(LOSS.hessian[0]) == LOSS.kappa[0]


@pytest.mark.parametrize(("share", "flies"), [(0.99, False), (1.01, True)])
def test_gradient_descent_flies_off_beyond_the_limit_and_not_below(share, flies):
    start = LOSS.best + 1.0
    path = walk(SGD(start, lr=share * LOSS.limit[:, None]), LOSS.grad, 2_000)
    assert ((LOSS.excess(path[-1]) > LOSS.excess(path[0])) == flies).all()


def test_rows_and_answers_must_fit():
    with pytest.raises(ValueError, match=r"x and y must be of shapes"):
        LeastSquares(X, Y[:, :-1])


def test_a_visit_is_no_arrival_and_a_run_that_is_nan_has_not_arrived():
    excess = np.array([[8.0, 8.0], [0.1, 0.1], [2.0, np.nan], [0.1, np.nan]])
    assert int(np.argmax(excess[:, 0] < 0.8)) == 1, "the wrong measure"
    np.testing.assert_array_equal(steps_below(excess, 0.1), [3, np.nan])


def test_people_are_as_told():
    x, y = draw_people(np.random.default_rng(0), n=80_000, runs=6)
    assert x.shape == (6, 80_000, 2) and y.shape == (6, 80_000)
    assert (x >= 0).all() and (x.max((0, 1)) < [65, 100_000]).all()
    z = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    weights = LeastSquares(with_ones(z), y).best
    np.testing.assert_allclose(np.abs(weights), [[1, 1, 3]] * 6, atol=0.02)
    assert len({tuple(np.sign(row)) for row in weights}) > 1, "the signs are drawn"
    noise = y - (with_ones(z) @ weights[..., None])[..., 0]
    np.testing.assert_allclose(noise.std(1), 0.5, rtol=0.02)
    one, _ = draw_people(np.random.default_rng(0), n=5)
    assert one.shape == (5, 2)


def test_mixtures_have_the_spectrum_and_no_preferred_axis():
    h = draw_mixtures(np.random.default_rng(0), d=4, runs=4_000, decades=2.0)
    values = np.log10(np.linalg.eigvalsh(h))
    assert values.min() > -1e-9 and values.max() < 2 + 1e-9
    assert values.mean() == pytest.approx(1.0, abs=0.02)
    diagonal = np.diagonal(h, axis1=1, axis2=2).mean(0)
    np.testing.assert_allclose(diagonal, diagonal.mean(), rtol=0.05)


def test_a_unit_multiplies_its_column():
    x, unit = RNG.normal(size=(9, 3)), np.array([1.0, 10.0, 0.1])
    np.testing.assert_allclose(in_units(x.T @ x, unit), (x * unit).T @ (x * unit), rtol=1e-12)
    assert not np.allclose(in_units(x.T @ x, unit), x.T @ x * unit)  # rows alone


def test_shoppers_are_log_normal_and_their_labels_can_be_learned():
    x, y = draw_shoppers(np.random.default_rng(1), 20_000)
    logs = np.log(x)
    np.testing.assert_allclose(logs.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(logs.std(0), 1, rtol=0.03)
    w = LeastSquares(logs, y - 0.5).best
    assert ((logs @ w > 0) == y).mean() > 0.7
    assert set(np.unique(y)) == {0.0, 1.0}


@pytest.mark.parametrize("lr", [0.5, 0.1])
def test_the_honest_judge_does_not_see_the_test_rows(lr):
    draws = [draw_shoppers(np.random.default_rng(s), 60) for s in range(4)]
    x, y = (np.stack(part) for part in zip(*draws, strict=True))
    test, new = judged(x, y, n=20, seen=20, lr=lr)
    changed = x.copy()
    changed[:, 20:40] *= 7.0
    assert (judged(changed, y, n=20, seen=20, lr=lr)[1] == new).all()
    assert (judged(changed, y, n=20, seen=40, lr=lr)[1] != new).all(), "a peek does"
    z = (x - x[:, :20].mean(1, keepdims=True)) / x[:, :20].std(1, keepdims=True)
    w = np.zeros((4, 11))
    for _ in range(10):
        p = 1 / (1 + np.exp(-(with_ones(z[:, :20]) @ w[..., None])[..., 0]))
        w -= lr * ((p - y[:, :20])[:, None] @ with_ones(z[:, :20]))[:, 0] / 20
    np.testing.assert_allclose(test, log_loss(w, with_ones(z[:, 20:40]), y[:, 20:40]), rtol=1e-10)
