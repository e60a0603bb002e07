"""Figures of the lesson on the two modes: what a running average follows, and four sick curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.plots.labels import ink_of
from dlcourse.scratch.normalization import update_running

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH, RUNNING, TRUE = "#bbbbbb", "#d55e00", "#000000"
REACH = {8: 4.0, 32: 3.0}
"""How far the axis of ``memory`` goes: what is chaotic may not choose it."""
LINES = {
    "training loss": ("train_loss", "#0072b2", "-"),
    "validation, in use": ("val_loss", "#d55e00", "-"),
    "validation, by its batches": ("val_batches_loss", "#009e73", "--"),
}
"""What each curve of ``diagnosis`` is called: its metric, its color, its dashes."""


def running_path(means: Array, momentum: float) -> Array:
    """The running mean after each batch, from 0, of the batches' means (steps,)."""
    path, now = [], np.zeros(())
    for mean in means:
        now = update_running(now, mean, momentum)
        path.append(now)
    return np.array(path)


def memory(tracks: Mapping[int, tuple[Array, Array]], batch: int, momentum: float) -> Figure:
    """One unit's mean over training: batch by batch, as remembered, and over all training images.

    Parameters
    ----------
    tracks : {batch size: (means of the batches, means of all images)}, both (steps,), in units of
        the deviation over all images
    batch : which of them
    momentum : weight of the new batch
    """
    means, true = tracks[batch]
    path = running_path(means, momentum)
    step = np.arange(1, len(means) + 1)
    fig, ax = plots.new_figure(5.6, 3.2, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.17, top=0.88)
    ax.plot(step, means, color=BATCH, linewidth=0.8)
    ax.plot(step, true, color=TRUE, linewidth=1.2)
    ax.plot(step, path, color=RUNNING, linewidth=1.8)
    late = slice(len(means) // 2, None)
    off = np.sqrt(np.mean((path[late] - true[late]) ** 2))
    reach = REACH.get(batch, float(abs(means).max()))
    ax.set(xlim=(0, len(means) + 1), ylim=(-reach, 1.2 * reach))
    ax.set(xlabel="batches trained on", ylabel="mean of one unit, in deviations")
    names = (("of the batch", "#777777"), ("remembered", RUNNING), ("of all images", TRUE))
    for place, (name, color) in zip((0.02, 0.36, 0.68), names, strict=True):
        ax.text(place, 0.93, name, transform=ax.transAxes, color=ink_of(color), fontsize=9)
    ax.set_title(f"Remembered, it is off by {off:.2f} deviations")
    return fig


def diagnosis(
    curves: Mapping[str, Any], answers: Mapping[str, str], network: str, show: str
) -> Figure:
    """Three curves of a network with a fault, and, if asked for, what the fault is.

    Parameters
    ----------
    curves : {network: trials with curves}
    answers : {network: what is wrong}
    network : whose curves
    show : "the question", or "the answer": then the training images in use are drawn too
    """
    fig, ax = plots.new_figure(5.6, 3.4, layout=None)
    fig.subplots_adjust(left=0.12, right=0.97, bottom=0.16, top=0.88)
    told = show == "the answer"
    lines = dict(LINES)
    if told:
        lines["training images, in use"] = ("train_use_loss", "#56b4e9", ":")
    epochs = np.arange(1, curves[network].curve("train_loss").shape[-1] + 1)
    for i, (name, (metric, color, dash)) in enumerate(lines.items()):
        values = curves[network].curve(metric).mean(axis=-2)
        ax.plot(epochs, values, dash, color=color, marker="o", markersize=3)
        ax.text(
            0.02 + 0.5 * (i % 2), 0.93 - 0.08 * (i // 2), name, transform=ax.transAxes,
            color=ink_of(color), fontsize=9,
        )  # fmt: skip
    ax.set(xlim=(0.8, epochs[-1] + 0.2), xlabel="epoch", ylabel="loss (log axis)")
    ax.set(yscale="log", ylim=(0.02, 30))
    ax.set_yticks((0.03, 0.1, 0.3, 1, 3), ("0.03", "0.1", "0.3", "1", "3"))
    ax.minorticks_off()
    ax.set_title(f"{network}: {answers[network]}" if told else f"{network}: what is wrong?")
    return fig


def by_batch(found: Mapping[str, Any]) -> Figure:
    """Accuracy over the size of the batch, a line a method, with the range of its runs.

    Parameters
    ----------
    found : {"batch 2": (runs,), "layer 128": (runs,), ...}
    """
    fig, ax = plots.new_figure(5.6, 3.0)
    sizes: set[int] = set()
    for kind, color, mark in (("batch", "#d55e00", "o"), ("layer", "#0072b2", "s")):
        mine = {int(n.split()[1]): one for n, one in found.items() if n.startswith(kind)}
        sizes |= set(mine)
        x = np.log2([*mine])
        low, middle, high = ([f(one) for one in mine.values()] for f in (np.min, np.mean, np.max))
        ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
        ax.plot(x, middle, color=color, marker=mark, label=f"{kind} norm")
    ax.set_xticks(np.log2(sorted(sizes)), [str(size) for size in sorted(sizes)])
    ax.set(xlabel="images in a batch (log axis)", ylabel="test accuracy", ylim=(0.3, 1.0))
    plots.label_lines(ax)
    return fig
