"""How a deep network's three scales change while it learns, as a figure that answers sliders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice, fail, integer
from dlcourse.plots.labels import ink_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#791f6c", "#0072b2", "#054f25", "#d55e00", "#ee4351")
NAMES = {
    "activations": "norm of the activations (log axis)",
    "gradients": "norm of the weight gradients (log axis)",
    "weights": "weight variance times inputs",
}


def scales_by_layer(
    track: Mapping[str, Array], starts: Sequence[float], epoch: int, scale: str
) -> Figure:
    """One of the three scales, layer by layer, of every start after so many epochs.

    Parameters
    ----------
    track : {"activations": array (epochs + 1, layers, starts, runs), …}, all > 0
    starts : the c of each start
    epoch : 0 is the start
    scale : "activations", "gradients" or "weights"
    """
    choice("scale", scale, NAMES)
    values = np.asarray(track[scale])
    if values.ndim != 4 or values.shape[2] != len(starts):
        fail("track", f"of arrays (epochs + 1, layers, {len(starts)}, runs)", values)
    if integer("epoch", epoch, 0) >= len(values):
        fail("epoch", f"below {len(values)}", epoch)
    seen = values if scale == "weights" else np.log10(values)
    median = np.median(seen, axis=-1)  # (epochs + 1, layers, starts)
    fig, ax = plots.new_figure(5.6, 3.3, layout=None)
    fig.subplots_adjust(left=0.13, right=0.85, top=0.88, bottom=0.15)
    layers = np.arange(1, values.shape[1] + 1)
    low, high = median.min(), median.max()
    room = 0.06 * (high - low)
    for i in range(len(starts)):
        ax.plot(layers, median[0, :, i], ":", color=COLORS[i], linewidth=1.2, label="_start")
        ax.plot(layers, median[epoch, :, i], color=COLORS[i])
    line = 0.065 * (high - low + 2 * room)
    place = -np.inf
    for i in np.argsort(median[epoch, -1]):
        place = max(median[epoch, -1, i], place + line)  # no two names touch
        words, ink = f"c = {starts[i]:g}", ink_of(COLORS[i])
        ax.text(layers[-1] + 0.7, place, words, color=ink, fontsize=9, va="center")
    ax.set(xlim=(0.5, layers[-1] + 0.5), ylim=(low - room, high + room))
    if scale != "weights":
        powers = np.arange(np.ceil(low - room), np.floor(high + room) + 1)
        ax.set_yticks(powers, [f"{10.0**p:g}" for p in powers])
    ax.set(xlabel="hidden layer (dotted: at the start)", ylabel=NAMES[scale])
    ax.set_xticks([1, *range(5, layers[-1] + 1, 5)])
    ax.set_title(_finding(median, scale, epoch), y=1)
    return fig


def _finding(median: Array, scale: str, epoch: int) -> str:
    """Whether the outermost starts are still apart, in words that last digits cannot turn."""
    if epoch == 0:
        return f"{scale.capitalize()} at the start"
    apart = median if scale != "weights" else np.log10(median)
    then, now = (float((apart[t, :, -1] - apart[t, :, 0]).mean()) for t in (0, epoch))
    left = "still apart" if now > then / 2 else "come together"
    return f"{scale.capitalize()} after {epoch} epoch{'s' * (epoch > 1)}: {left}"
