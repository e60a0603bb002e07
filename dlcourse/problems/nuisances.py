"""What can happen to a digit: it is turned, moved, mirrored, hidden, painted, mixed with another.

Each function returns a change of images (n, c, h, w) that draws for every image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.enlarged import CLASSES, Blend, Change, read
from dlcourse.scratch.augmentation import (
    affine,
    cutmix,
    cutout,
    draw_box,
    draw_center,
    draw_mix,
    flip,
    hue,
    mixup,
    random_crop,
    random_erasing,
    rotate,
)
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from dlcourse.scratch.models import Sequential


def evenly(rng: np.random.Generator, most: float, x: Array) -> Array:
    """A number in [-most, most] for each image."""
    return rng.uniform(-most, most, len(x)).astype(x.dtype)


def as_is(x: Array, rng: np.random.Generator) -> Array:
    """No change."""
    return x


def turned(most: float) -> Change:
    """By any angle of at most so many degrees."""
    return lambda x, rng: rotate(x, evenly(rng, most, x))


def jiggled(x: Array, rng: np.random.Generator) -> Array:
    """A little of all: 10 degrees of turn and of shear, half a pixel, a tenth of the size."""
    angle, right, down, scale, along, across = (
        evenly(rng, most, x) for most in (10, 0.5, 0.5, 0.1, 10, 10)
    )
    return affine(x, angle, (right, down), 1 + scale, (along, across))


def shifted(x: Array, rng: np.random.Generator) -> Array:
    """By a pixel up or down or not at all, and likewise to the left or right; zeros come in."""
    return random_crop(x, x.shape[-2:], rng, padding=1)


def mirrored(axis: int) -> Change:
    """Every second image: -1 exchanges left and right, -2 top and bottom."""
    return lambda x, rng: flip(x, rng.random(len(x)) < 0.5, axis)


def hidden(size: int) -> Change:
    """Behind a black square anywhere."""
    return lambda x, rng: cutout(x, *draw_center(x.shape, rng), size)


def erased(x: Array, rng: np.random.Generator) -> Array:
    """A rectangle filled with random values."""
    fill = rng.random(x.shape, dtype=np.float32).astype(x.dtype)
    return random_erasing(x, draw_box(x.shape, rng), fill)


def recolored(most: float) -> Change:
    """Turned on the wheel of colours; 0.5 is anywhere."""
    return lambda x, rng: hue(x, evenly(rng, most, x))


def painted(x: Array, place: Array) -> Array:
    """Grey images (n, 1, h, w) in one colour each, in [0, 1) on the wheel; 0 is red.

    >>> painted(np.ones((2, 1, 1, 1)), np.array([0.0, 1 / 3])).round(6).reshape(2, 3)
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    red = np.concatenate([x, np.zeros_like(x), np.zeros_like(x)], axis=1)
    turns = (np.asarray(place) + 0.5) % 1 - 0.5
    return hue(red, turns.astype(x.dtype))


def mixing(kind: str, alpha: float = 1.0, labels: bool = True) -> Blend:
    """Mix every image with another one.

    Parameters
    ----------
    kind : "mixup" or "cutmix"
    alpha : λ ~ Beta(α, α), one an image
    labels : whether the labels are mixed as well; otherwise the larger share has all
    """
    checks.choice("kind", kind, ("mixup", "cutmix"))

    def blend(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        lam, partner = draw_mix(len(x), alpha, rng, each=True)
        if kind == "cutmix":
            new, soft = cutmix(x, y, lam, partner, *draw_center(x.shape, rng))
        else:
            new, soft = mixup(x, y, lam, partner)
        if not labels:
            soft = np.where((lam >= 0.5)[:, None], y, y[partner])
        return new.astype(x.dtype), soft.astype(y.dtype)

    return blend


def pairs(digits: Any, **kinds: Change) -> dict[str, tuple[Array, Array]]:
    """Validation and test images of each kind, as ``learn_enlarged`` looks at them.

    The changes are drawn once, so all networks see the same images.
    """
    rng, looks = np.random.default_rng(7), {}
    for kind, change in kinds.items():
        for name, part in (("val", digits.validation), ("test", digits.test)):
            looks[f"{name}_{kind}"] = change(part.x, rng), part.y
    return looks


def slid(
    rng: Generators, runs: int, image: Any, units: int = 24, side: int = 6
) -> Any:  # fmt: skip
    """ReLUs that each see a window, slid over the image, and keep the largest answer: a
    convolution, and a pooling over all places. The ReLU comes after the pooling, where it has less
    to do and does the same.
    """
    made: Any = {"runs": runs, "dtype": np.float32}
    made["rng"] = run_generators(rng, runs)
    conv = Conv2d(image[0], units, side, **made)
    pool = MaxPool2d(image[-1] - side + 1)
    last = Linear(units, CLASSES, **made)
    return Sequential(conv, pool, Flatten(-3), ReLU(), last)


def taken_for(digits: Any, one: int, other: int) -> Callable[[Any], dict[str, Array]]:
    """A measure: the share of test images of two digits that are read as the other of the two."""
    y = digits.test.y

    def measure(net: Any) -> dict[str, Array]:
        said = read(net, digits.test.x).argmax(-1)
        crossed = (said[:, y == one] == other).mean(-1) + (said[:, y == other] == one).mean(-1)
        rest = (y != one) & (y != other)
        return {"crossed": crossed / 2, "others_error": (said != y)[:, rest].mean(-1)}

    return measure


def moved_answers(digits: Any, change: Change) -> Callable[[Any], dict[str, Array]]:
    """A measure: the share of test images whose answer is another one after the change."""
    after = change(digits.test.x, np.random.default_rng(8))
    return lambda net: {
        "moved": (read(net, digits.test.x).argmax(-1) != read(net, after).argmax(-1)).mean(-1)
    }
