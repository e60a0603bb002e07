"""Ranks, their correlation, and the grid of minima that is ranked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from dlcourse.problems.batch_minima import descend
from dlcourse.problems.flat_or_good import (
    agreement,
    examine,
    grid_of_minima,
    rank_correlation,
    ranks,
)


def gens():
    return [np.random.default_rng(20 + i) for i in range(2)]


@pytest.mark.parametrize("levels", [3, 50])
def test_ranks_and_their_correlation_are_scipys_with_ties(levels):
    rng = np.random.default_rng(levels)
    a, b = rng.integers(0, levels, (2, 6, 9)).astype(float)
    np.testing.assert_allclose(ranks(a), rankdata(a, axis=-1))
    expected = [spearmanr(one, two).statistic for one, two in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlation(a, b), expected, atol=1e-12)


def test_what_never_changes_ranks_nothing():
    assert rank_correlation(np.ones(4), np.arange(4.0)) == 0


def test_agreement_tells_batches_from_rates():
    """a and b agree along the batches and disagree along the rates: axes must not be swapped."""
    batch, rate, none = np.meshgrid(np.arange(3.0), np.arange(3.0), np.zeros(2), indexing="ij")
    found = agreement(10 * batch + rate + none, 10 * batch - rate + none)
    np.testing.assert_allclose(found["rate"], 1)
    np.testing.assert_allclose(found["batch"], -1)
    assert (found["all"] > 0).all() and (found["all"] < 1).all()


def test_examining_changes_nothing_and_sees_a_sharper_twin():
    net = descend(gens(), 2, 0.01, batch_size=32, epochs=20, n=64, width=8)
    before = examine(net, net.end, gens())
    louder = net.end.copy()
    louder[:, : 64 * 8] *= 8  # what enters the units, weights only
    after = examine(net, louder, gens())
    assert (after["box"] != before["box"]).all()
    again = examine(net, net.end, gens())
    for name, value in before.items():
        np.testing.assert_array_equal(again[name], value)
        assert value.shape == (2,) and (value >= 0).all()


def test_the_grid_looks_at_equal_epochs_and_at_equal_loss():
    ends, equal = grid_of_minima(gens, 2, (16, 256), (0.01, 0.03), until=0.5, epochs=4, patience=10)
    assert ends["box"].shape == equal["error"].shape == (2, 2, 2)
    assert (equal["loss"] <= 0.5).all() and (ends["loss"][1, 0] > 0.5).all()
    net = descend(gens(), 2, 0.03, batch_size=256, epochs=4)
    np.testing.assert_allclose(ends["error"][1, 1], net.error(net.end))


def test_a_loss_that_is_never_reached_is_named():
    with pytest.raises(ValueError, match="until must be a loss that batch 256 reaches"):
        grid_of_minima(gens, 2, (256,), (0.01,), until=1e-9, epochs=1, patience=2)
