"""The exercises: a folder a chapter, a file an exercise, named by its id."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil

from dlcourse.checks import fail
from dlcourse.grading.spec import Exercise


@functools.lru_cache(maxsize=1)
def exercises() -> dict[str, Exercise]:
    """Every exercise of the bank by its id, in the order of the book."""
    found = []
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        if not (module.ispkg or module.name.rpartition(".")[2].startswith("_")):
            found.append(importlib.import_module(module.name).EXERCISE)
    found.sort(key=lambda exercise: (exercise.chapter, exercise.position))
    return {exercise.id: exercise for exercise in found}


def find(exercise: str) -> Exercise:
    """The exercise with this id; an unknown id names its nearest neighbors."""
    known = exercises()
    if not isinstance(exercise, str):
        fail("exercise", "the id of an exercise, as text", exercise,
             'Write check("adam", run): the id first, then your function.', TypeError)  # fmt: skip
    if exercise not in known:
        near = difflib.get_close_matches(exercise.lower(), known, n=3, cutoff=0.5)
        fix = f"Nearest: {', '.join(near)}." if near else f"There are: {', '.join(known)}."
        fail("exercise", "the id of an exercise", exercise, fix)
    return known[exercise]
