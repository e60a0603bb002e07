"""When is a random answer right? By means that theory fixes. Draws are never compared.

An answer may draw from the generator it is given in any way it likes, so two right answers share no
number. What they share are moments: the mean of n independent terms lies within five standard
errors of what theory says, but for one run in two million. The seed is fixed, so the one that is
out stays out, and the one that is in stays in: a verdict is never a matter of luck on the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse.grading.compare import TOLERANCE, Difference, compare, plain

ERRORS = 5.0
"""How many standard errors a mean may be off."""


@dataclass(frozen=True)
class Moment:
    """A mean that theory fixes.

    Parameters
    ----------
    name
        In words, for messages: ``"variance"``.
    of
        From an answer's value, its arrays as plain float64, to an array of terms, which are
        independent of each other if the answer is right.
    expected
        The mean of a term.
    deviation
        The standard deviation of a term, by theory, never from the answer: else an answer that
        scatters more would be given more room. 0 where the terms are not random.
    """

    name: str
    of: Callable[[Any], np.ndarray]
    expected: float
    deviation: float


@dataclass(frozen=True)
class Mean:
    """A mean over ``count`` terms and how far it may be off, or came to be."""

    name: str
    value: float
    error: float
    count: int

    def agrees(self, other: Mean) -> bool:
        """Whether two means differ by no more than their errors; never where one is NaN."""
        room = ERRORS * np.hypot(self.error, other.error) + TOLERANCE * abs(self.value)
        return bool(abs(self.value - other.value) <= room)


def compare_draws(expected: Any, came: Any, moments: Sequence[Moment]) -> Difference | None:
    """The first difference: in structure and shape from ``expected``, else in a moment."""
    difference = compare(expected, came)
    if difference is not None and difference.kind not in ("value", "integer"):
        return difference
    for moment, found in zip(moments, _means(came, moments), strict=True):
        theory = Mean(
            moment.name, moment.expected, moment.deviation / found.count**0.5, found.count
        )
        if not theory.agrees(Mean(found.name, found.value, 0.0, found.count)):
            return Difference("moment", (), theory, found)
    return None


def same_moments(one: Any, other: Any, moments: Sequence[Moment]) -> bool:
    """Whether two answers, neither of them known to be right, could have the same distribution."""
    difference = compare(one, other)
    if difference is not None and difference.kind not in ("value", "integer"):
        return False
    pairs = zip(_means(one, moments), _means(other, moments), strict=True)
    return all(a.agrees(b) for a, b in pairs)


def _means(value: Any, moments: Sequence[Moment]) -> Iterator[Mean]:
    arrays = _plainly(value)
    for moment in moments:
        with np.errstate(all="ignore"):
            terms = np.asarray(moment.of(arrays), dtype=float)
            error = terms.std() / terms.size**0.5
            yield Mean(moment.name, float(terms.mean()), float(error), terms.size)


def _plainly(value: Any) -> Any:
    """The same structure with plain float64 arrays, whatever kind of number has come."""
    if isinstance(value, dict):
        return {key: _plainly(item) for key, item in value.items()}
    array = plain(value)
    if array is None:
        return [_plainly(item) for item in value]
    return array.astype(float)
