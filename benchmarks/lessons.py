"""What each lesson costs to execute, in seconds of CPU: reading them all is part of every build.

    python -m benchmarks.lessons            (or some of them, by file or folder)

Each is executed afresh, as ``make run`` does it, with a kernel of its own; nothing is written. What
starts the kernels is loaded once for all, here as in a build, and not counted. Exits with 1 when
one takes more than twenty seconds or does not run.

A shared machine does the same work in 1.8 times the CPU seconds when its neighbours are busy. So a
fixed job is timed twice a second beside each lesson, and where it took longer than ``UNDISTURBED``
a lesson is judged by the seconds that it would have taken otherwise; those that it took are printed
beside. A faster processor is not scaled up to that one: it runs the job in 0.46 of the time and the
lessons in 0.50 to 0.61, so the product would be wrong by as much as a third.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np
from nbclient.exceptions import CellExecutionError

from tools.notebooks import execute, found

ROOT = Path(__file__).resolve().parents[1]
AT_MOST = 20.0
UNDISTURBED = 0.050
"""CPU seconds of the fixed job on a Xeon of 2.8 GHz, idle: the best fifth of a minute."""


def main(arguments: list[str] | None = None) -> int:
    """Print a line a lesson and the sum of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons", description=__doc__)
    parser.add_argument("paths", nargs="*", default=[str(ROOT / "lessons")])
    notebooks = [*found(parser.parse_args(arguments).paths)]
    failed, taken, judged = 0, [], []
    print(f"CPU seconds, kernel included: undisturbed, at most {AT_MOST:.0f}; as they were")
    for path in notebooks:
        before, told = cpu_seconds(), ""
        with Yardstick() as yardstick:
            try:
                execute(path)
            except CellExecutionError as error:
                told = f"DOES NOT RUN: {error.ename}: {error.evalue}"
        taken.append(cpu_seconds() - before - sum(yardstick.times))
        pace = max(1.0, statistics.mean(yardstick.times) / UNDISTURBED)
        judged.append(taken[-1] / pace)
        told = told or "TOO LONG" * (judged[-1] > AT_MOST)
        failed += bool(told)
        name = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
        print(line(name, judged[-1], taken[-1], told), flush=True)
    print(line(f"all {len(taken)}", sum(judged), sum(taken)))
    return int(failed > 0)


def line(name: object, judged: float, taken: float, told: str = "") -> str:
    return f"{name!s:45}{judged:7.1f} s {taken:7.1f} s   {told}".rstrip()


class Yardstick:
    """Times a fixed job, in a thread of its own, again and again until the block ends."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._measure)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _measure(self) -> None:
        while not (self.times and self.over.wait(0.5)):
            start = time.thread_time()
            job()
            self.times.append(time.thread_time() - start)


def job() -> None:
    """A little of each kind of work that a lesson is made of, and nothing of this project, which
    may become faster."""
    rng, names = np.random.default_rng(0), {}
    stacked, weights = rng.normal(size=(10, 64, 128)), rng.normal(size=(10, 128, 64))
    vector = rng.normal(size=20_000)
    for i in range(50):
        np.exp(-np.abs(vector)) + (stacked @ weights)[0, 0, 0]
        for j in range(300):
            names[f"{i % 7}.{j}"] = i, str(j * 0.1)
        ",".join(f"{value:.3g}" for value in vector[:100])


def cpu_seconds() -> float:
    """What this process and those that it started and waited for have used until now."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
