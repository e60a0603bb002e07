"""Which hyper-parameters mattered, and what a search found, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.forest import forest, variance_shares
from dlcourse.scratch.hpo.search import COMPLETE, Search
from dlcourse.scratch.hpo.space import to_unit

LEAST = 10  # complete trials below which nothing can be said


def importances(
    search: Search, rng: np.random.Generator, kind: str = "fanova", n_trees: int = 32
) -> dict[str, float]:
    """The share of each parameter in the differences between trials, the largest first.

    Parameters
    ----------
    search : with at least 10 complete trials; what failed or was pruned is left out
    rng : draws the forest, and values for inactive parameters
    kind : "fanova", the variance over the whole space that a parameter explains alone: what is
        missing from 1 are interactions; or "permutation", how much worse a forest predicts when the
        parameter is shuffled: with its interactions, scaled to sum to 1

    Notes
    -----
    It describes a forest fitted to the trials, not the objective: few trials, or a search that saw
    one corner only, make it a guess. "Over the whole space" weighs by the space's own scales, so a
    parameter searched in a wider range matters more. One trial at 10⁹ owns all the variance: tell
    the logarithm of such a loss. An inactive parameter gets values by chance, since it has no
    influence.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float, RandomSearch, minimize
    >>> search = RandomSearch({"x": Float(0, 1), "y": Float(0, 1)}, np.random.default_rng(0))
    >>> _ = minimize(lambda p: 3 * p["x"] + p["y"], search, 200)  # variances 9 to 1
    >>> shares = importances(search, np.random.default_rng(0))
    >>> {name: round(share, 1) for name, share in shares.items()}
    {'x': 0.9, 'y': 0.1}

    References
    ----------
    Hutter, Hoos and Leyton-Brown (2014): fANOVA. Breiman (2001), section 10: permutation.
    """
    checks.choice("kind", kind, ("fanova", "permutation"))
    rng, n_trees = checks.generator("rng", rng), checks.integer("n_trees", n_trees, 1)
    x, y = observed(search, rng)
    trees = forest(x, y, n_trees, rng)
    if kind == "fanova":
        shares = np.mean([variance_shares(tree)[0] for tree in trees], axis=0)
    else:
        worse = permutation_importance(lambda at: mean_of(trees, at), x, y, rng)
        shares = np.maximum(worse, 0) / (np.maximum(worse, 0).sum() or 1.0)
    named = zip((p.name for p in search.parameters), shares.tolist(), strict=True)
    return dict(sorted(named, key=lambda pair: -pair[1]))


def observed(search: Search, rng: np.random.Generator) -> tuple[Array, Array]:
    """The complete trials as points (n, d) of the unit cube and values (n,)."""
    complete = [t for t in _search(search).trials if t.state == COMPLETE]
    if len(complete) < LEAST:
        checks.fail("search", f"one with at least {LEAST} complete trials", len(complete))
    x = np.array([to_unit(search.parameters, t.params) for t in complete])
    x = np.where(np.isnan(x), rng.random(x.shape), x)
    y = np.array([t.value for t in complete], float)
    if np.ptp(y) == 0:
        checks.fail(
            "search", "one whose trials differ", y[0].item(), "Equal values explain nothing."
        )
    return x, y


def mean_of(trees: Sequence[Any], x: Array) -> Array:
    """What a forest predicts."""
    return np.mean([tree.predict(x) for tree in trees], axis=0)


def permutation_importance(
    predict: Callable[[Array], Array],
    x: Array,
    y: Array,
    rng: np.random.Generator,
    repeats: int = 5,
) -> Array:
    r"""How much the mean squared error grows when a column is shuffled, (d,).

    .. math:: I_j = E_\pi \Bigl[\tfrac1n \sum_i (f(x_i^{\pi_j}) - y_i)^2\Bigr]
              - \tfrac1n \sum_i (f(x_i) - y_i)^2

    Notes
    -----
    For a linear f that fits, I_j is 2 β_j² times the variance of column j.
    """
    error = np.mean((predict(x) - y) ** 2)
    found = np.zeros(x.shape[1])
    for j in range(x.shape[1]):
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, j] = rng.permutation(x[:, j])
            found[j] += np.mean((predict(shuffled) - y) ** 2) / repeats
    return found - error


def table(search: Search) -> list[dict[str, Any]]:
    """One row a trial in the order asked, the same columns in each; None where there is nothing.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float, GridSearch, minimize
    >>> search = GridSearch({"x": Float(0, 1)}, 2)
    >>> _ = minimize(lambda p: p["x"] + 1, search, 2)
    >>> table(search)[1]
    {'number': 1, 'state': 'complete', 'value': 2.0, 'x': 1.0, 'error': None}
    """
    names = [p.name for p in _search(search).parameters]
    return [
        {"number": t.number, "state": t.state, "value": t.value}
        | {name: t.params.get(name) for name in names}
        | {"error": t.error}
        for t in search.trials
    ]


def text_table(search: Search, rows: int = 10) -> str:
    """The best trials as text, then what did not complete, ``rows`` lines at most.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float, GridSearch, minimize
    >>> search = GridSearch({"x": Float(0, 1)}, 3)
    >>> _ = minimize(lambda p: 1 / p["x"], search, 3)
    >>> print(text_table(search))
    number  state     value    x  error
         2  complete      1    1
         1  complete      2  0.5
         0  failed       --    0  ZeroDivisionError: float division by zero
    """
    rows = checks.integer("rows", rows, 1)
    ranked = sorted(table(search), key=_rank)[:rows]
    cells = [[*map(_cell, list(row.values())[:-1]), _cell(row["error"] or "")] for row in ranked]
    names = ["number", "state", "value", *(p.name for p in search.parameters), "error"]
    columns = [[name, *(row[k] for row in cells)] for k, name in enumerate(names)]
    wide = [max(map(len, column)) for column in columns]
    left = [k in (1, len(names) - 1) for k in range(len(names))]
    lines = (
        (c.ljust(w) if flush else c.rjust(w) for c, w, flush in zip(line, wide, left, strict=True))
        for line in zip(*columns, strict=True)
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _search(search: Any) -> Search:
    if not isinstance(search, Search):
        checks.fail("search", "a Search", search, error=TypeError)
    return search


def _rank(row: dict[str, Any]) -> tuple[bool, float, int]:
    complete = row["state"] == COMPLETE
    return not complete, row["value"] if complete else 0.0, row["number"]


def _cell(value: Any) -> str:
    if value is None:
        return "--"
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
