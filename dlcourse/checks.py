"""The one grammar of errors: ``{name} must be {constraint}; got {value!r}. {fix}``.

Constructors and public functions call these checks at the door; kernels check nothing. A value may
be a number, or an array with one entry a run (see ``dlcourse.arrays``): every entry must then pass.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np


def describe(value: Any) -> str:
    """``repr`` for small values, kind and shape for arrays: a message stays one line."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and getattr(value, "ndim", 0) > 0:
        return f"{type(value).__name__} of {value.dtype} with shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def fail(
    name: str,
    constraint: str,
    value: Any,
    fix: str = "",
    error: type[Exception] = ValueError,
) -> NoReturn:
    """Raise ``error`` with the house's one sentence, and the likely fix behind it."""
    message = f"{name} must be {constraint}; got {describe(value)}."
    raise error(f"{message} {fix}".rstrip())


def number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> Any:
    """A finite real number, or an array of them, inside an interval; returned as float or array.

    Examples
    --------
    >>> number("lr", 1, low=0)
    1.0
    >>> number("betas[0]", 1.0, 0, 1, high_open=True)
    Traceback (most recent call last):
        ...
    ValueError: betas[0] must be in [0, 1); got 1.0.
    """
    try:
        array = np.asarray(value)
    except (ValueError, RuntimeError):  # rows of unlike length; a tensor that wants a gradient
        array = np.array(None)
    if isinstance(value, bool) or array.dtype.kind not in "iuf":
        fail(name, "a number or an array of numbers, one a run", value, error=TypeError)
    outside = ~np.isfinite(array)
    outside |= (array <= low) if low_open else (array < low)
    outside |= (array >= high) if high_open else (array > high)
    if outside.any():
        fail(name, _interval(low, high, low_open, high_open), array[outside].flat[0].item())
    return float(array) if array.ndim == 0 else array.astype(float)


def scalar(name: str, value: Any, low: float = 0.0, *, low_open: bool = False) -> float:
    """A single number, the same for all runs."""
    value = number(name, value, low, low_open=low_open)
    if isinstance(value, np.ndarray):
        fail(name, "a number, the same for all runs", value)
    return value


def column(name: str, value: Any, low: float = 0.0) -> Any:
    """A number of at least ``low``, or an array ``(runs, 1)`` of them, one entry a run."""
    value = number(name, value, low)
    if isinstance(value, np.ndarray) and (value.ndim != 2 or value.shape[1] != 1):
        fix = "Runs lie on the first axis; write lr[:, None]."
        fail(name, "a number or an array (runs, 1), one entry a run", value, fix)
    return value


def momentum(value: Any) -> float | None:
    """The weight of a new batch in running statistics: in [0, 1], or None."""
    if value is not None and isinstance(number("momentum", value, 0, 1), np.ndarray):
        fail("momentum", "a number, the same for all runs, or None", value)
    return None if value is None else float(value)


def _interval(low: float, high: float, low_open: bool, high_open: bool) -> str:
    if math.isinf(high):
        if math.isinf(low):
            return "finite"
        return f"finite and {'>' if low_open else '>='} {low:g}"
    if math.isinf(low):
        return f"finite and {'<' if high_open else '<='} {high:g}"
    return f"in {'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"


def integer(name: str, value: Any, low: float = -math.inf) -> int:
    """A whole number of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        fail(name, "an integer", value, error=TypeError)
    if value < low:
        fail(name, f">= {low}", value)
    return int(value)


def step(value: Any) -> np.ndarray[Any, Any]:
    """A number of steps made, or a row of them: runs are another axis."""
    t = np.asarray(value)
    if t.dtype.kind not in "iu" or t.ndim > 1:
        fail("step", "an integer or an array (n,) of integers", value, error=TypeError)
    if t.size and t.min() < 0:
        fail("step", ">= 0", value)
    if t.size and t.max() > np.iinfo(np.int64).max:
        fail("step", "< 2**63", value)
    return t.astype(np.int64)  # small and unsigned kinds would wrap around


def pieces(milestones: Any, factors: Any) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Steps in increasing order, and one factor >= 0 for each."""
    for name, given in (("milestones", milestones), ("factors", factors)):
        if not isinstance(given, Sequence | np.ndarray) or isinstance(given, str):
            fail(name, "a sequence of numbers", given, error=TypeError)
    whole = all(isinstance(m, int | np.integer) and m >= 0 for m in milestones)
    if not whole or list(milestones) != sorted(set(milestones)):
        fail("milestones", "increasing integers >= 0", milestones)
    if len(factors) != len(milestones):
        fail("factors", f"{len(milestones)}, one a milestone", factors)
    for i, factor in enumerate(factors):
        scalar(f"factors[{i}]", factor)
    return tuple(map(int, milestones)), tuple(map(float, factors))


def choice(name: str, value: Any, allowed: Collection[str]) -> str:
    """One of the names in ``allowed``; a near miss is named in the message."""
    if not isinstance(value, str) or value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.6)
        fix = f"Did you mean {near[0]!r}?" if near else ""
        fail(name, "one of " + ", ".join(map(repr, allowed)), value, fix)
    return value


def watched(metric: Any, history: Collection[str]) -> str:
    """A column of the history of ``fit``; those of validation are there if it was given ``val``.

    >>> watched("val_loss", ["train_loss"])
    Traceback (most recent call last):
        ...
    ValueError: metric must be one of 'train_loss'; got 'val_loss'. Pass val=(x, y) to fit.
    """
    absent = str(metric).startswith("val_") and not any(c.startswith("val_") for c in history)
    if absent:  # and the nearest name, 'train_loss', would be bad advice
        named = "one of " + ", ".join(map(repr, history))
        fail("metric", named, metric, "Pass val=(x, y) to fit.")
    return choice("metric", metric, history)


def saved(new: Any, mine: Any) -> None:
    """A state of the optimizer whose own one is ``mine``: all but the values of its numbers."""
    if not isinstance(new, Mapping) or not mine.keys() <= new.keys():
        fail("state_dict", f"a mapping with {', '.join(mine)}", new, error=TypeError)
    if not isinstance(new["optimizer"], str) or new["optimizer"] != mine["optimizer"]:
        fail("state_dict", f"of {mine['optimizer']}", new["optimizer"])
    hyper, states = new["hyper"], new["state"]
    if not isinstance(hyper, Mapping) or hyper.keys() != mine["hyper"].keys():
        fail("state_dict['hyper']", f"a mapping with {', '.join(mine['hyper'])}", hyper)
    if not isinstance(states, list) or not all(isinstance(s, Mapping) for s in states):
        fail("state_dict['state']", "a list of mappings, one a parameter", states, error=TypeError)
    layout, given = (
        [{k: tuple(np.shape(a)) for k, a in s.items()} for s in all_]
        for all_ in (mine["state"], states)
    )
    if given != layout:
        fail("state_dict", f"of arrays shaped {layout}", given)
    for name, a in ((name, a) for s in states for name, a in s.items()):
        number(f"state_dict['state']: {name}", a)
    t = integer("state_dict['t']", new["t"], 0)
    if t == 0 and any(np.any(np.asarray(a)) for s in states for a in s.values()):
        fail("state_dict['state']", "zero before the first step", states)


def state(new: Any, mine: Mapping[str, Any], make: Callable[[Any], Any]) -> dict[str, Any]:
    """A state of the layer or model that holds the arrays or tensors ``mine``, by name."""
    if not isinstance(new, Mapping):
        fail("state_dict", "a mapping of arrays by name", new, error=TypeError)
    if new.keys() != mine.keys():
        lacking = [f"{name} is missing" for name in mine if name not in new]
        lacking += [f"{name} is unknown" for name in new if name not in mine]
        fail("state_dict", f"of {', '.join(mine) or 'nothing'}", "; ".join(lacking))
    found = {}
    for name, a in mine.items():
        key, whole = f"state_dict[{name!r}]", "int" in str(a.dtype)
        try:
            found[name] = one = make(new[name])
            kind = str(one.dtype)
        except (TypeError, ValueError, RuntimeError):  # torch raises now this, now that
            kind = "none"
        if not ("int" in kind or ("float" in kind and not whole)):
            fail(key, f"of {'integers' if whole else 'numbers'}", new[name], error=TypeError)
        if one.shape != a.shape:
            fail(key, f"shaped {tuple(a.shape)}", new[name])
    return found


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Two values, as a tuple or a list."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        fail(name, "a pair, as (0.9, 0.999)", value, error=TypeError)
    return value[0], value[1]


def float_kind(name: str, value: Any) -> np.dtype[Any]:
    """One of the two precisions that everything here is computed in."""
    try:
        kind = np.dtype(value)
    except TypeError:
        kind = None
    if kind is None or value is None:
        fail(name, "float64 or float32", value, error=TypeError)
    if kind not in (np.float64, np.float32):
        fail(name, "float64 or float32", kind.name)
    return kind


def generator(name: str, value: Any) -> np.random.Generator:
    """A ``numpy.random.Generator``: chance is always handed in, never global."""
    if not isinstance(value, np.random.Generator):
        fix = "Pass numpy.random.default_rng(seed)."
        fail(name, "a numpy.random.Generator", value, fix, TypeError)
    return value


def sizes(name: str, value: Any, least: int = 0) -> tuple[int, ...]:
    """The shape of an array without an empty axis, that has ``least`` axes or more."""
    such = ", as (out, in)" if least == 2 else ""  # those of images and sequences are others
    if not isinstance(value, tuple | list):
        fail(name, f"a tuple of integers{such}", value, error=TypeError)
    for i, size in enumerate(value):
        integer(f"{name}[{i}]", size, 1)
    if len(value) < least:
        fail(name, f"of at least {least} axes{such}", tuple(value))
    return tuple(map(int, value))


def last_axes(name: str, value: Any) -> tuple[int, ...]:
    """The sizes of the last axes of something, or of the last one alone."""
    return sizes(name, value if isinstance(value, tuple | list) else (value,), 1)


def some_runs(value: Any, runs: int | None) -> None:
    """A slice of the runs, or one of them; of a list NumPy would make a copy."""
    if runs is None:
        fail("model", "of several runs, of which some are taken", runs)
    if not isinstance(value, slice):
        integer("runs", value)
    if not (range(runs)[value] if isinstance(value, slice) else -runs <= value < runs):
        fail("runs", f"some of the {runs} runs, or one in {-runs} .. {runs - 1}", value)


def shaped(name: str, value: Any, shape: tuple[int, ...], fix: str = "") -> None:
    """An array of exactly this shape."""
    if value.shape != shape:
        fail(name, f"shaped {shape}", value, fix)
