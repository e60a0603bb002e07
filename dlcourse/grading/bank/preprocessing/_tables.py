"""What the exercises on preprocessing share: tables of two parts, and how their mistakes fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.grading.spec import Case, Exercise

Parts = tuple[np.ndarray, np.ndarray]


def table(
    rng: np.random.Generator, rows: tuple[int, int] = (8, 4), scales: tuple[float, ...] = (1, 3, 20)
) -> Parts:
    """A training and a test part; each feature has its own unit and mean, the test part strays."""
    scale = np.array(scales, float)
    center = scale * rng.uniform(2, 4, len(scale)) * rng.choice([-1, 1], len(scale))
    shift = scale * rng.uniform(0.5, 1.5, len(scale))
    train = center + scale * rng.normal(size=(rows[0], len(scale)))
    test = center + shift + scale * rng.normal(size=(rows[1], len(scale)))
    return np.round(train, 3), np.round(test, 3)


def with_a_constant(rng: np.random.Generator) -> Parts:
    """As `table`; the second feature is constant in the training part, and not in the test part."""
    train, test = table(rng)
    value = float(rng.integers(3, 9))
    train[:, 1] = value
    test[:, 1] = value + np.array([0, 1, 0, -1])
    return train, test


def mixture(rng: np.random.Generator, offset: float = 0.0, rows: int = 40) -> Parts:
    """Three correlated features whose covariance has eigenvalues far apart."""
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    spread = np.array([3.0, 1.0, 0.4]) * rng.uniform(0.9, 1.1, 3)
    center = offset + rng.uniform(2, 5, 3) * rng.choice([-1, 1], 3)
    train = rng.normal(size=(rows, 3)) * spread @ turn.T + center
    test = rng.normal(size=(6, 3)) * spread @ turn.T + center + rng.uniform(0.5, 1.5, 3)
    return np.round(train, 4), np.round(test, 4)


def ask_whitening(exercise: Exercise) -> None:
    """The probes of both whitenings."""

    def eps(rng: np.random.Generator) -> float:
        return round(float(rng.uniform(0.5, 1.5)), 2)

    ask = exercise.probe
    ask("three correlated features", group="core")(lambda rng: Case(mixture(rng)))
    ask("with eps", group="core")(lambda rng: Case((*mixture(rng), eps(rng))))
    ask("far from the origin", group="edge")(lambda rng: Case(mixture(rng, offset=50.0)))
    ask("few rows", group="edge")(lambda rng: Case((*mixture(rng, rows=6), eps(rng))))


def same_signs(expected: Any, came: Any) -> Any:
    """Two parts with the sign of each column as in the first part of what was expected."""
    train, test = (np.asarray(part, dtype=float) for part in came)
    with np.errstate(all="ignore"):
        signs = np.where((expected[0] * train).sum(axis=0) < 0, -1, 1)
        return [signs * train, signs * test]


def part_and_place(path: tuple[Any, ...]) -> str:
    """Where in the two parts: ``training part [0]``."""
    if not path:
        return ""
    return "the training part" if path[0] == 0 else "the test part"
