"""Weights whose length is held: identities that must hold, and what breaks them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems.held_norms import (
    HeldSGD,
    descend,
    exactly_normed,
    hidden_names,
    hidden_rows,
    largest_working,
    lengths,
    matched,
    started,
    with_rate,
)
from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.training import Trials, sweep

X, Y = unit_digits(np.float64)[0]
BATCHES = [(X[i : i + 64], Y[i : i + 64]) for i in range(0, 640, 64)]


def test_only_weights_of_hidden_layers_are_scaled() -> None:
    rngs = [np.random.default_rng(i) for i in range(2)]
    one, big = (started(rngs_of(), 2, "batch", c, sizes=[64, 5, 4, 10]) for c in (1.0, 3.0))
    assert len(rngs) == 2
    assert hidden_names(one) == ["0.weight", "3.weight"]
    for name, p in one.params.items():
        times = 3.0 if name in hidden_names(one) else 1.0
        np.testing.assert_allclose(big.params[name], times * p, rtol=1e-6)


def rngs_of() -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(2)]


def test_a_column_scales_every_run_by_its_own() -> None:
    net = started(rngs_of(), 2, scale=np.array([[1.0], [5.0]]), sizes=[64, 5, 10])
    one = started(rngs_of(), 2, sizes=[64, 5, 10])
    ratio = hidden_rows(net)[0] / hidden_rows(one)[0]
    np.testing.assert_allclose(ratio[0], 1.0)
    np.testing.assert_allclose(ratio[1], 5.0, rtol=1e-6)


def test_held_and_free_weights_go_the_same_way_with_matched_rates_only() -> None:
    free, seen = descend(exactly_normed(), BATCHES, 2.0)
    held, kept = descend(exactly_normed(), BATCHES, matched(2.0, seen), hold=True)
    np.testing.assert_allclose(held, free, atol=1e-12)
    assert (seen[-1][0] > 1.01 * seen[0][0]).mean() > 0.5, "free weights must grow"
    np.testing.assert_allclose(kept[-1][0], kept[0][0])
    plain, _ = descend(exactly_normed(), BATCHES, 2.0, hold=True)
    assert abs(plain - free).max() > 1e-3


def test_a_step_lengthens_by_the_squares() -> None:
    net = exactly_normed()
    before = lengths(hidden_rows(net)[0]).copy()
    descend(net, BATCHES[:1], 0.7)
    slope = net.grads[hidden_names(net)[0]]
    after = np.sqrt(before**2 + 0.7**2 * (slope**2).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(lengths(hidden_rows(net)[0]), after, rtol=1e-12)


def test_a_larger_start_with_the_squared_rate_is_the_same_path() -> None:
    one, _ = descend(exactly_normed(), BATCHES, 0.5)
    four, _ = descend(exactly_normed(4.0), BATCHES, [[0.5, 8.0, 8.0]] * len(BATCHES))
    np.testing.assert_allclose(four, one, atol=1e-12)
    wrong, _ = descend(exactly_normed(4.0), BATCHES, [[0.5, 2.0, 2.0]] * len(BATCHES))
    assert abs(wrong - one).max() > 1e-2, "four times the rate is not enough"


def test_the_optimizer_holds_hidden_rows_and_nothing_else() -> None:
    net = started(rngs_of(), 2, "batch", sizes=[64, 5, 4, 10])
    first, theta = [lengths(r).copy() for r in hidden_rows(net)], net.theta.copy()
    HeldSGD(net, lr=0.1).step(np.full_like(net.theta, 0.3))
    for rows, length in zip(hidden_rows(net), first, strict=True):
        np.testing.assert_allclose(lengths(rows), length, rtol=1e-6)
    part = net.slices["6.weight"]
    np.testing.assert_allclose(net.theta[:, part], theta[:, part] - 0.03, atol=1e-6)


def test_the_largest_rate_that_works_is_found_for_each_seed() -> None:
    right = np.array(
        [[[0.9, 0.9], [0.9, 0.5], [np.nan, 0.9]], [[0.1, 0.9], [0.1, 0.1], [0.1, 0.1]]]
    )
    lr = {"a": (0.1, 0.2, 0.4), "b": (1.0, 2.0, 4.0)}
    trials = Trials({"method": ("a", "b"), "lr": lr, "seed": (0, 1)}, {"test_accuracy": right})
    found = largest_working(trials, "test_accuracy", 0.8)
    np.testing.assert_allclose(found, [[0.2, 0.4], [0.0, 1.0]])


@pytest.mark.parametrize("held", [False, True])
def test_builds_train_in_a_sweep(held: bool) -> None:
    small = [(x[:128], y[:128]) for x, y in unit_digits()]
    build = with_rate("batch", held)
    plan = partial(sweep, build, SoftmaxCrossEntropy(), *small, epochs=2, batch_size=32)
    trials = plan(seeds=2, lr=[0.001, 0.1])
    assert (trials["train_loss"][1] < trials["train_loss"][0]).all()
