"""The figure of the lesson on sharp and flat minima: one function, a valley full of minima."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.checks import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EPSILON = 0.1
"""Of Keskar's box, whose half sides are ε (|w| + 1)."""
RELATIVE = 0.1
"""Of the box in units of each weight, whose half sides are ρ |w|."""
VALLEY, KESKAR, OWN = "#0072b2", "#d55e00", "#009e73"


def curvature(a: float) -> float:
    """The largest eigenvalue of the Hessian of (w₁w₂ - 1)² at its minimum (a, 1/a).

    >>> curvature(1.0), curvature(2.0)
    (4.0, 8.5)
    """
    return float(2 * (a**2 + 1 / a**2))


def rise(a: float, sides: tuple[float, float]) -> float:
    """The highest value of (w₁w₂ - 1)² in a box around (a, 1/a) with these half sides.

    It is at a corner, for along each side the function is a parabola that opens upward.

    >>> round(rise(1.0, (0.1, 0.1)), 6), round(rise(4.0, (0.4, 0.025)), 6)
    (0.0441, 0.0441)
    """
    corners = [(a + s * sides[0]) * (1 / a + t * sides[1]) for s in (-1, 1) for t in (-1, 1)]
    return float(max((place - 1) ** 2 for place in corners))


def half_sides(a: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Those of Keskar's box and of the box in units of each weight."""
    w = (a, 1 / a)
    keskar, own = [EPSILON * (one + 1) for one in w], [RELATIVE * one for one in w]
    return (keskar[0], keskar[1]), (own[0], own[1])


def valley_picture(a: float) -> Figure:
    """The minima of (w₁w₂ - 1)², one of them, and both boxes around it.

    Parameters
    ----------
    a : w₁, from 1 to 4; w₂ is 1/a, and the network w₂w₁x is the same
    """
    number("a", a, 1.0, 4.0)
    keskar, own = half_sides(a)
    fig, ax = plots.new_figure(5.4, 3.1, layout=None)
    fig.subplots_adjust(left=0.11, right=0.98, bottom=0.16, top=0.88)
    x, y = np.meshgrid(np.linspace(0.4, 4.8, 160), np.linspace(0.02, 1.6, 120))
    ax.contour(x, y, (x * y - 1) ** 2, [0.02, 0.1, 0.4], colors=VALLEY, linewidths=0.8, alpha=0.6)
    along = np.linspace(0.6, 4.8, 120)
    ax.plot(along, 1 / along, color=VALLEY, lw=2)
    for sides, color in ((keskar, KESKAR), (own, OWN)):
        left, right, low, high = a - sides[0], a + sides[0], 1 / a - sides[1], 1 / a + sides[1]
        ax.fill([left, right, right, left], [low, low, high, high], color=color, alpha=0.25, lw=0)
        ax.plot([left, right, right, left, left], [low, low, high, high, low], color=color, lw=1.3)
    ax.plot([a], [1 / a], "o", color="#222222", markersize=5)
    said = [
        (f"curvature {curvature(a):.1f}", "#222222"),
        (f"Keskar's box: up to {rise(a, keskar):.2f}", KESKAR),
        (f"in units of each weight: up to {rise(a, own):.2f}", OWN),
    ]
    for line, (text, color) in enumerate(said):
        ink = plots.ink_of(color)
        ax.text(0.98, 0.95 - 0.1 * line, text, transform=ax.transAxes, ha="right", va="top",
                color=ink, fontsize=9)  # fmt: skip
    ax.set(xlim=(0.4, 4.8), ylim=(0, 1.6), xlabel="w₁", ylabel="w₂")
    ax.set_title(f"({a:g}, {1 / a:.2g}) is the same network, {curvature(a) / 4:.2g} times as sharp"
                 if a > 1 else "(1, 1) is the flattest of the minima", fontsize=10)  # fmt: skip
    return fig
