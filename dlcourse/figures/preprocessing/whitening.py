"""Figures of the lesson on whitening: points and their loss, digits before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice, number
from dlcourse.problems import gradient_descent_optimum, steps_to
from dlcourse.problems.whitening import LeastSquares
from dlcourse.scratch.preprocessing import PCAWhitening, Standardizer, ZCAWhitening

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METHODS = ("standardized", "PCA", "ZCA")
SAMPLES, SHOWN, MOST = 48, 60, 1_200
TRUTH = np.array([0.3, 1.0])  # of the standardized features: neither along an axis nor a diagonal
MARKED = ("a", "b", "c")
LOW, HIGH, PATH = "#9a9a9a", "#0072b2", "#6b6b6b"


def cloud(correlation: float) -> Array:
    """48 points of two features: mean 0, variance 1, and exactly this correlation.

    Examples
    --------
    >>> x = cloud(0.9)
    >>> (x.T @ x / len(x)).round(9)
    array([[1. , 0.9],
           [0.9, 1. ]])
    """
    r = number("correlation", correlation, -1, 1, low_open=True, high_open=True)
    z = PCAWhitening(eps=0.0).fit_transform(np.random.default_rng(5).normal(size=(SAMPLES, 2)))
    share = np.sqrt(np.array([1 + r, 1 - r]) / 2)
    return np.asarray((z * share) @ np.array([[1.0, 1.0], [1.0, -1.0]]))


def prepared(correlation: float, method: str, eps: float) -> tuple[Array, LeastSquares]:
    """The points as the method leaves them, and the least squares that learn from them."""
    x = cloud(correlation)
    tool = {
        "standardized": Standardizer(), "PCA": PCAWhitening(eps=eps), "ZCA": ZCAWhitening(eps=eps),
    }[choice("method", method, METHODS)]  # fmt: skip
    z = tool.fit_transform(x)
    return z, LeastSquares(z, x @ TRUTH)


def descent(valley: LeastSquares) -> tuple[Array, float]:
    """The path from zero at the best rate, and how many steps take it to a thousandth."""
    values, axes = np.linalg.eigh(valley.hessian)
    lr, _ = gradient_descent_optimum(*values)
    left = (1 - lr * values) ** np.arange(MOST + 1)[:, None]  # of the way, along either axis
    away = (left * (-valley.optimum @ axes)) @ axes.T
    return valley.optimum + away, float(steps_to(away))


def points_and_contours(correlation: float, method: str, eps: float) -> Figure:
    """Left the points, right the contours of the loss and the path of gradient descent to its
    minimum.

    Parameters
    ----------
    correlation : of the two features, in (-1, 1)
    method : "standardized", "PCA" or "ZCA"
    eps : ε of the whitening; standardizing does without
    """
    z, valley = prepared(correlation, method, eps)
    path, count = descent(valley)
    kappa = valley.curvatures[1] / valley.curvatures[0]
    fig, (left, right) = plots.new_figure(5.8, 3.1, 1, 2, layout=None)
    left.set_position((0.09, 0.16, 0.38, 0.71))
    right.set_position((0.6, 0.16, 0.38, 0.71))
    _points(left, z, cloud(correlation))
    _contours(right, valley)
    right.plot(*path[: SHOWN + 1].T, color=PATH, marker=".", markersize=4, linewidth=1)
    right.plot(0, 0, marker="o", markersize=6, color=PATH)
    right.plot(*valley.optimum, marker="*", markersize=11, color="#000000")
    plural = "step" if count == 1 else "steps"
    what = method if method == "standardized" else f"{method}, ε = {eps:g}"
    left.set_title(f"r = {correlation:g}, {what}: κ = {kappa:.3g}, {count:.0f} {plural}")
    return fig


def _points(ax: Axes, z: Array, before: Array) -> None:
    upper = before[:, 1] > before[:, 0]
    for side, color in ((~upper, LOW), (upper, HIGH)):
        ax.plot(*z[side].T, linestyle="", marker="o", markersize=4, color=color)
    far = [int(np.argmax(before @ way)) for way in ([1, 1], [-1, 1], [-1, -1])]
    for name, i in zip(MARKED, far, strict=True):
        outward = 9 * z[i] / np.linalg.norm(z[i])  # in points, away from the cloud
        ax.annotate(
            name, z[i], outward, textcoords="offset points", ha="center", va="center", fontsize=9,
            color="#222222", weight="bold",
        )  # fmt: skip
    ax.set(xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), xlabel="feature 1", ylabel="feature 2")
    ax.set(xticks=(-2, 0, 2), yticks=(-2, 0, 2))


def _contours(ax: Axes, valley: LeastSquares) -> None:
    """Ellipses around the optimum, drawn from the Hessian's own axes."""
    values, axes = np.linalg.eigh(valley.hessian)
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    height = float(valley(np.zeros(()), np.zeros(())))
    for share in (0.03, 0.15, 0.4, 1.0, 2.0):
        # H^(-1/2), which does not hang on the axes where both curvatures are the same.
        ring = axes @ (np.sqrt(2 * share * height / values)[:, None] * (axes.T @ circle))
        ax.plot(*(valley.optimum[:, None] + ring), color="#b5b5b5", linewidth=0.7, zorder=1)
    reach = 1.5 * float(np.linalg.norm(valley.optimum))
    middle = valley.optimum / 2
    ax.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach))
    ax.set(xlabel="weight 1", ylabel="weight 2")
    ax.locator_params(nbins=4)
    ax.grid(False)


def digit_rows(rows: Mapping[str, Array], side: int = 8) -> Figure:
    """Images in rows, each row in grays of its own; one pixel in fifty is cut off at either end.

    Parameters
    ----------
    rows : name -> images (count, side²), as many in each row
    """
    count = len(next(iter(rows.values())))
    fig, axes = plots.new_figure(5.8, 0.62 * 5.8 / count * len(rows) + 1.1, len(rows), count)
    corners = np.arange(side + 1)
    for (name, images), line in zip(rows.items(), axes, strict=True):
        low, high = np.quantile(images, [0.02, 0.98])
        for image, ax in zip(images, line, strict=True):
            gray = np.clip(np.round((image - low) / (high - low), 3), 0, 1).reshape(side, side)
            ax.pcolormesh(corners, corners, gray, cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[], aspect="equal", ylim=(side, 0))
            ax.grid(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return fig


def error_curves(ax: Axes, curves: Mapping[str, Any]) -> Axes:
    """Test error against how much of the noise is let in, several curves on one log axis.

    Parameters
    ----------
    curves : name -> (x, errors (x, sets)), drawn as mean over the sets and their range
    """
    for index, (name, (x, values)) in enumerate(curves.items()):
        look = plots.method_style(None, index)
        ax.fill_between(x, values.min(1), values.max(1), color=look["color"], alpha=0.15, lw=0)
        ax.plot(x, values.mean(1), marker="o", markersize=4, label=name, **look)
    ax.set(xscale="log", ylim=(0, 0.8), ylabel="test error")
    return ax
