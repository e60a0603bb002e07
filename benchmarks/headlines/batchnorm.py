"""Ioffe & Szegedy 2015, section 4.1: batch normalization reaches an accuracy in fewer steps.

Their small network: three hidden layers of 100 sigmoid units, batches of 60 images, MNIST; here
with or without ``BatchNorm`` between each hidden linear layer and its sigmoid. Weights are drawn by
Xavier's rule (the paper: "small random Gaussian values"), steps are plain SGD, and each arm has its
rate tuned by the validation error at the end. The error on test images is looked at every so many
steps, as in the paper's figure; nothing is chosen by it.

What decides, before any run. *steps*: the logarithm (base 2) of the steps until 90 % of the test
images are right is smaller with than without by more than 1, so at most half as many steps are
needed. A run that does not get there counts as if it did at the end, which favors the arm that
failed. *accuracy*: the test error at the end is smaller with than without. *same rate*, which takes
the larger rates out of the comparison: with, at the rate that was tuned for without, still has the
smaller logarithm, by more than 0.

In the first run no network without normalization got there, so that the ratio was only
bounded: a *no* to the first question could not be told from too few steps, and is taken for
undecided, a rule made after that run. Asked after it: ``--size long``, four times
as many steps, on seeds not used before, though on the same test images.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.headlines.frame import Metrics, Room, contest, load, reported, seeds_of, with_loss
from benchmarks.headlines.store import Question, command

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"data": "digits", "images": 240, "hidden": [12, 12], "batch": 60, "epochs": 4,
             "look": 4, "seen": 500, "target": 0.1, "rates": [0.3, 1.0, 3.0]},
    "cpu": {"data": "mnist", "images": 6_000, "pool": 2, "hidden": [100, 100, 100], "batch": 60,
            "epochs": 6, "look": 20, "seen": 1_000, "target": 0.1, "rates": [1.0, 3.0, 10.0]},
    "long": {"data": "mnist", "images": 6_000, "pool": 2, "hidden": [100, 100, 100], "batch": 60,
             "epochs": 24, "look": 20, "seen": 1_000, "target": 0.1, "rates": [1.0, 3.0, 10.0],
             "first_seed": 10},
    "full": {"data": "mnist", "images": 54_960, "hidden": [100, 100, 100], "batch": 60,
             "epochs": 55, "look": 20, "seen": 1_000, "target": 0.1, "rates": [1.0, 3.0, 10.0]},
}  # fmt: skip
PLAIN, NORMED, SAME = "without", "with", "with, rate of without"


def build(room: Room, sizes: list[int], normed: bool) -> Any:
    """Model and optimizer of one arm."""

    def made(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        layers: list[Any] = []
        own: dict[str, Any] = {"rng": rng, "init": room.initialization.xavier_normal}
        for d, k in pairwise(sizes):
            layers.append(room.layers.Linear(d, k, runs=runs, **own, **room.plan))
            if normed and len(layers) < 3 * (len(sizes) - 2):
                layers.append(room.normalization.BatchNorm(k, runs=runs, **room.plan))
            layers.append(room.layers.Sigmoid())
        model = room.models.Sequential(*layers[:-1])
        return model, room.optimizers.SGD(model.theta, lr=lr)

    return made


def with_steps(arm: Metrics, looks: list[int], target: float) -> Metrics:
    """The arm with ``log2_steps``: until the test error is at most the target, or to the end."""
    curve = np.array(arm["curve"])
    there = curve <= target
    first = np.where(there.any(-1), there.argmax(-1), len(looks) - 1)
    steps = np.log2(np.array(looks)[first])
    return arm | {"log2_steps": steps.tolist(), "reached": there.any(-1).astype(float).tolist()}


def experiment(room: Room, plan: Mapping[str, Any]) -> dict[str, Any]:
    sets = load(room, plan["data"], plan["images"], plan.get("pool", 1))
    sizes = [sets.train[0].shape[1], *plan["hidden"], 10]
    looks = range(plan["look"], plan["images"] // plan["batch"] * plan["epochs"] + 1, plan["look"])
    told = {"epochs": plan["epochs"], "batch_size": plan["batch"]}
    told |= {"looks": looks, "seen": plan["seen"]}
    runs = {
        name: with_loss(room, build(room, sizes, normed), **told)
        for name, normed in ((PLAIN, False), (NORMED, True))
    }
    seeds, tuning = seeds_of(plan)
    arms = contest(runs, sets, plan["rates"], seeds, tuning)
    lr, normed = arms[PLAIN]["lr"], arms[NORMED]
    again = normed if normed["lr"] == lr else reported(runs[NORMED](sets), lr, seeds)
    arms[SAME] = again | {"lr": lr, "tried": {}, "edge": ""}
    return {name: with_steps(one, [*looks], plan["target"]) for name, one in arms.items()}


def questions(plan: Mapping[str, Any]) -> list[Question]:
    return [
        Question("steps", NORMED, PLAIN, "log2_steps", "smaller", 1.0),
        Question("accuracy", NORMED, PLAIN, "test_error", "smaller", 0.0),
        Question("same rate", SAME, PLAIN, "log2_steps", "smaller", 0.0),
    ]


if __name__ == "__main__":
    command("batchnorm", SIZES, experiment, questions)
