"""Figures of the lesson on what controls generalization: polynomials of all degrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.problems.polynomials import GRID, TRUTHS, draw_points, fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {
    "degree 2": (2, 2.0),
    "degree 9": (9, 2.0),
    "degree 300": (300, 2.0),
    "degree 300, high ones cheap": (300, 0.0),
}
"""Degree and ``price`` of ``powers``, which matters where several polynomials fit."""
POINTS = (10, 100)
TRUE, FITTED = "#555555", "#d55e00"
LIMIT = 2.6


def says(off: float, degree: int, points: int) -> str:
    """What the distance from the truth is worth, beside the noise of 0.2."""
    if off > 0.3:
        return "Far from the truth"
    return "Through the points, near the truth" if degree >= points - 1 else "Near the truth"


def polynomial_picture(curve: str, points: int) -> Figure:
    """Noisy points of a parabola and the polynomial with the smallest weights through them.

    Parameters
    ----------
    curve : of ``CURVES``
    points : how many, of ``POINTS``
    """
    degree, price = CURVES[curve]
    x, y = draw_points(np.random.default_rng(3), points)
    line = fitted(x, y, degree, price)
    off = float(np.sqrt(np.mean((line - TRUTHS["parabola"](GRID)) ** 2)))
    fig, ax = plots.new_figure(5.6, 3.2, layout=None)
    fig.subplots_adjust(left=0.1, right=0.97, bottom=0.16, top=0.87)
    ax.plot(GRID, TRUTHS["parabola"](GRID), color=TRUE, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.plot(GRID, np.clip(line, -2 * LIMIT, 2 * LIMIT), color=FITTED, linewidth=1.8)
    ax.plot(x, y, "o", color="#222222", markersize=4)
    ax.set(xlim=(-1.03, 1.03), ylim=(-LIMIT, LIMIT), xlabel="x", ylabel="y")
    words = f"off the truth by {off:.{2 if off < 10 else 0}f}"
    ink, place = plots.ink_of(FITTED), {"transform": ax.transAxes, "ha": "center", "va": "top"}
    ax.text(0.5, 0.95, words, color=ink, fontsize=10, **place)
    ax.set_title(says(off, degree, points))
    return fig
