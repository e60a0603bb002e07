"""Mini-batches as figures that answer sliders: a cloud of gradients, and what it does in a valley.

Both draw the same random numbers for every choice, so that a slider changes one thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlcourse import plots
from dlcourse.checks import choice
from dlcourse.problems import Quadratic, walk
from dlcourse.scratch.optimizers import SGD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from dlcourse.arrays import Array

CLOUD, TRUE, PATH = "#0072b2", "#d55e00", "#6b6b6b"
BATCHES, LARGEST = 150, 256
STEPS, NOISE, START = 120, 4.0, (10.0, 1.5)


class Plane(NamedTuple):
    """Per-sample gradients seen from one plane, in units of the length of their mean.

    ``along`` (n,) is the component along the mean, ``across`` (n,) the one along the direction at a
    right angle to it in which the samples differ most, ``gram`` (n, n) the inner products.
    """

    along: Array
    across: Array
    gram: Array


def plane(gradients: Array) -> Plane:
    """The plane of a cloud of per-sample gradients (n, d).

    >>> plane(np.array([[2.0, 3.0], [0.0, -3.0]])).across
    array([ 3., -3.])
    """
    mean = gradients.mean(0)
    gram = gradients @ gradients.T / (mean @ mean)
    along = gradients @ mean / (mean @ mean)
    # What is left at a right angle to the mean has this matrix of inner products.
    values, vectors = np.linalg.eigh(gram - np.outer(along, along))
    across = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
    return Plane(along, across * np.sign(across[np.abs(across).argmax()]), gram)


def batch_noise(gradients: Array, sizes: Array, rng: np.random.Generator) -> tuple[float, Array]:
    """Noise scale of per-sample gradients (n, d), and the mean cosine of batches with their mean.

    Sixty batches of each size, drawn with replacement.

    >>> scale, cosine = batch_noise(np.array([[1.0, 1], [1, -1]]), [1], np.random.default_rng(0))
    >>> scale, cosine.round(4)
    (1.0, array([0.7071]))
    """
    n, mean = len(gradients), gradients.mean(0)
    off = gradients - mean
    scale = float(np.vecdot(off, off).mean() / (mean @ mean))
    picks = [rng.integers(n, size=(60, size)) for size in sizes]
    share = [_share(pick, n) for pick in picks]
    some = np.concatenate(share).astype(gradients.dtype) @ gradients
    cosine = some @ mean / np.linalg.norm(some, axis=1) / np.linalg.norm(mean)
    return scale, cosine.reshape(len(sizes), 60).mean(axis=1)


def _share(picks: Array, n: int) -> Array:
    """How much of each batch (rows of ``picks``) each of n samples is."""
    return np.stack([np.bincount(pick, minlength=n) for pick in picks]) / picks.shape[1]


def batch_cloud(batch: int, after: str, planes: Mapping[str, Plane]) -> Figure:
    """Gradients of 150 batches, drawn with replacement, beside the gradient of all samples.

    Parameters
    ----------
    batch : samples a batch, up to 256
    after : key of ``planes``, how long the network has been trained
    planes : ``plane`` of each moment
    """
    choice("after", after, planes)
    along, across, gram = planes[after]
    picks = np.random.default_rng(0).integers(0, len(along), (BATCHES, LARGEST))[:, :batch]
    share = _share(picks, len(along))
    x, y = share @ along, share @ across
    cosine = x / np.sqrt(np.einsum("ri,ri->r", share @ gram, share))
    fig, ax = plots.new_figure(5.4, 3.6, layout=None)
    fig.subplots_adjust(left=0.11, right=0.98, top=0.88, bottom=0.14)
    ax.plot(x, y, ".", color=CLOUD, markersize=4, alpha=0.6)
    arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}
    for end in zip(x[:8], y[:8], strict=True):
        ax.annotate("", end, (0, 0), arrowprops={**arrow, "color": CLOUD, "linewidth": 0.9})
    ax.annotate("", (1, 0), (0, 0), arrowprops={**arrow, "color": TRUE, "linewidth": 2.4})
    ax.plot(0, 0, "o", color="#222222", markersize=4)
    ax.set(xlim=(-6, 8), ylim=(-7, 7), xticks=(-4, 0, 4, 8), yticks=(-4, 0, 4))
    outside = int(np.sum((x < -6) | (x > 8) | (np.abs(y) > 7)))
    if outside:
        note = f"{outside} lie outside"
        ax.text(0.98, 0.93, note, transform=ax.transAxes, ha="right", color="#555555")
    ax.set(xlabel="along the true gradient, in its lengths", ylabel="across it")
    angle = np.degrees(np.arccos(np.median(cosine).clip(-1, 1)))
    ax.set_title(f"Typical angle {angle:.0f}°; {np.sum(cosine < 0)} of {BATCHES} point backward")
    return fig


def noisy_valley(batch: int, lr: float) -> Figure:
    """A path of SGD in the valley of curvatures 1 and 10, and the ball in which it ends.

    Parameters
    ----------
    batch : the noise of a gradient has the deviation 4 / sqrt(batch) in each coordinate
    lr : learning rate, below 0.2
    """
    valley = Quadratic([1.0, 10.0])
    noise = np.random.default_rng(3).normal(size=(STEPS + 1, 2)) * NOISE / np.sqrt(batch)
    ball = SGD(np.array(START), lr=lr)
    path = walk(ball, lambda x: valley.grad(x) + noise[ball.t], STEPS)
    slack = 2 - lr * valley.curvatures
    wide, high = 2 * np.sqrt(lr * NOISE**2 / batch / valley.curvatures / slack)
    fig, ax = plots.new_figure(5.4, 3.4, layout=None)
    fig.subplots_adjust(left=0.11, right=0.98, top=0.88, bottom=0.15)
    angle = np.linspace(0, 2 * np.pi, 121)
    for level in (2, 10, 25, 50, 80):
        flat, steep = np.sqrt(2 * level), np.sqrt(level / 5)
        floor, wall = flat * np.cos(angle), steep * np.sin(angle)
        floor[(floor < -5) | (floor > 11)] = np.nan  # saves the labels beside the axes
        ax.plot(floor, wall, color="#b5b5b5", lw=0.7, zorder=1)
    ax.plot(*path.T, color=PATH, linewidth=0.9)
    ax.plot(wide * np.cos(angle), high * np.sin(angle), color=TRUE, linewidth=2)
    ax.plot(0, 0, marker="*", markersize=11, color="#000000")
    ax.set(xlim=(-5, 11), ylim=(-5, 5), xlabel="along the floor", ylabel="from wall to wall")
    ax.grid(False)
    left = abs(1 - lr) ** STEPS * START[0]
    text = f"still {left:.1f} to go" if left > wide else f"the ball reaches {wide:.1f}"
    ax.set_title(f"Batch {batch}, rate {lr:g}: after {STEPS} steps {text}")
    return fig
