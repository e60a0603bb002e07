"""What each lesson costs to execute, in seconds of CPU: reading them all is part of every build.

    python -m benchmarks.lessons            (or some of them, by file or folder)

Each is executed afresh, as ``make run`` does it, with a kernel of its own; nothing is written. What
starts the kernels is loaded once for all, here as in a build, and not counted. Exits with 1 when
one takes more than twenty seconds or does not run.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path

from nbclient.exceptions import CellExecutionError

from tools.notebooks import execute, found

ROOT = Path(__file__).resolve().parents[1]
AT_MOST = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Print a line a lesson and the sum of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons", description=__doc__)
    parser.add_argument("paths", nargs="*", default=[str(ROOT / "lessons")])
    failed, seconds = 0, []
    print(f"CPU seconds, kernel included; at most {AT_MOST:.0f} a lesson")
    for path in found(parser.parse_args(arguments).paths):
        before, told = cpu_seconds(), ""
        try:
            execute(path)
        except CellExecutionError as error:
            told = f"DOES NOT RUN: {error.ename}: {error.evalue}"
        seconds.append(cpu_seconds() - before)
        told = told or "TOO LONG" * (seconds[-1] > AT_MOST)
        failed += bool(told)
        name = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
        print(f"{name!s:45}{seconds[-1]:7.1f} s   {told}".rstrip(), flush=True)
    print(f"{f'all {len(seconds)}':45}{sum(seconds):7.1f} s")
    return int(failed > 0)


def cpu_seconds() -> float:
    """What this process and those that it started and waited for have used until now."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
