"""What an exercise is made of.

An exercise is one small file in ``dlcourse/grading/bank``: a model solution, probes that ask it
questions, the wrong answers people really give (as code, each with the hint that names the
misconception) and other right answers that must be accepted. Everything else in this package reads
it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.grading.compare import plain
from dlcourse.grading.moments import Moment

PUBLIC_SEED = 0
"""The seed of the probes a learner sees. An instructor's run draws its own."""

GROUPS = {"core": 60, "edge": 25, "interface": 15}
"""Points. A group is all or nothing: counting single probes, which hang together, rewards luck."""

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One call, ``answer(*args, **kwargs)``; or one call ``answer(t, ...)`` for each t of ``over``.

    ``calls`` is the number of times the answer may call each function it is handed, by the name of
    the parameter; the others are plain values, or a generator of random numbers. Where there are
    ``moments``, these are compared and not the values, of which only structure and shape count.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    over: tuple[int, ...] = ()
    moments: tuple[Moment, ...] = ()

    @property
    def first(self) -> tuple[Any, ...]:
        """The positional arguments of the (first) call."""
        return (*self.over[:1], *self.args)

    def ask(self, answer: Function) -> Any:
        """What the answer says: its value; with ``over`` an array of its numbers, one for each t.

        Values that are no numbers stay a list, for the comparison to say so.
        """
        if not self.over:
            return answer(*self.args, **self.kwargs)
        return gathered([answer(t, *self.args, **self.kwargs) for t in self.over])


def reseeded(case: Case) -> Case:
    """The same question with other random numbers."""

    def other(value: Any) -> Any:
        return value.spawn(1)[0] if isinstance(value, np.random.Generator) else value

    kwargs = {name: other(value) for name, value in case.kwargs.items()}
    return replace(case, args=tuple(map(other, case.args)), kwargs=kwargs)


def one_at_a_time(function: Function, point: np.ndarray) -> Function:
    """``function``, to be handed over: it is asked at one point, of the shape of ``point``.

    Most functions take several, stacked, as well, and that would count as a single call.
    """
    shape = point.shape

    def asked(point: Any) -> Any:
        point = np.asarray(point, dtype=float)
        if point.shape != shape:
            fail("point", f"an array of shape {shape}, one point a call", point.shape)
        return function(point)

    return asked


def gathered(values: list[Any]) -> Any:
    """One array of the numbers an answer gave for each t; the list itself if they are none."""
    array = plain(values)
    return values if array is None else array


@dataclass(frozen=True)
class Probe:
    """A question: ``make(rng)`` draws a fresh `Case`; ``group`` says which points hang on it."""

    name: str
    group: str
    make: Callable[[np.random.Generator], Case]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer as code, what it does in words, and the hint for whoever gave it."""

    id: str
    kind: str
    says: str
    hint: str
    answer: Function


@dataclass(frozen=True)
class Variant:
    """Another right answer, and why it is right."""

    note: str
    answer: Function


def _no_reference(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("this exercise has no model solution: decorate one with @EXERCISE.solution")


@dataclass
class Exercise:
    """The whole of one exercise; the decorators below fill it, top to bottom, in its bank file.

    ``result`` says in a sentence what an answer returns, for those who return something else.
    ``free`` takes what was expected and what came, alike in structure, and gives what came with
    everything chosen as in the former that an answer is free to choose: the sign of an axis, say.
    """

    id: str
    title: str
    chapter: str
    position: int
    parameters: tuple[str, ...]
    conventions: tuple[str, ...]
    hints: tuple[str, str, str]
    entry: str = "run"
    result: str = ""
    places: Callable[[tuple[Any, ...]], str] = lambda path: ""
    free: Callable[[Any, Any], Any] = lambda expected, came: came
    reference: Function = _no_reference
    probes: list[Probe] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)

    @property
    def call(self) -> str:
        """How the answer is called, for messages: ``run(params, grads, lr, mu)``."""
        return f"{self.entry}({', '.join(self.parameters)})"

    def solution(self, answer: Function) -> Function:
        """Decorator: the model solution, which is also what expected values come from."""
        self.reference = answer
        return answer

    def probe(self, name: str, group: str) -> Callable[[Function], Function]:
        """Decorator: a generator of cases, ``rng -> Case``."""

        def add(make: Function) -> Function:
            self.probes.append(Probe(name, group, make))
            return make

        return add

    def mistake(self, id: str, kind: str, says: str, hint: str) -> Callable[[Function], Function]:
        """Decorator: a known wrong answer. Its hint goes fact, place, principle."""

        def add(answer: Function) -> Function:
            self.mistakes.append(Mistake(f"{self.id}/{id}", kind, says, hint, answer))
            return answer

        return add

    def variant(self, note: str) -> Callable[[Function], Function]:
        """Decorator: another right answer."""

        def add(answer: Function) -> Function:
            self.variants.append(Variant(note, answer))
            return answer

        return add

    def case(self, probe: Probe, seed: int | Sequence[int] = PUBLIC_SEED) -> Case:
        """A fresh case of one probe. Same seed, same case, whatever else the exercise asks."""
        entropy = [seed] if isinstance(seed, int) else list(seed)
        names = [zlib.crc32(name.encode()) for name in (self.id, probe.name)]
        return probe.make(np.random.default_rng([*entropy, *names]))
