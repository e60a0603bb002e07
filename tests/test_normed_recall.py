"""The task of memory with and without normalization: gradients, starts, and that it is learned."""

from __future__ import annotations

import numpy as np

from dlcourse.problems import normed_recall
from dlcourse.problems.normed_recall import SHAPES, learn_to_recall
from dlcourse.scratch.layers.base import unflatten


def rngs(runs: int) -> list[np.random.Generator]:
    return [np.random.default_rng((9, i)) for i in range(runs)]


def test_every_setting_of_a_seed_begins_with_the_same_draws() -> None:
    theta = normed_recall._start(
        [np.random.default_rng(1), np.random.default_rng(1)], 2, np.array([[0.5], [2.0]]), 1.0
    )
    p = unflatten(theta, SHAPES)
    np.testing.assert_allclose(4 * p["W"][0], p["W"][1], rtol=1e-6)
    np.testing.assert_array_equal(p["U"][0], p["U"][1])
    assert (p["gain"] == 1).all() and (p["bias"] == 0).all()


def test_gradients_are_slopes() -> None:
    for norm in (False, True):
        theta = normed_recall._start(rngs(2), 2, 1.2, 0.7).astype(float)
        p = unflatten(theta, SHAPES)
        x = np.random.default_rng(2).normal(size=(2, 4, 6, 4))
        pull = np.random.default_rng(3).normal(size=(2, 4, 24))
        way = np.random.default_rng(4).normal(size=theta.shape)
        _, cache = normed_recall._read(x, p, norm)
        dy = np.zeros((2, 4, 6, 24))
        dy[..., -1, :] = pull
        grads = normed_recall._backward(dy, cache, norm)
        names = [name for name in SHAPES if name != "V"]
        slope = sum(
            (g * w).reshape(2, -1).sum(1)
            for g, w in zip(grads, [unflatten(way, SHAPES)[n] for n in names], strict=True)
        )
        values = []
        for t in (1e-6, -1e-6):
            moved = unflatten(theta + t * way, SHAPES)
            values.append((normed_recall._read(x, moved, norm)[0] * pull).sum((1, 2)))
        assert (abs(slope) > 1e-3).all()
        np.testing.assert_allclose((values[0] - values[1]) / 2e-6, slope, rtol=1e-5)


def test_a_short_wait_is_learned_and_a_start_too_quiet_is_not() -> None:
    how = {"wait": 3, "steps": 150, "lr": 0.005}
    for norm in (False, True):
        error = learn_to_recall(rngs(3), 3, 1.0, 0.7, norm=norm, **how)["error"]
        assert (error < 0.35).all(), (norm, error)
    quiet = learn_to_recall(rngs(3), 3, 0.1, 1.0, norm=False, lr=0.005, steps=60)["error"]
    assert (quiet > 0.6).all(), "guessing is 0.75"
