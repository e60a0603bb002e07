"""The ground every room stands on: the runs axis, cache-sized blocks, labels as indicators.

*Runs are an array axis.* A kernel broadcasts over leading axes, so ten seeds, or a grid of learning
rates, train in one NumPy program. Chance then needs one generator a run: ``run_generators`` makes
them, ``draw_runs`` draws with them. Runs that are handed the *same* generator object share the
draw, which is how two settings are compared on the same initial weights and the same batches.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs

Array = npt.NDArray[Any]
Generators = np.random.Generator | Sequence[np.random.Generator]

BLOCK = 24_576
"""Entries an elementwise pass handles at a time: six float64 arrays of this size are 1.2 MB."""
ROW = 2_048
"""Entries of each run that a block has at least, if there are as many: many short rows cost more
than the cache saves."""


def blocks(size: int, rows: int = 1) -> Iterator[slice]:
    """Slices of the last axis of a ``(rows, size)`` array, alike, of about ``BLOCK`` entries each;
    an axis of less than two ``ROW`` stays whole.

    Examples
    --------
    >>> list(blocks(40_000))
    [slice(0, 20000, None), slice(20000, 40000, None)]
    """
    count = min(max(round(size * rows / BLOCK), 1), max(size // ROW, 1), size)
    for i in range(count):
        yield slice(size * i // count, size * (i + 1) // count)


def some(value: float | Array) -> bool:
    """Whether a number, or any entry of an array, is not zero."""
    return bool(value.any()) if isinstance(value, np.ndarray) else value != 0


def run_generators(rng: Generators, runs: int | None) -> list[np.random.Generator]:
    """One generator a run: ``rng`` itself without runs, spawned children, or the sequence given."""
    if runs is not None:
        checks.integer("runs", runs, 1)
    if isinstance(rng, np.random.Generator):
        return [rng] if runs is None else rng.spawn(runs)
    given: Any = rng
    if not isinstance(given, Sequence):
        kinds = "a numpy.random.Generator or a sequence of them, one a run"
        checks.fail("rng", kinds, given, "Pass numpy.random.default_rng(seed).", TypeError)
    for i, one in enumerate(rng):
        checks.generator(f"rng[{i}]", one)
    if len(rng) != (runs or 1):
        checks.fail("rng", f"one generator or {runs or 1} of them, one a run", len(rng))
    return list(rng)


def own_generators(rng: Generators, runs: int | None) -> list[np.random.Generator]:
    """A generator for each run that nobody else draws with: a child, so that its parent, which may
    draw weights and batches, stays where it is. Runs that share a parent get equal children.

    So a run draws the same whether it is held alone or among many, however they are cut.

    Examples
    --------
    >>> parent = np.random.default_rng(0)
    >>> one, same = own_generators([parent, parent], runs=2)
    >>> one is same, one.random() == same.random()
    (False, True)
    >>> parent.random() == np.random.default_rng(0).random()
    True
    """
    generators = run_generators(rng, runs)
    children = {id(g): g for g in generators}
    children = {key: g.spawn(1)[0] for key, g in children.items()}
    return [copy.deepcopy(children[id(g)]) for g in generators]


def draw_runs(
    draw: Callable[[np.random.Generator], Array],
    generators: Sequence[np.random.Generator],
    runs: int | None,
) -> Array:
    """``draw(generator)`` for every run, stacked on a leading axis; no such axis if ``runs`` is
    None.

    Examples
    --------
    >>> one = np.random.default_rng(0)
    >>> pair = draw_runs(lambda rng: rng.normal(size=3), [one, one], runs=2)
    >>> bool((pair[0] == pair[1]).all())
    True
    """
    if runs is None:
        return draw(generators[0])
    drawn: dict[int, Array] = {}
    for generator in generators:
        if id(generator) not in drawn:
            drawn[id(generator)] = draw(generator)
    return np.stack([drawn[id(generator)] for generator in generators])


def indicators(labels: npt.ArrayLike, classes: int, dtype: npt.DTypeLike = float) -> Array:
    """Integer labels ``(..., n)`` to indicator columns ``(..., classes, n)``.

    Raises
    ------
    TypeError if the labels are no integers, ValueError if one is outside ``0 .. classes - 1``.

    Examples
    --------
    >>> indicators([2, 0], 3)
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])
    """
    labels = inputs.integers("labels", labels)
    hits = labels[..., None, :] == np.arange(classes)[:, None]
    if np.count_nonzero(hits) != labels.size:
        inputs.indices("labels", labels, classes)
    return hits.astype(dtype)
