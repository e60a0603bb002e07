"""Several methods side by side: every combination on the same seeds, and what each one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from dlcourse.arrays import Array


def in_rows(run: Callable[..., Any], rows: Sequence[Mapping[str, float]]) -> Callable[..., Any]:
    """For ``try_all(…, row=range(len(rows)))``: a list of settings, instead of a grid of them.

    Parameters
    ----------
    run : function of rng, runs and settings, which it takes as columns (runs, 1)
    rows : {setting: value} each; what a row does not name is 0

    Examples
    --------
    >>> run = lambda rng, runs, a, b: {"sum": (a + b)[:, 0]}
    >>> row = np.array([[1], [0]])
    >>> in_rows(run, [{"a": 1.0}, {"a": 2.0, "b": 5.0}])(None, 2, row)
    {'sum': array([7., 1.])}
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}

    def tried(rng: Any, runs: int, row: Array) -> Any:
        return run(rng, runs, **{name: values[row.astype(int)] for name, values in table.items()})

    return tried


def ended_and_stopped(trials: Any) -> Array:
    """Errors at the end, and where the validation NLL was smallest: (…, 2, seeds).

    Parameters
    ----------
    trials : with the curves ``error`` and ``val_nll``, (…, seeds, looks)

    Examples
    --------
    >>> from dlcourse.training import Trials
    >>> curves = {"val_nll": np.array([[2.0, 1.0, 3.0]]), "error": np.array([[0.3, 0.2, 0.1]])}
    >>> one = Trials({"seed": [0]}, {k: c[:, -1] for k, c in curves.items()}, curves)
    >>> ended_and_stopped(one).tolist()
    [[0.1], [0.2]]
    """
    error, best = trials.curve("error"), trials.curve("val_nll").argmin(-1)[..., None]
    return np.stack([error[..., -1], np.take_along_axis(error, best, -1)[..., 0]], axis=-2)


def effects(values: Array, names: Sequence[str]) -> dict[str, dict[Any, Array]]:
    """What a method does to the error: alone, on average, as the last one added, and to others.

    Parameters
    ----------
    values : (2, …, 2, seeds), an axis for each method, 1 where it is used
    names : of these axes

    Returns
    -------
    {"alone", "average", "last": {name: (seeds,)}}: with it minus without it, where no other one is
    used, on average over all combinations of the others, and where all the others are used;
    "pairs": {(name, other): (seeds,)}: its average effect where the other is used, minus that
    where it is not

    Examples
    --------
    Two methods; each alone takes 2 from 9, both together 3:

    >>> found = effects(np.array([[[9.0], [7.0]], [[7.0], [6.0]]]), ["a", "b"])
    >>> {kind: float(found[kind]["a"][0]) for kind in ("alone", "average", "last")}
    {'alone': -2.0, 'average': -1.5, 'last': -1.0}
    >>> found["pairs"]["a", "b"]
    array([1.])
    """
    n = len(names)
    found: dict[str, dict[Any, Array]] = {kind: {} for kind in ("alone", "average", "last")}
    by = {name: np.diff(values, axis=k).squeeze(k) for k, name in enumerate(names)}
    for name, change in by.items():
        found["alone"][name] = change[(0,) * (n - 1)]
        found["average"][name] = change.mean(tuple(range(n - 1)))
        found["last"][name] = change[(1,) * (n - 1)]
    found["pairs"] = {}
    for (j, one), (k, other) in combinations(enumerate(names), 2):
        twice = np.diff(np.diff(values, axis=k), axis=j)
        found["pairs"][one, other] = twice.mean(tuple(range(n)))
    return found
