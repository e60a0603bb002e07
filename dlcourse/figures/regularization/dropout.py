"""Figures of the lesson on dropout: one small network, and what a mask leaves of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.scratch.regularization import draw_dropout_mask

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DROPPED = "connections", "units"
RATES = 0.2, 0.5
PASSES = 1, 2, 3
READ, HIDDEN = 3, 7
KEPT, INK = "#0072b2", "#222222"


class Pass(NamedTuple):
    """One pass: the mask (7,) or (7, 3), the hidden values, and the sum that comes out."""

    mask: Array
    hidden: Array
    out: float


def network() -> tuple[Array, Array, Array]:
    """An input (3,), weights into seven hidden units (7, 3), and out of them (7,)."""
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.2, 1.0, (HIDDEN, READ))
    return np.array([1.0, 0.5, 1.5]), weights, rng.uniform(-0.6, 1.0, HIDDEN)


def one_pass(dropped: str, p: float, number: int) -> Pass:
    """The pass of that number: its mask is drawn from a generator of its own.

    Connections are those into the hidden units. What is kept is divided by 1 − p.

    >>> one_pass("units", 0.5, 1).mask.shape, one_pass("connections", 0.5, 1).mask.shape
    ((7,), (7, 3))
    """
    x, weights, out = network()
    units = choice("dropped", dropped, DROPPED) == "units"
    shape = (HIDDEN,) if units else (HIDDEN, READ)
    mask = draw_dropout_mask(shape, p, np.random.default_rng(100 + number))
    kept = weights * (mask[:, None] if units else mask) / (1 - p)
    hidden = kept @ x
    return Pass(mask, hidden, float(out @ hidden))


def whole() -> float:
    """What comes out with nothing dropped."""
    x, weights, out = network()
    return float(out @ weights @ x)


def mask_picture(dropped: str, p: float, number: int) -> Figure:
    """The network of one pass, the hidden values, and what comes out of it and of the whole."""
    fig, ax = plots.new_figure(5.6, 3.3, layout=None)
    fig.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.88)
    x, _, _ = network()
    now = one_pass(dropped, p, number)
    units = now.mask if dropped == "units" else np.ones(HIDDEN, bool)
    lines = np.repeat(now.mask[:, None], READ, 1) if dropped == "units" else now.mask
    ends = np.linspace(0.5, 2.5, READ), np.linspace(0, 3, HIDDEN)
    for (j, i), on in np.ndenumerate(lines):
        _line(ax, (0, ends[0][i]), (1.5, ends[1][j]), bool(on))
    for j, on in enumerate(units):
        _line(ax, (1.5, ends[1][j]), (3, 1.5), bool(on))
        _unit(ax, (1.5, ends[1][j]), bool(on))
        value = f"{now.hidden[j]:.1f}" if on else "0"
        ax.text(1.62, ends[1][j] + 0.07, value, fontsize=9, color=INK)
    for i, y in enumerate(ends[0]):
        _unit(ax, (0, y), True)
        ax.text(-0.12, y, f"{x[i]:.1f}", fontsize=9, ha="right", va="center", color=INK)
    _unit(ax, (3, 1.5), True)
    ax.text(3.1, 1.62, f"now {now.out:.2f}", fontsize=10, color=plots.ink_of(KEPT))
    ax.text(3.1, 1.22, f"whole {whole():.2f}", fontsize=10, color=INK)
    ax.set(xlim=(-0.4, 4.1), ylim=(-0.2, 3.2))
    ax.set_axis_off()
    left = int(now.mask.sum())
    ax.set_title(f"Pass {number}: {left} of {now.mask.size} {dropped} are left")
    return fig


def _line(ax: Any, start: Any, end: Any, on: bool) -> None:
    if on:
        ax.plot(*zip(start, end, strict=True), color=KEPT, lw=0.9, zorder=1)


def _unit(ax: Any, at: Any, on: bool) -> None:
    face = KEPT if on else "white"
    ax.plot(*at, "o", color=face, markeredgecolor=KEPT if on else "#999999", markersize=8, zorder=2)
