"""Trainings that are looked at on the way: looks are where they should be and change nothing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems.held_norms import started
from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import try_all
from dlcourse.training.looked import compared, looked_at

TRAIN, LOSS = unit_digits()[0], SoftmaxCrossEntropy()
MAKE = (partial(started, sizes=[64, 6, 10]), SGD)


def place(net, train):  # type: ignore[no-untyped-def]
    assert train is TRAIN
    return {"place": net.theta.sum(axis=-1)}


def test_looks_change_no_training() -> None:
    few, many = (looked_at(MAKE, LOSS, TRAIN, looks=k, see=place) for k in ((0, 30), (0, 7, 30)))
    one, other = (try_all(run, seeds=3, lr=[0.3]).curve("place")[0] for run in (few, many))
    np.testing.assert_array_equal(one, other[:, [0, 2]])
    assert (abs(np.diff(other, axis=-1)) > 1e-3).all()


def test_the_first_look_can_be_the_start() -> None:
    rngs = [np.random.default_rng(i) for i in range(2)]
    begun = started([np.random.default_rng(i) for i in range(2)], 2, sizes=[64, 6, 10])
    run = looked_at(MAKE, LOSS, TRAIN, looks=(0, 1), see=place)
    found = run(rngs, 2, np.full((2, 1), 0.1))["place"]
    np.testing.assert_array_equal(found[:, 0], begun.theta.sum(axis=-1))
    assert (found[:, 0] != found[:, 1]).all()


def test_two_looks_are_compared_in_their_order() -> None:
    steps = compared(
        MAKE, LOSS, TRAIN, looks=(2, 20),
        see=lambda net, x: net.theta.copy() if x is TRAIN[0] else None,
        compare=lambda before, after: {"far": np.linalg.norm(after - before, axis=-1)},
    )  # fmt: skip
    slow, fast = (steps([np.random.default_rng(0)], 1, np.full((1, 1), r)) for r in (0.01, 0.1))
    assert fast["far"] > 3 * slow["far"]
    assert fast["loss"] < slow["loss"]


@pytest.mark.parametrize("looks", [(), (3, 2), (-1, 4), (2, 2)])
def test_looks_that_are_not_in_order_are_refused(looks: tuple[int, ...]) -> None:
    run = looked_at(MAKE, LOSS, TRAIN, looks=looks, see=place)
    with pytest.raises(ValueError, match="looks must be numbers of steps >= 0, ascending"):
        run([np.random.default_rng(0)], 1, np.full((1, 1), 0.1))
