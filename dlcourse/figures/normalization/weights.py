"""Figures of the lesson on weight normalization and its neighbours: from their values to a drawing.

They live here and not in the lesson because they explain nothing: the lesson has the formula,
these have the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.plots.labels import ink_of
from dlcourse.problems.directions import Unit, normed_descent
from dlcourse.scratch.normalization import local_response_norm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE = "#0072b2", "#d55e00"
FLAT = Unit(np.diag([10.0, 1.0])[None], np.array([[1.0, 0.0]]), np.array([[-0.5, 0.75**0.5]]))
"""Curvatures 10 and 1, the goal along the steep axis, the start 120 degrees away, both of length 1.
"""
STEPS = 100
LOUD, QUIET, PLACE = 8.0, 1.0, 7
ACTIVE = np.array(
    [1.3, 0.6, 1.0, 0.8, 1.2, 0.9, 1.1, QUIET, 1.4, 0.7, 1.0, 0.9, 1.2, 0.5, 1.1, 0.8]
)
"""Activations of 16 channels at one place, before one of them becomes loud."""


def turned(rate: float, length: float) -> tuple[Any, Any]:
    """The angle to the goal in degrees and ‖v‖, after 0 to 100 steps on v alone, g held at 1.

    ``rate`` is in units of the largest that plain descent survives, 2/10.
    """
    path = normed_descent(FLAT, rate * 0.2, STEPS, length, rate_g=0.0)
    w = path.w[:, 0]
    return np.degrees(np.arctan2(abs(w[:, 1]), w[:, 0])), path.length[:, 0]


def turning(rate: float, length: float = 1.0) -> Figure:
    """Left the angle to the goal, right the length of v, step by step."""
    angle, long = turned(rate, length)
    fig, (left, right) = plots.new_figure(6.4, 2.9, 1, 2, layout=None)
    fig.subplots_adjust(left=0.1, right=0.98, bottom=0.18, top=0.86, wspace=0.28)
    left.plot(angle, "o-", color=BLUE, markersize=2.5, linewidth=1)
    right.plot(long, color=ORANGE)
    left.set(xlabel="step", ylabel="degrees to the goal", ylim=(-5, 185), xlim=(-1, STEPS))
    left.set_yticks((0, 60, 120, 180))
    right.set(xlabel="step", ylabel="length of v (log axis)", yscale="log", ylim=(0.2, 500))
    right.set_xlim(-1, STEPS)
    there = np.flatnonzero(angle > 5)[-1] + 1
    words = f"There after {there} steps" if there <= STEPS else f"Not there after {STEPS} steps"
    left.set_title(words)
    right.set_title(f"‖v‖ from {long[0]:.2g} to {long[-1]:.2g}")
    return fig


def response(size: int, alpha: float, k: float) -> tuple[Any, Any]:
    """The 16 channels after LRN with the paper's α: one of them quiet, and the same one loud."""
    quiet = ACTIVE[None]
    loud = quiet.copy()
    loud[0, PLACE] = LOUD
    return tuple(local_response_norm(x, size, size * alpha, k=k)[0][0] for x in (quiet, loud))


def inhibition(size: int = 5, alpha: float = 0.1, k: float = 2.0) -> Figure:
    """What a loud channel does to its neighbours: bars of all channels, quiet ones behind."""
    before, after = response(size, alpha, k)
    fig, ax = plots.new_figure(5.8, 3.0, layout=None)
    fig.subplots_adjust(left=0.1, right=0.98, bottom=0.17, top=0.87)
    place = np.arange(len(before))
    ax.bar(place, before, 0.8, color="#dddddd")
    colors = [ORANGE if i == PLACE else BLUE for i in place]
    ax.bar(place, after, 0.45, color=colors)
    ax.text(PLACE + 0.7, 4.6, "the loud one", color=ink_of(ORANGE), fontsize=9)
    ax.text(-0.6, 4.6, "grey: before it was loud", color="#444444", fontsize=9)
    ax.set(xlabel="channel", ylabel="output", ylim=(0, 5.2), xlim=(-0.8, 15.8))
    beside = 1 - after[PLACE + 1] / before[PLACE + 1]
    ax.set_title(f"Its neighbour loses {beside:.1%}")
    return fig
