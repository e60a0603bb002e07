"""What dropout draws: its law, entry by entry and between entries, and what theory makes of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from distributions import FALSE_ALARM, assert_drawn_from, assert_within
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import stats

from dlcourse.reference import regularization as twins
from dlcourse.scratch import regularization
from dlcourse.scratch.regularization import (
    block_rate,
    blocks,
    draw_block_mask,
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_sequence_mask,
    draw_spatial_mask,
    drop_block,
    drop_connect,
    dropout,
    dropped_rnn,
    gaussian_dropout,
    spatial_dropout,
)

N = 4000


def assert_independent(mask, p: float) -> None:
    """Kept with probability 1 − p, neighbours on each axis unrelated."""
    kept = np.count_nonzero(mask)
    assert stats.binomtest(kept, mask.size, 1 - p).pvalue > FALSE_ALARM
    z = (mask - (1 - p)) / np.sqrt(p * (1 - p))
    for axis in range(mask.ndim):
        if mask.shape[axis] > 1:
            near = np.delete(z, -1, axis) * np.delete(z, 0, axis)
            assert_within(f"neighbours on axis {axis}", near.mean(), near.size**-0.5)


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_every_entry_is_dropped_with_probability_p(p: float) -> None:
    rng = np.random.default_rng(1)
    assert_independent(draw_dropout_mask((50, 40, 30), p, rng), p)
    assert_independent(draw_spatial_mask((200, 100, 2, 3), p, rng), p)
    assert_independent(draw_sequence_mask((200, 7, 100), p, rng), p)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_statistics_are_those_of_pytorchs_layer(p: float) -> None:
    """Two samples of the same size: the difference of two binomials, and the same two values."""
    torch.manual_seed(0)
    theirs = torch.nn.Dropout(p)(torch.ones(300, 300, dtype=torch.float64)).numpy()
    ours, _ = dropout(
        np.ones((300, 300)), draw_dropout_mask((300, 300), p, np.random.default_rng(2)), p
    )
    assert_array_equal(np.unique(ours).round(12), np.unique(theirs).round(12))
    spread = np.sqrt(2 * p * (1 - p) / ours.size)
    assert_within("share", (ours > 0).mean() - (theirs > 0).mean(), spread)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_noise_is_normal_with_the_odds_as_variance(p: float) -> None:
    noise = draw_gaussian_noise((200, 100), p, np.random.default_rng(1))
    assert noise.dtype == np.float64
    assert_drawn_from(stats.norm(1, np.sqrt(p / (1 - p))), noise)


def covering(size: int, b: int) -> np.ndarray:
    """How many places of a block of b cover each of so many pixels in a row."""
    return np.convolve(np.ones(size - b + 1), np.ones(b)).astype(int)


@pytest.mark.parametrize(("b", "h", "w"), [(1, 4, 6), (2, 5, 4), (3, 7, 8), (4, 4, 6)])
def test_a_pixel_is_kept_if_none_of_the_blocks_over_it_begins(b: int, h: int, w: int) -> None:
    """With probability (1 − γ) to the number of places that cover it, one pixel at a time."""
    p, draws = 0.3, 20_000
    gamma = block_rate(p, b, (h, w))
    mask = draw_block_mask((draws, 1, h, w), p, b, np.random.default_rng(3))[:, 0]
    kept = (1 - gamma) ** np.outer(covering(h, b), covering(w, b))
    spread = np.sqrt(kept * (1 - kept) / draws)
    assert (abs(mask.mean(0) - kept) < stats.norm.isf(FALSE_ALARM / 2 / kept.size) * spread).all()
    assert (1 - kept).mean() <= p + 1e-12, "overlaps drop less"
    assert (1 - kept).mean() > 0.8 * p


def test_the_rate_of_blocks_would_drop_p_if_none_overlapped() -> None:
    for b, h, w in ((1, 4, 6), (2, 5, 4), (3, 7, 8), (4, 4, 6), (7, 7, 7)):
        pixels = np.outer(covering(h, b), covering(w, b)).sum()
        assert pixels * block_rate(0.3, b, (h, w)) == pytest.approx(0.3 * h * w, rel=1e-14)
        assert block_rate(0.3, b, (h, w)) <= 0.3 + 1e-15


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    b=st.integers(1, 9),
    p=st.floats(0, 0.999),
    seed=st.integers(0, 99),
    runs=st.sampled_from([(), (2,)]),
)
def test_what_is_dropped_is_a_union_of_whole_blocks(size, b, p, seed, runs) -> None:
    b = min(b, *size)
    shape = (*runs, 2, 3, *size)
    mask = draw_block_mask(shape, p, b, np.random.default_rng(seed))
    assert (mask.shape, mask.dtype) == (shape, bool)
    whole = np.lib.stride_tricks.sliding_window_view(~mask, (b, b), axis=(-2, -1)).all((-2, -1))
    covered = np.zeros(shape, bool)
    for i, j in np.ndindex(whole.shape[-2:]):
        covered[..., i : i + b, j : j + b] |= whole[..., i, j, None, None]
    assert_array_equal(covered, ~mask)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=4, max_size=5).map(tuple),
    p=st.floats(0, 0.999),
    seed=st.integers(0, 99),
)
def test_masks_have_their_shapes_and_come_from_the_generator_alone(shape, p, seed) -> None:
    *lead, n, c, _, _ = shape
    right = {
        "dropout_mask": shape,
        "spatial_mask": (*lead, n, c, 1, 1),
        "sequence_mask": (*shape[:-2], 1, shape[-1]),
        "gaussian_noise": shape,
    }
    for name, wanted in right.items():
        for room in (regularization, twins):
            draw = getattr(room, f"draw_{name}")
            first, again = (np.asarray(draw(shape, p, np.random.default_rng(seed))) for _ in "ab")
            assert first.shape == wanted
            assert (first.dtype == bool) == (name != "gaussian_noise")
            assert_array_equal(first, again)
            if p == 0:
                assert (first == 1).all()


# E[y] = x, and the variance as derived, of every member


def stated(y, mean, variance) -> None:
    """Over draws on the first axis; the fourth moment is taken from the draws themselves."""
    draws, away = len(y), y - mean
    z = abs(away.mean(0)) / np.sqrt(variance / draws)
    limit = stats.norm.isf(FALSE_ALARM / 2 / mean.size)
    assert (z < limit).all(), f"mean: {z.max():.1f} standard errors off"
    rest = 1e-9 * variance  # at p = ½ all draws are equally far away
    spread = rest + np.sqrt(np.maximum((away**4).mean(0) - (away**2).mean(0) ** 2, 0) / draws)
    z = abs((away**2).mean(0) - variance) / spread
    assert (z < limit).all(), f"variance: {z.max():.1f} standard errors off"


X = np.random.default_rng(9).uniform(0.5, 2, (3, 4)) * np.array([[1], [-1], [1]])


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_dropout_and_its_noise_have_the_mean_x_and_the_variance_of_the_odds(p: float) -> None:
    rng, many = np.random.default_rng(1), (N, *X.shape)
    odds = p / (1 - p)
    stated(dropout(X, draw_dropout_mask(many, p, rng), p)[0], X, odds * X**2)
    stated(gaussian_dropout(X, draw_gaussian_noise(many, p, rng))[0], X, odds * X**2)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_whole_channels_are_dropped_together(p: float) -> None:
    """A mean over the pixels of a channel varies as one pixel does; pixel by pixel it would not."""
    rng, odds = np.random.default_rng(1), p / (1 - p)
    x = np.random.default_rng(9).uniform(0.5, 2, (1, 3, 2, 4))
    mask = draw_spatial_mask((N, *x.shape), p, rng)
    means = spatial_dropout(x, mask, p)[0].mean((-2, -1))
    stated(means, x.mean((-2, -1)), odds * x.mean((-2, -1)) ** 2)
    apart = dropout(x, draw_dropout_mask((N, *x.shape), p, rng), p)[0].mean((-2, -1))
    stated(apart, x.mean((-2, -1)), odds * (x**2).mean((-2, -1)) / 8)


def test_blocks_leave_the_mean_of_a_batch_and_not_that_of_a_pixel() -> None:
    """The factors of a batch have the mean 1, always; a corner, under few blocks, has more."""
    x = np.ones((N, 1, 5, 5))
    y, _ = drop_block(x, draw_block_mask(x.shape, 0.3, 3, np.random.default_rng(1)))
    assert y.mean() == pytest.approx(1, rel=1e-13)
    kept = (1 - block_rate(0.3, 3, (5, 5))) ** np.outer(covering(5, 3), covering(5, 3))
    assert abs(y[:, 0].mean(0) - kept / kept.mean()).max() < 6 * np.sqrt(1 / N)
    assert y[:, 0, 0, 0].mean() > 1.2 > 1 > y[:, 0, 2, 2].mean()


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_dropped_connections_vary_with_the_squares_of_their_terms(p: float) -> None:
    """Var[y] = p / (1 − p) Σ (w x)², and no output knows another's mask, as it would of units."""
    rng = np.random.default_rng(1)
    weight, bias = np.random.default_rng(9).uniform(0.5, 2, (2, 4)), np.array([1.0, -1.0])
    masks = draw_dropout_mask((N, 2, 4), p, rng)
    y, _ = drop_connect(X, weight, bias, masks, p)
    stated(y, X @ weight.T + bias, p / (1 - p) * X**2 @ (weight**2).T)
    together = np.corrcoef(y[:, 0, 0], y[:, 0, 1])[0, 1]
    assert abs(together) < 6 / np.sqrt(N), "each output has a mask of its own"
    units, _ = drop_connect(X, weight, bias, masks[:, :1], p)
    assert np.corrcoef(units[:, 0, 0], units[:, 0, 1])[0, 1] > 0.8


def test_what_is_read_is_right_on_average_where_the_network_is_linear() -> None:
    """With one place and no state: E over masks of the drive."""
    rng, p = np.random.default_rng(1), 0.4
    x = X[:, None]
    w, b = np.random.default_rng(9).uniform(0.5, 2, (2, 4)), np.full(2, 60.0)  # never at a kink
    mask = draw_sequence_mask((N, *x.shape), p, rng)
    y, _ = dropped_rnn(x, w, np.zeros((2, 2)), b, mask_x=mask, p_x=p, nonlinearity="relu")
    mean, variance = x @ w.T + b, p / (1 - p) * x**2 @ (w**2).T
    assert (mean - 6 * np.sqrt(variance)).min() > 0
    stated(y, mean, variance)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_a_sequence_misses_the_same_at_all_places(p: float) -> None:
    """So a mean over its places varies as one place does; drawn anew at each, it would not."""
    rng, odds = np.random.default_rng(1), p / (1 - p)
    x = np.random.default_rng(9).uniform(0.5, 2, (2, 6, 3))
    y = dropout(x, draw_sequence_mask((N, *x.shape), p, rng), p)[0]
    stated(y, x, odds * x**2)
    stated(y.mean(-2), x.mean(-2), odds * x.mean(-2) ** 2)
    anew = dropout(x, draw_dropout_mask((N, *x.shape), p, rng), p)[0]
    with pytest.raises(AssertionError, match=r"variance: .* standard errors off"):
        stated(anew.mean(-2), x.mean(-2), odds * x.mean(-2) ** 2)


def test_what_is_carried_is_right_on_average_where_the_network_is_linear() -> None:
    """h2 = b + W (m h1) / (1 − p), in a region where relu is the identity."""
    rng, p = np.random.default_rng(1), 0.4
    x, b = np.zeros((2, 2, 3)), np.full(4, 60.0)
    w = np.random.default_rng(9).uniform(-0.1, 0.1, (4, 4))
    mask = draw_sequence_mask((N, 2, 2, 4), p, rng)
    y, _ = dropped_rnn(x, np.zeros((4, 3)), w, b, mask_h=mask, p_h=p, nonlinearity="relu")
    carried = np.broadcast_to(b, (2, 4))
    mean, variance = b + carried @ w.T, p / (1 - p) * carried**2 @ (w**2).T
    assert y[:, :, 1].min() > 0
    stated(y[:, :, 1], mean, variance)
    with pytest.raises(AssertionError, match=r"mean: .* standard errors off"):
        stated(b + (y[:, :, 1] - b) * (1 - p), mean, variance)  # never scaled up


WRONG = {
    "not rescaled": lambda mask, p, rng: X * mask,
    "p and 1 - p exchanged in the draw": lambda mask, p, rng: dropout(X, ~mask, p)[0],
    "p and 1 - p exchanged in the scale": lambda mask, p, rng: X * mask / p,
    "the scale of another p": lambda mask, p, rng: dropout(X, mask, p + 0.05)[0],
    "noise of another variance": lambda mask, p, rng: X * (1 + p * rng.standard_normal(mask.shape)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mean_or_variance_is_caught(name: str) -> None:
    rng, p = np.random.default_rng(1), 0.2
    y = WRONG[name](draw_dropout_mask((N, *X.shape), p, rng), p, rng)
    with pytest.raises(AssertionError, match="standard errors off"):
        stated(y, X, p / (1 - p) * X**2)


def test_a_wrong_draw_is_caught() -> None:
    rng, p = np.random.default_rng(1), 0.2
    mask = draw_dropout_mask((100, 50), p, rng)
    assert_independent(mask, p)
    with pytest.raises(AssertionError):
        assert_independent(~mask, p)
    with pytest.raises(AssertionError, match="neighbours on axis 1"):
        assert_independent(np.repeat(mask, 2, axis=1), p)


def test_a_wrong_rate_of_blocks_would_be_seen(monkeypatch) -> None:
    right = blocks.block_rate
    for wrong in (lambda p, b, size: p, lambda p, b, size: p / b**2):
        monkeypatch.setattr(blocks, "block_rate", wrong)
        mask = draw_block_mask((20_000, 1, 7, 8), 0.3, 3, np.random.default_rng(3))
        kept = (1 - right(0.3, 3, (7, 8))) ** np.outer(covering(7, 3), covering(8, 3))
        spread = np.sqrt(kept * (1 - kept) / 20_000)
        assert (abs(mask.mean((0, 1)) - kept) > 10 * spread).any()
