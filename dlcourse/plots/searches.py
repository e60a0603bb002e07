"""Pictures of a search of hyper-parameters: its history, its trials side by side, what mattered.

What is drawn is a search of ``dlcourse.scratch.hpo``, of which these functions read ``trials`` and
``parameters``; the caller writes the title, which says what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.plots.style import OTHER_COLORS, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALE, INK, ACCENT = "#8a8a8a", OTHER_COLORS[0], OTHER_COLORS[1]


def plot_search(search: Any, *, ax: Axes, label: str = "best so far") -> Axes:
    """Each trial's value as a dot, and the best so far as a line that only falls.

    A pruned trial is a hollow dot at its last report, a failed one a cross on the floor.
    """
    trials = _complete(search)
    places = np.array([t.number for t in trials])
    values = np.array([t.value for t in trials])
    ax.plot(places, values, "o", color=PALE, markersize=3.5, label="_trials")
    last = max(len(search.trials) - 1, 1)
    best = np.minimum.accumulate(values)
    ax.step([*places, last], [*best, best[-1]], where="post", color=INK, label=label)
    pruned = [(t.number, t.value) for t in search.trials if t.state == "pruned"]
    if pruned:
        look: Any = {"markerfacecolor": "white", "markeredgecolor": PALE, "markersize": 4}
        ax.plot(*zip(*pruned, strict=True), "o", label="_pruned", **look)
    failed = [t.number for t in search.trials if t.state == "failed"]
    floor = ax.get_xaxis_transform()
    ax.plot(failed, [0.02] * len(failed), "x", color=ACCENT, transform=floor, label="_failed")
    ax.set_xlabel("trial")
    ax.set_ylabel("value")
    return ax


def plot_slice(search: Any, name: str, *, ax: Axes) -> Axes:
    """The values of the complete trials over one parameter, on its own scale; later ones darker."""
    domain = _parameter(search, name).domain
    trials = [t for t in _complete(search) if name in t.params]
    choices = getattr(domain, "choices", None)
    at = [choices.index(t.params[name]) if choices else t.params[name] for t in trials]
    order = [t.number for t in trials]
    look: Any = {"cmap": f"{SEQUENTIAL}_r", "s": 16, "linewidths": 0}
    ax.scatter(at, [t.value for t in trials], c=order, **look)
    if choices:
        ax.set_xticks(range(len(choices)), [str(c) for c in choices])
        ax.set_xlim(-0.5, len(choices) - 0.5)
    elif domain.log:
        ax.set_xscale("log")
    ax.set_xlabel(name)
    ax.set_ylabel("value")
    return ax


def plot_parallel(search: Any, *, ax: Axes, best: int = 5) -> Axes:
    """Each complete trial as a line across all parameters, the ``best`` ones in colour, on top.

    A parameter's axis is its share of the chance, so a log scale stays one; a line is broken where
    a parameter does not count.
    """
    trials = sorted(_complete(search), key=lambda t: t.value)
    if isinstance(best, bool) or not isinstance(best, int) or best < 1:
        fail("best", "an integer >= 1", best)
    across = range(len(search.parameters))
    for rank, trial in reversed(list(enumerate(trials))):
        heights = [
            p.domain.rank(trial.params[p.name]) if p.name in trial.params else np.nan
            for p in search.parameters
        ]
        chosen = rank < best
        look: Any = (
            {"color": INK, "linewidth": 1.8} if chosen else {"color": "#c9c9c9", "linewidth": 0.7}
        )
        ax.plot(
            across, heights, marker="o", markersize=3 if chosen else 1.5, label="_trial", **look
        )
    ax.set_xticks(across, [p.name for p in search.parameters], rotation=30, ha="right")
    ax.set_yticks([0, 1], ["low", "high"])
    ax.set_ylim(-0.12, 1.12)
    ax.grid(axis="y", visible=False)
    _write_ends(search, ax)
    return ax


def plot_importances(shares: Mapping[str, float], *, ax: Axes, most: int = 12) -> Axes:
    """The shares of ``importances`` as bars, the largest on top, each with its number."""
    if not isinstance(shares, Mapping) or not shares:
        fail("shares", "a mapping from names to numbers, as importances gives", shares)
    kept = sorted(shares.items(), key=lambda pair: pair[1])[-most:]
    names, widths = zip(*kept, strict=True)
    ax.barh(range(len(kept)), widths, color=INK, height=0.62)
    for k, width in enumerate(widths):
        ax.text(width, k, f" {width:.2f}", va="center", fontsize=8.5, color="#222222")
    ax.set_yticks(range(len(kept)), names)
    ax.set_xlim(0, max(*widths, 1e-9) * 1.15)
    ax.set_xlabel("share")
    ax.grid(axis="y", visible=False)
    return ax


def _write_ends(search: Any, ax: Axes) -> None:
    """What low and high are, at both ends of each parameter."""
    for k, parameter in enumerate(search.parameters):
        for share, where in ((0.0, "top"), (1.0, "bottom")):
            text = _tick(parameter.domain.quantile(min(share, 1 - 1e-12)))
            height = -0.02 if share == 0 else 1.02
            ax.text(k, height, text, ha="center", va=where, fontsize=7.5, color="#444444")


def _complete(search: Any) -> list[Any]:
    if not hasattr(search, "trials") or not hasattr(search, "parameters"):
        fail("search", "a search with trials and parameters", search, error=TypeError)
    trials = [t for t in search.trials if t.state == "complete"]
    if not trials:
        fail("search", "one with a complete trial", len(search.trials))
    return trials


def _parameter(search: Any, name: str) -> Any:
    known = {p.name: p for p in search.parameters}
    if name not in known:
        fail("name", "one of " + ", ".join(known), name)
    return known[name]


def _tick(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
