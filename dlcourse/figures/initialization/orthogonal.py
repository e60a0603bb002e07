"""Figures of the lesson on orthogonal weights: one function a figure, from its values to a drawing.

They live here and not in the lesson because they explain nothing: the lesson has the formula,
these have the axes.
"""

from __future__ import annotations

import functools
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.plots.labels import ink_of
from dlcourse.problems.isometry import chain
from dlcourse.scratch.initialization import kaiming_normal, orthogonal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAUSSIAN, ORTHOGONAL = "#d55e00", "#0072b2"
WIDTH, LAYERS, NETWORKS = 32, 50, 10
GAINS = {"linear": 1.0, "tanh": 1.0, "relu": np.sqrt(2)}
FLOOR = 1e-8
STRENGTHS = (4.0, 2.0, 1.0, 0.5)


@functools.cache
def derivatives(network: str) -> Any:
    """The derivatives of ten networks after 1 to 50 layers, (2, layers, networks, 32, 32).

    Gaussian weights first, orthogonal ones second.
    """
    found = []
    for init in (partial(kaiming_normal, nonlinearity="linear"), orthogonal):
        rngs = [np.random.default_rng((77, i)) for i in range(NETWORKS)]
        x = np.stack([0.5 * one.normal(size=WIDTH) for one in rngs])
        shape = (WIDTH, WIDTH)
        weights = [GAINS[network] * init(shape, rngs, runs=NETWORKS) for _ in range(LAYERS)]
        found.append(chain(weights, x, network)[1])
    return np.array(found)


def directions(network: str, depth: int = 30) -> Figure:
    """The 32 singular values of a network's derivative, in order, for both kinds of weights.

    Parameters
    ----------
    network : "linear", "tanh" or "relu", with the gain that keeps the size in the mean
    depth : number of layers, up to 50
    """
    fig, ax = plots.new_figure(5.6, 3.2, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.16, top=0.88)
    place = np.arange(1, WIDTH + 1)
    left = []
    for values, color, mark, name, at in zip(
        np.linalg.svdvals(derivatives(network)[:, depth - 1]), (GAUSSIAN, ORTHOGONAL), "os",
        ("Gaussian", "orthogonal"), (5, 12), strict=True,
    ):  # fmt: skip
        middle = np.median(values, axis=0)
        shown = np.maximum(middle, FLOOR)
        ax.plot(place, shown, mark, color=color, markersize=4)
        beside = (0, 14) if mark == "s" else (-22, -14)
        ax.annotate(
            name, (place[at], shown[at]), beside, textcoords="offset points",
            color=ink_of(color), fontsize=9, ha="center",
        )  # fmt: skip
        left.append(int((middle > 0.01).sum()))
    ax.axhline(0.01, color="#555555", linewidth=0.8, linestyle=":")
    ax.set(yscale="log", ylim=(FLOOR / 2, 60), xlim=(0, WIDTH + 1))
    ax.set(xlabel="direction, the strongest first", ylabel="stretched by (log axis)")
    ax.set_title(f"Alive, above 1/100: {left[0]} Gaussian, {left[1]} orthogonal")
    return fig


def strengths_in_time(depth: int, start: float, times: Any) -> Any:
    """Strengths of four modes of a balanced linear network in time, (times, 4).

    Each solves du/dt = depth · u^(2 − 2/depth) (s − u), by the classical Runge–Kutta rule.
    """
    s, u = np.array(STRENGTHS), np.full(len(STRENGTHS), start)
    path = [u]
    speed = lambda u: depth * u ** (2 - 2 / depth) * (s - u)  # noqa: E731
    for step in np.diff(times):
        for _ in range(4):
            h = step / 4
            a = speed(u)
            b = speed(u + h / 2 * a)
            c = speed(u + h / 2 * b)
            u = u + h / 6 * (a + 2 * b + 2 * c + speed(u + h * c))
        path.append(u)
    return np.array(path)


def modes(depth: int, start: float = 0.1) -> Figure:
    """Left how strong each of four modes is, in time; right its share in every single layer.

    Parameters
    ----------
    depth : number of layers, 2 or more
    start : strength of every mode at time 0
    """
    times = np.linspace(0, 6, 91)
    u = strengths_in_time(depth, start, times)
    fig, (left, right) = plots.new_figure(6.4, 3.0, 1, 2, layout=None)
    fig.subplots_adjust(left=0.08, right=0.98, bottom=0.17, top=0.87, wspace=0.24)
    for k, s in enumerate(STRENGTHS):
        look = {"color": plots.style.OTHER_COLORS[k]}
        left.plot(times, u[:, k], **look)
        left.text(5.95, u[-1, k] + 0.07, f"s = {s:g}", ha="right", fontsize=8, color="#222222")
        right.plot(times, u[:, k] ** (1 / depth), **look)
    left.set(xlabel="time", ylabel="strength in the product", xlim=(0, 6), ylim=(0, 4.5))
    right.set(xlabel="time", ylabel="strength in a layer", xlim=(0, 6), ylim=(0, 2.25))
    half = times[(u >= np.array(STRENGTHS) / 2).argmax(axis=0)]
    done = (u >= np.array(STRENGTHS) / 2).any(axis=0)
    words = ", ".join(f"{h:.1f}" if d else "later" for h, d in zip(half, done, strict=True))
    left.set_title(f"Half learned at {words}")
    right.set_title(f"the same in all {depth} layers")
    return fig
