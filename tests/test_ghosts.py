"""Ghosts inside a batch: their gradients, and that they are what they are called."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems.ghosts import (
    GhostBatchNorm,
    frozen,
    ghost_batch_norm,
    ghost_batch_norm_backward,
)
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.normalization import BatchNorm, batch_norm

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 12, 3)) * [1, 2, 5]
DY = RNG.normal(size=X.shape)


def slope(f, x, dy, step=1e-6):
    """The gradient of Σ dy · f(x), by differences."""
    found = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        there = np.zeros_like(x)
        there[place] = step
        found[place] = ((f(x + there) - f(x - there)) * dy).sum() / (2 * step)
    return found


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("size", [2, 4, 12])
def test_backward_is_the_derivative(size, pooled) -> None:
    cache = ghost_batch_norm(X, size, pooled, 0.1)[1]
    by_hand = ghost_batch_norm_backward(DY, cache)
    by_differences = slope(lambda x: ghost_batch_norm(x, size, pooled, 0.1)[0], X, DY)
    np.testing.assert_allclose(by_hand, by_differences, atol=1e-7)
    other = ghost_batch_norm_backward(DY, ghost_batch_norm(X, size, not pooled, 0.1)[1])
    assert size == 12 or abs(other - by_differences).max() > 0.01, "the other variance is another"


def test_each_ghost_is_a_batch_of_its_own() -> None:
    whole = ghost_batch_norm(X, 4)[0]
    for part in range(0, 12, 4):
        alone = batch_norm(X[:, part : part + 4], None, None)[0]
        np.testing.assert_allclose(whole[:, part : part + 4], alone, atol=1e-12)
    assert abs(whole - batch_norm(X, None, None)[0]).max() > 0.1


def test_one_variance_keeps_the_means_of_the_pairs_and_more_than_a_bit() -> None:
    own, shared = (ghost_batch_norm(X, 2, pooled, 0.0)[0] for pooled in (False, True))
    np.testing.assert_allclose(abs(own), 1.0)
    np.testing.assert_allclose(np.sign(own), np.sign(shared))
    np.testing.assert_allclose(shared.reshape(2, 6, 2, 3).sum(axis=2), 0.0, atol=1e-12)
    np.testing.assert_allclose((shared**2).mean(axis=1), 1.0)
    assert abs(shared).std() > 0.3


def test_a_ghost_as_large_as_the_batch_is_batch_norm_in_both_modes() -> None:
    ghost, plain = GhostBatchNorm(3, 12, runs=2), BatchNorm(3, runs=2)
    for layer in (ghost, plain):
        layer.params["weight"][...] = [2.0, 0.5, -1.0]
        layer.params["bias"][...] = 0.3
    for training in (True, False):
        np.testing.assert_allclose(ghost.forward(X, training), plain.forward(X, training))
        np.testing.assert_allclose(ghost.backward(DY), plain.backward(DY))
        for name in ("weight", "bias"):
            np.testing.assert_allclose(ghost.grads[name], plain.grads[name])
    np.testing.assert_allclose(ghost.running_var, plain.running_var)


def test_the_running_variance_of_ghosts_is_unbiased() -> None:
    layer = GhostBatchNorm(1, 2)
    x = np.random.default_rng(1).normal(size=(100_000, 1))
    for _ in range(200):
        layer.forward(x, True)
    assert layer.running_var[0] == pytest.approx(1.0, abs=0.02), "the biased one would be 0.5"


def test_a_batch_that_ghosts_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="size must be a divisor of the 12 samples of a batch"):
        GhostBatchNorm(3, 5, runs=2).forward(X, True)


def test_frozen_leaves_the_drawn_weights_and_moves_the_rest() -> None:
    make = partial(normed_mlp, [3, 4, 4, 2], norm=partial(GhostBatchNorm, size=2))
    model, optimizer = frozen(make)([np.random.default_rng(i) for i in range(2)], 2, 0.1)
    before = model.state_dict()
    optimizer.step(np.ones_like(model.theta))
    moved = {name for name, p in model.params.items() if (p != before[name]).any()}
    last = len(model.layers) - 1
    still = {name for name in model.params if name.endswith("weight")} - {f"{last}.weight"}
    still -= {"1.weight", "4.weight"}  # the scales
    assert moved == set(model.params) - still and still == {"0.weight", "3.weight"}
