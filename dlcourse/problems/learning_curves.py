"""Learning curves that are formulas: the best end is known, and how curves cross can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import Float, RandomSearch, Rung, Trial, brackets
from dlcourse.scratch.hpo.halving import halve

Params = dict[str, Any]
Curve = Callable[[Params, int], float]

SPACE = {"lr": Float(1e-4, 1.0, log=True), "width": Float(0.0, 1.0), "decay": Float(0.0, 1.0)}
END = 81  # the resource at which a curve is judged


def final(p: Params) -> float:
    """Where a curve is headed: 0 at lr 0.01, width 0.7, decay 0.2; more by squares of the distance.

    >>> [final({"lr": lr, "width": 0.7, "decay": 0.2}) for lr in (0.01, 1.0)]
    [0.0, 1.0]
    """
    rate, width, decay = np.log10(p["lr"]) + 2, p["width"] - 0.7, p["decay"] - 0.2
    return float(rate**2 / 4 + width**2 + decay**2 / 2)


def ordered(p: Params, t: int) -> float:
    """Curves that never cross."""
    return final(p) + 1 / t


def crossing(p: Params, t: int) -> float:
    """A large rate is fast at first: at small t it looks best."""
    return float(final(p) + 2 * np.exp(-t * (0.02 + p["lr"] ** 0.5)))


def late(p: Params, t: int) -> float:
    """Wide ones are slow: the best is among the last to show it."""
    return final(p) + p["width"] * 3 / t**0.7


def noisy(p: Params, t: int) -> float:
    """As ordered, under noise that falls as 1/√t and is the same whenever it is asked."""
    seed = int(abs(np.log(p["lr"])) * 1e9) % 2**32
    return float(ordered(p, t) + 0.5 * np.random.default_rng((seed, t)).normal() / t**0.5)


PROBLEMS: dict[str, Curve] = {f.__name__: f for f in (ordered, crossing, late, noisy)}


def lowest(problem: str) -> float:
    """The smallest end that any configuration has, without noise.

    >>> f"{lowest('ordered'):.4f}" == f"{1 / 81:.4f}"
    True
    """
    curve = PROBLEMS[checks.choice("problem", problem, PROBLEMS)]
    curve = ordered if curve is noisy else curve
    middle = {"lr": 0.01, "width": 0.7, "decay": 0.2}
    # a curve is a sum of one term a parameter, so that each has its best place by itself
    rates, widths = np.geomspace(1e-4, 1, 4001), np.linspace(0, 1, 4001)
    by_rate = min(curve(middle | {"lr": float(lr)}, END) for lr in rates)
    by_width = min(curve(middle | {"width": float(w)}, END) for w in widths)
    return float(by_rate + by_width - curve(middle, END))


def regret(problem: str, trials: Sequence[Trial], best: float) -> float:
    """Of the trial with the best value at END: how far its noiseless end is above ``best``."""
    done = [trial for trial in trials if END in trial.intermediate]
    if not done:
        checks.fail("trials", f"some of which came to {END}", "none")
    chosen = min(done, key=lambda trial: trial.intermediate[END])
    curve = ordered if problem == "noisy" else PROBLEMS[problem]
    return float(curve(chosen.params, END) - best)


def price(table: Sequence[Rung]) -> int:
    """What a bracket costs where survivors go on from where they were.

    >>> price([Rung(9, 1), Rung(3, 3), Rung(1, 9)])
    21
    """
    done = [0, *(rung.resource for rung in table)]
    return sum(n * (r - before) for (n, r), before in zip(table, done, strict=False))


def repeated(
    curve: Curve, table: Sequence[Rung], budget: int, rng: np.random.Generator
) -> list[Trial]:
    """One bracket again and again, as often as the budget pays for it whole, once at least."""
    search = RandomSearch(SPACE, rng)
    for _ in range(max(budget // price(table), 1)):
        halve(curve, search, table)
    return search.trials


def by_bracket(problem: str, seeds: Sequence[int], eta: int = 3) -> Array:
    """Regret of Hyperband and of every bracket alone at the same budget, (seeds, 1 + brackets).

    Column 0 is Hyperband, one pass; then the brackets, the hastiest first, each repeated until the
    price of the pass is spent.
    """
    curve, best, tables = PROBLEMS[problem], lowest(problem), brackets(END, eta)
    budget = sum(price(table) for table in tables)
    rows = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 0])
        search = RandomSearch(SPACE, rng)
        for table in tables:
            halve(curve, search, table)
        row = [regret(problem, search.trials, best)]
        for i, table in enumerate(tables):
            trials = repeated(curve, table, budget, np.random.default_rng([seed, i + 1]))
            row.append(regret(problem, trials, best))
        rows.append(row)
    return np.array(rows)
