"""Figures of the lesson on the six steps: what smoothing shows, and which check sees a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.problems.smoothed_curves import (
    exponential_mean,
    noise_left,
    steps_late,
    trailing_mean,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("trailing", "exponential")
UPDATES = 400
TRUE = 0.15 + 2.15 * np.exp(-np.arange(UPDATES) / 40)
RAW = TRUE * np.exp(np.random.default_rng(6).normal(0, 0.35, UPDATES) - 0.35**2 / 2)


def smoothed(losses: Array, kind: str, window: int) -> Array:
    """A curve smoothed over ``window`` values; an exponential mean gets the β of equal noise."""
    choice("kind", kind, KINDS)
    if kind == "trailing":
        return trailing_mean(losses, window)
    return exponential_mean(losses, (window - 1) / (window + 1))


def smoothing_picture(kind: str, window: int) -> Figure:
    """The loss of each batch, what it is made of, and what smoothing makes of it.

    Parameters
    ----------
    kind : "trailing" or "exponential"
    window : of the trailing mean; the exponential one has β = (window − 1)/(window + 1)
    """
    impulse = np.zeros(20_001)
    impulse[10_000] = 1
    weights = smoothed(impulse, kind, window)[10_000:]
    fig, ax = plots.new_figure(5.6, 3.1)
    ax.plot(RAW, color="#bbbbbb", lw=0.7)
    ax.plot(TRUE, color="#222222", lw=1.5)
    ax.plot(smoothed(RAW, kind, window), color="#0072b2", lw=1.8)
    for y, color, words in ((2.2, "#777777", "each batch"), (1.9, "#222222", "the truth"),
                            (1.6, "#0072b2", "smoothed")):  # fmt: skip
        ax.text(390, y, words, color=ink_of(color), ha="right", fontsize=9)
    ax.set(xlabel="update", ylabel="training loss", ylim=(0, 2.8), xlim=(0, UPDATES))
    left, late = noise_left(weights) ** 0.5, steps_late(weights)
    ax.set_title(f"Noise times {left:.2f}, late by {late:.1f} updates")
    return fig


def census_picture(seen: Mapping[str, Sequence[bool]], steps: Sequence[str]) -> Figure:
    """Which check sees which fault: a row a fault, a dot where it is seen."""
    fig, ax = plots.new_figure(5.4, 3.6)
    for row, marks in enumerate(seen.values()):
        for column, mark in enumerate(marks):
            ax.plot(column, row, "o" if mark else "_", markersize=9 if mark else 6,
                    color="#d55e00" if mark else "#bbbbbb")  # fmt: skip
    ax.set_yticks(range(len(seen)), list(seen))
    ax.set_xticks(range(len(steps)), list(steps))
    ax.set(xlim=(-0.5, len(steps) - 0.5), ylim=(len(seen) - 0.5, -0.5))
    ax.tick_params(length=0)
    ax.grid(False)
    return fig
