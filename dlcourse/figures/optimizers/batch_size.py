"""The batch size as a figure that answers sliders: the same runs over updates, samples and time.

A bowl with thirty curvatures 1, 1/2, ..., 1/30, whose gradients have noise in proportion to the
curvature, needs no simulation: along each axis the mean square obeys v ← (1 - ηλ)² v + η²σ²/B.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlcourse import plots
from dlcourse.checks import choice, fail

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCHES = (1, 4, 16, 64, 256, 1024)
COUNTED = ("samples", "updates", "time")  # the slider starts in the middle
AT_ONCE = 32  # samples the machine of the third view works on side by side
TARGET = 0.02  # of the loss at the start
CURVATURE = 1 / np.arange(1, 31)
NOISE = 3.0 * CURVATURE
OTHERS, CHOSEN = "#b5b5b5", "#0072b2"


class Descent(NamedTuple):
    """The fastest run at one batch size: its rate, and its loss after ``step`` updates."""

    lr: float
    step: Any
    loss: Any


def loss_after(step: Any, lr: float, batch: int) -> Any:
    """The mean loss after ``step`` updates (t,), as a share of the loss at the start.

    >>> loss_after(np.array([0, 1]), 0.0, 1)
    array([1., 1.])
    """
    keeps = (1 - lr * CURVATURE) ** 2
    floor = lr * NOISE / (batch * CURVATURE * (2 - lr * CURVATURE))
    square = keeps ** np.asarray(step)[:, None] * (1 - floor) + floor
    return square @ CURVATURE / CURVATURE.sum()


@functools.cache
def fastest(batch: int) -> Descent:
    """The constant rate, of sixty, that brings the loss to ``TARGET`` in the fewest updates."""
    step = np.unique(np.geomspace(1, 8_000, 900).astype(int))
    best = Descent(0.0, np.arange(10**9, 10**9 + 2), np.ones(2))
    for lr in np.geomspace(1e-3, 1.9, 60):
        loss = loss_after(step, float(lr), batch)
        there = int(np.argmax(loss <= TARGET))
        if loss[there] <= TARGET and step[there] < best.step[-1]:
            best = Descent(float(lr), step[: there + 1], loss[: there + 1])
    return best


def cost_of(batch: int, counted: str) -> int:
    """What one update costs: 1, its samples, or the time of a machine with ``AT_ONCE`` places.

    >>> cost_of(64, "updates"), cost_of(64, "samples"), cost_of(64, "time"), cost_of(1, "time")
    (1, 64, 2, 1)
    """
    return {"updates": 1, "samples": batch, "time": -(-batch // AT_ONCE)}[counted]


def loss_by_batch(counted: str, batch: int) -> Figure:
    """The loss of six batch sizes, each at its best rate, over what is counted; one in color.

    Parameters
    ----------
    counted : "updates", "samples" or "time"
    batch : one of ``BATCHES``, the one to show in color
    """
    choice("counted", counted, COUNTED)
    if batch not in BATCHES:
        fail("batch", f"one of {BATCHES}", batch)
    fig, ax = plots.new_figure(5.4, 3.3, layout=None)
    fig.subplots_adjust(left=0.14, right=0.96, top=0.88, bottom=0.16)
    for one in sorted(BATCHES, key=lambda size: size == batch):
        run = fastest(one)
        keep = np.unique(np.geomspace(1, len(run.step), 40).astype(int)) - 1
        spent = run.step[keep] * cost_of(one, counted)
        look = {"color": CHOSEN, "linewidth": 2.2} if one == batch else {"color": OTHERS}
        # A log axis of matplotlib's takes twice the time.
        ax.plot(np.log10(spent), np.log10(run.loss[keep]), **look)
        ax.plot(np.log10(spent[-1]), np.log10(TARGET), "o", markersize=4, color=look["color"])
    ax.set(xlim=(-0.1, 4.5), ylim=(-1.8, 0.06), ylabel="share of the loss left (log axis)")
    ax.set_yticks(np.log10([0.02, 0.1, 1]), ("2%", "10%", "100%"))
    ax.set_xticks(range(5), ("1", "10", "100", "1,000", "10,000"))
    names = {"samples": "samples seen", "time": f"time, {AT_ONCE} samples side by side"}
    ax.set_xlabel(f"{names.get(counted, 'updates made')} (log axis)")
    count = int(fastest(batch).step[-1]) * cost_of(batch, counted)
    unit = "units of time" if counted == "time" else counted
    ax.set_title(f"Batch {batch} is there after {count:,} {unit}")
    return fig
