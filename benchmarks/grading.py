"""How long a cohort takes to grade: one worker, two, two of a Dask cluster, two killed thrice.

The cohort is synthetic: of its answers six in ten are right, one in twenty is hostile, one in two
hundred never ends, the rest are known mistakes. Wall time of the whole command as an instructor
waits for it, start included; a worker starts the next answer's process while it judges one, so a
single worker keeps nearly two cores busy. The tables have to be the same bytes every time, or the
run fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
AIM = 0.150


def main(argv: list[str] | None = None) -> int:
    """Print one line a way of grading; exit status 1 for a wrong table or a missed aim."""
    arguments = parse(argv)
    sys.path.insert(0, str(ROOT / "tests"))
    from cohort import cohort

    from dlcourse.grading.bank import exercises

    ids = list(exercises())[: arguments.exercises]
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        cohort(base / "in", arguments.students, ids, share_loops=0.005)
        (base / "secret").write_bytes(b"the secret of the benchmark")
        count, loops = arguments.students * len(ids), endless(base / "in")
        print(f"{arguments.students} students x {len(ids)} exercises = {count} answers, {loops} of")
        print(f"which never end; aim: {1000 * AIM:.0f} ms an answer, by the clock\n")
        print(f"{'':18}{'wall':>8} {'ms / answer':>14}    load before, after")
        tables, late = {}, False
        for label, how, kills in ways(arguments):
            out = base / label.replace(" ", "-")
            words = ["grade", base / "in", "--out", out, "--exercises", *ids, *how]
            words += ["--seed-file", base / "secret"]
            load, seconds = os.getloadavg()[0], graded(words, out, count, kills)
            each, after = 1000 * seconds / count, os.getloadavg()[0]
            late |= (missed := each > 1000 * AIM)
            line = f"{label:18}{seconds:7.1f}s {each:11.0f} ms"
            print(f"{line}   {load:.1f}, {after:.1f}{'   MISSED' * missed}", flush=True)
            tables[label] = (out / "grades.csv").read_bytes()
        expected = right_answers(base / "in")
    found = [verdicts(table) for table in tables.values()]
    print("\n" + ", ".join(f"{status}: {number}" for status, number in sorted(found[0].items())))
    if len(set(tables.values())) > 1:
        print("the tables differ: no valid comparison")
        return 1
    if found[0]["correct"] != expected:
        print(f"{expected} answers are right: no valid measurement")
        return 1
    return int(late)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--exercises", type=int, default=15, help="how many, from the first on")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kills", type=int, default=3, help="of one more run with two workers")
    parser.add_argument("--no-dask", action="store_true")
    return parser.parse_args(argv)


def ways(arguments: argparse.Namespace) -> Iterator[tuple[str, list[str], int]]:
    """What is compared: (label, options of the command, how often it is killed on the way)."""
    for workers in arguments.workers:
        yield f"{workers} worker{'s' if workers > 1 else ''}", ["--workers", str(workers)], 0
    if arguments.kills:
        yield f"2, killed {arguments.kills} times", ["--workers", "2"], arguments.kills
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
        yield "Dask, 2 workers", ["--dask", cluster.scheduler_address], 0


def graded(words: list[Any], out: Path, count: int, kills: int) -> float:
    """Seconds that the command took, with all its starts; killed when a share is done."""
    from cohort import command, environment
    from cohort import words as line

    began, results = time.monotonic(), out / "results.jsonl"
    for number in range(1, kills + 1):
        again = ["--resume"] if number > 1 else []
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(line(*words, *again), env=environment(), **quiet) as grader:
            while not results.exists() or lines(results) < count * number // (kills + 1):
                if grader.poll() is not None:
                    raise SystemExit("it ended before it could be killed")
                time.sleep(0.05)
            grader.kill()
    done = command(*words, *(["--resume"] if kills else []), timeout=None)
    if done.returncode:
        raise SystemExit(f"not graded: {done.stderr}")
    if (found := lines(results)) != count:
        raise SystemExit(f"{found} results of {count}: lost, or graded twice")
    return time.monotonic() - began


def lines(path: Path) -> int:
    """How many lines a file has."""
    return path.read_bytes().count(b"\n")


def endless(folder: Path) -> int:
    """How many answers of a cohort never end."""
    return sum(path.read_text().count("while True: pass") for path in folder.rglob("*.ipynb"))


def right_answers(folder: Path) -> int:
    """How many answers of a cohort are right, as they were made."""
    from cohort import rights

    return sum(
        cell["source"] in rights(exercise.removeprefix("exercise:"))
        for path in folder.rglob("*.ipynb")
        for cell in json.loads(path.read_text())["cells"]
        for exercise in cell["metadata"]["tags"]
    )


def verdicts(table: bytes) -> Counter[str]:
    """How many answers got which verdict."""
    return Counter(line.split(",")[2] for line in table.decode().splitlines()[1:])


if __name__ == "__main__":
    sys.exit(main())
