"""What the exercise on six steps of tuning needs: runs at several rates, and ways to pick one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dlcourse.grading.spec import Case

Losses = Sequence[float]
INF, NAN = float("inf"), float("nan")
TYPICAL = ((2.3, 2.29, 2.28), (2.3, 2.0, 1.6), (2.3, 1.5, 1.2), (2.3, 9.0, NAN), (2.3, 40.0, 90.0))


def case(
    rng: np.random.Generator, runs: Sequence[Losses], train: Losses, val: Losses, n: int = 5
) -> Case:
    """Runs of these losses, in units of a drawn size, each at ten times the rate of the last."""
    size, first = rng.uniform(0.8, 1.2), round(float(rng.uniform(1, 3)), 2) * 1e-4
    results = [
        (float(f"{first * 10**i:.3g}"), [round(float(size * loss), 4) for loss in losses])
        for i, losses in enumerate(runs)
    ]
    lr_range = (first, round(float(rng.uniform(0.5, 2)), 2))
    return Case((int(rng.integers(8, 200)), results, (list(train), list(val)), lr_range, n))


def fine_grid(lr: float, n: int, spaced: Callable[..., np.ndarray] = np.geomspace) -> np.ndarray:
    """The fine grid around a rate; empty if there is none."""
    return np.array([]) if np.isnan(lr) else spaced(lr / 3, 3 * lr, n)


def lowest(
    results: Sequence[tuple[float, Losses]],
    score: Callable[[Losses], float],
    learned: Callable[[Losses], bool],
) -> float:
    """The rate with the lowest score among the runs that count as learned."""
    kept = [(score(losses), lr) for lr, losses in results if learned(losses)]
    return min(kept)[1] if kept else np.nan
