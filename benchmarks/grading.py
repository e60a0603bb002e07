"""How long a cohort takes to grade: one worker, two, and two of a Dask cluster.

The cohort is synthetic: of its answers six in ten are right, one in twenty is hostile, one in two
hundred never ends, the rest are known mistakes. Wall time of the whole command as an instructor
waits for it, start included. The tables have to be the same bytes every time, or the run fails.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AIM = 0.150


def main(argv: list[str] | None = None) -> int:
    """Print one line a way of grading; exit status 1 when their tables differ."""
    arguments = parse(argv)
    sys.path.insert(0, str(ROOT / "tests"))
    from cohort import cohort

    from dlcourse.grading.spec import exercises

    ids = list(exercises())[: arguments.exercises]
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        cohort(base / "in", arguments.students, ids, share_loops=0.005)
        (base / "secret").write_bytes(b"the secret of the benchmark")
        count, loops = arguments.students * len(ids), endless(base / "in")
        print(f"{arguments.students} students x {len(ids)} exercises = {count} answers, {loops} of")
        print(f"which never end; aim: {1000 * AIM:.0f} ms an answer and worker\n")
        print(f"{'':16}{'wall':>8} {'ms / answer':>14} {'x workers':>10}   load before, after")
        tables = {}
        for label, workers, dask in ways(arguments):
            out = base / label.replace(" ", "-")
            load, seconds = os.getloadavg()[0], graded(base, out, ids, workers, dask)
            each, after = 1000 * seconds / count, os.getloadavg()[0]
            line = f"{label:16}{seconds:7.1f}s {each:11.0f} ms {each * workers:7.0f} ms"
            print(f"{line}   {load:.1f}, {after:.1f}", flush=True)
            tables[label] = (out / "grades.csv").read_bytes()
        print("\n" + verdicts(next(iter(tables.values()))))
    if len(set(tables.values())) > 1:
        print("the tables differ: no valid comparison")
        return 1
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--exercises", type=int, default=15, help="how many, from the first on")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--no-dask", action="store_true")
    return parser.parse_args(argv)


def ways(arguments: argparse.Namespace) -> Iterator[tuple[str, int, str]]:
    """What is compared: (label, workers, address of a Dask scheduler)."""
    for workers in arguments.workers:
        yield f"{workers} worker{'s' if workers > 1 else ''}", workers, ""
    if arguments.no_dask:
        return
    try:
        from distributed import LocalCluster
    except ImportError:
        print("Dask is not installed: not measured")
        return
    with contextlib.closing(
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    ) as cluster:
        yield "Dask, 2 workers", 2, cluster.scheduler_address


def graded(base: Path, out: Path, ids: list[str], workers: int, dask: str) -> float:
    """Seconds that the command took."""
    from cohort import command

    arguments = ["grade", base / "in", "--out", out, "--exercises", *ids]
    arguments += ["--seed-file", base / "secret"]
    arguments += ["--dask", dask] if dask else ["--workers", workers]
    began = time.monotonic()
    done = command(*arguments, timeout=None)
    if done.returncode:
        raise SystemExit(f"not graded: {done.stderr}")
    return time.monotonic() - began


def endless(folder: Path) -> int:
    """How many answers of a cohort never end."""
    return sum(path.read_text().count("while True: pass") for path in folder.rglob("*.ipynb"))


def verdicts(table: bytes) -> str:
    """How many answers got which verdict."""
    rows = [line.split(",") for line in table.decode().splitlines()[1:]]
    counts = Counter(row[2] for row in rows)
    return ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
