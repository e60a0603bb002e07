"""Random exercises in the tests: how far off a draw is, and what a case hands over."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.grading.compare import TOLERANCE, compare
from dlcourse.grading.moments import ERRORS, Moment, _means


def strains(expected: Any, came: Any, moments: tuple[Moment, ...]) -> dict[str, float]:
    """By how many of its allowances each moment is off; infinite where the structure differs."""
    difference = compare(expected, came)
    if difference is not None and difference.kind not in ("value", "integer"):
        return {moment.name: np.inf for moment in moments}
    found = {}
    for moment, mean in zip(moments, _means(came, moments), strict=True):
        room = ERRORS * moment.deviation / mean.count**0.5 + TOLERANCE * abs(moment.expected)
        off = abs(mean.value - moment.expected)
        found[moment.name] = off / room if room else (np.inf if off else 0.0)
    return found


def state(value: Any) -> Any:
    """A generator as numbers that differ where its draws would; anything else as it is."""
    if isinstance(value, np.random.Generator):
        return value.bit_generator.random_raw(4)
    return value
