"""What many runs at once cost, in units of one run: the axis of runs must pay.

    python -m benchmarks.runs_axis

Exits with 1 when a target is missed. "At once" means one model with a leading axis of runs and one
``dlcourse.training.steps``; "one" is the same code without that axis. Every run has its own weights
and its own order of the samples.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import timing
from dlcourse import data, training
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam
from dlcourse.training import loop

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda theta: SGD(theta, lr=0.01, momentum=0.9),
    "Adam": lambda theta: Adam(theta, lr=1e-3),
}


@dataclass(frozen=True)
class Case:
    """Networks trained side by side, and the most that they may cost."""

    sizes: tuple[int, ...]
    batch: int
    runs: int
    at_most: float


CASES = (
    Case((64, 32, 10), batch=32, runs=10, at_most=5.0),
    Case((64, 128, 10), batch=64, runs=10, at_most=10.0),
    Case((64, 128, 10), batch=64, runs=30, at_most=30.0),
    Case((64, 32, 10), batch=32, runs=120, at_most=60.0),  # a grid of rates, as in the lessons
)
TRAJECTORIES, TRAJECTORIES_AT_MOST = 1000, 6.0


def training_step(case: Case, optimizer: str, runs: int | None) -> Callable[[], object]:
    """One step of training on the digits, as a function without arguments."""
    model = MLP(case.sizes, np.random.default_rng(0), runs=runs)
    steps = training.steps(
        model,
        OPTIMIZERS[optimizer](model.theta),
        SoftmaxCrossEntropy(),
        data.load("digits").train,
        epochs=1_000_000,
        batch_size=case.batch,
        rng=np.random.default_rng(1),
    )
    return lambda: next(steps)


def naive_step(case: Case, optimizer: str) -> Callable[[], object]:
    """The same with all runs in one block, however large."""
    with one_block():
        step = training_step(case, optimizer, case.runs)
        step()  # the blocks are laid out by the first step
    return step


@contextmanager
def one_block() -> Iterator[None]:
    """Let a block of runs be of any size."""
    usual, loop.CACHE_BYTES = loop.CACHE_BYTES, 1 << 60
    try:
        yield
    finally:
        loop.CACHE_BYTES = usual


def trajectory_step(optimizer: str, runs: int | None) -> Callable[[], object]:
    """One step down a quadratic valley from one point of the plane, or from many."""
    start = np.random.default_rng(0).normal(size=(2,) if runs is None else (runs, 2))
    opt, curvature = OPTIMIZERS[optimizer](start), np.array([1.0, 10.0])
    return lambda: opt.step(curvature * start)


def difference(case: Case, optimizer: str, steps: int = 10) -> float:
    """Largest difference of a weight between runs trained together and the same runs alone."""
    x, y = data.load("digits").train

    def trained(rng: Any, runs: int | None) -> np.ndarray:
        drawn, order = rng
        model = MLP(case.sizes, drawn, runs=runs)
        opt = OPTIMIZERS[optimizer](model.theta)
        made = training.steps(
            model, opt, SoftmaxCrossEntropy(), (x, y), epochs=1, batch_size=case.batch, rng=order
        )
        for _ in range(steps):
            next(made)
        return model.theta

    def generators(k: int) -> tuple[np.random.Generator, np.random.Generator]:
        return np.random.default_rng([k, 0]), np.random.default_rng([k, 1])

    pairs = [generators(k) for k in range(case.runs)]
    together = trained(([a for a, _ in pairs], [b for _, b in pairs]), case.runs)
    alone = np.stack([trained(generators(k), None) for k in range(case.runs)])
    return float(np.abs(together - alone).max())


def main() -> int:
    """Print the table; 1 if a target is missed or if runs together differ from runs alone."""
    print(timing.where())
    print(f"{'':44}{'one':>7}  {'many / one':<24}{'at most':>7}")
    missed = 0

    def report(name: str, jobs: dict[str, Callable[[], object]], at_most: float) -> None:
        nonlocal missed
        taken = timing.measure(jobs)
        many = timing.ratio(taken, "many", "one")
        missed += (miss := many.median > at_most)
        one = timing.microseconds(taken, "one")
        print(f"{name:44}{one:4.0f} µs  {many!s:<24}{at_most:7.0f}  {'MISSED' if miss else 'ok'}")
        if "naive" in taken:
            print(f"{'    in one block of runs':44}{'':9}{timing.ratio(taken, 'naive', 'one')}")

    for optimizer in OPTIMIZERS:
        for case in CASES:
            if (differ := difference(case, optimizer)) > 1e-10:
                missed += 1
                print(f"{case} with {optimizer}: together and alone differ by {differ:.1e}")
            shape = "-".join(map(str, case.sizes))
            report(
                f"{case.runs} MLPs {shape}, batch {case.batch}, {optimizer}",
                {
                    "one": training_step(case, optimizer, None),
                    "many": training_step(case, optimizer, case.runs),
                    "naive": naive_step(case, optimizer),
                },
                case.at_most,
            )
        report(
            f"{TRAJECTORIES} trajectories in the plane, {optimizer}",
            {
                "one": trajectory_step(optimizer, None),
                "many": trajectory_step(optimizer, TRAJECTORIES),
            },
            TRAJECTORIES_AT_MOST,
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
