"""Every sentence a learner can read after `check`, in one place.

One message, three lines: the fact (what was expected, what came), the place (which probe, where in
the result, what did pass), the principle (why this happens). Observations, not reproaches.
"""
# ruff: noqa: D103 - each function is described by the sentence it returns

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from dlcourse.grading.answers import shown
from dlcourse.grading.compare import TOLERANCE, Difference
from dlcourse.grading.moments import ERRORS
from dlcourse.grading.spec import Exercise
from dlcourse.grading.subjects import Failure, Outcome

ADDRESS = re.compile(r"( at)? 0x[0-9a-f]{6,}\b", re.IGNORECASE)  # another one each time


def not_attempted(exercise: Exercise) -> str:
    return f"Fill in {exercise.call} in its cell, run that cell, then check again."


def correct(exercise: Exercise, passed: tuple[str, ...], public: bool) -> tuple[str, ...]:
    return (
        f"All {len(passed)} {'public ' * public}checks passed: {', '.join(passed)}.",
        f'To compare with ours: solution("{exercise.id}").',
    )


def not_callable(exercise: Exercise, answer: Any) -> tuple[str, str]:
    return (
        f"Expected a function, came {kind(answer)}.",
        f'Hand over the function without calling it: check("{exercise.id}", {exercise.entry}).',
    )


def missing(exercise: Exercise) -> tuple[str, str]:
    return (
        f"Expected {exercise.call}, but the answer's cell defines no {exercise.entry}.",
        "Keep the name that the task gives the function.",
    )


def cell_failed(exercise: Exercise, failure: Failure) -> tuple[str, str]:
    why = "It is run alone, with np for NumPy and the standard library: nothing from other cells."
    if failure.type in ("SyntaxError", "IndentationError", "TabError"):
        why = "This is not Python yet: run the cell, and Python points at the place."
    fact = f"The answer's cell stops before it can be called: {_exception(failure)}"
    return _absent(exercise, failure) or (fact, why)


def signature(exercise: Exercise, found: inspect.Signature) -> tuple[str, str]:
    return (
        f"Expected {exercise.call}, came {exercise.entry}{short(found, 120)}.",
        "Answers may share a name: has the cell of this exercise run last?",
    )


def ready_made(exercise: Exercise, module: str) -> tuple[str, str]:
    return (
        f"The answer uses {module}, which already contains it.",
        "Compare with it as much as you like; inside the answer only NumPy counts as yours.",
    )


def _absent(exercise: Exercise, failure: Failure) -> tuple[str, str] | None:
    """What is said of a name, or a module, that is there in the notebook only."""
    if not (name := short(failure.name, 80)):
        return None
    if failure.type == "ModuleNotFoundError":
        return (
            f"The answer imports {name}, which is not there where answers are graded.",
            "NumPy and the standard library are. Plots and checks belong in the next cell.",
        )
    ours = name in ("check", "hint", "probe", "progress", "solution")
    fix = "pass it as an argument, or define it in the answer's own cell."
    return (
        f"The answer uses {name}, which its own cell does not define.",
        f"Answers are graded alone: {f'call {name} in the next cell.' if ours else fix}",
    )


def modified(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    return (
        f"The values are right, but {outcome.reply.modified} was modified.",
        f'Seen at probe "{outcome.probe.name}": work on a copy, as in w = w.copy().',
    )


def calls(exercise: Exercise, outcome: Outcome, name: str) -> tuple[str, str]:
    want, got = outcome.case.calls[name], outcome.reply.calls[name]
    return (
        f"The values are right, but {name} was called {got} times; expected {want}.",
        f'Seen at probe "{outcome.probe.name}": one call a step is enough; keep its result.',
    )


def fixed_draws(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    return (
        "The moments are right, but another seed gives the same draws.",
        f'Seen at probe "{outcome.probe.name}": draw from the generator that is handed over.',
    )


def memory(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    seen = f'Seen at probe "{outcome.probe.name}":'
    if outcome.case.moments:
        return (
            "The same call with the same seed, made twice, gives two different answers.",
            f"{seen} draw from the generator that is handed over, and from no other.",
        )
    return (
        "The same call, made twice, gives two different answers.",
        f"{seen} state outlives the call, or starts as whatever was in memory. Create it inside "
        f"{exercise.entry}, not in a default argument or a global; with np.zeros, not np.empty.",
    )


def all_values_right(exercise: Exercise) -> str:
    return f"All {len(exercise.probes)} probes have the right values."


def place(exercise: Exercise, outcome: Outcome, passed: tuple[str, ...], total: int) -> str:
    """Which probe, where in it, and what already works."""
    where, difference = "", outcome.difference
    if difference is not None:
        path = locate(difference)[0] if difference.kind == "value" else difference.path
        where = _times(exercise, outcome, path) if outcome.case.over else exercise.places(path)
    right = f"right on {len(passed)} of {total} probes"
    right += f": {', '.join(passed)}" if passed else ""
    return f'At probe "{outcome.probe.name}"{", " + where if where else ""}; {right}.'


def _times(exercise: Exercise, outcome: Outcome, path: tuple[Any, ...]) -> str:
    """For which t, where the answer was called once for each: ``t = 8`` or ``t = 8, 9, 10``."""
    over = outcome.case.over
    times = [over[path[0]]] if path else over
    shown = [*map(str, times[:6]), *["..."] * (len(times) > 6)]
    return f"{exercise.parameters[0]} = {', '.join(shown)}"


def failure(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    """Fact and general principle for a probe that went wrong."""
    call = f"{exercise.entry}(*case.args, **case.kwargs)"
    if outcome.case.over:
        t = exercise.parameters[0]
        call = f"[{exercise.entry}({t}, **case.kwargs) for {t} in case.over]"
    look = f'To look closer: case = probe("{exercise.id}", "{outcome.probe.name}"); {call}.'
    if (failed := outcome.reply.failure) is not None:
        endless = "A loop does not end, or takes far too long: what makes it stop?"
        principle = endless if failed.type == "TimeoutError" else look
        return _absent(exercise, failed) or (_exception(failed), principle)
    difference = outcome.difference
    assert difference is not None, "a right outcome has no failure to describe"
    fact, principle = _FAILURES[difference.kind](exercise, difference)
    if (modified := outcome.reply.modified) and difference.kind == "value":
        return fact, f"{modified} was modified on the way: copy first, and store copies."
    what = "derive that moment" if difference.kind == "moment" else "work the first step out"
    return fact, principle or f"No known mistake fits; {what} by hand. {look}"


def _exception(failure: Failure) -> str:
    line = f" in line {failure.line} of the answer" if failure.line else ""
    message = short(failure.message, 160).rstrip(".") or "no message"
    return f"{failure.type}{line}: {message}."


def _none(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    whole = not difference.path
    what = "The function returned None." if whole else "A None came where values belong."
    return what, "Is there a return statement on every path?"


def _type(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    return (
        f"Expected {difference.expected}, came {named(difference.came)}.",
        f"{exercise.call} has to return exactly the structure that the task names.",
    )


def _length(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    return (
        f"Expected a list of length {difference.expected}, came length {difference.came}.",
        exercise.result or "One entry for every step, after it; the start is not among them.",
    )


def _keys(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    came = f"[{', '.join(map(shown, difference.came))}]"
    return (
        f"Expected the keys {difference.expected}, came {short(came, 80)}.",
        "Every parameter is in every entry of the result, under its own name.",
    )


def _shape(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    return (
        f"Expected shape {difference.expected}, came {short(difference.came, 80)}.",
        exercise.result or "Check which axis is which, and that nothing was summed or stacked.",
    )


def _nan(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    return (
        f"Expected {numbers(difference.expected)}, came {numbers(difference.came)}.",
        "Look for a division by zero, the logarithm of 0 or an overflow.",
    )


def _integer(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    return (
        f"Expected {numbers(difference.expected)}, came the integers {numbers(difference.came)}.",
        "An integer array cuts off every fraction that is written into it: convert to float first.",
    )


def _value(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    expected, came = contrast(*locate(difference)[1:])
    return f"Expected {expected}, came {came}.", ""


def _moment(exercise: Exercise, difference: Difference) -> tuple[str, str]:
    theory, found = difference.expected, difference.came
    room = f" ± {ERRORS * theory.error:.1g}" if theory.error else ""
    return (
        f"Expected a {theory.name} of {theory.value:.4g}{room}, came {found.value:.4g} "
        f"over {found.count:,} draws.",
        "",
    )


_FAILURES = {
    "none": _none, "type": _type, "length": _length, "keys": _keys,
    "shape": _shape, "nan": _nan, "integer": _integer, "value": _value, "moment": _moment,
    "text": lambda _, d: (f"Expected {d.expected!r}, came {short(shown(d.came), 80)}.", ""),
}  # fmt: skip


def printable(text: str) -> str:
    """Text that changes no terminal and no log: what cannot be seen is shown by its number."""
    return "".join(c if c.isprintable() else _number_of(c) for c in text)


def _number_of(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 128 else f"\\u{{{number:x}}}"


def kind(value: Any) -> str:
    """A value's type in words, for messages: ``a list``, ``an ndarray``."""
    return named(type(value).__name__)


def named(type_name: str) -> str:
    """The name of a type with its article."""
    return f"{'an' if type_name[:1].lower() in 'aeio' else 'a'} {type_name}"


def short(value: Any, width: int) -> str:
    """``str`` on one line and no longer than ``width``, whatever the value does."""
    try:
        text = printable(ADDRESS.sub("", " ".join(str(value).split())))
    except Exception:  # a message that cannot be read is no reason to fail
        return "(no readable text)"
    return text if len(text) <= width else text[: width - 3] + "..."


def numbers(array: np.ndarray, digits: int = 4) -> str:
    """A small array as nested brackets, ``[0.9, -1.9]``; of a larger one the first entries."""
    if array.ndim == 0:
        return f"{array.item():.{digits}g}"
    if array.size > 6:
        return f"[{', '.join(f'{x:.{digits}g}' for x in array.flat[:4])}, ...]"
    return f"[{', '.join(numbers(np.asarray(row), digits) for row in array)}]"


def locate(difference: Difference) -> tuple[tuple[Any, ...], np.ndarray, np.ndarray]:
    """The first row of an array that is off, or entry of a long one: (path, expected, came)."""
    path, expected, came = difference.path, difference.expected, difference.came
    allowed = TOLERANCE * np.abs(expected).max(initial=0.0)
    while expected.ndim > 1 or expected.size > 6:
        off = np.abs(came - expected).reshape(len(expected), -1).max(axis=1) > allowed
        row = int(np.argmax(off))
        path, expected, came = (*path, row), np.asarray(expected[row]), np.asarray(came[row])
    return path, expected, came


def contrast(expected: np.ndarray, came: np.ndarray) -> tuple[str, str]:
    """Both arrays in just enough digits to tell them apart."""
    for digits in (4, 6, 8):
        texts = numbers(expected, digits), numbers(came, digits)
        if texts[0] != texts[1]:
            break
    return texts
