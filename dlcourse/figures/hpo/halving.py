"""Figures of the lesson on halving: who is stopped where, and who waits for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.checks import choice, fail
from dlcourse.problems.learning_curves import END, PROBLEMS, SPACE, lowest, ordered, price
from dlcourse.scratch.hpo import RandomSearch, Timeline, brackets
from dlcourse.scratch.hpo.halving import halve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#bbbbbb"
SHADES = {1: "#cccccc", 3: "#56b4e9", 9: "#0072b2", 27: "#009e73", 81: "#d55e00"}
SEED = 13
FIRST = (1, 3, 9, 27, 81)


def stopped_picture(problem: str, first: int) -> Figure:
    """One bracket of Hyperband: every curve as far as it was paid for, and the one that was missed.

    Parameters
    ----------
    problem : a key of ``learning_curves.PROBLEMS``
    first : the resource of the first rung, one of 1, 3, 9, 27, 81
    """
    curve = PROBLEMS[choice("problem", problem, PROBLEMS)]
    if first not in FIRST:
        fail("first", "one of 1, 3, 9, 27, 81", first)
    table = brackets(END)[FIRST.index(first)]
    search = RandomSearch(SPACE, np.random.default_rng(SEED))
    found = halve(curve, search, table)
    true = curve if problem != "noisy" else ordered
    ends = [true(trial.params, END) for trial in found.trials]
    best = found.trials[int(np.argmin(ends))]
    place = 1 + sum(end < ends[found.best.number] for end in ends)
    fig, ax = plots.new_figure(5.4, 3.6, layout=None)
    fig.subplots_adjust(left=0.1, right=0.97, bottom=0.14, top=0.9)
    paid = [[*t.intermediate.items(), (np.nan, np.nan)] for t in found.trials]
    ax.plot(*np.concatenate(paid).T, color=GREY, lw=0.8, marker=".", markersize=3)
    ax.plot(*zip(*found.best.intermediate.items(), strict=True), color=BLUE, lw=2.2, marker=".")
    if best is not found.best:
        ax.plot(FIRST, [curve(best.params, r) for r in FIRST], ":", color=ORANGE, lw=1.8)
        ax.text(END * 1.1, ends[best.number] - 0.12, "best", color=ORANGE, fontsize=9)
    won = curve(found.best.params, END)
    ax.text(END * 1.1, won + 0.02, "chosen", color=BLUE, fontsize=9)
    ax.set(xscale="log", xlim=(0.85, 175), ylim=(-0.2, 4), xticks=FIRST)
    ax.set_xticklabels([str(r) for r in FIRST])
    ax.minorticks_off()
    ax.set(xlabel="units of training, in powers of three", ylabel="value, smaller is better")
    cost, n = price(table), len(found.trials)
    far = ends[found.best.number] - lowest(problem)
    ax.set_title(f"{n} draws, {cost} units: number {place} is chosen, {far:.2f} too high")
    return fig


def waiting_picture(lines: Sequence[tuple[str, Timeline]], until: float) -> Figure:
    """What every worker did when, a row of boxes each, coloured by how far a job trains.

    Parameters
    ----------
    lines : (name, timeline), one above the other
    until : seconds at which the picture ends
    """
    fig, axes = plots.new_figure(5.6, 4.4, rows=len(lines), layout=None)
    fig.subplots_adjust(left=0.06, right=0.98, bottom=0.1, top=0.93, hspace=0.4)
    for ax, (name, line) in zip(axes, lines, strict=True):
        shown = [event for event in line.events if event.start < until]
        used = sum(min(event.end, until) - event.start for event in shown)
        for worker in range(line.workers):
            jobs = [event for event in shown if event.worker == worker]
            boxes = [(event.start, min(event.end, until) - event.start) for event in jobs]
            colors = [SHADES[event.resource] for event in jobs]
            row = (worker - 0.4, 0.8)
            ax.broken_barh(boxes, row, facecolors=colors, edgecolor="white", linewidth=0.3)
        ax.set(xlim=(0, until), ylim=(-0.6, line.workers - 0.4), yticks=[], ylabel="workers")
        ax.set_title(f"{name}: at work {used / until / line.workers:.0%} of the time", fontsize=10)
    axes[-1].set_xlabel("seconds")
    return fig
