"""The cliff in the loss of a recurrent unit, and a walk that meets it, as a figure with sliders."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice, number
from dlcourse.problems import one_unit, walk
from dlcourse.scratch.optimizers import SGD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

START, STEPS = (3.3, -1.3), 300
XLIM, YLIM = (1.3, 3.5), (-1.75, -0.55)
LEVELS = (0.001, 0.005, 0.02, 0.04, 0.06, 0.08, 0.12, 0.15, 0.18, 0.21)
THRESHOLDS = {"none": np.inf, "1": 1.0, "0.1": 0.1}
PATH = "#0072b2"


def cliff_path(rate: float, threshold: str) -> Array:
    """The places (w, b) of gradient descent from ``START``, (STEPS + 1, 2).

    Parameters
    ----------
    rate : of the step
    threshold : "none", "1" or "0.1": the norm to which the gradient is clipped
    """
    rate = number("rate", rate, 0, low_open=True)
    place = [*THRESHOLDS].index(choice("threshold", threshold, THRESHOLDS))
    return _paths(rate)[:, place].copy()


@functools.cache
def _paths(rate: float) -> Array:
    """The paths of all thresholds, walked side by side: (STEPS + 1, thresholds, 2)."""
    c = np.array([*THRESHOLDS.values()])
    theta = np.tile(START, (len(c), 1))
    return walk(SGD(theta, lr=rate), lambda p: _clipped(one_unit(p)[1], c), STEPS)


def _clipped(g: Array, c: Array) -> Array:
    """As ``clip_grad_norm``, in multiplications only: a sum of BLAS's would round by processor."""
    norm = np.sqrt(g[:, 0] * g[:, 0] + g[:, 1] * g[:, 1])
    return np.asarray(g * np.minimum(1.0, c / (norm + 1e-6))[:, None])


def draw_cliff(ax: Axes, levels: Any = LEVELS) -> Axes:
    """The contours of the loss over w and b, and the line on which it jumps."""
    plots.plot_trajectory(
        lambda w, b: one_unit(np.stack([w, b], axis=-1))[0], {}, ax=ax, xlim=XLIM, ylim=YLIM,
        levels=levels, resolution=60,
    )  # fmt: skip
    edge = np.array([2.0, XLIM[1]])  # below w = 2 the unit has one state, and no cliff
    ax.plot(edge, -edge / 2, color="#000000", linewidth=1.6, label="_edge")
    ax.set(xlabel="w, the weight from step to step", ylabel="b, the bias")
    return ax


def cliff_walk(rate: float, threshold: str) -> Figure:
    """Gradient descent on the map of the cliff, for a rate and a clipping threshold."""
    path = cliff_path(rate, threshold)
    loss, grad = one_unit(path)
    outside = ((path < (XLIM[0], YLIM[0])) | (path > (XLIM[1], YLIM[1]))).any(-1)
    gone = int(outside.argmax()) if outside.any() else len(path)
    fig, ax = plots.new_figure(5.4, 3.7, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, top=0.9, bottom=0.14)
    draw_cliff(ax)
    ax.plot(*path[: gone + 1].T, color=PATH, marker=".", markersize=4, linewidth=1)
    ax.plot(*START, marker="o", markersize=7, color=PATH)
    if gone == len(path):
        ax.plot(*path[-1], marker="s", markersize=6, color=PATH)
    ax.set(xlim=XLIM, ylim=YLIM)
    ax.text(1.4, -1.66, "loss about 0.2", color="#555555", fontsize=9)
    ax.text(2.75, -0.68, "loss about 0.1", color="#555555", fontsize=9)
    ax.set_title(_finding(path, loss, grad, gone))
    return fig


def _finding(path: Array, loss: Array, grad: Array, gone: int) -> str:
    if gone < len(path):
        w, b = path[gone]
        return f"Step {gone} throws it to w = {w:,.0f}, b = {b:,.0f}"
    steepest = np.linalg.norm(grad, axis=-1).max()
    return f"Steepest gradient {steepest:.2g}; loss at the end {loss[-1]:.2g}"
