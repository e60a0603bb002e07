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
    2.243, 2.195, 2.145, 2.079, 1.986, 1.913, 1.846, 1.809, 1.768, 1.743, 1.753, 1.700, 1.699,
    1.706, 1.686, 1.666, 1.701, 1.675, 1.688, 1.688, 1.659, 1.680, 1.706, 1.693, 1.708, 1.695,
    1.705, 1.738, 1.726, 1.745, 1.719, 1.738, 1.761, 1.771, 1.753, 1.795, 1.797, 1.783, 1.819,
    1.805,
])  # fmt: skip
ERROR = np.array([
    0.74, 0.63, 0.59, 0.53, 0.53, 0.54, 0.53, 0.49, 0.51, 0.48, 0.47, 0.47, 0.48, 0.42, 0.46,
    0.43, 0.44, 0.42, 0.42, 0.43, 0.42, 0.42, 0.42, 0.43, 0.43, 0.44, 0.44, 0.44, 0.43, 0.44,
    0.44, 0.46, 0.45, 0.45, 0.44, 0.44, 0.46, 0.44, 0.47, 0.46,
])  # fmt: skip
MISREAD = np.array([
    0.710, 0.540, 0.480, 0.358, 0.286, 0.246, 0.252, 0.234, 0.234, 0.216, 0.194, 0.218, 0.196,
    0.162, 0.206, 0.172, 0.178, 0.198, 0.176, 0.186, 0.164, 0.178, 0.176, 0.186, 0.184, 0.202,
    0.178, 0.202, 0.194, 0.192, 0.192, 0.190, 0.200, 0.206, 0.210, 0.214, 0.220, 0.212, 0.224,
    0.222,
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
