"""Which changes, how often and how strong: drawn for each image, or found by a search."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import augmented, checks
from dlcourse.arrays import Array
from dlcourse.images import images
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


def drawn_from(x: Array, operations: Mapping[str, Operation] | None) -> dict[str, Operation]:
    """The operations given, or torchvision's for RandAugment, without colour if x has none."""
    if operations is not None:
        return dict(augmented.operations(operations, Operation))
    left_out = ("invert",) if x.shape[-3] == 3 else ("invert", "color")
    return {name: one for name, one in OPERATIONS.items() if name not in left_out}


def changed(x: Array, rows: Array, one: Operation, share: Array, sign: Array) -> None:
    """Write over those images (n, c, h, w) what the operation makes of them."""
    if rows.any():
        value = np.broadcast_to(one.value(share[rows]), rows.sum())
        x[rows] = one.apply(x[rows], value * sign[rows] if one.signed else value)


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
    Cubuk, Zoph, Shlens and Le (2020). Lesson: lessons/7-regularization/augmentation.
    """
    images(x, np.ndarray)
    num_ops, named = checks.integer("num_ops", num_ops, 0), drawn_from(x, operations)
    share = augmented.strength(magnitude, x.shape[:-3], MOST)
    checks.generator("rng", rng)
    flat = x.reshape(-1, *x.shape[-3:]).copy()
    picks = rng.integers(len(named), size=(num_ops, len(flat)))
    signs = 2.0 * rng.integers(2, size=picks.shape) - 1
    for pick, sign in zip(picks, signs, strict=True):
        for i, one in enumerate(named.values()):
            changed(flat, pick == i, one, share, sign)
    return flat.reshape(x.shape)


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
    steps = augmented.policy(policy, OPERATIONS)
    checks.generator("rng", rng)
    flat = x.reshape(-1, *x.shape[-3:]).copy()
    which = rng.integers(len(steps), size=len(flat))
    draws = max(map(len, steps)), len(flat)
    chances, signs = rng.random(draws), 2.0 * rng.integers(2, size=draws) - 1
    for i, sub in enumerate(steps):
        for (name, chance, magnitude), u, sign in zip(sub, chances, signs, strict=False):
            share = np.full(len(flat), magnitude / 9)
            changed(flat, (which == i) & (u < chance), OPERATIONS[name], share, sign)
    return flat.reshape(x.shape)


def random_step(names: list[str], rng: np.random.Generator) -> tuple[str, float, int]:
    """An operation, a probability in tenths and a magnitude 0 … 9, as AutoAugment's space has."""
    return names[rng.integers(len(names))], int(rng.integers(11)) / 10, int(rng.integers(10))


def search_policy(
    score: Callable[[Policy], float],
    operations: Any,
    rng: np.random.Generator,
    trials: int = 60,
    start: int = 20,
    sub_policies: int = 5,
    sample: int = 5,
) -> tuple[list[Any], list[tuple[list[Any], float]]]:
    """Look for a policy of a high score: random ones first, then changes of good ones.

    Parameters
    ----------
    score : function of a policy, larger is better, as the accuracy on *validation* data of a
        network that was trained with it
    operations : names of ``OPERATIONS``, or a mapping of them
    trials : policies that are scored, int >= 1
    start : how many of them are random; each later one is the best of ``sample`` that were drawn
        from all so far, one of whose steps is drawn anew
    sub_policies : of two steps each, int >= 1

    Returns
    -------
    best, and all trials as (policy, score). The best score is too good: its chance was chosen, too.

    Examples
    --------
    >>> strong = lambda policy: sum(step[2] for sub in policy for step in sub)
    >>> best, tried = search_policy(strong, ["rotate"], np.random.default_rng(0), trials=30)
    >>> len(tried), strong(best) == max(value for _, value in tried)
    (30, True)

    References
    ----------
    Cubuk et al. (2019) search by a recurrent controller, Real et al. (2019) by evolution, as here.
    """
    names, whole = [*operations], checks.integer
    for i, name in enumerate(names):
        checks.choice(f"operations[{i}]", name, OPERATIONS)
    trials, start = whole("trials", trials, 1), whole("start", start, 1)
    width, sample = whole("sub_policies", sub_policies, 1), whole("sample", sample, 1)
    checks.generator("rng", rng)
    tried: list[tuple[list[Any], float]] = []
    for trial in range(trials):
        if trial < start:
            policy = [[random_step(names, rng) for _ in range(2)] for _ in range(width)]
        else:
            drawn = rng.integers(len(tried), size=sample)
            policy = [[*sub] for sub in max((tried[i] for i in drawn), key=lambda t: t[1])[0]]
            new = random_step(names, rng)
            policy[rng.integers(width)][rng.integers(2)] = new
        value = checks.scalar("score", score(policy), -math.inf)
        tried.append((policy, value))
    return max(tried, key=lambda t: t[1])[0], tried


def digits_policy() -> list[list[tuple[str, float, float]]]:
    """The policy that ``search_policy`` has found on the digits of the course.

    How, and what it was worth on test data, stands in ``dlcourse/data_files/digits_policy.json``.

    >>> len(digits_policy())
    5
    """
    return augmented.policy(augmented.read_json("digits_policy.json")["policy"], OPERATIONS)
