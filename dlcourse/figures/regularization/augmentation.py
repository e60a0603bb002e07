"""The figure of the lesson on augmentation: one digit, one operation, and how strong it is."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from dlcourse import data, plots
from dlcourse.arrays import Array
from dlcourse.checks import choice, number
from dlcourse.scratch.augmentation import (
    add_noise,
    contrast,
    cutout,
    draw_displacement,
    elastic_deformation,
    flip,
    mixup,
    rotate,
    shear,
    translate,
)

STEPS = 3
"""The largest strength."""


@functools.cache
def digit(label: int) -> Array:
    """The first test image with this label, (1, 1, 8, 8)."""
    x, y = data.load(flat=False).test
    return np.asarray(x[y == label][:1])


def _turn(x: Array, share: float) -> tuple[Array, str]:
    return rotate(x, 180 * share), f"{180 * share:g}°"


def _shift(x: Array, share: float) -> tuple[Array, str]:
    return translate(x, 0, 4 * share), f"{4 * share:g} pixels"


def _shear(x: Array, share: float) -> tuple[Array, str]:
    return shear(x, 60 * share), f"{60 * share:g}°"


def _mirror(x: Array, share: float) -> tuple[Array, str]:
    return flip(x, share > 0), "mirrored" if share else "as it is"


def _elastic(x: Array, share: float) -> tuple[Array, str]:
    pull = draw_displacement(x.shape, 12 * share, 1.5, np.random.default_rng(3))
    return elastic_deformation(x, pull), f"pulled by up to {abs(pull).max():.1f} pixels"


def _contrast(x: Array, share: float) -> tuple[Array, str]:
    return contrast(x, 1 - share), f"contrast times {1 - share:g}"


def _noise(x: Array, share: float) -> tuple[Array, str]:
    return add_noise(x, np.random.default_rng(4).normal(size=x.shape), share), f"σ = {share:g}"


def _cutout(x: Array, share: float) -> tuple[Array, str]:
    side = round(8 * share)
    return cutout(x, 4, 4, side), f"{side} × {side} of 8 × 8 pixels"


def _mixup(x: Array, share: float) -> tuple[Array, str]:
    two = np.concatenate([x, digit(3)])
    lam = 1 - share
    return mixup(two, np.eye(2), lam, [1, 0])[0][:1], f"{lam:.0%} six, {share:.0%} three"


OPERATIONS: dict[str, Callable[[Array, float], tuple[Array, str]]] = {
    "turn": _turn,
    "shift": _shift,
    "shear": _shear,
    "mirror": _mirror,
    "elastic": _elastic,
    "contrast": _contrast,
    "noise": _noise,
    "cutout": _cutout,
    "mixup": _mixup,
}
"""What is done to the digit at a share in [0, 1] of the most, and how that is said."""


def changed(operation: str, strength: int) -> tuple[Array, str]:
    """The six after it, (1, 1, 8, 8), and the strength in words.

    >>> changed("turn", 3)[1], changed("mixup", 0)[1]
    ('180°', '100% six, 0% three')
    """
    choice("operation", operation, OPERATIONS)
    return OPERATIONS[operation](digit(6), number("strength", strength, 0, STEPS) / STEPS)


def digit_picture(operation: str, strength: int) -> Figure:
    """A six before and after.

    Parameters
    ----------
    operation : a key of ``OPERATIONS``
    strength : 0 to 3, thirds of the most
    """
    fig, axes = plots.new_figure(5.6, 2.9, columns=2, layout=None)
    fig.subplots_adjust(left=0.02, right=0.98, bottom=0.03, top=0.88, wspace=0.08)
    after, words = changed(operation, strength)
    for ax, image, title in zip(axes, (digit(6), after), ("a six", words), strict=True):
        ax.imshow(image[0, 0], cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title)
        ax.set_axis_off()
    return fig
