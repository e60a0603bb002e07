"""Figures of the lesson on valleys: a descent beside the steepest curvature, and a spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import checks, plots
from dlcourse.arrays import Array
from dlcourse.plots.labels import ink_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS, STEEP, LIMIT = "#0072b2", "#d55e00", "#555555"


def edge_picture(
    loss: Array, steep: Array, looks: Array, rates: tuple[float, ...], rate: float, start: int
) -> Figure:
    """Left the loss of one network on its way, right its largest curvature and the limit 2/η.

    Parameters
    ----------
    loss : (steps + 1, rates, starts); steep : (looks, rates, starts); looks : (looks,)
    rates : those on the axis; rate : the one to show
    start : which network, from 1
    """
    if rate not in rates:
        checks.fail("rate", f"one of {rates}", rate)
    if not 1 <= checks.integer("start", start) <= loss.shape[2]:
        checks.fail("start", f"from 1 to {loss.shape[2]}", start)
    here = rates.index(rate), start - 1
    fig, (left, right) = plots.new_figure(6.2, 2.9, 1, 2, layout=None)
    left.set_position((0.13, 0.17, 0.35, 0.7))
    right.set_position((0.62, 0.17, 0.36, 0.7))
    left.plot(loss[:, *here], color=LOSS, lw=1)
    left.set(yscale="log", xlabel="step", ylabel="loss (log axis)")
    left.set_ylim(loss.min() / 1.3, loss[0].max() * 1.5)
    left.set_yticks([0.1, 0.01, 0.001], ["0.1", "0.01", "0.001"])
    left.minorticks_off()
    right.axhline(2 / rate, color=LIMIT, lw=1, ls="--")
    said = f"2/η = {2 / rate:.2g}"
    right.text(looks[-1], 2 / rate / 1.06, said, ha="right", va="top", color=LIMIT)
    curve = steep[:, *here]
    right.plot(looks, curve, color=STEEP, marker="o", markersize=3, lw=1.4)
    right.set(yscale="log", xlabel="step", ylim=(0.45, 6))
    right.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    right.minorticks_off()
    right.set_ylabel("largest curvature (log)", color=ink_of(STEEP))
    left.set_title(finding(curve[-1] * rate / 2))
    return fig


def finding(share: float) -> str:
    """The last curvature as a share of the limit, as the title of a frame.

    >>> finding(0.7), finding(1.02)
    ('Ends at 0.70 of the limit', 'Ends on the limit')
    """
    return "Ends on the limit" if abs(share - 1) < 0.1 else f"Ends at {share:.2f} of the limit"


def spectrum_picture(values: Array, dead: int) -> Figure:
    """All curvatures in size, largest first, as shares of the largest; both axes logarithmic.

    Parameters
    ----------
    values : (d,), eigenvalues
    dead : how many belong to pixels that never change
    """
    sizes = np.sort(abs(values))[::-1] / values.max()
    fig, ax = plots.new_figure(5.6, 3.0)
    rank = np.arange(1, len(sizes) + 1)
    ax.plot(rank, np.maximum(sizes, 1e-6), color=STEEP, lw=1.8)
    ax.axhline(0.01, color=LIMIT, lw=1, ls="--")
    steep = int((sizes >= 0.01).sum())
    ax.text(1.1, 0.006, "a hundredth of the steepest", fontsize=9, color=LIMIT, va="top")
    ax.text(1.1, 2.5e-6, f"{dead} belong to pixels that never change", fontsize=9)
    ax.set(xscale="log", yscale="log", ylim=(7e-7, 2))
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_yticks([1, 1e-2, 1e-4, 1e-6], ["1", "0.01", "10⁻⁴", "10⁻⁶"])
    ax.minorticks_off()
    ax.set(xlabel="directions, steepest first (log axis)", ylabel="curvature, share of largest")
    ax.set_title(f"{len(sizes) - steep:,} of {len(sizes):,} directions are nearly level")
    return fig
