"""A program with a planted fault: it is what it is without, but for the fault; and who sees it."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import planted_faults
from dlcourse.problems.planted_faults import (
    FAULTS,
    SOUND,
    Curves,
    TwiceSoftmax,
    damage,
    learn,
    seen_by,
    table_says,
)
from dlcourse.problems.tuned_digits import draw_task, train_all
from dlcourse.scratch.losses import SoftmaxCrossEntropy

RNG = np.random.default_rng(1)
MEANS = RNG.random((10, 64))
Y = np.arange(300) % 10
POOL = ((MEANS[Y] + 0.1 * RNG.normal(size=(300, 64))).astype(np.float32).clip(0, 1), Y)
TASKS = [draw_task(seed, POOL, few=200, held=60) for seed in (3, 4, 5)]
TEST = (POOL[0][:20], POOL[1][:20])
PLAN = {"test": TEST, "looks": [0, 7, 25]}


def test_the_sound_program_is_that_of_the_tuned_digits():
    """Another training loop of the package, told the same."""
    seen = learn(TASKS, [0.1, 0.2, 0.3], weight_decay=0.01, **PLAN)
    configs = [{"lr": lr, "momentum": 0.9, "weight_decay": 0.01} for lr in (0.1, 0.2, 0.3)]
    other = train_all(configs, TASKS, test=TEST, looks=[7, 25])
    for name in other._fields:
        np.testing.assert_allclose(getattr(seen, name)[:, 1:], getattr(other, name), rtol=2e-4)


def test_blocks_change_nothing(monkeypatch):
    whole = learn(TASKS, [0.1, 0.2, 0.3], **PLAN)
    monkeypatch.setattr(planted_faults, "BLOCK", 2)
    for one, other in zip(whole, learn(TASKS, [0.1, 0.2, 0.3], **PLAN), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != SOUND])
def test_every_fault_changes_what_is_seen(fault):
    sound, faulty = (learn(TASKS, 0.1, fault=name, **PLAN) for name in (SOUND, fault))
    parts = ("val_loss",) if fault.startswith("held") else ("train_loss",)
    for name in parts:
        assert (getattr(sound, name)[:, -1] != getattr(faulty, name)[:, -1]).all()
    if fault.startswith("held"):
        np.testing.assert_array_equal(sound.train_loss, faulty.train_loss)


def test_a_drop_divides_the_rate_by_ten():
    """The update after it is a tenth of what it would have been, without momentum."""
    plan = {"test": TEST, "momentum": 0.0}
    before = learn(TASKS, 0.1, looks=[4], **plan)
    after = learn(TASKS, 0.1, looks=[4, 5], drop=4, **plan)
    slow = learn(TASKS, 0.1, looks=[4, 5], **plan)
    np.testing.assert_array_equal(before.train_loss[:, 0], after.train_loss[:, 0])
    ratio = np.diff(after.train_loss) / np.diff(slow.train_loss)
    np.testing.assert_allclose(ratio, 0.1, atol=0.03)


def test_batch_losses_and_looks_belong_together():
    seen = learn(TASKS, 0.1, test=TEST, looks=[0, 1], batch_size=200)
    np.testing.assert_allclose(seen.batch_loss[:, 0], seen.train_loss[:, 0], rtol=1e-5)
    summed = learn(TASKS, 0.1, test=TEST, looks=[0], fault="loss summed", batch_size=50)
    np.testing.assert_allclose(summed.train_loss, 50 * seen.train_loss[:, :1], rtol=1e-5)


def test_the_last_layer_is_multiplied():
    small = learn(TASKS, 0.1, test=TEST, looks=[0], last=1e-6)
    plain = learn(TASKS, 0.1, test=TEST, looks=[0])
    assert (abs(small.train_loss - plain.train_loss) > 1e-4).all()


def test_what_runs_away_is_nan_and_leaves_the_others_alone():
    with_it = learn(TASKS[:2], [0.1, 1e38], **PLAN)
    alone = learn(TASKS[:1], 0.1, **PLAN)
    assert np.isnan(with_it.train_loss[1, -1]) and with_it.test_error[1, -1] == 0.9
    for one, other in zip(with_it, alone, strict=True):
        np.testing.assert_allclose(one[:1], other, rtol=1e-4)


def test_active_units_are_counted():
    """Without a weight no unit is active; with random ones most are, for some image."""
    zero, plain = (
        learn(TASKS, 0.1, test=TEST, looks=[0], fault=f) for f in ("weights zero", SOUND)
    )
    assert (zero.active == 0).all() and (plain.active > 0.5).all()


def test_the_doubled_softmax_has_the_gradient_of_its_loss():
    z, y = RNG.normal(size=(4, 10)), np.array([1, 2, 3, 4])
    loss, step = TwiceSoftmax(), 1e-6
    loss.forward(z, y)
    found = loss.backward()
    expected = np.zeros_like(z)
    for at in np.ndindex(z.shape):
        sides = []
        for sign in (1, -1):
            moved = z.copy()
            moved[at] += sign * step
            sides.append(TwiceSoftmax().forward(moved, y))
        expected[at] = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(found, expected, atol=1e-8)
    plain = SoftmaxCrossEntropy()
    plain.forward(z, y)
    assert abs(plain.backward() - expected).max() > 1e-2


def test_mixed_labels_are_the_same_labels_elsewhere():
    task, mixed = TASKS[0], damage(TASKS[0], "labels mixed")
    np.testing.assert_array_equal(np.sort(task.y), np.sort(mixed.y))
    assert (task.y != mixed.y).mean() > 0.5
    np.testing.assert_array_equal(task.x, mixed.x)


def curves(first, last, error):
    one = np.array([[first, last]])
    errors = np.array([[0.9, error]])
    return Curves(np.zeros((1, 1)), one, errors, one, errors, errors, errors)


@pytest.mark.parametrize(
    ("first", "last", "error", "row"),
    [
        (2.3, np.nan, 0.9, "exploded"),
        (2.3, np.inf, 0.9, "exploded"),
        (2.3, 2.1, 0.8, "does not fall"),
        (2.3, 160.0, 0.9, "exploded"),
        (2.3, 4.5, 0.9, "does not fall"),
        (2.3, 0.1, 0.0, "over-fits"),
        (2.3, 2.0, 0.5, "no row"),
    ],
)
def test_the_table_is_read(first, last, error, row):
    assert table_says(curves(first, last, error)) == [row]


def test_who_sees_what():
    """On easy images: the sound program is not accused, and a leak is seen by nobody."""
    seen = {name: seen_by(name, TASKS, TEST).mean(0) > 0.5 for name in
            (SOUND, "held leaked", "loss summed", "sign", "weights zero")}  # fmt: skip
    assert not seen[SOUND].any() and not seen["held leaked"].any()
    assert seen["loss summed"][0] and not seen["sign"][0]
    assert seen["sign"][1:].all() and seen["weights zero"][1:].all()


def test_errors():
    with pytest.raises(ValueError, match="fault must be one of"):
        learn(TASKS, 0.1, fault="tired", **PLAN)
    with pytest.raises(ValueError, match="fault must be one of"):
        damage(TASKS[0], "tired")
