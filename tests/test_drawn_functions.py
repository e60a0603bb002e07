"""Searches of pools: the posterior beside GaussianProcess, draws beside their law, and who wins."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import drawn_functions as drawn
from dlcourse.problems.drawn_functions import (
    Seen,
    bend,
    chosen,
    condition,
    draw_table,
    luckiest,
    random_places,
    search_cube,
    search_table,
)
from dlcourse.scratch.hpo import GaussianProcess, Matern52

KERNEL = Matern52(0.3)


def setup(runs: int = 3, m: int = 30, seed: int = 0):
    rng = np.random.default_rng(seed)
    table = draw_table(KERNEL, 2, runs, rng, m)
    return table, random_places(table, 6, rng), rng


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_posterior_is_that_of_gaussian_process(noise):
    table, places, _ = setup()
    told = np.take_along_axis(table.values, places, 1)
    mean, std, _ = condition(KERNEL(table.X), places, told, noise)
    for r in range(3):
        gp = GaussianProcess(KERNEL, noise**2 + drawn.JITTER).fit(table.X[places[r]], told[r])
        expected = gp.predict(table.X)
        np.testing.assert_allclose(mean[r], expected[0], atol=1e-8)
        far = expected[1] > drawn.KNOWN * 2
        assert far.sum() >= 20
        np.testing.assert_allclose(std[r][far], expected[1][far], atol=1e-6)
        forgets = GaussianProcess(KERNEL, 1.0).fit(table.X[places[r]], told[r])
        assert abs(mean[r] - forgets.predict(table.X)[0]).max() > 0.05


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_bent_draws_have_the_posterior_as_their_law(noise):
    table, places, rng = setup(runs=1, m=12)
    many = np.repeat(places, 20_000, 0)
    told = np.repeat(np.take_along_axis(table.values, places, 1), 20_000, 0)
    K = KERNEL(table.X)
    mean, _, A = condition(K, places, told[:1], noise)
    draws = bend(K, np.repeat(A, 20_000, 0), many, told, noise, rng)
    gp = GaussianProcess(KERNEL, noise**2 + drawn.JITTER).fit(table.X[places[0]], told[0])
    covariance = gp.joint(table.X)[1]
    np.testing.assert_allclose(draws.mean(0), mean[0], atol=0.03)
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.03)
    assert abs(covariance - K).max() > 0.2  # the prior is no answer


def test_functions_of_the_pool_have_the_kernel_as_their_covariance():
    table = draw_table(KERNEL, 2, 20_000, np.random.default_rng(1), 8)
    np.testing.assert_allclose(np.cov(table.values.T), KERNEL(table.X), atol=0.05)


def test_places_are_different_and_the_rule_decides():
    table, places, rng = setup(runs=4)
    seen = search_table(table, KERNEL, lambda v: -v.mean, places[:, :2], 9, rng)
    assert all(len(set(row)) == 9 for row in seen.places.tolist())
    np.testing.assert_array_equal(seen.places[:, :2], places[:, :2])
    np.testing.assert_array_equal(seen.told, np.take_along_axis(table.values, seen.places, 1))
    mean = condition(KERNEL(table.X), seen.places[:, :8], seen.told[:, :8])[0]
    np.put_along_axis(mean, seen.places[:, :8], np.inf, 1)
    np.testing.assert_array_equal(seen.places[:, 8], mean.argmin(1))


def test_a_rule_in_the_cube_sees_what_gaussian_process_says(monkeypatch):
    kernel, asked, seen = Matern52([0.3, 0.5, 0.9], 2.0), [], []
    around = drawn._asked

    def spy(X, y, *rest):
        asked.append((X, y, around(X, y, *rest)))
        return asked[-1][2]

    def rule(v):
        seen.append(v)
        return v.std

    monkeypatch.setattr(drawn, "_asked", spy)
    search_cube(kernel, {"rule": rule}, 3, 2, 6, np.random.default_rng(3))
    assert len(seen) == 2
    for v, (X, y, points) in zip(seen, asked, strict=True):
        assert points.shape == (2, 300, 3) and points.min() >= 0 and points.max() <= 1
        for r in (0, 1):
            gp = GaussianProcess(kernel, drawn.JITTER).fit(X[r], y[r])
            np.testing.assert_allclose((v.mean[r], v.std[r]), gp.predict(points[r]), atol=1e-6)
            assert v.best[r, 0] == y[r].min()
    new = seen[0].std.argmax(1)
    np.testing.assert_array_equal(asked[1][0][:, -1], asked[0][2][[0, 1], new])


def test_all_searches_of_the_cube_meet_one_function_of_the_prior():
    seen = []

    def rule(v):
        seen.append((v.mean, v.std, v.best))
        return -v.mean

    rules = {"one": rule, "two": rule}
    told = search_cube(KERNEL, rules, 1, 4000, 4, np.random.default_rng(5), start=2)
    assert {name: v.shape for name, v in told.items()} == {
        "random": (4000, 8), "one": (4000, 4), "two": (4000, 4),
    }  # fmt: skip
    for name in rules:
        np.testing.assert_array_equal(told[name][:, :2], told["random"][:, :2])
    np.testing.assert_allclose(seen[0][2][:, 0], told["random"][:, :2].min(1))
    assert abs(told["random"].mean()) < 0.03 and abs(told["random"].std() - 1) < 0.03
    # what the rule expected is what it was told, on average, and by its own deviation
    mean, std, _ = seen[0]
    chosen_one = mean.argmin(1)[:, None]
    expected, doubt = (np.take_along_axis(v, chosen_one, 1)[:, 0] for v in (mean, std))
    off = (told["one"][:, 2] - expected) / doubt
    assert abs(off.mean()) < 0.08 and abs(off.std() - 1) < 0.08
    # both rules are one, and the second one meets what the first one found
    assert np.corrcoef(told["one"][:, 2], told["two"][:, 2])[0, 1] > 0.8


def test_in_the_cube_no_function_is_drawn_at_once():
    with pytest.raises(RuntimeError, match="no function is drawn"):
        search_cube(KERNEL, {"T": lambda v: -v.draw()}, 2, 2, 5, np.random.default_rng(0))


def test_noise_is_told_but_not_counted():
    table, places, rng = setup(runs=300)
    seen = search_table(table, KERNEL, lambda v: v.std, places[:, :2], 6, rng, noise=2.0)
    off = seen.told - np.take_along_axis(table.values, seen.places, 1)
    assert abs(off.std() - 2) < 0.15
    assert (table.regret(seen.places) >= 0).all()


def test_the_model_judges_by_its_mean_and_luck_by_what_was_told():
    table, places, rng = setup(runs=2)
    told = rng.standard_normal((2, 6))
    seen = Seen(places, told)
    np.testing.assert_array_equal(luckiest(seen)[:, 0], places[[0, 1], told.argmin(1)])
    mean = condition(KERNEL(table.X), places, told, 1.0)[0]
    for r in (0, 1):
        best = min(places[r], key=lambda i, r=r: mean[r, i])
        assert chosen(table, KERNEL, seen, 1.0)[r, 0] == best


def test_regret_is_of_the_best_place():
    table, places, _ = setup(runs=2)
    by_hand = [min(v[i] for i in p) - min(v) for v, p in zip(table.values, places, strict=True)]
    np.testing.assert_allclose(table.regret(places), by_hand)
    assert table.regret(table.values.argmin(1)[:, None]).tolist() == [0, 0]
