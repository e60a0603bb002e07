"""The figure of the lesson on the surface: two units, their two copies, and the pass between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import checks, plots
from dlcourse.arrays import Array
from dlcourse.plots.labels import ink_of
from dlcourse.problems.students import two_units

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = np.linspace(-3.2, 3.2, 65)
LEVELS = np.array([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0])
COPY, HALF = "#009e73", "#d55e00"


def pass_between(a: float, b: float) -> tuple[float, float]:
    """The best weight that both units can share, and the loss there: the lowest on the diagonal.

    >>> pass_between(1.0, 1.0)
    (1.0, 0.0)
    """
    low, high = sorted((a, b))
    for _ in range(12):  # a finer grid around the best of the last one
        shared = np.linspace(low, high, 41)
        losses: Array = two_units(np.stack([shared, shared], -1), a, b)
        best, width = shared[losses.argmin()], (high - low) / 20
        low, high = best - width, best + width
    return float(best), float(losses.min())


def copies_picture(a: float, b: float) -> Figure:
    """Contours of the loss over the two weights, both minima, and what lies half-way between.

    Parameters
    ----------
    a, b : the two weights that are to be learned, between -3 and 3
    """
    for name, value in {"a": a, "b": b}.items():  # beyond 3 a copy would lie off the picture
        if not -3 <= checks.scalar(name, value, -np.inf) <= 3:
            checks.fail(name, "in [-3, 3]", value)
    ground = two_units(np.stack(np.meshgrid(SIDE, SIDE), -1), a, b)
    fig, ax = plots.new_figure(4.4, 4.2, layout=None)
    fig.subplots_adjust(left=0.14, right=0.97, bottom=0.14, top=0.9)
    ax.contour(SIDE, SIDE, ground, LEVELS, colors="#999999", linewidths=0.8)
    ax.plot(SIDE[[0, -1]], SIDE[[0, -1]], color="#bbbbbb", lw=1, ls=":")
    ax.plot([a, b], [b, a], "o", color=COPY, markersize=8)
    half = (a + b) / 2
    height = float(two_units(np.array([half, half]), a, b))
    if a != b:
        ax.plot([a, b], [b, a], color=HALF, lw=1.2, ls="--")
        ax.plot([half], [half], "D", color=HALF, markersize=6)
        shared, _ = pass_between(a, b)
        ax.plot([shared], [shared], "x", color="#222222", markersize=8, mew=2)
        ax.text(half + 0.2, half - 0.45, "half-way", fontsize=9, color=ink_of(HALF))
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xlabel="weight of unit 1", ylabel="weight of unit 2")
    ax.set_aspect("equal")
    title = f"Two copies; half-way the loss is {height:.3f}" if a != b else "Equal units: one copy"
    ax.set_title(title)
    return fig
