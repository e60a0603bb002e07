"""Which runs a comparison has: settings by method, seeds, and the blocks they are trained in."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array

RESERVED = ("method", "seed", "rng", "runs")


@dataclass(frozen=True)
class Grid:
    """Every setting for every seed; made by ``make_grid``.

    Attributes
    ----------
    methods : the names compared side by side, or ("",) where there is one only
    seeds : what each seed's generator is made from
    fixed : {method: {name: value}}, what is the same for all runs of a method
    axes : {name: {method: values}}, what is swept; equally many values for every method
    walked : the swept names that cannot lie on the runs axis and are tried value by value
    """

    methods: tuple[str, ...]
    seeds: tuple[Any, ...]
    fixed: dict[str, dict[str, Any]]
    axes: dict[str, dict[str, tuple[Any, ...]]]
    walked: frozenset[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each swept setting."""
        return tuple(len(next(iter(values.values()))) for values in self.axes.values())

    def blocks(self, method: str, size: int) -> Iterator[tuple[Array, dict[str, Any]]]:
        """Settings that are trained together, at most ``size``: their numbers, their values.

        A walked setting is one value, any other an array with an entry a setting.
        """
        places = np.arange(math.prod(self.shape)).reshape(self.shape)
        moving = [n for name, n in zip(self.axes, self.shape, strict=True) if name in self.walked]
        for at in np.ndindex(*moving):
            step = iter(at)
            which = tuple(next(step) if name in self.walked else slice(None) for name in self.axes)
            rows = np.ravel(places[which])
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                yield some, self._values(method, some)

    def _values(self, method: str, rows: Array) -> dict[str, Any]:
        """What each of these settings has."""
        where = np.unravel_index(rows, self.shape) if self.shape else ()
        values = dict(self.fixed[method])
        for (name, by_method), index in zip(self.axes.items(), where, strict=True):
            if name in self.walked:
                values[name] = by_method[method][index[0]]
            else:
                values[name] = np.array(by_method[method], dtype=float)[index]
        return values

    def columns(self, values: Mapping[str, Any], seeds: int) -> dict[str, Any]:
        """What ``blocks`` yields as a run sees it: a column (runs, 1), seeds next to each other."""
        moving = self.axes.keys() - self.walked
        return {k: v.repeat(seeds)[:, None] if k in moving else v for k, v in values.items()}

    def named_axes(self) -> dict[str, Any]:
        """The axes of the results: method, swept settings, seed."""
        axes: dict[str, Any] = {"method": self.methods} if self.methods != ("",) else {}
        for name, by_method in self.axes.items():
            shared = len(set(by_method.values())) == 1
            axes[name] = by_method[self.methods[0]] if shared else dict(by_method)
        return {**axes, "seed": self.seeds}


def make_grid(
    methods: Collection[str],
    seeds: int | Sequence[Any],
    settings: Mapping[str, Any],
    walked: Collection[str],
) -> Grid:
    """The grid of these settings, or an error that says what is not comparable in it.

    A list, a range or an array is swept; a mapping gives each method its own value or list.
    """
    names = tuple(methods)
    fixed: dict[str, dict[str, Any]] = {method: {} for method in names}
    axes: dict[str, dict[str, tuple[Any, ...]]] = {}
    for name, given in settings.items():
        if name in RESERVED:
            checks.fail("a setting", f"named otherwise than {', '.join(RESERVED)}", name)
        by_method = _by_method(name, given, names)
        lists = [is_list(value) for value in by_method.values()]
        if all(lists):
            axes[name] = {m: _values(f"{name}{_of(m)}", v) for m, v in by_method.items()}
            lengths = {m: len(v) for m, v in axes[name].items()}
            if len(set(lengths.values())) > 1:
                fix = "A method that may try more settings is better by that alone."
                checks.fail(name, "as many values for every method", lengths, fix)
        elif any(lists):
            checks.fail(name, "a list for every method or for none", dict(by_method))
        for method, value in by_method.items():
            if name not in axes:
                fixed[method][name] = value
    for name in names_of(walked):
        checks.choice("walked", name, list(settings))
    numbered = {n for n, by in axes.items() if all(_is_number(v) for vs in by.values() for v in vs)}
    return Grid(names, _seeds(seeds), fixed, axes, frozenset(set(axes) - numbered | set(walked)))


def names_of(walked: Any) -> Collection[str]:
    """The settings to walk, when they are a list of names and not one name's letters."""
    if isinstance(walked, str) or not isinstance(walked, Collection):
        checks.fail("walked", "a list of names, as ['width']", walked, error=TypeError)
    return walked


def is_list(value: Any) -> bool:
    """Whether a setting is swept over these values; a tuple, as of betas, is one value."""
    return isinstance(value, list | range | np.ndarray)


def _of(method: str) -> str:
    return f" of {method!r}" if method else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _by_method(name: str, given: Any, methods: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return dict.fromkeys(methods, given)
    if methods == ("",):
        fix = "Grids by method need methods: pass build as a mapping {name: build}."
        checks.fail(name, "a value or a list", dict(given), fix)
    if set(given) != set(methods):
        checks.fail(name, f"given for each of {', '.join(methods)}", list(given))
    return {method: given[method] for method in methods}


def _values(name: str, given: Any) -> tuple[Any, ...]:
    if getattr(given, "ndim", 1) != 1:
        checks.fail(name, "a list or an array (n,)", given)
    values = tuple(v.item() if isinstance(v, np.generic) else v for v in given)
    if not values:
        checks.fail(name, "at least one value", list(values))
    for value in values:
        number = _is_number(value)
        if not number and not isinstance(value, str | bool | None | tuple):
            fix = "Anything else is a method: pass build as a mapping {name: build}."
            checks.fail(name, "numbers, strings, tuples or None", value, fix, TypeError)
        if number and not math.isfinite(value):
            checks.fail(name, "finite", float(value))
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        checks.fail(name, "free of values that stand there twice", twice)
    return values


def _seeds(seeds: int | Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(seeds, list | tuple | range | np.ndarray):
        return tuple(range(checks.integer("seeds", seeds, 1)))
    given = [s.item() if isinstance(s, np.integer) else s for s in seeds]
    if not given:
        checks.fail("seeds", "at least one", given)
    for seed in given:
        for part in seed if isinstance(seed, tuple) else (seed,):
            checks.integer("a seed, or each entry of a tuple,", part, 0)
    streams: dict[Any, Any] = {}
    for seed in given:  # NumPy pads with zeros: 1, (1,) and (1, 0) make the same generator
        stream = tuple(np.random.SeedSequence(seed).generate_state(4))
        if stream in streams:
            fix = f"It makes the generator of {streams[stream]!r}."
            checks.fail("seeds", "different: a run that is repeated proves nothing", seed, fix)
        streams[stream] = seed
    return tuple(given)
