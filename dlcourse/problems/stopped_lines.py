"""Least squares by gradient descent from zero: how much of each direction is learned, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.stopped_digits import CLASSES, Drawn, draw_digits


def learned(curvature: npt.ArrayLike, lr: float, steps: Any) -> Array:
    """The share 1 - (1 - lr s)^t of a direction with curvature s after t steps from zero.

    >>> learned([1.0, 0.1], lr=0.5, steps=2)
    array([0.75  , 0.0975])
    """
    return np.asarray(1 - (1 - lr * np.asarray(curvature)) ** steps)


def kept(curvature: npt.ArrayLike, coef: Any) -> Array:
    """The share s / (s + coef) of a direction that an L2 penalty leaves.

    >>> kept([1.0, 0.1], coef=1.0).round(3)
    array([0.5  , 0.091])
    """
    s = np.asarray(curvature)
    return np.asarray(s / (s + coef))


def descended(x: Array, y: Array, lr: float, steps: int, start: Any = 0.0) -> Array:
    """Weights (d,) after gradient descent on (1/2n)|y - xw|^2, step by step."""
    w = np.zeros(x.shape[1]) + start
    for _ in range(steps):
        w = w + lr * x.T @ (y - x @ w) / len(x)
    return w


def linear_digits(
    rng: Generators, runs: int, *, pool: Any, test: Any, times: Array, few: int = 200,
    held: int = 100, wrong: float = 0.3,
) -> dict[str, Array]:  # fmt: skip
    """Least squares from pixels to one-hot labels, stopped at many times, or penalized as strongly.

    Both are computed direction by direction; ``times`` are lr t, and 1/times the coefficients.

    Returns
    -------
    ``stopped`` and ``ridge``, the mean squared error on test images, each at the best value by the
    held-out part; ``product``, of that time and that coefficient; ``ratio``, the largest ratio of
    the two errors on the way; ``right_first`` and ``wrong_first``, how much of the right labels,
    and of what the wrong ones add to them, lies along the ten directions that are learned first
    """
    rows = []
    for g in run_generators(rng, runs):
        data = draw_digits(g, 1, pool, few, held, wrong)
        rows.append(_both(data, test, times) | _first(data))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _both(data: Drawn, test: Any, times: Array) -> dict[str, float]:
    mean = data.x[0].mean(0)
    u, s, vt = _directions(data.x[0] - mean)
    curvature, along = s**2 / len(u), (u.T @ _targets(data.y[0])) / s[:, None]
    shares = {"stopped": -np.expm1(-curvature * times[:, None])}
    shares["ridge"] = kept(curvature, 1 / times[:, None])
    errors = {}
    for name, share in shares.items():
        w = vt.T @ (share[..., None] * along)
        errors[name] = [
            ((np.float64(x - mean) @ w - _targets(y)) ** 2).sum(-1).mean(-1)
            for x, y in ((data.held_x[0], data.held_y[0]), test)
        ]
    best = {name: int(val.argmin()) for name, (val, _) in errors.items()}
    found = {name: float(errors[name][1][best[name]]) for name in errors}
    found["product"] = float(times[best["stopped"]] / times[best["ridge"]])
    return found | {"ratio": float((errors["stopped"][1] / errors["ridge"][1]).max())}


def _first(data: Drawn, first: int = 10) -> dict[str, float]:
    u, right = _directions(data.x[0] - data.x[0].mean(0))[0], _targets(data.right[0])
    parts = {"right": right, "wrong": _targets(data.y[0]) - right}
    return {
        f"{name}_first": float(((u[:, :first].T @ y) ** 2).sum() / (y**2).sum())
        for name, y in parts.items()
    }


def _directions(x: Array) -> Any:
    u, s, vt = np.linalg.svd(x.astype(float), full_matrices=False)
    real = s > 1e-5 * s[0]
    return u[:, real], s[real], vt[real]


def _targets(y: Array) -> Array:
    return np.eye(CLASSES)[y] - 1 / CLASSES


def two_speeds(
    rng: Generators, runs: int, looks: Any, *, lr: float = 0.1, few: int = 60, held: int = 100
) -> dict[str, Array]:
    """Least squares with 20 large features and 20 small ones that add as much to the answer.

    Features of size 1 and of size 0.05, weights of ±0.5 and of ±10, noise of size 1.

    Parameters
    ----------
    looks : the numbers of steps after which is looked

    Returns
    -------
    Curves (runs, looks): ``val_loss`` on held-out samples, and ``excess``, the expected squared
    error of new samples beyond the noise
    """
    found: dict[str, list[Any]] = {"val_loss": [], "excess": []}
    size, strength = np.repeat([1.0, 0.05], 20), np.repeat([0.5, 10.0], 20)
    for g in run_generators(rng, runs):
        w = strength * g.choice([-1.0, 1.0], 40)
        x = g.normal(size=(few + held, 40)) * size
        y = x @ w + g.normal(size=few + held)
        values, turn = np.linalg.eigh(x[:few].T @ x[:few] / few)
        best = turn.T @ np.linalg.lstsq(x[:few], y[:few], rcond=None)[0]
        path = (learned(values, lr, np.asarray(looks)[:, None]) * best) @ turn.T
        found["val_loss"].append(((x[few:] @ path.T - y[few:, None]) ** 2).mean(0))
        found["excess"].append((((path - w) * size) ** 2).sum(-1))
    return {name: np.array(rows) for name, rows in found.items()}
