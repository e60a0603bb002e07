"""Figures of the lesson on early stopping: where a rule ends a stored curve, and two filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.scratch.regularization import early_stop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WATCHED, KEPT, STOPPED = "#0072b2", "#009e73", "#d55e00"
LOSS = np.array([
    2.260, 2.173, 2.067, 1.962, 1.893, 1.792, 1.759, 1.730, 1.714, 1.722, 1.687, 1.720, 1.686,
    1.666, 1.696, 1.689, 1.678, 1.704, 1.700, 1.664, 1.701, 1.704, 1.708, 1.711, 1.714, 1.705,
    1.729, 1.748, 1.755, 1.781, 1.784, 1.815, 1.799, 1.816, 1.836, 1.852, 1.811, 1.887, 1.890,
    1.893,
])  # fmt: skip
ERROR = np.array([
    0.80, 0.70, 0.69, 0.61, 0.55, 0.48, 0.49, 0.49, 0.48, 0.46, 0.47, 0.48, 0.48, 0.45, 0.47,
    0.46, 0.46, 0.46, 0.46, 0.46, 0.47, 0.48, 0.46, 0.48, 0.48, 0.47, 0.49, 0.47, 0.47, 0.49,
    0.51, 0.48, 0.48, 0.49, 0.49, 0.48, 0.47, 0.50, 0.48, 0.48,
])  # fmt: skip
MISREAD = np.array([
    0.720, 0.626, 0.542, 0.434, 0.328, 0.274, 0.226, 0.202, 0.194, 0.176, 0.186, 0.164, 0.178,
    0.166, 0.164, 0.192, 0.156, 0.166, 0.176, 0.152, 0.182, 0.176, 0.184, 0.182, 0.198, 0.180,
    0.200, 0.198, 0.194, 0.206, 0.212, 0.202, 0.210, 0.224, 0.202, 0.226, 0.212, 0.238, 0.224,
    0.236,
])  # fmt: skip
"""One run of the lesson, 40 epochs: loss and share misread of 100 held-out images under labels of
which three in ten are wrong, and the share misread of 500 new images under the right ones."""
CURVES: dict[str, Array] = {"loss": LOSS, "error": ERROR}


def stop_picture(watch: str, patience: int, min_delta: float) -> Figure:
    """The watched curve as far as it is seen, the epoch at which it ends and the one brought back.

    Parameters
    ----------
    watch : a key of ``CURVES``
    patience, min_delta : as of ``early_stop``
    """
    curve = CURVES[choice("watch", watch, CURVES)]
    stop, best = map(int, early_stop(curve, patience, min_delta))
    fig, ax = plots.new_figure(5.2, 3.0, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.17, top=0.86)
    epochs = np.arange(1, len(curve) + 1)
    ax.plot(epochs, curve, color="#bbbbbb", lw=1.2)
    ax.plot(epochs[: stop + 1], curve[: stop + 1], color=WATCHED, lw=2)
    ax.plot([best + 1], [curve[best]], "o", color=KEPT, markersize=8)
    low, high = curve.min(), curve.max()
    room = high - low
    ax.axvline(stop + 1, color=STOPPED, lw=1.2, ls="--")
    ended = stop + 1 < len(curve) or stop - best >= patience
    said = f"stops after {stop + 1}" if ended else "never stops"
    side = "right" if stop > 25 else "left"
    ax.text(stop + (0.5 if side == "right" else 1.5), high + 0.02 * room, said, fontsize=10,
            color=ink_of(STOPPED), ha=side)  # fmt: skip
    ax.text(best + 1, curve[best] - 0.07 * room, f"keeps {best + 1}", fontsize=10,
            color=ink_of(KEPT), ha="left" if best < 4 else "center", va="top")  # fmt: skip
    ax.set(xlim=(0, 41), ylim=(low - 0.22 * room, high + 0.12 * room), xlabel="epoch")
    ax.set_ylabel(f"validation {watch}")
    ax.set_title(f"Misreads {MISREAD[best]:.1%} of new images")
    return fig
