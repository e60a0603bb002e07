"""Figures of the lesson that crosses the cures: one combination, effects, pairs, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.problems.cures import SILENT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRUCTURES = {"plain": (0, 0), "normalized": (1, 0), "residual": (0, 1), "both": (1, 1)}
WEIGHTS = {"too small": 0, "He's": 1}
STEPS = {"SGD": (0, 0), "SGD, decay": (0, 1), "Adam": (1, 0), "Adam, decay": (1, 1)}
CURVE, PLAIN, FIRST, LAST = "#0072b2", "#999999", "#56b4e9", "#d55e00"
WORDS = {
    "Adam": "Adam for SGD",
    "norm": "normalization",
    "skip": "ways around",
    "start": "He's start",
    "decay": "weight decay",
}
SHORT = {"Adam": "Adam", "norm": "norm.", "skip": "ways", "start": "He", "decay": "decay"}


def curve_of(cross: Any, layers: str, weights: str, step: str) -> Array:
    """The curves (runs, epochs) of one combination, named as on the sliders."""
    norm, skip = STRUCTURES[choice("layers", layers, STRUCTURES)]
    adam, decay = STEPS[choice("step", step, STEPS)]
    found = cross.curve[adam, norm, skip, WEIGHTS[choice("weights", weights, WEIGHTS)], decay]
    return np.asarray(found)


def cured_picture(cross: Any) -> Callable[..., Figure]:
    """A function of ``layers``, ``weights`` and ``step`` that draws that combination's training.

    Parameters
    ----------
    cross : of ``all_combinations``
    """

    def draw(layers: str, weights: str, step: str) -> Figure:
        curve = curve_of(cross, layers, weights, step)
        fig, ax = plots.new_figure(5.2, 3.0, layout=None)
        fig.subplots_adjust(left=0.13, right=0.97, bottom=0.17, top=0.86)
        epochs = np.arange(1, curve.shape[1] + 1)
        ax.axhline(SILENT, color=PLAIN, lw=1, ls="--")
        ax.text(20, SILENT + 0.04, "says nothing", color=ink_of(PLAIN), fontsize=9, ha="right")
        gaps = np.full((len(curve), 1), np.nan)  # one line with gaps is drawn faster than many
        ax.plot(np.tile([*epochs, np.nan], len(curve)), np.hstack([curve, gaps]).ravel(),
                color=CURVE, lw=0.6, alpha=0.4)  # fmt: skip
        ax.plot(epochs, np.median(curve, axis=0), color=CURVE, lw=2.2)
        ax.set(xlim=(1, 20), ylim=(0, 1.85), xlabel="epoch", ylabel="training loss")
        ax.set_xticks([1, 5, 10, 15, 20])
        ax.set_title(f"Layers {layers}, weights {weights}, {step}")
        return fig

    return draw


def effects_picture(found: Mapping[str, Mapping[str, Array]], title: str) -> Figure:
    """What each cure does alone, on average and as the last one, in decades of the loss.

    Parameters
    ----------
    found : of ``crossed.effects``; bars are two standard errors to either side
    """
    fig, ax = plots.new_figure(5.8, 3.1)
    for kind, (color, up) in {"alone": (FIRST, -0.25), "average": (CURVE, 0.0),
                              "last": (LAST, 0.25)}.items():  # fmt: skip
        for row, name in enumerate(WORDS):
            _dot(ax, found[kind][name], row + up, color)
        ax.text(0.98, 3.0 + 1.4 * up, kind, transform=ax.get_yaxis_transform(), ha="right",
                color=ink_of(color), fontsize=9, va="center")  # fmt: skip
    ax.axvline(0, color="#888888", lw=1)
    ax.set_yticks(range(len(WORDS)), [*WORDS.values()])
    ax.set(xlim=(-1.05, 0.55), ylim=(4.6, -0.6), xlabel="change of log₁₀ training loss")
    ax.set_title(title)
    return fig


def _dot(ax: Any, values: Array, row: float, color: str) -> None:
    """The mean over runs as a point, two standard errors to either side as a bar."""
    mean, error = values.mean(), 2 * values.std(ddof=1) / len(values) ** 0.5
    ax.plot([mean - error, mean + error], [row, row], color=color, lw=1.5)
    ax.plot([mean], [row], "o", color=color, ms=5)


def pairs_picture(pairs: Mapping[tuple[str, str], Array], title: str) -> Figure:
    """The interaction of each pair, in decades: above zero two do less together than singly."""
    fig, ax = plots.new_figure(5.6, 3.3)
    for row, ((one, other), values) in enumerate(pairs.items()):
        _dot(ax, values, row, PLAIN if "decay" in (one, other) else CURVE)
    ax.axvline(0, color="#888888", lw=1)
    ax.set_yticks(range(len(pairs)), [f"{SHORT[a]}, {SHORT[b]}" for a, b in pairs])
    ax.set(xlim=(-0.2, 0.4), ylim=(len(pairs) - 0.4, -0.6))
    ax.set_xlabel("interaction, in decades of training loss")
    ax.set_title(title)
    return fig


def sum_picture(added: Array, measured: Array, title: str) -> Figure:
    """Each combination's loss as its effects would add up, and as it was, on log axes.

    Parameters
    ----------
    added, measured : log₁₀ losses (2, …, 2, seeds)
    """
    fig, ax = plots.new_figure(4.6, 3.4)
    x, y = (10 ** a.mean(-1).ravel() for a in (added, measured))
    count = np.indices(added.shape[:-1]).sum(0).ravel()
    ax.plot([0.01, 2], [0.01, 2], color=PLAIN, lw=1, ls="--")
    ax.text(0.02, 0.026, "as the sum", color=ink_of(PLAIN), fontsize=9, rotation=38)
    for many, color in ((count < 2, PLAIN), (count == 2, FIRST), (count > 2, LAST)):
        ax.plot(x[many], y[many], "o", color=color, ms=5)
    ax.text(1.3, 0.45, "one", color=ink_of(PLAIN), fontsize=9)
    ax.text(0.31, 0.95, "two", color=ink_of(FIRST), fontsize=9)
    ax.text(0.0125, 0.35, "three\nand more", color=ink_of(LAST), fontsize=9)
    ax.set(xscale="log", yscale="log", xlim=(0.01, 2.2), ylim=(0.01, 2.2))
    ax.set(xlabel="training loss if effects added up", ylabel="training loss measured")
    ax.set_title(title)
    return fig


def shift_picture(rates: Sequence[float], losses: Mapping[str, Array], title: str) -> Figure:
    """Training loss against the rate, a line a start.

    Parameters
    ----------
    losses : {words: (rates, seeds)}
    """
    fig, ax = plots.new_figure(5.4, 2.9)
    for color, (words, values) in zip((FIRST, CURVE, LAST), losses.items(), strict=True):
        plots.plot_seeds(values.T, ax=ax, x=rates, color=color)
        least = int(np.median(values, axis=1).argmin())
        ax.text(rates[least], np.median(values[least]) - 0.09, words, color=ink_of(color),
                fontsize=9, ha="center", va="top",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    ax.set(xscale="log", ylim=(0, 1.75), xlabel="learning rate, logarithmic",
           ylabel="training loss")  # fmt: skip
    ax.set_title(title)
    return fig
