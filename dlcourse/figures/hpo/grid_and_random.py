"""Figures of the lesson on grid and random search: trials, and what each axis shows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.problems.projections import centers, regret
from dlcourse.scratch.hpo import sobol
from dlcourse.scratch.hpo.quasi import BITS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"grid": "#d55e00", "random": "#0072b2", "Sobol'": "#009e73"}
OPTIMA = np.random.default_rng(11).random((2000, 2))


def points_of(way: str, trials: int, rng: np.random.Generator, runs: int | None = None) -> Array:
    """Trials in the unit square, (n, 2); with ``runs`` (runs, n, 2), or (1, n, 2) for a grid.

    Sobol' points have a digital shift of their own in every run, as in the package's search.

    Parameters
    ----------
    way : a key of ``COLORS``
    trials : n; a square number for a grid
    """
    many = runs or 1
    if way == "grid":
        points = centers(round(trials**0.5), 2)[None]
    elif way == "random":
        points = rng.random((many, trials, 2))
    else:
        shifts = rng.integers(2**BITS, size=(many, 2))
        points = np.stack([sobol(i, 2, shifts) for i in range(trials)], 1)
    return points if runs else points[0]


def trials_picture(way: str, second: float, trials: int = 16) -> Figure:
    """The trials in the square, what is left of them on each axis, and how near the best one comes.

    Parameters
    ----------
    way : a key of ``COLORS``
    second : how much the second dimension matters, beside 1 for the first
    trials : a square number
    """
    points = points_of(choice("way", way, COLORS), trials, np.random.default_rng(3))
    many = points_of(way, trials, np.random.default_rng(4), len(OPTIMA))
    far = regret(many, OPTIMA, [1, second]).mean()
    fig, ax = plots.new_figure(4.2, 4.2, layout=None)
    fig.subplots_adjust(left=0.1, right=0.86, bottom=0.1, top=0.8)
    color = COLORS[way]
    ax.plot(*points.T, "o", color=color, markersize=6)
    ax.plot(points[:, 0], np.full(trials, 1.04), "|", color=color, markersize=11, clip_on=False)
    ax.plot(np.full(trials, 1.04), points[:, 1], "_", color=color, markersize=11, clip_on=False)
    seen = len(np.unique(points[:, 0].round(9)))
    ax.text(0.5, 1.09, f"{seen} values", ha="center", fontsize=10, color=ink_of(color))
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    ax.set_xlabel("matters: 1")
    ax.set_ylabel(f"matters: {second:g}")
    fig.suptitle(f"{seen} values of {trials}; {far:.3f} above the best", y=0.96)
    return fig
