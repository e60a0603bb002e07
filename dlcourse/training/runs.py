"""Anything on a grid: every setting of every method on the same seeds, many runs at once.

Runs lie on one axis, the seeds of a setting side by side, in blocks of whole settings; what cannot
lie there, such as a batch size or a width, is walked value by value. A seed makes the same
generator for every setting of every method.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training.grid import Grid, make_grid
from dlcourse.training.progress import bar
from dlcourse.training.trials import Trials

BLOCK = 256
"""Runs that are held at once: a model, its gradient and the optimizer's state for each."""


@dataclass(frozen=True)
class Block:
    """Runs that are tried together: settings times seeds, the seeds next to each other."""

    rng: list[np.random.Generator]
    seeds: list[int]  # one a run, its place among all seeds
    advance: Callable[[float], Any]

    @property
    def runs(self) -> int:
        return len(self.rng)


Run = Callable[[Block, dict[str, Any]], Mapping[str, Any]]


def try_all(
    run: Any,
    *,
    seeds: int | Sequence[Any] = 10,
    walked: Collection[str] = (),
    block: int = BLOCK,
    progress: bool = True,
    **settings: Any,
) -> Trials:
    """``run(rng, runs, **settings)`` for every setting and seed.

    Parameters
    ----------
    run : function that returns {metric: (runs,) or (runs, k)}, the latter a curve that ends in
        the value; or a mapping {method: function}
    seeds : how many, 0, 1, …, or a list of what ``numpy.random.default_rng`` takes
    walked : settings that come as one value at a time, not as a column (runs, 1); those whose
        values are no numbers always do
    block : the largest number of runs at once
    progress : show a bar on a terminal or in a notebook; it leaves nothing behind
    settings : a list or an array is swept, anything else is passed on; {method: value or list}
        gives each method its own, equally many for each

    Returns
    -------
    Trials, an axis for each swept setting

    Notes
    -----
    ``rng`` has a generator a run. The seeds of a setting lie next to each other, so that
    ``x.reshape(-1, seeds, …)`` splits the runs; a block holds whole settings.

    Examples
    --------
    >>> throw = lambda rng, runs, lr: {"loss": (lr[:, 0] - 0.2) ** 2 + [g.random() for g in rng]}
    >>> trials = try_all(throw, seeds=3, lr=[0.1, 0.2, 0.3])
    >>> trials.best("loss").setting
    {'lr': 0.2}
    """
    named = by_method("run", run)
    grid = make_grid(named, seeds, settings, walked)
    for method, one in named.items():
        takes("run", one, [*grid.fixed[method], *grid.axes])
    tries = {method: _plain(one) for method, one in named.items()}
    return run_grid(grid, tries, [[*range(len(grid.seeds))]], block, progress)


def _plain(run: Any) -> Run:
    def tried(block: Block, given: dict[str, Any]) -> Mapping[str, Any]:
        found = run(block.rng, block.runs, **given)
        block.advance(block.runs)
        return found

    return tried


def by_method(name: str, given: Any) -> dict[str, Any]:
    """Functions by their method's name, which is "" where there is no choice of methods."""
    if not isinstance(given, Mapping):
        return {"": given}
    if not given or not all(isinstance(method, str) and method for method in given):
        checks.fail(name, "a function, or a mapping {method's name: function}", dict(given))
    return dict(given)


def takes(name: str, function: Any, given: Sequence[str], also: Collection[str] = ()) -> set[str]:
    """Those of ``also`` that the function names, when it can be called with rng, runs and all."""
    if not callable(function):
        checks.fail(name, "a function, or a mapping {method: function}", function, error=TypeError)
    signature = inspect.signature(function)
    wishes = set(signature.parameters) & set(also)
    try:
        signature.bind(None, None, **dict.fromkeys([*given, *wishes]))
    except TypeError as error:
        wanted = ", ".join(["rng", "runs", *given])
        checks.fail(name, f"a function of {wanted}", str(error), error=TypeError)
    return wishes


def run_grid(
    grid: Grid, tries: Mapping[str, Run], alike: list[list[int]], block: int, progress: bool
) -> Trials:
    """Everything, block by block; ``alike`` are the seeds that may share a block."""
    checks.integer("block", block, 1)
    size = math.prod(grid.shape)
    found: list[tuple[Any, dict[str, Array]]] = []
    total = len(tries) * size * len(grid.seeds)
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with bar(total, progress, bar_format=form) as advance:
        for m, (method, run) in enumerate(tries.items()):
            for seeds in alike:
                for rows, values in grid.blocks(method, max(block // len(seeds), 1)):
                    which = seeds * len(rows)
                    rng = [np.random.default_rng(grid.seeds[seed]) for seed in which]
                    some = Block(rng, which, advance)
                    given = grid.columns(values, len(seeds))
                    place = np.ix_(rows + m * size, np.array(seeds))
                    found.append((place, _checked(_tried(run, some, given), some.runs)))
    return _placed(grid, found)


def _tried(run: Run, block: Block, given: dict[str, Any]) -> Mapping[str, Any]:
    columns = [name for name, value in given.items() if np.shape(value) == (block.runs, 1)]
    try:
        return run(block, given)
    except (TypeError, ValueError) as error:
        if columns:
            words = f"{', '.join(columns)} came as columns ({block.runs}, 1), one entry a run"
            error.add_note(f"{words}; a setting that must be one value is named in walked=[…].")
        raise


def _checked(found: Any, runs: int) -> dict[str, Array]:
    if not isinstance(found, Mapping) or not found:
        checks.fail("what a run returns", "a mapping {metric: array}", found, error=TypeError)
    arrays = {name: np.asarray(value) for name, value in found.items()}
    for name, array in arrays.items():
        if (
            array.shape[:1] != (runs,)
            or array.ndim > 2
            or not array.size
            or array.dtype.kind not in "biuf"
        ):
            checks.fail(name, f"numbers ({runs},) or ({runs}, k), one or a curve a run", array)
    return {name: array.astype(float) for name, array in arrays.items()}


def _placed(grid: Grid, found: list[tuple[Any, dict[str, Array]]]) -> Trials:
    """The blocks' values in arrays ``(…, seeds)``, their curves in ``(…, seeds, k)``."""
    names = found[0][1].keys()
    for _, arrays in found:
        if arrays.keys() != names:
            checks.fail("the metrics", f"{', '.join(names)} in every run", list(arrays))
    axes = grid.named_axes()
    shape = [len(grid.methods)] * ("method" in axes) + [*grid.shape, len(grid.seeds)]
    flat = (len(grid.methods) * math.prod(grid.shape), len(grid.seeds))
    values: dict[str, Array] = {}
    curves: dict[str, Array] = {}
    for name in names:
        width = max(array[name].shape[-1] if array[name].ndim == 2 else 0 for _, array in found)
        value, curve = np.full(flat, np.nan), np.full((*flat, width), np.nan)
        for (rows, seeds), arrays in found:
            array = arrays[name].reshape(rows.size, seeds.size, -1)
            value[rows, seeds] = array[..., -1]
            if width:
                curve[rows, seeds, : array.shape[-1]] = array
        values[name] = value.reshape(shape)
        if width:
            curves[name] = curve.reshape(*shape, width)
    return Trials(axes, values, curves)
