"""Figures of the lesson on momentum: one function a figure, from its values to a drawing.

They live here and not in the lesson because they explain nothing: the lesson has the formula,
these have the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.plots.labels import ink_of
from dlcourse.problems import (
    Quadratic,
    gradient_descent_optimum,
    heavy_ball_optimum,
    momentum_matrix,
    walk,
)
from dlcourse.scratch.optimizers import SGD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 45
FLOOR, WALL = "#a6440a", "#0072b2"  # the two coordinates of a valley, in both halves of a figure


def valley_and_circle(kappa: float, lr: float, beta: float) -> Figure:
    """Left the path of momentum in a valley, right the eigenvalues of each of its two coordinates.

    Parameters
    ----------
    kappa : condition number; the wall has curvature 1, the floor 1 / kappa
    lr, beta : of the step; with curvature 1, ``lr`` is η λ of the wall
    """
    valley = Quadratic([1 / kappa, 1.0])
    values = np.linalg.eigvals(momentum_matrix(lr, beta, valley.curvatures)).astype(complex)
    start = np.array([10.0, 1.0])
    path = walk(SGD(start, lr=lr, momentum=beta), valley.grad, STEPS)
    path = path[: int(np.argmax((np.abs(path) > 60).any(-1))) or None]
    fig, (left, right) = plots.new_figure(5.8, 3.0, 1, 2, layout=None)
    left.set_position((0.11, 0.17, 0.46, 0.71))
    right.set_position((0.69, 0.17, 0.3, 0.71))
    _contours(left, kappa)
    look = plots.METHODS["momentum" if beta else "sgd"]
    left.plot(*path.T, color=look.color, marker=".", markersize=4, linewidth=1.2)
    left.plot(0, 0, marker="*", markersize=11, color="#000000")
    left.set(xlim=(-9, 11), ylim=(-1.7, 1.7), xlabel="along the floor", ylabel="wall to wall")
    left.grid(False)
    _circle(right, values, beta)
    left.set_yticks((-1, 0, 1))
    left.set_title(_finding(float(np.abs(values).max())))
    return fig


def _finding(radius: float) -> str:
    if radius > 1 + 1e-9:
        return f"Each step multiplies the error by {radius:.2f}: it diverges"
    if radius > 1 - 1e-9:
        return "The error neither grows nor shrinks"
    count = np.log(1e-3) / np.log(radius)
    return f"A step leaves {radius:.3f} of the error, {count:.0f} leave a thousandth"


def _contours(ax: Any, kappa: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 73)
    for share in (0.01, 0.09, 0.25, 0.55, 1.0, 1.6):
        radius = np.sqrt(share * (100 / kappa + 1))
        x, y = radius * np.sqrt(kappa) * np.cos(angle), radius * np.sin(angle)
        ax.plot(x, y, color="#b5b5b5", linewidth=0.7, zorder=1)


def _circle(ax: Any, values: Any, beta: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 73)
    ax.plot(np.cos(angle), np.sin(angle), color="#222222", linewidth=1)
    root = np.sqrt(beta)
    ax.plot(root * np.cos(angle), root * np.sin(angle), color="#777777", linewidth=0.8, ls="--")
    for pair, color, mark, name in (
        (values[0], FLOOR, "o", "floor"),
        (values[1], WALL, "s", "wall"),
    ):
        if not beta:  # without momentum the velocity only adds a zero
            pair = pair[[np.argmax(np.abs(pair))]]
        shown = np.clip(pair.real, -1.6, None)
        ax.plot(shown, pair.imag, linestyle="", marker=mark, color=color, markersize=7)
        place = shown[np.argmax(np.abs(shown))], pair.imag.max()
        text = name if np.abs(pair).max() <= 1.6 else f"{name}, at {pair.real.min():.1f}"
        inside = (-4 if place[0] > 0.5 else 0, 8)  # not across the unit circle
        ax.annotate(
            text, place, inside, textcoords="offset points", color=ink_of(color), fontsize=9,
            ha="right" if place[0] > 0.5 else "left" if place[0] < -0.5 else "center",
        )  # fmt: skip
    ax.set(xlim=(-1.75, 1.2), ylim=(-1.2, 1.35), aspect="equal")
    ax.set(xlabel="real part", ylabel="imaginary part", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.text(0, -0.12, "dashed:\nradius √β", ha="center", va="top", color="#555555", fontsize=8)
    ax.grid(False)


def regimes(kappa: float) -> Figure:
    """Map of what one coordinate does, steepness η λ against memory β, with three valleys on it.

    Parameters
    ----------
    kappa : condition number: each valley is a bar from its floor to its wall, so many times as far
    """
    fig, ax = plots.new_figure(5.8, 3.5)
    beta = np.linspace(0, 1, 400)
    root = np.sqrt(beta)
    edges = ((1 - root) ** 2, (1 + root) ** 2, 2 * (1 + beta))
    ax.fill_betweenx(beta, edges[0], edges[1], color="#dbe9f6", linewidth=0)
    ax.fill_betweenx(beta, edges[2], 16, color="#dddddd", linewidth=0)
    for edge in edges:
        ax.plot(edge, beta, color="#777777", linewidth=0.8)
    for (name, method, mark), (lr, memory) in zip(BARS, bars(kappa), strict=True):
        color = plots.METHODS[method].color
        ax.plot([lr / kappa, lr], [memory] * 2, marker=mark, color=color, linewidth=2, markersize=6)
        place = (lr / kappa, memory)
        ax.annotate(
            name, place, (-7, 0 if mark != "s" else -7), textcoords="offset points",
            color=ink_of(color), fontsize=8.5, ha="right", va="center",
        )  # fmt: skip
    for x, y, word in ((0.004, 0.35, "creeps"), (0.9, 0.9, "rings"), (6.5, 0.3, "diverges")):
        ax.text(x, y, word, fontsize=9, color="#444444", ha="center")
    ax.annotate(
        "zigzags", (1.75, 0.03), (0.35, 0.11), fontsize=9, color="#444444", ha="right",
        arrowprops={"arrowstyle": "-", "color": "#777777", "linewidth": 0.8},
    )  # fmt: skip
    ax.set(xscale="log", xlim=(0.0006, 16), ylim=(-0.05, 1), ylabel="memory β")
    ax.set_xlabel("steepness ηλ (log axis)")
    ax.set_title("Memory lifts the valley into the window")
    ax.grid(False)
    return fig


BARS = (
    ("no memory", "sgd", "o"),
    ("memory at the same rate", "momentum", "^"),
    ("memory and the longer step", "momentum", "s"),
)


def bars(kappa: float) -> list[tuple[float, float]]:
    """(η, β) of the three, for a wall of curvature 1.

    Examples
    --------
    >>> [(round(float(lr), 3), round(float(beta), 3)) for lr, beta in bars(9.0)]
    [(1.8, 0.0), (1.8, 0.306), (2.25, 0.25)]
    """
    lr, _ = gradient_descent_optimum(1 / kappa, 1.0)
    longer, most, _ = heavy_ball_optimum(1 / kappa, 1.0)
    return [(lr, 0.0), (lr, (1 - np.sqrt(lr / kappa)) ** 2), (longer, most)]
