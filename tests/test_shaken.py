"""Gradient descent that is shaken: without noise it is gradient descent, with noise it is not."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.batch_minima import LOSS
from dlcourse.problems.drawn_digits import draw_digits
from dlcourse.problems.shaken import shaken_descent
from dlcourse.scratch.models import MLP

SMALL = {"n": 32, "width": 8}


def gens():
    return [np.random.default_rng(30 + i) for i in range(2)]


def plain(rate, steps):
    rngs = gens()
    x, y = draw_digits(rngs, 32).train
    net = MLP([64, 8, 10], rngs, runs=2, dtype=np.float32)
    for _ in range(steps):
        LOSS.forward(net.forward(x, True), y)
        net.backward(LOSS.backward())
        net.theta[...] -= np.float32(rate) * net.grad
    return LOSS.forward(net.forward(x), y)


def test_without_noise_it_is_gradient_descent():
    found = shaken_descent(gens(), 2, 0.3, steps=20, calm=5, **SMALL)["train_loss"]
    np.testing.assert_allclose(found, plain(0.3, 20), rtol=1e-4)
    assert (abs(found / plain(0.3, 19) - 1) > 1e-3).all(), "a step less must be noticed"


def test_the_calm_steps_are_not_shaken():
    still, calm, shaken = (
        shaken_descent(gens(), 2, 0.3, noise, steps=20, calm=quiet, **SMALL)["train_loss"]
        for noise, quiet in ((0.0, 5), (0.5, 20), (0.5, 5))
    )
    np.testing.assert_array_equal(calm, still)
    assert (abs(shaken / still - 1) > 0.01).all()


def test_each_run_may_have_noise_of_its_own():
    own = shaken_descent(gens(), 2, 0.3, np.array([[0.0], [0.5]]), steps=20, calm=5, **SMALL)
    still = shaken_descent(gens(), 2, 0.3, steps=20, calm=5, **SMALL)
    assert own["train_loss"][0] == still["train_loss"][0]
    assert own["train_loss"][1] != still["train_loss"][1]
    assert set(own) == {"train_loss", "val_error", "test_error", "box"}
