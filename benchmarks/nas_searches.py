"""Searches of architectures beside random search: ``python -m benchmarks.nas_searches``.

On the 1,024 cells whose test accuracy is known: that of the cell which a search ends with. Searches
that ask the table are told of four of its eight trainings and judged by the four others, over all
70 ways to halve them; the others do not ask it, and are judged by all eight, which is the mean over
the same halves. Cost is in trainings of one cell from scratch (18 epochs), in CPU time of this
machine, the same program for all. Random search draws as many cells as that, trains each once, and
keeps the best on validation data.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import where
from dlcourse import data
from dlcourse.problems.architectures import Splits
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.optimizers import Adam

TABLE = nas.digits_cells()
EVERY = Splits(TABLE)
RUNS, EPOCHS = 20, 18


def weights(theta: Any) -> Adam:
    return Adam(theta, lr=0.01)


def logits(alpha: Any) -> Adam:
    """DARTS' own betas; ten times its rate, as there are ten times fewer steps."""
    return Adam(alpha, lr=0.003, betas=(0.5, 0.999))


def parts() -> list[Any]:
    digits = data.load()
    return [nas.odd_digits(part) for part in (digits.train, digits.validation)]


def searches(runs: int) -> dict[str, Callable[[], Any]]:
    """Each gives the cells it ends with, (runs, 5)."""
    told, rng = parts(), lambda: np.random.default_rng(0)
    relaxed = lambda xi: nas.darts(*told, weights, logits, rng(), EPOCHS, xi=xi, runs=runs)  # noqa: E731
    shared = lambda steps: nas.weight_sharing_nas(  # noqa: E731
        *told, weights, rng(), 3 * EPOCHS, controller_steps=steps, runs=runs
    )
    return {
        "DARTS, first order": lambda: relaxed(0.0).cells,
        "DARTS, second order": lambda: relaxed(0.01).cells,
        "sharing, controller": lambda: shared(20).best,
        "sharing, no controller": lambda: shared(0).best,
    }


def seconds(job: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = job()
    return time.process_time() - begin, found


def noisy(seed: int) -> Callable[[Any], Any]:
    """The validation accuracy of one training, drawn from those that a search may ask for."""
    rng = np.random.default_rng(seed)
    return lambda cells: EVERY.reward(cells, rng)


def random_accuracy(trials: int, repeats: int = 30) -> float:
    """The mean over many random searches of that many trainings, by trainings not asked for."""
    runs = repeats * len(EVERY.rows)
    found = nas.random_nas(noisy(1), np.random.default_rng(trials), trials, runs=runs)
    return float(EVERY.judged(found.best).mean())


def main(runs: int) -> None:
    train, validation = parts()
    one, _ = seconds(
        lambda: nas.train_cells(
            nas.all_cells()[-runs:], train, [validation], weights, np.random.default_rng(0), EPOCHS
        )
    )
    print(where())
    print(f"{runs} runs side by side; one training takes {one / runs:.3f} s of CPU")
    for name, search in searches(runs).items():
        taken, cells = seconds(search)
        trials, right = max(round(taken / one), 1), TABLE.accuracy(cells)
        error = right.std(ddof=1) / runs**0.5
        print(
            f"{name:<24}{right.mean():.4f} ± {error:.4f}   {taken / one:5.1f} trainings   "
            f"random {random_accuracy(trials):.4f}"
        )
    for trials in (20, 50, 100, 200, 600):
        runs = 3 * len(EVERY.rows)
        found = nas.reinforce_nas(noisy(0), np.random.default_rng(0), trials, runs=runs)
        ends = (EVERY.judged(c).mean() for c in (found.best, found.logits.argmax(-1)))
        best, mode = ends
        print(
            f"REINFORCE, {trials:3d} trainings: best seen {best:.4f}, likeliest {mode:.4f}, "
            f"random {random_accuracy(trials, 3):.4f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
