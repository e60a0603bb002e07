"""Count what the probes of the exercises catch, and store the counts in book/exercises.yml.

Run it after a change in ``dlcourse/grading/bank``; a test compares what is stored with a fresh
count. The reasons in the upper part of the file are written by hand, and kept.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from dlcourse.grading import quality

FILE = Path(__file__).resolve().parents[1] / "book" / "exercises.yml"
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


def main(file: Path = FILE) -> None:
    """Replace the counts, keep what stands above them."""
    by_hand = file.read_text(encoding="utf-8").partition(MARK)[0]
    text = yaml.safe_dump({"counts": counted()}, sort_keys=False, default_flow_style=None)
    file.write_text(by_hand + MARK + text, encoding="utf-8")


if __name__ == "__main__":
    main()
