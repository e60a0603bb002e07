"""The figure of the lesson on penalties: where a loss and a penalty meet."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.scratch.regularization import elastic_net, elastic_net_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FREE = np.array([1.6, 0.5])
"""Where the loss alone would put the two weights."""
PENALTIES = {"L1": 1.0, "L1 + L2": 0.5, "L2": 0.0}
"""The share of L1 in each."""
LOSS, PENALTY, BEST = "#0072b2", "#d55e00", "#222222"
STRENGTHS = tuple(np.concatenate([[0.0], np.geomspace(0.01, 4.0, 40)]).tolist())
"""The coefficients along the way from the loss's own minimum towards 0."""


def curvature(alike: float) -> Array:
    """The loss is ½ (w − free)ᵀ H (w − free), H the covariance of two columns so correlated."""
    return np.array([[1.0, alike], [alike, 1.0]])


@functools.cache
def optima(penalty: str, alike: float, strengths: tuple[float, ...]) -> Array:
    """The minimum of loss and penalty for each coefficient, (m, 2).

    >>> optima("L1", 0.0, (0.0, 0.75)).round(6).tolist()
    [[1.6, 0.5], [0.85, 0.0]]
    """
    ratio = PENALTIES[choice("penalty", penalty, PENALTIES)]
    x = np.sqrt(2) * np.linalg.cholesky(curvature(alike)).T  # xᵀx/2 = H
    return elastic_net_path(x, x @ FREE, strengths, ratio)


def reach(penalty: str, point: Array) -> tuple[Array, Array]:
    """The curve on which the penalty is what it is at the point, in both coordinates."""
    ratio = PENALTIES[choice("penalty", penalty, PENALTIES)]
    angle = np.linspace(0, 2 * np.pi, 361)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    value = elastic_net(point, 1.0, ratio)[0]
    linear, square = ratio * abs(way).sum(-1), (1 - ratio) / 2
    if square:
        far = (np.sqrt(linear**2 + 4 * square * value) - linear) / (2 * square)
    else:
        far = value / linear
    curve = far[:, None] * way
    return curve[:, 0], curve[:, 1]


def meeting_picture(penalty: str, strength: float, correlation: float) -> Figure:
    """Curves of equal loss, the curve of equal penalty that touches one, and the way there.

    Parameters
    ----------
    penalty : a key of ``PENALTIES``
    strength : the coefficient λ
    correlation : of the two columns
    """
    best = optima(penalty, correlation, (strength,))[0]
    fig, ax = plots.new_figure(4.2, 3.4, layout=None)
    fig.subplots_adjust(left=0.13, right=0.98, bottom=0.16, top=0.88)
    ax.axhline(0, color="#bbbbbb", lw=0.8, zorder=0)
    ax.axvline(0, color="#bbbbbb", lw=0.8, zorder=0)
    for level in _levels(best, correlation):
        ax.plot(*_ellipse(level, correlation), color=LOSS, lw=1.0, alpha=0.75)
    ax.fill(*reach(penalty, best), color=PENALTY, alpha=0.18, lw=0)
    ax.plot(*reach(penalty, best), color=PENALTY, lw=1.4)
    ax.plot(*optima(penalty, correlation, STRENGTHS).T, color=BEST, lw=1.2, linestyle=":")
    ax.plot(*FREE, "o", color=LOSS, markersize=5)
    ax.plot(*best, "o", color=BEST, markersize=6)
    zeros = int((best == 0).sum())
    said = f"({_number(best[0])}, {_number(best[1])})" + ", one is 0" * (zeros == 1)
    ax.set_title(f"{penalty}: {said if zeros < 2 else 'both are 0'}", fontsize=10)
    ax.set(xlim=(-1.4, 2.6), ylim=(-1.5, 1.7), xlabel="w₁", ylabel="w₂")
    ax.set_aspect("equal", adjustable="box")
    return fig


def _levels(best: Array, alike: float) -> list[float]:
    """The loss's distances from its minimum to draw: the one that touches, and its neighbours."""
    away = best - FREE
    touching = float(np.sqrt(away @ curvature(alike) @ away))
    return [level for level in (0.35, touching, 1.5 * touching) if level > 0]


def _ellipse(level: float, alike: float) -> tuple[Array, Array]:
    angle = np.linspace(0, 2 * np.pi, 181)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    curve: Any = FREE[:, None] + level * np.linalg.solve(
        np.linalg.cholesky(curvature(alike)).T, circle
    )
    return curve[0], curve[1]


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:.2f}".replace("-", "−")
