"""Many configurations at once: each is what it would be alone, and each knob is turned."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import tuned_digits
from dlcourse.problems.tuned_digits import (
    Looks,
    draw_table,
    draw_task,
    guessed_space,
    train_all,
)
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.scratch.regularization import smooth_labels

RNG = np.random.default_rng(1)
POOL = (RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60))
TEST = (RNG.random((20, 64)).astype(np.float32), RNG.integers(0, 10, 20))
PLAN = {"test": TEST, "looks": [3, 8], "batch_size": 10, "width": 8}
CONFIGS = [
    {"lr": 0.3, "momentum": 0.5},
    {"lr": 0.05, "weight_decay": 0.1, "gain": 2.0},
    {"lr": 0.2, "smoothing": 0.3},
    {"lr": 1e9, "momentum": 0.9},
    {"lr": 0.1},
]


def alone(config, task):
    """The same network by the package's parts, one at a time, in the same precision."""
    full = {**tuned_digits.USUAL, **config}
    rng = np.random.default_rng([task.seed, 1])
    net = MLP([64, 8, 10], rng, dtype=np.float32)
    net.theta *= full["gain"]
    step = SGD(net.theta, full["lr"], full["momentum"], weight_decay=full["weight_decay"])
    loss, seen = SoftmaxCrossEntropy(), []
    target = smooth_labels(np.eye(10, dtype=np.float32)[task.y], full["smoothing"])
    for _ in range(3):
        order = rng.permutation(30)
        for start in range(0, 30, 10):
            now = order[start : start + 10]
            loss.forward(net.forward(task.x[now], True), target[now].astype(np.float32))
            net.backward(loss.backward())
            step.step(net.grad)
            seen.append([loss.forward(net.forward(x), y) for x, y in
                         ((task.x, task.y), (task.held_x, task.held_y))]
                        + [(net.forward(x).argmax(-1) != y).mean() for x, y in
                           ((task.held_x, task.held_y), TEST)])  # fmt: skip
    return np.array([seen[2], seen[7]]).T


def test_a_configuration_is_what_it_is_alone(monkeypatch):
    """On tasks of their own, and cut into blocks."""
    monkeypatch.setattr(tuned_digits, "BLOCK", 2)
    tasks = [draw_task(k, POOL, few=30, held=20) for k in (3, 4, 5, 6, 3)]
    looks = train_all(CONFIGS, tasks, **PLAN)
    for i in (0, 1, 2, 4):
        expected = alone(CONFIGS[i], tasks[i])
        for j, column in enumerate(looks):
            np.testing.assert_allclose(column[i], expected[j], rtol=2e-4)


@pytest.mark.parametrize("knob", tuned_digits.USUAL)
def test_every_knob_is_turned(knob):
    task = draw_task(3, POOL, few=30, held=20)
    other = {"lr": 0.5, "momentum": 0.5, "weight_decay": 0.5, "gain": 2.0, "smoothing": 0.5}
    looks = train_all([{}, {knob: other[knob]}], [task, task], **PLAN)
    assert abs(np.diff(looks.train_loss[:, -1])) > 1e-3


def test_what_diverges_guesses_and_leaves_the_others_alone():
    task = draw_task(3, POOL, few=30, held=20)
    wild = {"lr": 1e9, "momentum": 0.9, "weight_decay": 0.9}
    with_it = train_all([{"lr": 0.1}, wild, {"lr": 0.2}], [task] * 3, **PLAN)
    without = train_all([{"lr": 0.1}, {"lr": 0.2}], [task] * 2, **PLAN)
    assert with_it.test_error[1, -1] == with_it.val_error[1, -1] == 0.9
    assert np.isinf(with_it.val_loss[1, -1])
    for one, other in zip(with_it, without, strict=True):
        np.testing.assert_allclose(one[[0, 2]], other, rtol=1e-5)
    assert isinstance(with_it, Looks)


def test_images_to_choose_by_are_not_those_to_learn():
    where = np.arange(60.0)[:, None], POOL[1]
    tasks = [draw_task(seed, where, few=30, held=20) for seed in (1, 1, 2)]
    for task in tasks:
        assert len({*task.x[:, 0], *task.held_x[:, 0]}) == 50
        np.testing.assert_array_equal(task.y, POOL[1][task.x[:, 0].astype(int)])
    np.testing.assert_array_equal(tasks[0].x, tasks[1].x)
    assert (tasks[0].x != tasks[2].x).any()


def test_tables_differ_in_units_alone():
    (plain, y), (scaled, other) = draw_table(4, 50, unlike=False), draw_table(4, 50, unlike=True)
    ratio = scaled / plain
    np.testing.assert_array_equal(y, other)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape), rtol=1e-5)
    assert ratio[0].max() / ratio[0].min() > 10
    assert (draw_table(5, 50, unlike=False)[0] != plain).any()


def test_guesses_are_of_one_width_and_not_of_one_place():
    rates = [guessed_space(seed)["lr"] for seed in range(50)]
    np.testing.assert_allclose([r.high / r.low for r in rates], 1e4)
    lows = np.log10([r.low for r in rates])
    assert -4 <= lows.min() < -3.8 and -2.2 < lows.max() <= -2


def test_errors():
    with pytest.raises(ValueError, match="few \\+ held must be at most 60"):
        draw_task(0, POOL, few=50, held=20)
    task = draw_task(0, POOL, few=30, held=20)
    with pytest.raises(ValueError, match="tasks must be 2 of them"):
        train_all([{}, {}], [task], **PLAN)
    with pytest.raises(ValueError, match=r"the names of configs\[0\] must be"):
        train_all([{"rate": 1}], [task], **PLAN)
