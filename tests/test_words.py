"""Languages of words: their gradient, their excess, and that a trial is many single learners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems import Words, draw_labels, draw_messages, excess_loss, word_slope
from dlcourse.scratch.optimizers import Adam
from dlcourse.training import try_all

OFTEN = np.array([0.5, 0.3, 0.1, 0.02])


@pytest.fixture
def words():
    rng = np.random.default_rng(3)
    truth = rng.choice([-2.0, 2.0], size=(3, 4))
    x = draw_messages(rng, OFTEN, (50, 3, 8))
    x_new = draw_messages(rng, OFTEN, (3, 200))
    return Words(truth, list(zip(x, draw_labels(rng, x, truth), strict=True)), x_new)


def mean_loss(w, x, y):
    z = (x @ w[..., None])[..., 0]
    return (np.logaddexp(0, z) - y * z).mean(axis=-1)


def check(words, slope):
    x, y = words.batches[0]
    check_vjp(
        lambda w: (mean_loss(w, x, y), w),
        lambda dy, w: dy[..., None] * slope(w, x, y),
        [np.random.default_rng(1).normal(size=(3, 4))],
        np.random.default_rng(0),
    )


def test_the_slope_is_the_gradient_of_the_mean_loss(words):
    check(words, word_slope)
    with pytest.raises(AssertionError, match="off by"):
        check(words, lambda w, x, y: word_slope(w, x, y) * 1.001)


def test_words_come_as_often_as_they_should_and_labels_as_the_odds_say():
    rng = np.random.default_rng(0)
    x = draw_messages(rng, OFTEN, (40_000,))
    assert x.mean(axis=0) == pytest.approx(OFTEN, abs=0.01)
    y = draw_labels(rng, x, np.array([2.0, -1.0, 0.0, 0.0]))
    for first, second, odds in [(1, 0, 2.0), (0, 1, -1.0), (1, 1, 1.0)]:
        told = y[(x[:, 0] == first) & (x[:, 1] == second)]
        assert told.mean() == pytest.approx(1 / (1 + np.exp(-odds)), abs=0.02)


def test_excess_is_what_many_drawn_labels_cost_beyond_the_truth(words):
    w = 0.3 * words.truth + 0.1
    excess = excess_loss(w, words.truth, words.x_new)
    rng = np.random.default_rng(5)
    drawn = [draw_labels(rng, words.x_new, words.truth) for _ in range(4000)]
    costs = [mean_loss(w, words.x_new, y) - mean_loss(words.truth, words.x_new, y) for y in drawn]
    assert excess == pytest.approx(np.mean(costs, axis=0), rel=0.02)
    assert (excess > 0).all()
    assert (excess_loss(words.truth, words.truth, words.x_new) == 0).all()


def test_a_trial_is_what_each_seed_finds_alone_at_each_rate(words):
    rates = [0.02, 0.2]
    trials = try_all(words.trial(lambda w, lr: Adam(w, lr=lr)), seeds=3, lr=rates)
    start = excess_loss(0 * words.truth, words.truth, words.x_new)
    for i, lr in enumerate(rates):
        for seed in range(3):
            part = slice(seed, seed + 1)
            batches = [(x[part], y[part]) for x, y in words.batches]
            alone = replace(
                words, truth=words.truth[part], batches=batches, x_new=words.x_new[part]
            )
            w, optimizer = alone.learn(lambda w, lr=lr: Adam(w, lr=lr))
            (excess,) = excess_loss(w, alone.truth, alone.x_new)
            assert optimizer.t == 50
            assert trials["new_loss"][i, seed] == pytest.approx(excess, rel=1e-12)
            share = trials["new_share"][i, seed]
            assert share == pytest.approx(excess / start[seed], rel=1e-12) and share < 1


def test_who_ends_above_the_start_has_learned_nothing(words):
    class Backward(Adam):
        def update(self, theta, g, *state):
            return -super().update(theta, g, *state)

    trials = try_all(words.trial(lambda w: Backward(w, lr=0.1)), seeds=3)
    assert (trials["new_share"] == 1).all() and (trials["new_loss"] > 0).all()


def test_messages_to_choose_by_are_judged_alike_and_change_nothing_else(words):
    other = words.x_new[:, ::-2].copy()

    def told(some):
        return try_all(some.trial(lambda w, lr: Adam(w, lr=lr)), seeds=3, lr=[0.02, 0.2])

    plain, both = told(words), told(replace(words, x_val=other))
    alone = told(replace(words, x_new=other))
    for name in ("loss", "share"):
        assert (both[f"val_{name}"] == alone[f"new_{name}"]).all()
        assert (both[f"val_{name}"] != both[f"new_{name}"]).all()
        assert (both[f"new_{name}"] == plain[f"new_{name}"]).all()
    assert set(plain) == {"new_loss", "new_share"}
