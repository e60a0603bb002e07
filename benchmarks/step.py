"""One training step, from the batch to the changed weights, beside PyTorch on the CPU.

    python -m benchmarks.step

Forward, softmax cross-entropy, backward, Adam; float32. Both sides start from the same weights and
are compared before they are timed. Exits with 1 when an aim is missed or the two sides differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from benchmarks import peers, timing
from benchmarks.peers import Side
from dlcourse.scratch import layers
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import Adam

Make = Callable[[type[np.floating]], Side]


@dataclass(frozen=True)
class Contest:
    """One step of ours and of others, by name, each with the most that ours may take of theirs.

    ``products`` says how far apart the two libraries are in matrix products alone: where theirs are
    faster on a machine, no formula of ours makes up for it.
    """

    name: str
    ours: Make
    others: dict[str, tuple[Make, float | None]]
    products: tuple[timing.Job, timing.Job] | None = None


def ours(model: Sequential, x: np.ndarray, y: np.ndarray) -> Side:
    """A step through the public methods of model, loss and optimizer."""
    loss, opt = SoftmaxCrossEntropy(), Adam(model.theta)

    def step() -> None:
        loss.forward(model.forward(x, training=True), y)
        model.backward(loss.backward(), input_grad=False)
        opt.step(model.grad)

    return lambda: model.theta, step


def noise(shape: tuple[int, ...], classes: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels in the shape of the data: the values do not change the time."""
    rng, lead = np.random.default_rng(0), shape[:-1] if len(shape) < 4 else shape[:1]
    return rng.normal(size=shape).astype(dtype), rng.integers(0, classes, lead)


def perceptron(
    name: str, sizes: Sequence[int], batch: int, default: float, fused: float | None
) -> Contest:
    """One multilayer perceptron against PyTorch's two ways of Adam."""

    def model(dtype: Any) -> MLP:
        return MLP(sizes, np.random.default_rng(1), dtype=dtype)

    def data(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        return noise((batch, sizes[0]), sizes[-1], dtype)

    def theirs(fused: bool) -> Make:
        return lambda dtype: peers.alone(
            peers.perceptron(sizes), model(dtype).theta, *data(dtype), fused=fused
        )

    others = {"default Adam": (theirs(False), default), "fused Adam": (theirs(True), fused)}
    alone = products(sizes, batch, np.asarray), products(sizes, batch, torch.from_numpy)
    return Contest(name, lambda dtype: ours(model(dtype), *data(dtype)), others, alone)


def products(sizes: Sequence[int], batch: int, array: Callable[[np.ndarray], Any]) -> timing.Job:
    """The matrix products of such a step and nothing else, in NumPy or in PyTorch."""
    rng, operands = np.random.default_rng(0), []
    for d, k in pairwise(sizes):
        shapes = ((batch, d), (k, d), (batch, k))
        operands.append([array(rng.normal(size=shape).astype(np.float32)) for shape in shapes])

    def job() -> None:
        for i, (x, weight, dy) in enumerate(operands):
            x @ weight.T, dy.T @ x, dy @ weight if i else None

    return job


def runs(
    name: str, sizes: Sequence[int], batch: int, number: int, turn: float, bmm: float
) -> Contest:
    """Many networks at once against as many in turn, and against one of stacked products."""

    def model(dtype: Any) -> MLP:
        return MLP(sizes, np.random.default_rng(1), runs=number, dtype=dtype)

    def data(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        return noise((number, batch, sizes[0]), sizes[-1], dtype)

    def theirs(make: Callable[..., Side]) -> Make:
        return lambda dtype: make(sizes, model(dtype).theta, *data(dtype))

    others = {"in turn": (theirs(peers.in_turn), turn), "stacked": (theirs(peers.stacked), bmm)}
    return Contest(name, lambda dtype: ours(model(dtype), *data(dtype)), others)


def convolutional(name: str, batch: int, default: float) -> Contest:
    """A small convolutional network on images of MNIST's size, as PyTorch lays them out."""

    def model(dtype: Any) -> Sequential:
        rng = np.random.default_rng(1)
        first, second = (
            layers.Conv2d(c, k, 3, padding=1, rng=rng, dtype=dtype) for c, k in ((1, 16), (16, 32))
        )
        head = layers.Linear(32 * 7 * 7, 10, rng=rng, dtype=dtype)
        pooled = [[layers.MaxPool2d(2), layers.ReLU()] for _ in range(2)]
        return Sequential(first, *pooled[0], second, *pooled[1], layers.Flatten(), head)

    def data(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        return noise((batch, 1, 28, 28), 10, dtype)

    def theirs(dtype: Any) -> Side:
        return peers.alone(peers.convolutional(), model(dtype).theta, *data(dtype))

    return Contest(
        name, lambda dtype: ours(model(dtype), *data(dtype)), {"eager NCHW": (theirs, default)}
    )


CONTESTS = (
    perceptron("784-256-256-10, batch 128", (784, 256, 256, 10), 128, default=0.88, fused=1.05),
    perceptron("64-128-64-10, batch 32", (64, 128, 64, 10), 32, default=0.30, fused=None),
    perceptron("20 layers of 64, batch 32", (*[64] * 20, 10), 32, default=0.30, fused=None),
    runs("ten runs 64-32-10, batch 32", (64, 32, 10), 32, 10, turn=0.05, bmm=0.35),
    convolutional("3×3·16, 3×3·32, fc, batch 64", 64, default=1.00),
)


def difference(one: Make, other: Make, steps: int = 10) -> float:
    """Largest difference of a weight after some steps in float64."""
    (weights, step), (others_weights, others_step) = one(np.float64), other(np.float64)
    for _ in range(steps):
        step()
        others_step()
    return float(np.abs(weights() - others_weights()).max())


def main() -> int:
    """Print the table; 1 if an aim is missed or the two sides do not compute the same."""
    torch.set_num_threads(1)
    print(timing.where())
    print(f"PyTorch {torch.__version__}; CPU time of a step; below 1 ours is faster\n")
    print(f"{'':29}{'ours':>8}   {'÷ PyTorch':36}at most       after ten steps")
    failed = 0
    for contest in CONTESTS:
        makes = {"ours": contest.ours} | {name: make for name, (make, _) in contest.others.items()}
        taken = timing.measure({name: make(np.float32)[1] for name, make in makes.items()})
        line = f"{contest.name:29}{timing.microseconds(taken, 'ours'):5.0f} µs"
        for name, (make, at_most) in contest.others.items():
            ratio, differ = timing.ratio(taken, "ours", name), difference(contest.ours, make)
            missed, wrong = at_most is not None and ratio.median > at_most, not differ < 1e-10
            failed += missed or wrong
            aim = "" if at_most is None else f"{at_most:.2f}  {'MISSED' if missed else 'ok'}"
            told = "no valid comparison: " * wrong + f"apart by {differ:.0e}"
            print(f"{line:37}   {name:13}{ratio!s:23}{aim:14}{told}", flush=True)
            line = ""
        if contest.products:
            mine, theirs = contest.products
            taken = timing.measure({"mine": mine, "theirs": theirs})
            print(f"{'':40}{'products only':13}{timing.ratio(taken, 'mine', 'theirs')}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
