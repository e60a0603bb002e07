"""Wrong cutouts, mixtures, policies and layers that the checks must catch, as they are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import test_augmentation_hiding as hiding
import test_augmentation_mixing as mixing
import test_augmentation_policies as policies

from dlcourse.lesson.parity import parity
from dlcourse.scratch import augmentation
from dlcourse.scratch.augmentation import (
    OPERATIONS,
    auto_augment,
    cutmix,
    cutout,
    draw_box,
    mixup,
    rand_augment,
    random_erasing,
)


def caught(check: Callable[..., Any], *wrong: Any) -> None:
    with pytest.raises(AssertionError):
        check(*wrong)


def half_side(x, cy, cx, size, fill=0.0):
    return cutout(x, cy, cx, 2 * size, fill)


def wraps_around(x, cy, cx, size, fill=0.0):
    y = x.copy()
    for i in range(len(x)):
        a, b = cy[i] - size // 2, cx[i] - size // 2
        y[i, :, a : a + size, b : b + size] = fill
    return y


def one_place(x, cy, cx, size, fill=0.0):
    return cutout(x, cy[0], cx[0], size, fill)


def in_place(x, cy, cx, size, fill=0.0):
    x[:] = cutout(x, cy, cx, size, fill)
    return x


def rounded_up(x, cy, cx, size, fill=0.0):
    return cutout(x, cy + size % 2, cx + size % 2, size, fill)


def moved_inside(x, cy, cx, size, fill=0.0):
    """The square is shifted into the image instead of being clipped."""
    h, w = x.shape[-2:]
    low = size // 2
    return cutout(x, np.clip(cy, low, h - size + low), np.clip(cx, low, w - size + low), size, fill)


def always_black(x, cy, cx, size, fill=0.0):
    return cutout(x, cy, cx, size)


CUTOUTS = [half_side, wraps_around, one_place, in_place, rounded_up, moved_inside, always_black]


@pytest.mark.parametrize("wrong", CUTOUTS, ids=lambda f: f.__name__)
def test_wrong_cutouts_are_caught(wrong: Any) -> None:
    caught(hiding.check_cutout, wrong)


def box_turned(x, box, fill=0.0):
    top, left, height, width = box
    return random_erasing(x, (left, top, width, height), fill)


def noise_of_the_first(x, box, fill=0.0):
    return random_erasing(x, box, fill[:1] if np.ndim(fill) else fill)


def one_channel(x, box, fill=0.0):
    y = x.copy()
    y[:, :1] = random_erasing(x[:, :1], box, fill[:, :1] if np.ndim(fill) else fill)
    return y


@pytest.mark.parametrize(
    "wrong", [box_turned, noise_of_the_first, one_channel], ids=lambda f: f.__name__
)
def test_wrong_erasing_is_caught(wrong: Any) -> None:
    caught(hiding.check_erasing, wrong)


def form_uniform(shape, rng):
    """The ratio, not its logarithm, is uniform: boxes are too high."""
    n, _, h, w = shape
    share, form = rng.uniform(0.02, 0.33, n) * h * w, rng.uniform(0.3, 3.3, n)
    height, width = np.round(np.sqrt(share * form)), np.round(np.sqrt(share / form))
    height, width = np.minimum(height, h - 1).astype(int), np.minimum(width, w - 1).astype(int)
    return rng.integers(h - height + 1), rng.integers(w - width + 1), height, width


def never_the_last_row(shape, rng):
    top, left, height, width = draw_box(shape, rng)
    return np.minimum(top, np.maximum(shape[-2] - height - 8, 0)), left, height, width


def sides_of_the_area(shape, rng):
    top, left, height, width = draw_box(shape, rng)
    return top, left, (height**2 / shape[-2]).astype(int), width


@pytest.mark.parametrize(
    "wrong", [form_uniform, never_the_last_row, sides_of_the_area], ids=lambda f: f.__name__
)
def test_wrong_boxes_are_caught(wrong: Any) -> None:
    caught(hiding.check_box, wrong)


def labels_left(x, y, lam, partner):
    return mixup(x, y, lam, partner)[0], y.copy()


def labels_exchanged(x, y, lam, partner):
    return mixup(x, y, lam, partner)[0], mixup(x, y, 1 - np.asarray(lam), partner)[1]


def reversed_batch(x, y, lam, partner):
    return mixup(x, y, lam, np.arange(len(x))[::-1])


def hard_labels(x, y, lam, partner):
    a, b = mixup(x, y, lam, partner)
    return a, np.eye(y.shape[-1])[b.argmax(-1)]


def inverse_partner(x, y, lam, partner):
    return mixup(x, y, lam, np.argsort(partner))


def overwritten(x, y, lam, partner):
    x[:], y[:] = mixup(x, y, lam, partner)
    return x, y


MIXUPS = [
    labels_left, labels_exchanged, reversed_batch, hard_labels, inverse_partner, overwritten
]  # fmt: skip


@pytest.mark.parametrize("wrong", MIXUPS, ids=lambda f: f.__name__)
def test_wrong_mixups_are_caught(wrong: Any) -> None:
    caught(mixing.check_mixup, wrong)


def nominal_label(x, y, lam, partner, cy, cx):
    return cutmix(x, y, lam, partner, cy, cx)[0], mixup(x, y, lam, partner)[1]


def without_the_root(x, y, lam, partner, cy, cx):
    return cutmix(x, y, 1 - (1 - lam) ** 2, partner, cy, cx)


def box_and_rest_exchanged(x, y, lam, partner, cy, cx):
    a, b = cutmix(x, y, lam, partner, cy, cx)
    return x + x[partner] - a, b


def rows_for_columns(x, y, lam, partner, cy, cx):
    return cutmix(x, y, lam, partner, min(cx, 6), cy)


def partly_overwritten(x, y, lam, partner, cy, cx):
    x[:], b = cutmix(x, y, lam, partner, cy, cx)
    return x, b


CUTMIXES = [
    nominal_label, without_the_root, box_and_rest_exchanged, rows_for_columns, partly_overwritten
]  # fmt: skip


@pytest.mark.parametrize("wrong", CUTMIXES, ids=lambda f: f.__name__)
def test_wrong_cutmixes_are_caught(wrong: Any) -> None:
    caught(mixing.check_cutmix, wrong)


def alike_for_the_batch(x, num_ops, magnitude, rng, operations=None):
    """As torchvision, called with a batch: all its images are changed alike."""
    one = rand_augment(x[:1], num_ops, magnitude, rng, operations)
    return x + one


def one_sign(x, num_ops, magnitude, rng, operations=None):
    kinds = {
        k: augmentation.Operation(o.low, o.high, False, o.apply) for k, o in operations.items()
    }
    return rand_augment(x, num_ops, magnitude, rng, kinds)


def without_replacement(x, num_ops, magnitude, rng, operations=None):
    named, y = [*operations.values()], x.copy()
    for i in range(len(x)):
        for k in rng.permutation(len(named))[:num_ops]:
            sign = rng.choice([-1.0, 1.0]) if named[k].signed else 1.0
            y[i : i + 1] = named[k].apply(y[i : i + 1], np.array([sign * named[k].high]))
    return y


def one_operation_twice(x, num_ops, magnitude, rng, operations=None):
    y = rand_augment(x, 1, magnitude, rng, operations)
    return 2 * y - x


RANDS = [alike_for_the_batch, one_sign, without_replacement, one_operation_twice]


@pytest.mark.parametrize("wrong", RANDS, ids=lambda f: f.__name__)
def test_wrong_draws_of_operations_are_caught(wrong: Any) -> None:
    caught(policies.check_draws, wrong)


def always_applied(x, policy, rng):
    return auto_augment(x, [[(n, 1.0, m) for n, _, m in sub] for sub in policy], rng)


def one_sub_policy(x, policy, rng):
    return auto_augment(x, [policy[rng.integers(len(policy))]], rng)


def one_chance_a_sub_policy(x, policy, rng):
    """All steps of a sub-policy share one draw."""
    y = x.copy()
    which, u = rng.integers(len(policy), size=len(x)), rng.random(len(x))
    for i, sub in enumerate(policy):
        for name, p, m in sub:
            rows = (which == i) & (u < p)
            if rows.any():
                value = np.full(rows.sum(), OPERATIONS[name].value(m / 9))
                y[rows] = OPERATIONS[name].apply(y[rows], value)
    return y


def last_step_first(x, policy, rng):
    return auto_augment(x, [sub[::-1] for sub in policy], rng)


def magnitudes_of_30(x, policy, rng):
    return auto_augment(x, [[(n, p, m * 9 / 30) for n, p, m in sub] for sub in policy], rng)


AUTOS = [always_applied, one_sub_policy, one_chance_a_sub_policy, last_step_first, magnitudes_of_30]


@pytest.mark.parametrize("wrong", AUTOS, ids=lambda f: f.__name__)
def test_wrong_policies_are_caught(wrong: Any) -> None:
    caught(policies.check_auto, wrong)


PARITY: dict[str, Any] = {
    "cutout": half_side,
    "random_erasing": box_turned,
    "mixup": labels_exchanged,
    "cutmix": nominal_label,
    "random_swap": lambda words, count, rng: [*words],
    "random_deletion": lambda words, p, rng: augmentation.words.random_deletion(words, p / 2, rng),
}


@pytest.mark.parametrize("name", PARITY)
def test_parity_catches_them_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = PARITY[name]
    wrong.__name__ = name
    monkeypatch.setattr(augmentation, name, wrong)
    caught(partial(parity, steps=10), name)
