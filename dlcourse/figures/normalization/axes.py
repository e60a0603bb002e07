"""Figures of the lesson on axes: a block of numbers, and which of them are normalized together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.scratch.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHAPE = (4, 6, 2, 2)
"""Images, channels, rows and columns of places."""
IMAGE, CHANNEL, OTHER, GROUPS = 1, 2, 3, 3
TOGETHER, CHANGED, IDLE = "#0072b2", "#d55e00", "#e4e4e4"
APART = 6.8
"""How far to the right the second block begins."""

METHODS: dict[str, Callable[[Array], Array]] = {
    "batch": lambda x: batch_norm(x, None, None, eps=0.0)[0],
    "layer": lambda x: layer_norm(x, None, None, eps=0.0, axes=3)[0],
    "RMS": lambda x: rms_norm(x, None, eps=0.0, axes=3)[0],
    "group": lambda x: group_norm(x, None, None, GROUPS, eps=0.0)[0],
    "instance": lambda x: instance_norm(x, None, None, eps=0.0)[0],
}
"""What becomes of a block (n, c, h, w); "group" has three groups of two channels."""


def _scaled(x: Array) -> None:
    x[IMAGE] *= 3


def _shifted(x: Array) -> None:
    x[IMAGE] += 3


def _channel(x: Array) -> None:
    x[IMAGE, CHANNEL] = 3 * x[IMAGE, CHANNEL] + 3


def _replaced(x: Array) -> None:
    x[OTHER] = np.cos(7 * np.arange(x[OTHER].size)).reshape(x[OTHER].shape)


def _gain(x: Array) -> None:
    x[:, CHANNEL] *= 3


CHANGES: dict[str, Callable[[Array], None]] = {
    "image × 3": _scaled,
    "image + 3": _shifted,
    "one map × 3 + 3": _channel,
    "channel × 3": _gain,
    "another image": _replaced,
}
"""What is done to the block; the image is the second, the channel the third."""


def block() -> Array:
    """Numbers without any pattern, (4, 6, 2, 2)."""
    return np.random.default_rng(8).normal(size=SHAPE)


@functools.cache
def together(method: str) -> Array:
    """Which numbers are normalized with the first one of the second image's third channel.

    Found out, not looked up: those on which it depends when they move a little.

    >>> int(together("instance").sum()), int(together("layer").sum())
    (4, 24)
    """
    norm, x = METHODS[choice("method", method, METHODS)], block()
    place, found = (IMAGE, CHANNEL, 0, 0), np.zeros(SHAPE, bool)
    before = norm(x)[place]
    for index in np.ndindex(*SHAPE):
        moved = x.copy()
        moved[index] += 0.1
        found[index] = abs(norm(moved)[place] - before) > 1e-9
    return found


def changed(method: str, change: str) -> Array:
    """Which outputs are others after the change, (4, 6, 2, 2).

    >>> bool(changed("layer", "image × 3").any())
    False
    """
    norm, x = METHODS[choice("method", method, METHODS)], block()
    before = norm(x)
    CHANGES[choice("change", change, CHANGES)](x)
    return np.asarray(abs(norm(x) - before) > 1e-9)


def touched(change: str) -> Array:
    """Which numbers the change touches, (4, 6, 2, 2)."""
    x = block()
    CHANGES[choice("change", change, CHANGES)](x)
    return np.asarray(x != block())


def block_picture(method: str, change: str) -> Figure:
    """Left the numbers normalized together with the dotted one, right the outputs that change.

    Parameters
    ----------
    method : a key of ``METHODS``
    change : a key of ``CHANGES``; what it touches has a frame
    """
    fig, ax = plots.new_figure(5.6, 2.8, layout=None)
    fig.subplots_adjust(left=0.07, right=0.99, bottom=0.07, top=0.99)
    shared, new, frames = together(method), changed(method, change), touched(change).any((2, 3))
    for mask, color, offset in ((shared, TOGETHER, 0), (new, CHANGED, APART)):
        for on, face in ((mask, color), (~mask, IDLE)):
            corners = np.array([_corner(index, offset) for index in np.argwhere(on)])
            if len(corners):
                ax.add_patch(_squares(corners, face))
    x, y = _corner((IMAGE, CHANNEL, 0, 0))
    ax.plot([x + 0.2], [y + 0.2], "o", color="#ffffff", markersize=4)
    for n, c in np.argwhere(frames):
        x, y = _corner((n, c, 0, 0), APART)
        frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 0.97 + (x - 0.07, y - 0.07)
        ax.plot(*frame.T, color="#222222", lw=1)
    heads = f"{method}: {int(shared.sum())} together", f"{int(new.sum()) or 'No'} outputs change"
    for offset, head in zip((0, APART), heads, strict=True):
        ax.text(offset, -0.3, head, fontsize=10, fontweight="bold")
        ax.text(offset + 2.9, 4.35, "channels", ha="center", fontsize=10)
    ax.text(-0.25, 1.9, "images", rotation=90, va="center", ha="right", fontsize=10)
    ax.set(xlim=(-0.1, APART + SHAPE[1]), ylim=(4.5, -0.75))
    ax.set_axis_off()
    return fig


def _corner(index: Any, offset: float = 0) -> tuple[float, float]:
    """Where a number's square begins: images go down, channels to the right."""
    n, c, i, j = index
    return offset + c + 0.43 * j, n + 0.43 * i


def _squares(corners: Array, color: str) -> Any:
    """Squares with these corners as one path."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    turn = 0.4 * np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    points = (corners[:, None] + turn).reshape(-1, 2)
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(corners)
    return PathPatch(Path(points, codes), facecolor=color, edgecolor="none")
