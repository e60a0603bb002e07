"""The networks whose minima are compared: one start, one draw of images, batches of any size."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.batch_minima import LOSS, descend
from dlcourse.problems.drawn_digits import draw_digits
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam

RUNS = 3


def gens(first=10):
    return [np.random.default_rng(first + i) for i in range(RUNS)]


def learn(**how):
    return descend(gens(), RUNS, 0.01, **{"n": 32, "width": 8, "epochs": 2, **how})


def test_batch_and_order_change_the_way_and_not_the_start_nor_the_images():
    small, large, other = learn(batch_size=8), learn(batch_size=32), learn(batch_size=8, order=1)
    for one in (large, other):
        np.testing.assert_array_equal(one.start, small.start)
        np.testing.assert_array_equal(one.drawn.train[0], small.drawn.train[0])
        assert (one.end != small.end).any()
    np.testing.assert_array_equal(learn(batch_size=8).end, small.end)


def by_hand(factor=1.0):
    """Two steps of Adam on all images: there is no order that could matter."""
    rngs = gens()
    x, y = draw_digits(rngs, 32).train
    net = MLP([64, 8, 10], rngs, runs=RUNS, dtype=np.float32)
    adam = Adam(net.theta, lr=0.01 * factor)
    for _ in range(2):
        LOSS.forward(net.forward(x, True), y)
        net.backward(LOSS.backward())
        adam.step(net.grad)
    return net.theta


def test_with_all_images_a_step_it_is_plain_adam():
    end = learn(batch_size=32).end
    np.testing.assert_allclose(end, by_hand(), atol=1e-5)
    assert abs(end - by_hand(1.1)).max() > 1e-4, "another rate must be noticed"


def test_what_is_kept_is_the_first_look_at_which_the_loss_is_low_enough():
    found = learn(batch_size=8, epochs=30, until=0.5, every=2)
    curve, run = found.seen["train_loss"], np.arange(RUNS)
    assert (found.when > 0).all() and (curve[run, found.when] <= 0.5).all()
    assert (curve[run, found.when - 1] > 0.5).all()
    np.testing.assert_allclose(found.loss()(found.reached), curve[run, found.when], rtol=1e-5)
    assert (abs(found.loss()(found.end) - curve[run, found.when]) > 0.01).all()


def test_who_stops_does_so_with_the_epoch_of_the_last_run_and_has_reached_the_same():
    how = {"batch_size": 8, "epochs": 30, "until": 0.5, "every": 2}
    found, short = learn(**how), learn(**how, stop=True)
    np.testing.assert_array_equal(short.reached, found.reached)
    np.testing.assert_array_equal(short.when, found.when)
    assert short.seen["train_loss"].shape[-1] == 2 * (found.when.max() // 2 + 1) < 60


def test_who_never_gets_there_keeps_the_last_weights():
    found = learn(batch_size=8, until=0.0)
    assert found.when.tolist() == [-1] * RUNS
    np.testing.assert_array_equal(found.reached, found.end)


def test_errors_are_those_of_the_weights_asked_for_and_the_net_stays_as_it_is():
    found = learn(batch_size=8, epochs=10, errors=True)
    mine = found.net.theta.copy()
    assert (found.error(found.start) > found.error(found.end) + 0.2).all()
    np.testing.assert_array_equal(found.net.theta, mine)
    np.testing.assert_allclose(found.error(found.end), found.seen["test_error"][:, -1])
    np.testing.assert_allclose(found.error(found.end, "val"), found.seen["val_error"][:, -1])


def test_it_goes_on_from_given_weights():
    first = learn(batch_size=32)
    np.testing.assert_array_equal(learn(batch_size=32, start=first.end).start, first.end)


def test_a_batch_that_leaves_a_rest_is_refused():
    with pytest.raises(ValueError, match="batch_size must be a divisor of the 32 images; got 5"):
        learn(batch_size=5)
