"""Figure of the lesson on saddles: four methods leave x² − y², which may be turned in its axes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import checks, plots
from dlcourse.arrays import Array
from dlcourse.problems.saddle_walks import steps_out, turned, walk_off
from dlcourse.scratch.optimizers import SGD, Adam, RMSprop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS: dict[str, Callable[[Array], Any]] = {
    "gradient descent": lambda theta: SGD(theta, lr=0.01),
    "momentum": lambda theta: SGD(theta, lr=0.01, momentum=0.9),
    "RMSprop": lambda theta: RMSprop(theta, lr=0.01),
    "Adam": lambda theta: Adam(theta, lr=0.01),
}
COLORS = dict(zip(METHODS, ("sgd", "momentum", "rmsprop", "adam"), strict=True))
STEPS = 1_400
LIMIT = 1.3


@functools.cache
def path_of(method: str, angle: float, offset: float) -> Array:
    """Where the method is, in the axes of the saddle, until it is out."""
    path = walk_off(METHODS[method], np.array([[1.0, offset]]), STEPS, angle=angle)
    return path[: int(steps_out(path)[0]) + 1, 0]


def off_the_saddle(method: str, angle: float, offset: float) -> Figure:
    """Left the path over the saddle, right the distance along the way down, on log axes.

    Parameters
    ----------
    method : a key of ``METHODS``
    angle : of the saddle against the axes of the parameters, in degrees
    offset : how far beside the ridge it starts
    """
    checks.choice("method", method, METHODS)
    path, turn = path_of(method, angle, offset), turned(angle)
    color = plots.METHODS[COLORS[method]].color
    fig, (left, right) = plots.new_figure(5.8, 3.0, 1, 2, layout=None)
    left.set_position((0.09, 0.17, 0.38, 0.71))
    right.set_position((0.6, 0.17, 0.37, 0.71))
    t = np.linspace(-1.6, 1.6, 41)
    for level in (0.1, 0.5, 1.2):
        for sign in (1, -1):
            up = np.stack([sign * np.cosh(t), np.sinh(t)], -1) * np.sqrt(level)
            left.plot(*(up @ turn.T).T, color="#b5b5b5", linewidth=0.7)
            left.plot(*(up[:, ::-1] @ turn.T).T, color="#b5b5b5", linewidth=0.7, ls="--")
    seen = path @ turn.T
    few = np.unique(np.geomspace(1, len(path), 60).astype(int)) - 1
    left.plot(*seen[few].T, color=color, marker=".", markersize=4, linewidth=1.2)
    left.plot(0, 0, marker="+", markersize=9, color="#000000")
    left.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    left.set(xlabel="first parameter", ylabel="second parameter")
    left.grid(False)
    right.plot(np.arange(1, len(path))[few[1:] - 1], abs(path[few[1:], 1]), color=color)
    right.axhline(1.0, color="#222222", linewidth=0.8)
    right.set(xscale="log", yscale="log", xlim=(1, STEPS), ylim=(offset / 3, 3))
    right.minorticks_off()
    right.set(xlabel="step (log axis)", ylabel="way down (log axis)")
    left.set_title(f"{method}: out after {len(path) - 1} steps")
    return fig
