"""What each lesson costs to execute, in seconds of CPU: reading them all is part of every build.

    python -m benchmarks.lessons            (or some of them, by file or folder)

Each is executed afresh, as ``make run`` does it, in a process of its own; nothing is written. Exits
with 1 when one takes more than twenty seconds or does not run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_MOST = 20.0
EXECUTE = "import sys; from tools.notebooks import execute; execute(sys.argv[1])"


def main(argv: list[str] | None = None) -> int:
    """Print a line a lesson and the sum of all."""
    failed, total = 0, 0.0
    given = parse(argv).paths
    notebooks = [one for path in given for one in sorted(path.rglob("*.ipynb")) or [path]]
    print(f"CPU seconds, kernel included; at most {AT_MOST:.0f} a lesson")
    for path in notebooks:
        seconds, status = cpu_seconds([sys.executable, "-c", EXECUTE, str(path)])
        total += seconds
        told = "DOES NOT RUN" if status else "TOO LONG" if seconds > AT_MOST else ""
        failed += bool(told)
        name = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
        print(f"{name!s:45}{seconds:7.1f} s   {told}".rstrip(), flush=True)
    print(f"{f'all {len(notebooks)}':45}{total:7.1f} s")
    return int(failed > 0)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    said, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lessons", description=said, epilog=more.rpartition("\n\n")[2]
    )
    whole = [ROOT / "lessons"]
    parser.add_argument(
        "paths", nargs="*", type=existing, default=whole, help="lessons, or folders of them; all"
    )
    return parser.parse_args(argv)


def existing(path: str) -> Path:
    """A file or folder that is there."""
    if not Path(path).exists():
        raise argparse.ArgumentTypeError(f"no such file or folder: {path!r}")
    return Path(path)


def cpu_seconds(command: list[str]) -> tuple[float, int]:
    """What a command and all that it started and waited for used; and how it ended."""
    with subprocess.Popen(command, cwd=ROOT) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, child.returncode


if __name__ == "__main__":
    sys.exit(main())
