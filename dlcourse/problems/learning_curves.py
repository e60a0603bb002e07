"""Learning curves that are formulas: the best end is known, and how curves cross can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import Float, RandomSearch, Rung, Trial, brackets
from dlcourse.scratch.hpo.halving import halve

Params = dict[str, Any]
Curve = Callable[[Params, int], Any]  # numbers, or arrays where the parameters are arrays

SPACE = {"lr": Float(1e-4, 1.0, log=True), "width": Float(0.0, 1.0), "decay": Float(0.0, 1.0)}
END = 81  # the resource at which a curve is judged


def final(p: Params) -> Any:
    """Where a curve is headed: 0 at lr 0.01, width 0.7, decay 0.2; more by squares of the distance.

    >>> final({"lr": np.array([0.01, 1.0]), "width": 0.7, "decay": 0.2})
    array([0., 1.])
    """
    rate, width, decay = np.log10(p["lr"]) + 2, p["width"] - 0.7, p["decay"] - 0.2
    return rate**2 / 4 + width**2 + decay**2 / 2


def ordered(p: Params, t: int) -> Any:
    """Curves that never cross."""
    return final(p) + 1 / t


def crossing(p: Params, t: int) -> Any:
    """A large rate is fast at first: at small t it looks best."""
    return final(p) + 2 * np.exp(-t * (0.02 + p["lr"] ** 0.5))


def late(p: Params, t: int) -> Any:
    """Wide ones are slow: the best is among the last to show it."""
    return final(p) + p["width"] * 3 / t**0.7


def scrambled(key: Array) -> Array:
    """64 bits that look drawn at random, the same for the same key: the mixer of splitmix64.

    >>> [hex(k) for k in scrambled(np.array([0, 1], np.uint64)).tolist()]
    ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    z = key + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def noisy(p: Params, t: int) -> Any:
    """As ordered, under noise that falls as 1/√t and is the same whenever it is asked."""
    rates = np.abs(np.log(np.atleast_1d(p["lr"]))) * 1e9
    key = scrambled(scrambled(rates.astype(np.uint64)) + np.uint64(t))
    near, turn = ((k >> np.uint64(11)) / 2**53 for k in (key, scrambled(key)))
    normal = np.sqrt(-2 * np.log1p(-near)) * np.cos(2 * np.pi * turn)  # Box and Muller's
    return ordered(p, t) + 0.5 * normal.reshape(np.shape(p["lr"])) / t**0.5


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


def laps(table: Sequence[Rung], budget: int) -> list[list[Rung]]:
    """What a budget pays for: whole brackets, one at least.

    A bracket with a single rung, random search, is bought by the draw: nothing is left over.

    >>> bracket, search = [Rung(9, 1), Rung(3, 3), Rung(1, 9)], [Rung(2, 9)]
    >>> laps(bracket, 62) == [bracket] * 2, laps(search, 62)
    (True, [[Rung(n=6, resource=9)]])
    """
    if len(table) == 1:
        return [[Rung(max(budget // table[0].resource, table[0].n), table[0].resource)]]
    return [list(table)] * max(budget // price(table), 1)


def repeated(
    curve: Curve, table: Sequence[Rung], budget: int, rng: np.random.Generator
) -> list[Trial]:
    """One bracket again and again, as often as the budget pays for it, see ``laps``."""
    search = RandomSearch(SPACE, rng)
    for lap in laps(table, budget):
        halve(curve, search, lap)
    return search.trials


def last_rung(
    curve: Curve, tables: Sequence[Sequence[Rung]], rng: np.random.Generator
) -> tuple[dict[str, Array], Array]:
    """The laps of one bracket side by side: parameters and values of all who came to its end.

    What ``halve`` does with the same draws, on arrays (laps, draws) and so some twenty times
    faster.
    """
    u = rng.random((len(tables), tables[0][0].n, len(SPACE)))
    alive = {}
    for (name, domain), share in zip(SPACE.items(), np.moveaxis(u, -1, 0), strict=True):
        low, high = np.log([domain.low, domain.high]) if domain.log else (domain.low, domain.high)
        at = low + share * (high - low)
        alive[name] = np.exp(at) if domain.log else at
    for rung, following in pairwise(tables[0]):
        values = curve(alive, rung.resource)
        kept = np.sort(values.argsort(1, kind="stable")[:, : following.n], 1)
        alive = {name: np.take_along_axis(a, kept, 1) for name, a in alive.items()}
    return {name: a.ravel() for name, a in alive.items()}, curve(alive, END).ravel()


def by_bracket(problem: str, seeds: Sequence[int], eta: int = 3) -> Array:
    """Regret of Hyperband and of every bracket alone at the same budget, (seeds, 1 + brackets).

    Column 0 is Hyperband, one pass; then the brackets, the hastiest first, each as often as the
    price of the pass pays for it, see ``laps``.
    """
    curve, best, tables = PROBLEMS[problem], lowest(problem), brackets(END, eta)
    true = ordered if problem == "noisy" else curve
    budget = sum(price(table) for table in tables)

    def of(found: Sequence[tuple[dict[str, Array], Array]]) -> float:
        params = {name: np.concatenate([p[name] for p, _ in found]) for name in SPACE}
        won = np.concatenate([values for _, values in found]).argmin()
        return float(true({name: a[won] for name, a in params.items()}, END) - best)

    rows = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 0])
        row = [of([last_rung(curve, [table], rng) for table in tables])]
        for i, table in enumerate(tables):
            own = np.random.default_rng([seed, i + 1])
            row.append(of([last_rung(curve, laps(table, budget), own)]))
        rows.append(row)
    return np.array(rows)
