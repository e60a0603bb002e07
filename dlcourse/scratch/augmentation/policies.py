"""Which changes, how often and how strong: drawn for each image."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import augmented, checks
from dlcourse.arrays import Array
from dlcourse.images import image_shape, images
from dlcourse.scratch.augmentation.color import brightness, contrast, saturation
from dlcourse.scratch.augmentation.geometry import rotate, shear, translate
from dlcourse.scratch.augmentation.tones import (
    autocontrast,
    equalize,
    invert,
    posterize,
    sharpness,
    solarize,
)

Policy = augmented.Policy
MOST = 30
"""The largest magnitude of ``rand_augment``; that of a policy is 9."""


@dataclass(frozen=True)
class Operation:
    """One change of an image, and how strong it can be.

    Parameters
    ----------
    low, high : what magnitude 0 and the largest magnitude mean
    signed : whether the value is negated for half of the images
    apply : function of images (n, c, h, w) and values (n,)

    Examples
    --------
    >>> OPERATIONS["rotate"].value(0.5)
    15.0
    """

    low: float
    high: float
    signed: bool
    apply: Callable[[Array, Array], Array]

    def value(self, share: Any) -> Any:
        """From ``low``, at a share of 0, to ``high``, at 1."""
        return self.low + (self.high - self.low) * share


def degrees(slope: Array) -> Array:
    """The angle whose tangent this is."""
    return np.degrees(np.arctan(slope))


SHIFT = 150 / 331
"""The largest shift, of 150 pixels in the 331 of AutoAugment's images of ImageNet."""
OPERATIONS: dict[str, Operation] = {
    "identity": Operation(0, 0, False, lambda x, v: x),
    "shear_x": Operation(0, 0.3, True, lambda x, v: shear(x, degrees(v), -1, "nearest")),
    "shear_y": Operation(0, 0.3, True, lambda x, v: shear(x, degrees(v), -2, "nearest")),
    "translate_x": Operation(
        0, SHIFT, True, lambda x, v: translate(x, 0, np.trunc(v * x.shape[-1]), "nearest")
    ),
    "translate_y": Operation(
        0, SHIFT, True, lambda x, v: translate(x, np.trunc(v * x.shape[-2]), 0, "nearest")
    ),
    "rotate": Operation(0, 30, True, lambda x, v: rotate(x, v, "nearest")),
    "brightness": Operation(0, 0.9, True, lambda x, v: brightness(x, 1 + v)),
    "color": Operation(0, 0.9, True, lambda x, v: saturation(x, 1 + v)),
    "contrast": Operation(0, 0.9, True, lambda x, v: contrast(x, 1 + v)),
    "sharpness": Operation(0, 0.9, True, lambda x, v: sharpness(x, 1 + v)),
    "posterize": Operation(8, 4, False, lambda x, v: posterize(x, np.round(v).astype(int))),
    "solarize": Operation(1, 0, False, lambda x, v: solarize(x, v)),
    "autocontrast": Operation(0, 0, False, lambda x, v: autocontrast(x)),
    "equalize": Operation(0, 0, False, lambda x, v: equalize(x)),
    "invert": Operation(0, 0, False, lambda x, v: invert(x)),
}
"""Those of torchvision's RandAugment and AutoAugment, with its ranges."""


def drawn_from(c: int, operations: Mapping[str, Operation] | None) -> dict[str, Operation]:
    """The operations given, or torchvision's for RandAugment, without colour for c = 1 channel."""
    if operations is not None:
        return dict(augmented.operations(operations, Operation))
    left_out = ("invert",) if c == 3 else ("invert", "color")
    return {name: one for name, one in OPERATIONS.items() if name not in left_out}


def changed(x: Array, rows: Array, one: Operation, share: Array, sign: Array) -> None:
    """Write over those images (n, c, h, w) what the operation makes of them."""
    if rows.any():
        value = np.broadcast_to(one.value(share[rows]), rows.sum())
        x[rows] = one.apply(x[rows], value * sign[rows] if one.signed else value)


def draw_operations(
    shape: Any,
    num_ops: int,
    rng: np.random.Generator,
    operations: Mapping[str, Operation] | None = None,
) -> tuple[Array, Array]:
    """What ``rand_augment`` draws for images of this shape (…, c, h, w): (picks, signs).

    Each (…, num_ops): the place of an operation among all, and 1 or -1.

    >>> picks, signs = draw_operations((5, 1, 8, 8), 2, np.random.default_rng(0))
    >>> picks.shape, signs.shape, bool((picks < 13).all())
    ((5, 2), (5, 2), True)
    """
    lead, _, _ = image_shape(shape)
    num_ops, named = checks.integer("num_ops", num_ops, 0), drawn_from(shape[-3], operations)
    size = num_ops, math.prod(lead)
    picks = checks.generator("rng", rng).integers(len(named), size=size)
    signs = 2.0 * rng.integers(2, size=size) - 1
    return picks.T.reshape(*lead, num_ops), signs.T.reshape(*lead, num_ops)


def apply_operations(
    x: Array,
    picks: Array,
    signs: Array,
    magnitude: Any,
    operations: Mapping[str, Operation] | None = None,
) -> Array:
    """``rand_augment`` with what was drawn: the picked operations, one after the other.

    Examples
    --------
    Of the operations without inversion and colour, the last but two, the tenth, is "solarize":

    >>> apply_operations(np.array([[[0.25, 0.75]]]), [10], [1.0], 15)
    array([[[0.25, 0.25]]])
    """
    images(x, np.ndarray)
    named = drawn_from(x.shape[-3], operations)
    lead, picks, signs = augmented.picked(picks, signs, x, len(named))
    share = augmented.strength(magnitude, lead, MOST)
    flat = np.broadcast_to(x, (*lead, *x.shape[-3:])).reshape(-1, *x.shape[-3:]).copy()
    for pick, sign in zip(picks.T, signs.T, strict=True):
        for i, one in enumerate(named.values()):
            changed(flat, pick == i, one, share, sign)
    return flat.reshape(*lead, *x.shape[-3:])


def rand_augment(
    x: Array,
    num_ops: int,
    magnitude: Any,
    rng: np.random.Generator,
    operations: Mapping[str, Operation] | None = None,
) -> Array:
    """A few operations for each image, drawn anew, all of one strength: two numbers to choose.

    Parameters
    ----------
    x : images (…, c, h, w) in [0, 1]
    num_ops : operations one after the other, each drawn for each image from all, int >= 0
    magnitude : in [0, 30], how strong; a number, or one an image
    operations : {name: Operation}; None: ``OPERATIONS`` without "invert", and without "color"
        unless there are three channels

    Notes
    -----
    The sign of an angle, a shift or a factor is drawn for each image and operation.

    Examples
    --------
    >>> turn = {"rotate": OPERATIONS["rotate"]}
    >>> x = np.ones((4, 1, 3, 3))
    >>> rand_augment(x, 1, 0, np.random.default_rng(0), turn).sum() == x.sum()
    np.True_

    References
    ----------
    Cubuk, Zoph, Shlens and Le (2020). Lesson: augmentation.
    """
    images(x, np.ndarray)
    drawn = draw_operations(x.shape, num_ops, rng, operations)
    return apply_operations(x, *drawn, magnitude, operations)


def draw_sub_policies(
    shape: Any, policy: Policy, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """What ``auto_augment`` draws for images of this shape: (which, chances, signs).

    The sub-policy of each image (…), and for each of its steps (…, steps) a number in [0, 1), below
    the step's probability if it is taken, and 1 or -1.

    >>> policy = [[("rotate", 0.5, 3)], [("invert", 1.0, 0), ("rotate", 0.2, 9)]]
    >>> [a.shape for a in draw_sub_policies((5, 1, 8, 8), policy, np.random.default_rng(0))]
    [(5,), (5, 2), (5, 2)]
    """
    (lead, _, _), steps = image_shape(shape), augmented.policy(policy, OPERATIONS)
    which = checks.generator("rng", rng).integers(len(steps), size=math.prod(lead))
    size = max(map(len, steps)), len(which)
    chances, signs = rng.random(size), 2.0 * rng.integers(2, size=size) - 1
    first, second = (a.T.reshape(*lead, size[0]) for a in (chances, signs))
    return which.reshape(lead), first, second


def apply_sub_policies(x: Array, policy: Policy, which: Any, chances: Any, signs: Any) -> Array:
    """``auto_augment`` with what was drawn.

    >>> policy = [[("invert", 0.5, 0)]]
    >>> apply_sub_policies(np.array([[[0.25]]]), policy, 0, [0.4], [1.0])
    array([[[0.75]]])
    """
    images(x, np.ndarray)
    steps = augmented.policy(policy, OPERATIONS)
    lead, which, chances, signs = augmented.chosen(which, chances, signs, x, steps)
    flat = np.broadcast_to(x, (*lead, *x.shape[-3:])).reshape(-1, *x.shape[-3:]).copy()
    for i, sub in enumerate(steps):
        for (name, chance, magnitude), u, sign in zip(sub, chances.T, signs.T, strict=False):
            share = np.full(len(flat), magnitude / 9)
            changed(flat, (which == i) & (u < chance), OPERATIONS[name], share, sign)
    return flat.reshape(*lead, *x.shape[-3:])


def auto_augment(x: Array, policy: Policy, rng: np.random.Generator) -> Array:
    """One sub-policy for each image: its operations in a row, each with its probability.

    Parameters
    ----------
    x : images (…, c, h, w) in [0, 1]
    policy : sub-policies [(name, probability, magnitude), …], names of ``OPERATIONS``, magnitudes
        in [0, 9], as ``search_policy`` finds them

    Examples
    --------
    >>> x = np.array([[[[0.25]]]])
    >>> auto_augment(x, [[("invert", 1.0, 0), ("solarize", 1.0, 9)]], np.random.default_rng(0))
    array([[[[0.25]]]])

    References
    ----------
    Cubuk, Zoph, Mane, Vasudevan and Le (2019), section 3.
    """
    images(x, np.ndarray)
    return apply_sub_policies(x, policy, *draw_sub_policies(x.shape, policy, rng))
