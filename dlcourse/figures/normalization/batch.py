"""Figures of the lesson on batch normalization: a batch of one feature, forward and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.problems.held_statistics import skewness
from dlcourse.scratch.normalization import batch_norm, batch_norm_backward

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEFORE, AFTER, TAKEN = "#0072b2", "#d55e00", "#6b6b6b"
BATCHES = {
    "two lumps": [-1.2, -1.1, -1.0, -0.9, -0.8, -0.7, -0.6, 0.9, 1.0, 1.1, 1.2, 1.3],
    "a bell": [-1.7, -1.2, -0.8, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.8, 1.2, 1.7],
    "outlier": [-1.7, -1.2, -0.8, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.8, 1.2, 9.0],
}
MOVES = {"as it is": (1.0, 0.0), "x/2 + 3": (0.5, 3.0)}
LEARNED = {"1, 0": (1.0, 0.0), "2, 3": (2.0, 3.0)}


def one_feature(batch: str, moved: str = "as it is", γ_β: str = "1, 0") -> Figure:
    """Twelve samples of one feature above, what batch normalization makes of them below.

    Parameters
    ----------
    batch : a key of ``BATCHES``
    moved : a key of ``MOVES``: what happens to the whole batch first
    γ_β : a key of ``LEARNED``, the scale and the shift
    """
    stretch, shift = MOVES[moved]
    gamma, beta = LEARNED[γ_β]
    x = stretch * np.array(BATCHES[batch])[:, None] + shift
    y, _ = batch_norm(x, np.array([gamma]), np.array([beta]))
    fig, ax = plots.new_figure(4.8, 2.8, layout=None)
    fig.subplots_adjust(left=0.09, right=0.97, bottom=0.18, top=0.88)
    for before, after in zip(x[:, 0], y[:, 0], strict=True):
        ax.plot([before, after], [1, 0], color="#bbbbbb", linewidth=0.8)
    ax.plot(x[:, 0], np.ones(len(x)), "o", color=BEFORE, markersize=6, alpha=0.75)
    ax.plot(y[:, 0], np.zeros(len(y)), "s", color=AFTER, markersize=6, alpha=0.75)
    for z, height, color in ((x, 1, BEFORE), (y, 0, AFTER)):
        ax.plot([z.mean()] * 2, [height - 0.12, height + 0.12], color=color, linewidth=2)
        mean = round(z.mean(), 1) + 0.0  # no -0.0
        words = f"mean {mean:.1f}, deviation {z.std():.1f}, skewness {skewness(z)[0]:.2f}"
        ax.text(-5.8, height + (0.22 if height else -0.34), words, fontsize=10, color="#222222")
    ax.set(xlim=(-6, 10), ylim=(-0.5, 1.5), xlabel="value")
    ax.set_yticks((1, 0), ("in", "out"))
    ax.grid(visible=False, axis="y")
    ax.set_title("Place and width change, the shape stays")
    return fig


def gradient_of(loss: str, x: Any) -> Any:
    """What the loss wants of each sample of the batch x, (n, 1): its gradient there.

    Parameters
    ----------
    loss : "single": one sample alone matters; "all alike": everything should move the same way;
        "along x": everything should be pulled in; "by chance": numbers without a plan
    """
    return {
        "single": np.eye(len(x))[:, -2:-1] * 2.5,
        "all alike": np.full(x.shape, 1.2),
        "along x": 0.9 * x,
        "by chance": np.random.default_rng(6).normal(size=x.shape),
    }[loss]


def way_back(gradient: str, taken_out: str) -> Figure:
    """The gradient of each sample over its x, and what is left of it on the way back.

    Parameters
    ----------
    gradient : as in ``gradient_of``
    taken_out : "nothing", "the mean", "the line"
    """
    x = np.array(BATCHES["a bell"])[:, None]
    g = gradient_of(gradient, x)
    one = np.ones(1)
    _, cache = batch_norm(x, one, 0 * one, eps=0.0)
    left = {
        "nothing": g,
        "the mean": g - g.mean(),
        "the line": x.std() * batch_norm_backward(g, cache)[0],
    }[taken_out]
    fitted = g - left
    fig, ax = plots.new_figure(4.8, 2.9, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, bottom=0.17, top=0.88)
    ax.vlines(x[:, 0], fitted[:, 0], g[:, 0], color=AFTER, linewidth=2.2)
    ax.plot(x[:, 0], fitted[:, 0], color=TAKEN, linewidth=1.3, linestyle="--")
    ax.plot(x[:, 0], g[:, 0], "o", color=BEFORE, markersize=5)
    ax.axhline(0, color="#999999", linewidth=0.6)
    ax.set(xlabel="x of the sample", ylabel="gradient of the sample", ylim=(-2.4, 3.0))
    share = (left**2).sum() / (g**2).sum()
    ax.set_title(f"Of the squared gradient {100 * share:.0f}% comes back")
    return fig
