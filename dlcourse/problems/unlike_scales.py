"""Linear regression on columns of unlike scales: the penalty of dropout against plain ridge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators

COLUMNS = 60
TRUTHS = "effects", "weights"


def penalized(x: Array, y: Array, coef: float, scale: Array) -> Array:
    r"""The minimum of 1/(2n)‖y − xw‖² + coef/2 Σ scale_j w_j².

    ``scale`` = mean x_j² is dropout of the inputs with coef = p/(1 − p), averaged over all masks.

    >>> x, y = np.array([[1.0], [1.0]]), np.array([2.0, 2.0])
    >>> penalized(x, y, 1.0, np.ones(1))
    array([1.])
    """
    n = len(x)
    return np.asarray(np.linalg.solve(x.T @ x / n + coef * np.diag(scale), x.T @ y / n))


def learn_columns(
    rng: Generators, runs: int, *, truth: str, coefs: Sequence[float] | Array, samples: int = 40,
) -> dict[str, Array]:  # fmt: skip
    """60 columns with deviations from 0.1 to 10, 40 samples, noise of variance 1.

    Parameters
    ----------
    truth : "effects": every column moves the target about equally, so small columns have large
        weights; "weights": all weights are about equal, so large columns move the target most
    coefs : tried for each penalty; 40 other samples choose

    Returns
    -------
    ``dropout`` and ``ridge``: the excess risk of each penalty at its chosen coefficient, exact;
    ``dropout_coef`` and ``ridge_coef``: the choice
    """
    checks.choice("truth", truth, TRUTHS)
    found: dict[str, list[float]] = {}
    for g in run_generators(rng, runs):
        size = 10 ** g.uniform(-1, 1, COLUMNS)
        share = 2 * g.normal(size=COLUMNS)
        length = COLUMNS**0.5 * size if truth == "effects" else np.sqrt((size**2).sum())
        w = share / length
        x, new = g.normal(size=(2, samples, COLUMNS)) * size
        y, target = x @ w + g.normal(size=samples), new @ w + g.normal(size=samples)
        squares = (x**2).mean(0)
        for name, scale in (("dropout", squares), ("ridge", np.full(COLUMNS, squares.mean()))):
            fits = [penalized(x, y, coef, scale) for coef in coefs]
            best = int(np.argmin([((new @ fit - target) ** 2).mean() for fit in fits]))
            found.setdefault(name, []).append(float((fits[best] - w) ** 2 @ size**2))
            found.setdefault(f"{name}_coef", []).append(coefs[best])
    return {name: np.array(values) for name, values in found.items()}


def spread_over_masks(
    rng: Generators, runs: int, samples: Any, *, p: float = 0.5, columns: int = 5
) -> dict[str, Array]:
    """Linear regression with input dropout, all masks averaged: what does the spread know of n?

    Returns
    -------
    ``masks``: the deviation over masks of the prediction for a new x, root mean square;
    ``posterior``: that of the Bayesian posterior under a fixed prior, which does not grow with n as
    the penalty of a mean loss would, noise variance 1
    """
    found: dict[str, list[float]] = {"masks": [], "posterior": []}
    for g, n in zip(run_generators(rng, runs), np.ravel(samples), strict=True):
        x = g.normal(size=(int(n), columns))
        y = x @ np.ones(columns) + g.normal(size=int(n))
        new, squares = g.normal(size=(200, columns)), (x**2).mean(0)
        w = penalized(x, y, p / (1 - p), squares)
        found["masks"].append(float(np.sqrt((p / (1 - p) * new**2 @ w**2).mean())))
        inverse = np.linalg.inv(x.T @ x + np.diag(squares) * p / (1 - p))
        found["posterior"].append(float(np.sqrt(((new @ inverse) * new).sum(1).mean())))
    return {name: np.array(values) for name, values in found.items()}
