"""Figures of the lesson on smoothed labels: how sure and how right, and what each method does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RIGHT, SAID = "#0072b2", "#d55e00"
KINDS = {"alone": "#0072b2", "average": "#222222", "last": "#d55e00"}
WORDS = {
    "decay": "L2", "drop": "dropout", "shift": "shifts", "alpha": "smoothing",
    "stop": "early stopping",
}  # fmt: skip


def pooled(trials: Any, alpha: float) -> tuple[Array, Array, Array]:
    """Of all runs with this α together: the share of answers in each bin, how sure, how right.

    Parameters
    ----------
    trials : on an axis ``alpha``, with ``bin_count``, ``bin_sure``, ``bin_right`` of ``learn``
    """
    place = list(trials.axes["alpha"]).index(alpha)
    names = ("bin_count", "bin_sure", "bin_right")
    count, sure, right = (trials.curve(name)[place].sum(0) for name in names)
    with np.errstate(invalid="ignore"):
        return count / count.sum(), sure / count, right / count


def reliability_picture(found: Mapping[str, Any], labels: str, alpha: float) -> Figure:
    """In each bin how often the networks are right, against how sure they say they are.

    Parameters
    ----------
    found : {labels: trials}, as of ``pooled``
    labels : one of its keys
    alpha : one of the trials' α
    """
    share, sure, right = pooled(found[choice("labels", labels, found)], alpha)
    fig, ax = plots.new_figure(4.4, 3.1)
    on = share >= 0.003  # fewer than 15 of 5,000 answers say little
    ax.plot([0, 1], [0, 1], color="#999999", lw=1)
    ax.plot(sure[on], right[on], "-", color=RIGHT, lw=1)
    # bins that happen to be equally full would share one marker, with fewer elements in the file
    apart = 1e-3 * np.arange(np.sum(on))
    for x, y, size in zip(sure[on], right[on], 4 + 16 * share[on] ** 0.5 + apart, strict=True):
        ax.plot([x], [y], "o", color=RIGHT, markersize=size)
    mean = float(np.nansum(share * sure)), float(np.nansum(share * right))
    ax.text(0.03, 0.95, f"right on {mean[1]:.0%},", fontsize=9, color=plots.ink_of(RIGHT))
    ax.text(0.03, 0.85, f"{mean[0]:.0%} sure", fontsize=9, color=plots.ink_of(SAID))
    for at, color in ((mean[0], SAID), (mean[1], RIGHT)):
        ax.plot([at, at], [0, 0.06], color=color, lw=3)
    ax.set(xlim=(0, 1.03), ylim=(0, 1.05), xlabel="how sure", ylabel="share that is right")
    far = mean[0] - mean[1]
    said = "About as sure as right" if abs(far) < 0.03 else "Too sure" if far > 0 else "In doubt"
    ax.set_title(f"{said}: α = {alpha:g}, {labels}")
    return fig


def effects_picture(found: Mapping[str, Mapping[str, Array]]) -> Figure:
    """A row a method: its effect alone, on average, and as the last one added, with intervals.

    Parameters
    ----------
    found : as of ``effects``, with ten runs each
    """
    fig, ax = plots.new_figure(5.6, 3.4)
    names = list(found["alone"])
    for row, name in enumerate(reversed(names)):
        for (kind, color), up in zip(KINDS.items(), (0.22, 0.0, -0.22), strict=True):
            change = found[kind][name]
            half = 2.262 * change.std(ddof=1) / len(change) ** 0.5  # Student, nine degrees
            middle = change.mean()
            ax.plot([middle - half, middle + half], [row + up] * 2, color=color, lw=1.5)
            ax.plot([middle], [row + up], "o", color=color, markersize=5)
    ax.axvline(0, color="#999999", lw=1)
    ax.set_yticks(range(len(names)), [WORDS[name] for name in reversed(names)])
    for place, (kind, color) in zip((0.0, 0.22, 0.55), KINDS.items(), strict=True):
        said = {"alone": "alone", "average": "on average", "last": "added last"}[kind]
        ax.text(place, 1.02, said, transform=ax.transAxes, fontsize=9, color=plots.ink_of(color))
    ax.set(ylim=(-0.6, len(names) - 0.4), xlabel="change of the share misread")
    return fig
