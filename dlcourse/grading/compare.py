"""When are two results the same?

Numbers are compared array by array and by norm, ``max|a - b| <= 3e-4 * max|b|``: loose enough for
float32 and for any order of summation, tight enough that no known mistake slips through. Everything
else -- kind, length, keys, shape, where a value is not finite -- has to agree exactly. Only the
built-in containers and numeric arrays are looked into, and an array is copied to a plain one before
it is compared, so an object that claims to equal everything convinces nobody. Where a word is the
answer, that word has to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCE = 3e-4
MOST_AXES = 64
"""An array has no more, so what is nested deeper is none (or a list that holds itself)."""


@dataclass(frozen=True)
class Difference:
    """The first place where a result is not what was expected.

    ``kind`` is one of none, type, length, keys, shape, nan, integer, value, text; ``path`` leads to
    the place, indices and keys from the outside in; ``expected`` and ``came`` are what was found
    there.
    """

    kind: str
    path: tuple[Any, ...]
    expected: Any
    came: Any


def plain(value: Any) -> np.ndarray | None:
    """A plain numeric copy of an array, a number or nested lists; None for anything else."""
    if _has_text(value):
        return None
    try:
        array = np.array(value, copy=True, subok=False)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "iuf" else None


def compare(expected: Any, came: Any, path: tuple[Any, ...] = ()) -> Difference | None:
    """The first difference, or None if there is none."""
    if came is None:
        return Difference("none", path, expected, came)
    if isinstance(expected, dict):
        return _compare_dicts(expected, came, path)
    if isinstance(expected, list | tuple):
        return _compare_lists(expected, came, path)
    if isinstance(expected, str):
        return _compare_texts(expected, came, path)
    return _compare_arrays(np.asarray(expected), came, path)


def _has_text(value: Any, depth: int = 0) -> bool:
    """Whether text is in a list. One long word in it, and NumPy makes every entry that long."""
    if isinstance(value, list | tuple):
        return depth > MOST_AXES or any(_has_text(item, depth + 1) for item in value)
    return isinstance(value, str | bytes)


def _compare_dicts(expected: dict, came: Any, path: tuple[Any, ...]) -> Difference | None:
    if not isinstance(came, dict):
        return Difference("type", path, "a dict", type(came).__name__)
    if set(came) != set(expected):
        return Difference("keys", path, list(expected), list(came))
    return _first(compare(expected[key], came[key], (*path, key)) for key in expected)


def _compare_lists(expected: list | tuple, came: Any, path: tuple[Any, ...]) -> Difference | None:
    if not isinstance(came, list | tuple):
        return Difference("type", path, "a list", type(came).__name__)
    if len(came) != len(expected):
        return Difference("length", path, len(expected), len(came))
    pairs = zip(expected, came, strict=True)
    return _first(compare(want, got, (*path, i)) for i, (want, got) in enumerate(pairs))


def _compare_texts(expected: str, came: Any, path: tuple[Any, ...]) -> Difference | None:
    if not isinstance(came, str):
        return Difference("type", path, "a text", type(came).__name__)
    text = str.__str__(came)  # of a subclass the letters count, not what it says of itself
    return None if text == expected else Difference("text", path, expected, text)


def _compare_arrays(expected: np.ndarray, came: Any, path: tuple[Any, ...]) -> Difference | None:
    if isinstance(came, list | tuple) and any(item is None for item in came):
        return Difference("none", path, expected, came)
    array = plain(came)
    if array is None:
        of = f" of dtype {came.dtype}" if isinstance(came, np.ndarray) else ""
        return Difference("type", path, "an array of numbers", type(came).__name__ + of)
    if array.shape != expected.shape:
        return Difference("shape", path, expected.shape, array.shape)
    if not same_nonfinite(expected, array):
        return Difference("nan", path, expected, array)
    if not close(expected, array):
        kind = "integer" if array.dtype.kind in "iu" and expected.dtype.kind == "f" else "value"
        return Difference(kind, path, expected, array)
    return None


def same_nonfinite(expected: np.ndarray, came: np.ndarray) -> bool:
    """Whether NaN, inf and -inf sit in the same places."""
    tests = (np.isnan, np.isposinf, np.isneginf)
    return all(np.array_equal(test(expected), test(came)) for test in tests)


def close(expected: np.ndarray, came: np.ndarray, tolerance: float = TOLERANCE) -> bool:
    """``max|came - expected| <= tolerance * max|expected|`` over the finite entries."""
    finite = np.isfinite(expected)
    if not finite.any():
        return True
    want, got = expected[finite].astype(float), came[finite].astype(float)
    return bool(np.abs(got - want).max() <= tolerance * np.abs(want).max())


def deviation(expected: Any, came: Any) -> float:
    """The largest ``max|came - expected| / max|expected|`` of all arrays; inf if structure differs.

    Not part of the verdict: it measures how far each known mistake lies from the tolerance.
    """
    if isinstance(expected, dict) and isinstance(came, dict) and set(expected) == set(came):
        return max((deviation(expected[key], came[key]) for key in expected), default=0.0)
    if isinstance(expected, list | tuple) and isinstance(came, list | tuple):
        if len(expected) != len(came):
            return np.inf
        return max(map(deviation, expected, came), default=0.0)
    if isinstance(expected, str):
        return 0.0 if _compare_texts(expected, came, ()) is None else np.inf
    want, got = plain(expected), plain(came)
    if want is None or got is None or want.shape != got.shape or not same_nonfinite(want, got):
        return np.inf
    finite = np.isfinite(want)
    if not finite.any():
        return 0.0
    size = np.abs(want[finite]).max()
    gap = np.abs(got[finite].astype(float) - want[finite]).max()
    return float(gap / size) if size else (np.inf if gap else 0.0)


def copied(value: Any) -> Any:
    """A copy of an input all the way down; functions and numbers stand for themselves."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item) for item in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def untouched(before: Any, after: Any) -> bool:
    """Whether an input is exactly what it was: same kind, keys, dtype, shape and bytes."""
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return list(before) == list(after) and all(untouched(before[k], after[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(untouched, before, after))
    if isinstance(before, np.ndarray):
        same = before.dtype == after.dtype and before.shape == after.shape
        return same and before.tobytes() == after.tobytes()
    both_nan = before != before and after != after
    return callable(before) or before == after or both_nan


def _first(differences: Iterable[Difference | None]) -> Difference | None:
    return next((difference for difference in differences if difference is not None), None)
