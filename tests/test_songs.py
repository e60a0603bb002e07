"""The network that sings: its gradient, its draw, and how far back its memory reaches."""

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems import song_fall, song_influence, song_loss, song_network
from dlcourse.problems.songs import parts

WAVE = np.sin(np.arange(1, 9))
NETWORKS = np.array([song_network(seed) for seed in range(3)])


def check(gradient):
    check_vjp(
        lambda theta: (song_loss(theta, WAVE)[0], theta),
        lambda dy, theta: dy[:, None] * gradient(theta),
        [NETWORKS.copy()],
        np.random.default_rng(0),
    )


def test_the_gradient_is_that_of_the_loss_in_every_run():
    check(lambda theta: song_loss(theta, WAVE)[1])
    with pytest.raises(AssertionError, match="off by"):
        check(lambda theta: song_loss(theta, WAVE[:-1])[1])


def test_a_network_is_drawn_from_its_seed_or_its_generator():
    assert np.array_equal(song_network(2), song_network(np.random.default_rng(2)))
    W, b, v, c = parts(NETWORKS)
    assert W.shape == (3, 16, 16) and b.shape == v.shape == (3, 16)
    assert (c == 0).all() and np.abs(W).std() > 0
    assert not np.array_equal(NETWORKS[0], NETWORKS[1])


def test_influence_is_the_derivative_of_the_last_state():
    theta = song_network(5)
    (W,), (b,), *_ = parts(theta[None])

    def last(h, moments):
        for _ in range(moments):
            h = np.tanh(W @ h + b)
        return h

    found = song_influence(theta, moments=6)
    for back in (1, 3, 5):
        state = last(np.zeros(16), 6 - back)
        nudges = 1e-6 * np.eye(16)
        columns = [(last(state + e, back) - last(state - e, back)) / 2e-6 for e in nudges]
        assert found[back] == pytest.approx(np.linalg.norm(np.array(columns).T, 2), rel=1e-6)
    assert found[0] == 1 and len(found) == 6


def test_a_fall_is_to_be_worse_than_silence_after_having_been_good():
    losses = np.array([[0.9, 0.2, 0.9], [0.2, 0.3, 0.26], [0.5, 0.7, 0.9], [0.51, 0.2, 0.1]])
    assert song_fall(losses).tolist() == [3, 2, 4]  # 0.5 is no fall, nor is what was never good
    assert song_fall(losses[:, None, 1:]).tolist() == [[2, 4]]
