"""``python -m dlcourse``: ``list`` exercises, ``hint``, ``check`` an answer, ``grade``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dlcourse.grading import command, desk, one


def parser() -> argparse.ArgumentParser:
    """What the command line can hold."""
    parser = argparse.ArgumentParser(prog="python -m dlcourse", description="Exercises, graded.")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("list", help="the exercises, their ids first").set_defaults(
        run=desk.listing
    )
    hint = commands.add_parser("hint", help="the next of an exercise's three hints")
    hint.add_argument("exercise", help="its id, as in adam")
    hint.add_argument("step", nargs="?", type=int, help="1, 2 or 3: this one, again")
    hint.set_defaults(run=desk.hint)
    solution = commands.add_parser("solution", help="our answer to an exercise")
    solution.add_argument("exercise", help="its id, as in adam")
    solution.set_defaults(run=desk.solution)
    notebooks = commands.add_parser("notebooks", help="copy the exercises' notebooks")
    notebooks.add_argument("folder", help="where to; what is there stays as it is")
    notebooks.set_defaults(run=desk.notebooks)
    check = commands.add_parser("check", help="judge one answer, as an instructor's run would")
    check.add_argument("exercise", help="its id, as in adam")
    check.add_argument("file", help="a Python file or a notebook with the answer")
    check.add_argument("--json", action="store_true", help="print the verdict as JSON")
    check.add_argument(
        "--student", metavar="NAME", help="on this student's inputs; see --seed-file"
    )
    check.add_argument(
        "--seed-file", metavar="FILE", help="the secret that --student was graded by"
    )
    check.add_argument(
        "--submissions", metavar="FOLDER", help="where --student must have handed in"
    )
    check.set_defaults(run=one.check)
    grade = commands.add_parser("grade", help="grade a folder of submissions")
    grade.add_argument("submissions", help="a folder of notebooks, or of folders, one a student")
    grade.add_argument("--out", required=True, metavar="FOLDER", help="where the results go")
    grade.add_argument("--exercises", nargs="+", metavar="ID", help="which; default: all")
    grade.add_argument(
        "--seed-file", metavar="FILE", help="the cohort's secret; default: one made in --out"
    )
    grade.add_argument("--resume", action="store_true", help="go on with the results in --out")
    how = grade.add_mutually_exclusive_group()
    how.add_argument(
        "--workers", type=int, metavar="N", help="students at a time; default: the number of cores"
    )
    how.add_argument("--dask", metavar="ADDRESS", help="grade on a Dask cluster, tcp://…")
    grade.add_argument("--canvas", metavar="CSV", help="a gradebook exported from Canvas")
    grade.add_argument("--canvas-assignment", metavar="NAME", help="the column of --canvas")
    grade.add_argument(
        "--sandbox",
        choices=("bubblewrap", "rlimits"),
        default="bubblewrap",
        help="rlimits is UNSAFE: answers can read whatever you can",
    )
    grade.set_defaults(run=command.grade)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run the command, and return the exit status."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except command.ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return command.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
