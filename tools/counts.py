"""Count what the probes of the exercises catch.

    python -m tools.counts                 all of them, stored in book/exercises/
    python -m tools.counts FILE            one file of the bank, printed and not stored

Run the first after a change in ``dlcourse/grading/bank``; a test compares what is stored with a
fresh count. The reasons in the upper part of the file are written by hand, and kept. The second is
for whoever writes an exercise; its exit status is 0 when nothing is left to do.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import yaml

from dlcourse.grading import quality
from dlcourse.grading.bank import find

FOLDER = Path(__file__).resolve().parents[1] / "book" / "exercises"
MARK = "# Written by `python -m tools.counts`.\n"


def counted() -> dict[str, dict[str, list[int]]]:
    """For each exercise and column: [how many did what they should, of how many]."""
    names = [name.replace(" ", "_") for name in quality.HEADER[1:]]
    return {
        row[0]: dict(
            zip(names, ([int(n) for n in cell.split("/")] for cell in row[1:]), strict=True)
        )
        for row in (count.row for count in quality.table())
    }


def store(folder: Path = FOLDER) -> None:
    """Replace the counts, a file a chapter; keep what stands above them."""
    chapters: dict[str, dict[str, Any]] = {}
    for id, row in counted().items():
        chapters.setdefault(find(id).chapter.partition("-")[2], {})[id] = row
    for chapter, counts in chapters.items():
        file = folder / f"{chapter}.yml"
        by_hand = file.read_text(encoding="utf-8").partition(MARK)[0] if file.exists() else ""
        text = yaml.safe_dump({"counts": counts}, sort_keys=False, default_flow_style=None)
        file.write_text(by_hand + MARK + text, encoding="utf-8")


def one(path: str) -> bool:
    """Print the counts of one file, and by name whatever should not have happened."""
    count = quality.quality(runpy.run_path(path)["EXERCISE"])
    for name, counts in zip(quality.HEADER, count.row, strict=True):
        print(f"{name}: {counts}")
    left = {
        "a known mistake is accepted": count.accepted_mistakes,
        "a known mistake does not get its own hint": count.wrong_hints,
        "a right variant is rejected": count.rejected_variants,
        "a mutant is not noticed": count.surviving_mutants,
    }
    for what, names in left.items():
        for name in names:
            print(f"{what}: {name}")
    return not any(left.values())


def main(argv: list[str]) -> int:
    if not argv:
        store()
        return 0
    done = [one(path) for path in argv]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
