"""What the exercise on successive halving needs: learning curves that cross, and a free order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.checks import fail


def in_our_order(expected: Any, came: Any) -> Any:
    """What came, each rung in the order in which the same configurations stand in ours."""
    try:
        rungs = []
        for (_, ours, _), (budget, configs, losses) in zip(expected[1], came[1], strict=True):
            configs, losses = np.asarray(configs), np.asarray(losses)
            rank, order = np.argsort(np.argsort(ours)), np.argsort(configs)
            rungs.append((budget, configs[order][rank], losses[order][rank]))
    except (ValueError, TypeError, IndexError):  # another structure, which has its own message
        return came
    return came[0], rungs


def learning_curves(
    rng: np.random.Generator, n: int, r_min: int, eta: int, r_max: int, tie: bool = False
) -> tuple[np.ndarray, Callable[[Any, Any], float]]:
    """Configurations, and losses that are well apart with every budget, but for a tie on demand.

    The tie is, with r_min, between the last that goes on and the first that does not.
    """
    places = rng.permutation(np.arange(1, 3 * n))[:n]
    configs = np.round(places + rng.uniform(0, 0.5, n), 2)
    budgets = [r_min]
    while budgets[-1] < r_max:
        budgets.append(min(budgets[-1] * eta, r_max))
    while True:
        ends, starts = 0.1 * rng.permutation(n) + 0.2, r_min * 0.17 * rng.permutation(n)
        table = np.sort([ends + starts / budget for budget in budgets], axis=1)
        crossed = (ends + starts / r_min).argmin() != ends.argmin()
        if n == 1 or (np.diff(table, axis=1).min() > 0.004 and crossed):
            break
    if tie:
        one, other = np.argsort(ends + starts / r_min)[n // eta - 1 : n // eta + 1]
        starts[other] = (ends[one] - ends[other]) * r_min + starts[one]

    def loss(config: Any, budget: Any) -> float:
        for name, given in (("config", config), ("budget", budget)):
            if np.shape(given):
                fail(name, "a number, one training a call", np.shape(given))
        at = abs(configs - float(config)).argmin()
        return round(float(ends[at] + starts[at] / float(budget)), 6)

    return configs, loss
