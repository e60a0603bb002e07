"""Donors, the tasks they are lent to, and that each run keeps to its own seed's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.problems import borrowed
from dlcourse.scratch.losses import SoftmaxCrossEntropy, accuracy
from dlcourse.scratch.models import MLP


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def digit_of(images):
    """The true classes of images of the digits, by looking them up."""
    digits = data.load("digits")
    known = {
        row.tobytes(): int(label)
        for part in (digits.train, digits.validation, digits.test)
        for row, label in zip(*part, strict=True)
    }
    return np.array([known[image.tobytes()] for image in images])


def rows_of(images):
    return {image.tobytes() for image in images}


def test_old_and_new_classes_share_nothing_and_are_all_ten() -> None:
    old, new = borrowed.old_classes([0, 1]), borrowed.new_classes([0, 1], 5)
    for part in ("train", "val", "test"):
        for (x, y), (other, label) in zip(
            zip(*getattr(old, part), strict=True), zip(*getattr(new, part), strict=True),
            strict=True,
        ):  # fmt: skip
            a, b = digit_of(x), digit_of(other)
            assert len({*a}) == len({*b}) == 5 and not {*a} & {*b}
            for names, digits in ((y, a), (label, b)):  # one name a digit
                assert len({*zip(names.tolist(), digits.tolist(), strict=True)}) == 5
    assert {*digit_of(old.train[0][0])} != {*digit_of(old.train[0][1])}, "each seed has its own"
    assert np.bincount(old.train[1][0]).tolist() == [40] * 5
    assert np.bincount(new.train[1][1]).tolist() == [5] * 5


def test_the_new_question_is_about_old_classes_in_images_the_donor_has_not_seen() -> None:
    old, asked = borrowed.old_classes([3]), borrowed.new_question([3], 40)
    assert not rows_of(old.train[0][0]) & rows_of(asked.train[0][0])
    truth, label = digit_of(asked.train[0][0]), asked.train[1][0]
    assert {*truth} == {*digit_of(old.train[0][0])} and asked.classes == 2
    of_old = dict(zip(digit_of(old.train[0][0]).tolist(), old.train[1][0].tolist(), strict=True))
    assert_array_equal(label, [of_old[digit] < 2 for digit in truth.tolist()])
    assert label.mean() == 0.4
    both = borrowed.new_question([3], 40, donors_too=True)
    assert rows_of(both.train[0][0]) == rows_of(asked.train[0][0]) | rows_of(old.train[0][0])
    truth = digit_of(both.train[0][0])
    assert_array_equal(both.train[1][0], [of_old[digit] < 2 for digit in truth.tolist()])
    with pytest.raises(ValueError, match="images must be at most"):
        borrowed.new_question([3], 60)
    with pytest.raises(ValueError, match="images must be"):
        borrowed.new_classes([3], 0)


def test_every_epoch_uses_each_image_once_in_an_order_of_its_own() -> None:
    task = borrowed.new_classes([0, 1], 10)  # two batches an epoch
    rows = borrowed.batches(task, 5, rngs(0, 1))
    assert rows.shape == (5, 2, 25)
    for run in range(2):
        for epoch in (rows[:2, run], rows[2:4, run]):
            assert_array_equal(np.sort(epoch, axis=None), np.arange(50))
    assert (rows[:2] != rows[2:4]).any() and (rows[:, 0] != rows[:, 1]).any()
    assert borrowed.batches(borrowed.new_classes([0], 1), 2, rngs(0)).shape == (2, 1, 5)


def test_shuffled_weights_are_the_same_numbers_and_leave_the_donor_alone() -> None:
    donor = MLP([6, 5, 4], rngs(0, 1), runs=2)
    before = donor.theta.copy()
    other = borrowed.shuffled(donor, rngs(2, 3))
    assert_array_equal(donor.theta, before)
    for name, w in donor.params.items():
        moved = other.params[name]
        assert_array_equal(np.sort(moved.reshape(2, -1)), np.sort(w.reshape(2, -1)))
        assert (moved != w).any()
    order = [np.argsort(part.params["0.weight"][0], axis=None) for part in (donor, other)]
    assert (order[0] != order[1]).mean() > 0.8


def test_enlarged_weights_are_a_multiple_with_the_donor_s_spread_run_by_run() -> None:
    net, donor = (MLP([6, 5, 4], rngs(a, a + 1), runs=2) for a in (0, 2))
    donor.params["0.weight"][1] *= 3
    before = {name: w.copy() for name, w in net.params.items()}
    borrowed.enlarge(net, donor)
    spread = [model.params["0.weight"].std((1, 2)) for model in (net, donor)]
    assert_allclose(*spread)
    assert spread[0][1] > 2 * spread[0][0], "each run has its own donor's"
    factors = [net.params[name] / before[name] for name in borrowed.BODY]
    for run in range(2):
        assert_allclose(factors[0][run], factors[1][run].mean())
        assert_allclose(factors[1][run], factors[1][run].mean())
    assert_array_equal(net.params["2.weight"], before["2.weight"])


def test_tiled_runs_come_again_from_the_first_with_memory_of_their_own() -> None:
    donor = MLP([2, 3, 1], rngs(0, 1), runs=2)
    many = borrowed.tiled(donor, 4)
    assert_array_equal(many.theta, donor.theta[[0, 1, 0, 1]])
    many.theta[...] = 0
    assert abs(donor.theta).max() > 0


def test_a_donor_learns_its_classes_and_from_shuffled_labels_nothing() -> None:
    task = borrowed.old_classes([0, 1])
    x, y = task.test
    right = {}
    for labels in ("true", "shuffled"):
        donor = borrowed.pretrain([0, 1], updates=150, labels=labels)
        right[labels] = accuracy(donor.forward(x), y)
    assert right["true"].min() > 0.85 and right["shuffled"].max() < 0.6
    with pytest.raises(ValueError, match="labels must be one of"):
        borrowed.pretrain([0], labels="none")


def test_a_frozen_layer_is_seen_through_and_only_the_last_one_learns() -> None:
    """Against the whole network with the first layer's gradient thrown away."""
    task, donors = borrowed.new_classes([0, 1], 5), borrowed.pretrain([0, 1], updates=20)
    given = {"task": task, "donors": donors, "updates": 10}
    found = borrowed.finetune(rngs(0, 1), 2, 0.3, **given, frozen=True)
    again, loss = rngs(0, 1), SoftmaxCrossEntropy()
    rows = borrowed.batches(task, 10, again)
    net = MLP([64, borrowed.HIDDEN, 5], again, runs=2)
    for name in borrowed.BODY:
        net.params[name][...] = donors.params[name]
    (x, y), run = task.train, np.arange(2)[:, None]
    for batch in rows:
        loss.forward(net.forward(x[run, batch]), y[run, batch])
        net.backward(loss.backward())
        for name in ("2.weight", "2.bias"):
            net.params[name][...] -= 0.3 * net.grads[name]
    x, y = task.test
    assert_allclose(found["test_loss"][:, -1], loss.forward(net.forward(x), y), rtol=1e-9)
    learned = borrowed.finetune(rngs(0, 1), 2, 0.3, **given)  # planted: the whole network learns
    assert abs(learned["test_loss"] - found["test_loss"]).max() > 1e-3


@pytest.mark.parametrize("start", borrowed.STARTS)
def test_a_grid_of_runs_is_each_run_with_its_own_donor_and_images(start) -> None:
    seeds = [5, 6]
    donors = borrowed.pretrain(seeds, updates=20)
    task = borrowed.new_classes(seeds, 5)
    lr = np.array([[0.1], [0.1], [0.3], [0.3]])
    more = {"task": task, "donors": donors, "start": start, "updates": 20}
    grid = borrowed.finetune(rngs(5, 6, 5, 6), 4, lr, **more)
    assert grid["test_loss"].shape == grid["val_loss"].shape == (4, 2)
    one = borrowed.Task(*((x[1:], y[1:]) for x, y in (task.train, task.val, task.test)), classes=5)
    more |= {"task": one, "donors": borrowed.pretrain(seeds[1:], updates=20)}
    alone = borrowed.finetune(rngs(6), 1, lr[2:3], **more)
    for name, curve in alone.items():
        assert_allclose(grid[name][3], curve[0], rtol=1e-9)
        assert abs(grid[name][2] - curve[0]).max() > 1e-6, "planted: the other seed's run"


def test_what_is_borrowed_is_the_donor_s_layer_and_starts_differ() -> None:
    donors, task = borrowed.pretrain([0], updates=20), borrowed.new_classes([0], 5)
    lost = {}
    for start in borrowed.STARTS:
        for frozen in (False, True):
            found = borrowed.finetune(
                rngs(0), 1, 0.3, task=task, donors=donors, start=start, frozen=frozen, updates=10
            )
            lost[start, frozen] = float(found["test_loss"][0, -1])
    assert len({*lost.values()}) == 2 * len(borrowed.STARTS)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"start": "stolen"}, "start must be one of"), ({"updates": 300}, "updates must be one of")],
)
def test_bad_choices(wrong, message) -> None:
    task, donors = borrowed.new_classes([0], 5), borrowed.pretrain([0], updates=1)
    with pytest.raises(ValueError, match=message):
        borrowed.finetune(rngs(0), 1, 0.1, task=task, donors=donors, **wrong)
