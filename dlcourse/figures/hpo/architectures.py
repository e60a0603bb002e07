"""Figures of the lesson on searching architectures: cells, and the shares of their operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.scratch.hpo import nas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"zero": "#999999", "identity": "#0072b2", "tanh": "#d55e00", "relu": "#009e73"}
PLACES = np.array([[0.0, 0.0], [1.0, 0.62], [2.0, -0.62], [3.0, 0.0]])
"""Of the four nodes."""


def cells_picture(cells: Sequence[Sequence[int]], names: Sequence[str], title: str) -> Figure:
    """Cells side by side: four nodes, an arrow an edge in its operation's color, zero left out.

    Parameters
    ----------
    cells : a row of five operations each
    names : what is written above each
    title : of the figure
    """
    fig, axes = plots.new_figure(7.0, 2.4, columns=len(cells), layout=None)
    fig.subplots_adjust(left=0.02, right=0.98, bottom=0.04, top=0.72, wspace=0.08)
    for ax, cell, name in zip(np.atleast_1d(axes), cells, names, strict=True):
        ax.set_title(name, fontsize=10)
        for (i, j), o in zip(nas.EDGES, cell, strict=True):
            operation = nas.OPERATIONS[o]
            if operation == "zero":
                continue
            start, end = PLACES[i], PLACES[j]
            arrow = {"arrowstyle": "-|>", "color": COLORS[operation], "lw": 2}
            arrow |= {"shrinkA": 10, "shrinkB": 10}
            ax.annotate("", end, start, arrowprops=arrow)
            ink, paper = ink_of(COLORS[operation]), {"fc": "white", "ec": "none", "pad": 1}
            where = (start + end) / 2
            ax.text(*where, operation, ha="center", va="center", fontsize=9, color=ink, bbox=paper)
        ax.plot(*PLACES.T, "o", color="#333333", markersize=15)
        for number, place in enumerate(PLACES):
            ax.text(*place, str(number), ha="center", va="center", fontsize=9, color="white")
        ax.set(xlim=(-0.3, 3.3), ylim=(-1.0, 1.0))
        ax.axis("off")
    fig.suptitle(title, y=0.98)
    return fig


def shares_picture(
    paths: Mapping[str, Array], table: nas.CellTable, logits: str, epoch: int
) -> Figure:
    """The share of each operation on each edge of DARTS' mixture, and what would be handed over.

    Parameters
    ----------
    paths : logits (epochs + 1, runs, edges, operations) by what they were learned on
    table : says how well each cell does
    logits : a key of ``paths``
    epoch : after which
    """
    alpha = paths[choice("logits", logits, paths)][epoch]
    p = np.exp(alpha - alpha.max(-1, keepdims=True))
    shares: Any = (p / p.sum(-1, keepdims=True)).mean(0)
    with_zero, without = (table.accuracy(nas.discretize(alpha, z)).mean() for z in (True, False))
    fig, ax = plots.new_figure(5.6, 3.0, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.06, top=0.74)
    left = np.zeros(len(nas.EDGES))
    for k, (name, color) in enumerate(COLORS.items()):
        ax.barh(range(len(nas.EDGES)), shares[:, k], left=left, color=color, height=0.7)
        for row in range(len(nas.EDGES)):
            where = left[row] + shares[row, k] / 2
            ax.text(where, row, f"{shares[row, k]:.2f}", ha="center", va="center",
                    fontsize=9, color="white", weight="bold")  # fmt: skip
        middle = left[0] + shares[0, k] / 2
        ax.text(middle, -0.62, name, ha="center", fontsize=10, color=ink_of(color))
        left = left + shares[:, k]
    ax.set(xlim=(0, 1), ylim=(4.5, -0.9), xticks=[], yticks=range(len(nas.EDGES)))
    ax.set_yticklabels([f"{i} → {j}" for i, j in nas.EDGES])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    fig.suptitle(
        f"Strongest of all: accuracy {with_zero:.2f}; strongest but zero: {without:.2f}", y=0.95
    )
    return fig
