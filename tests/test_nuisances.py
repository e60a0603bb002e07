"""What happens to a digit is what the name says, and the measures count what they say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dlcourse import data
from dlcourse.problems.nuisances import (
    as_is,
    erased,
    hidden,
    jiggled,
    mirrored,
    mixing,
    moved_answers,
    painted,
    pairs,
    recolored,
    shifted,
    slid,
    taken_for,
    turned,
)

DIGITS = data.load(flat=False, dtype=np.float32)
X = DIGITS.test.x[:50]
CHANGES = {
    "turned": turned(45), "jiggled": jiggled, "shifted": shifted, "mirrored": mirrored(-1),
    "hidden": hidden(4), "erased": erased,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_draws_anew_for_every_image_and_keeps_the_form(name: str) -> None:
    same = np.concatenate([X[:1]] * 40)
    y = CHANGES[name](same.copy(), np.random.default_rng(4))
    assert y.shape == same.shape and y.dtype == same.dtype
    assert len({image.tobytes() for image in y}) > 1
    again = CHANGES[name](same.copy(), np.random.default_rng(4))
    np.testing.assert_array_equal(y, again)


def test_shifts_are_the_nine_places() -> None:
    dot = np.zeros((400, 1, 5, 5), np.float32)
    dot[:, 0, 2, 2] = 1
    where = {tuple(np.argwhere(image[0])[0].tolist()) for image in shifted(dot, RNG())}
    assert where == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}


def RNG() -> np.random.Generator:
    return np.random.default_rng(6)


def test_hidden_is_black_and_a_square_at_most() -> None:
    y = hidden(3)(np.ones((100, 1, 8, 8), np.float32), RNG())
    gone = (y == 0).sum((1, 2, 3))
    assert gone.max() == 9 and gone.min() >= 4


def test_recolored_keeps_how_bright_the_strongest_channel_is() -> None:
    x = painted(X, np.linspace(0, 0.9, 50))
    y = recolored(0.5)(x, RNG())
    np.testing.assert_allclose(y.max(1), x.max(1), atol=1e-6)
    assert abs(y - x).max() > 0.5
    np.testing.assert_allclose(x.max(1), X[:, 0], atol=1e-6)


def test_whole_labels_are_those_of_the_larger_share() -> None:
    x, y = np.eye(10, dtype=np.float32).reshape(10, 1, 2, 5), np.eye(10, dtype=np.float32)
    new, soft = mixing("mixup")(x, y, RNG())
    np.testing.assert_allclose(new.reshape(10, 10), soft, atol=1e-6)
    _, whole = mixing("mixup", labels=False)(x, y, RNG())
    np.testing.assert_array_equal(whole, np.eye(10)[soft.argmax(1)])
    assert (soft.max(1) < 1).any()
    boxes, shares = mixing("cutmix")(x, y, RNG())
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    assert boxes.shape == x.shape


def test_pairs_change_both_parts_once_for_all() -> None:
    looks = pairs(DIGITS, plain=as_is, turned=turned(45))
    assert list(looks) == ["val_plain", "test_plain", "val_turned", "test_turned"]
    np.testing.assert_array_equal(looks["test_plain"][0], DIGITS.test.x)
    assert abs(looks["test_turned"][0] - DIGITS.test.x).max() > 0.5
    np.testing.assert_array_equal(looks["val_turned"][1], DIGITS.validation.y)


class Reader:
    """A model that says of each image what ``answer`` makes of it, surely, in two runs."""

    runs = 2

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def forward(self, x: np.ndarray) -> np.ndarray:
        return 50 * np.eye(10)[self.answer(x)]


def test_the_measures_of_answers() -> None:
    test = SimpleNamespace(x=np.arange(20.0)[:, None, None, None] * np.ones((1, 1, 3, 3)),
                           y=np.arange(20) % 10)  # fmt: skip
    digits = SimpleNamespace(test=test)
    swapped = np.array([0, 1, 2, 3, 4, 5, 9, 7, 7, 9])
    reads = Reader(lambda x: swapped[x[..., 0, 1, 1].astype(int) % 10])
    found = taken_for(digits, 6, 9)(reads)
    np.testing.assert_allclose(found["crossed"], [0.5, 0.5])
    np.testing.assert_allclose(found["others_error"], [1 / 8, 1 / 8])
    plus = moved_answers(digits, lambda x, rng: x + (x > 9))(reads)
    np.testing.assert_allclose(plus["moved"], [9 / 20, 9 / 20])


def test_sliding_does_not_see_a_shift_inside_a_roomy_frame() -> None:
    net = slid([RNG(), RNG()], 2, (1, 16, 16), units=5, side=3)
    x = np.zeros((2, 4, 1, 16, 16), np.float32)
    x[..., 5:9, 5:9] = RNG().random((4, 1, 4, 4))
    moved = np.roll(x, (2, -1), (-2, -1))
    np.testing.assert_allclose(net.forward(x), net.forward(moved), atol=1e-6)
    turned_over = np.flip(x, -1)
    assert abs(net.forward(x) - net.forward(turned_over)).max() > 1e-3
