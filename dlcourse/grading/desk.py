"""``python -m dlcourse list``, ``hint``, ``solution``, ``notebooks``: where no clone is."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from dlcourse.checks import fail
from dlcourse.grading import learner
from dlcourse.grading.bank import exercises

PACKAGE = Path(__file__).resolve().parents[1]
SHELVES = PACKAGE / "book" / "exercises", PACKAGE.parent / "exercises"
"""Where the notebooks are: inside a wheel, or beside the package in a clone."""


def in_shell(text: str) -> str:
    """What a page says to a notebook's reader, with the calls that a shell has as its commands.

    >>> in_shell('To compare with ours: solution("adam").')
    'To compare with ours: python -m dlcourse solution adam.'
    """
    return re.sub(r'\b(hint|solution)\("(\w+)"\)', r"python -m dlcourse \1 \2", text)


def listing(arguments: argparse.Namespace) -> int:
    """Print the id, chapter and title of every exercise."""
    wide = max(map(len, exercises()))
    for spec in exercises().values():
        print(f"{spec.id:<{wide}}  {spec.chapter}  {spec.title}")
    return 0


def hint(arguments: argparse.Namespace) -> int:
    """Print the next hint of an exercise, or one of them again."""
    print(in_shell(str(learner.hint(arguments.exercise, arguments.step))))
    return 0


def solution(arguments: argparse.Namespace) -> int:
    """Print our solution; who types the command has been asked often enough."""
    print(learner.solution(arguments.exercise, confirm=True))
    return 0


def notebooks(arguments: argparse.Namespace) -> int:
    """Copy the exercises' notebooks into a folder; a file that is there is never written over."""
    shelf = next((folder for folder in SHELVES if folder.is_dir()), None)
    if shelf is None:
        fix = "Install a wheel built by `make dist`, or work in a clone of the book."
        fail("exercises", "part of this installation", str(PACKAGE), fix, FileNotFoundError)
    written = kept = 0
    for source in sorted(shelf.glob("*/*.ipynb")):
        target = Path(arguments.folder, source.relative_to(shelf))
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written += 1
    print(f"{arguments.folder}: {written} notebooks written, {kept} were there and are left alone.")
    return 0
