"""Figures of the lesson on models of the objective: what is believed, and where to look next."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.scratch.hpo import (
    GaussianProcess,
    Matern52,
    expected_improvement,
    thompson_sample,
    upper_confidence_bound,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = np.linspace(0.0, 1.0, 101)
RULES = ("EI", "LCB", "Thompson")
INK, BAND, GOAL = "#0072b2", "#56b4e9", "#d55e00"


def objective(x: Any) -> Array:
    """Two valleys, the deeper one near 0.76; about between −1 and 2."""
    return (6 * np.asarray(x) - 2) ** 2 * np.sin(12 * np.asarray(x) - 4) / 6


@functools.cache
def searched(acquisition: str, length: float, points: int) -> tuple[int, ...]:
    """Places of LINE that such a search tries, the first two given."""
    places = [5, 50]
    while len(places) < points:
        worth, _ = judged(acquisition, length, tuple(places))
        places.append(int(np.argmax(np.where(np.isin(range(len(LINE)), places), -np.inf, worth))))
    return tuple(places[:points])


def judged(acquisition: str, length: float, places: tuple[int, ...]) -> tuple[Array, Any]:
    """What each place of LINE is worth to the rule, and the model it asks."""
    gp = GaussianProcess(Matern52(length), 1e-6).fit(LINE[[*places], None], known(places))
    mean, std = gp.predict(LINE[:, None])
    if acquisition == "EI":
        return expected_improvement(mean, std, known(places).min()), gp
    if acquisition == "LCB":
        return upper_confidence_bound(mean, std), gp
    rng = np.random.default_rng([7, len(places)])
    return -thompson_sample(*gp.joint(LINE[:, None]), rng), gp


def known(places: tuple[int, ...]) -> Array:
    """The objective at some places of LINE."""
    return objective(LINE[[*places]])


def posterior_picture(rule: str, length: float, points: int) -> Figure:
    """Above, what a Gaussian process believes after some trials; below, what each place is worth.

    Parameters
    ----------
    rule : one of ``RULES``, by which the trials were chosen too, all but the first two
    length : the length scale, held fixed
    points : trials so far
    """
    places = searched(choice("rule", rule, RULES), length, points)
    worth, gp = judged(rule, length, places)
    mean, std = gp.predict(LINE[:, None])
    ahead = int(np.argmax(np.where(np.isin(range(len(LINE)), places), -np.inf, worth)))
    fig, (ax, below) = plots.new_figure(5.6, 4.4, 2, layout=None, height_ratios=[2, 1])
    fig.subplots_adjust(left=0.1, right=0.97, bottom=0.1, top=0.9, hspace=0.12)
    ax.fill_between(LINE, mean - 2 * std, mean + 2 * std, color=BAND, alpha=0.35, linewidth=0)
    ax.plot(LINE, mean, color=INK, lw=2)
    ax.plot(LINE, objective(LINE), color="#777777", lw=1.2, ls="--")
    ax.plot(LINE[[*places]], known(places), "o", color="#222222", markersize=6)
    ax.set(xlim=(0, 1), ylim=(-2.6, 3.2), xticks=[], ylabel="objective")
    if rule == "Thompson":
        ax.plot(LINE, -worth, color=GOAL, lw=1)
    below.plot(LINE, worth, color=GOAL, lw=1.5)
    below.plot(LINE[ahead], worth[ahead], "v", color=GOAL, markersize=8)
    below.set(xlim=(0, 1), yticks=[], ylabel=rule, xlabel="the number that is tuned")
    ax.axvline(LINE[ahead], color=GOAL, lw=0.8, ls=":")
    below.margins(y=0.2)
    fig.suptitle(f"Best of {points} is {known(places).min():.2f}; next comes {LINE[ahead]:.2f}")
    return fig


def regret_curves(ax: Any, curves: Mapping[str, Array], colors: Mapping[str, str]) -> None:
    """What is left after each trial, medians over runs, a line and a band for each name."""
    for name, runs in curves.items():
        count = np.arange(1, runs.shape[1] + 1)
        plots.plot_seeds(runs, ax=ax, x=count, color=colors[name], label=name)
    ax.set(yscale="log", xlabel="trials")
