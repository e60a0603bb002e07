"""He et al. 2015: thirty layers of rectifiers train from He's start and stall from Xavier's.

An MLP of rectifiers with ``depth`` hidden layers, SGD with momentum 0.9, a few hundred steps. Both
starts draw the same normal numbers and scale them by √(2/n_in) or √(2/(n_in + n_out)), a factor of
√2 in the hidden layers; biases are 0. Each start has its rate tuned at each depth.

What decides, before any run. *stalls*: at the greatest depth He's test error is smaller than
Xavier's by more than 30 points (90 is guessing). *shallow*, the control without which the first
would say nothing about depth: at the least depth the two are within 5 points. A start that guesses
at every rate it tried has no best rate, so an edge of its grid is no objection.

In the first run He's thirty layers had only begun to learn when the steps were over, and
*stalls* stayed undecided. Asked after it: ``--size long``, three times as many
epochs, on seeds not used before, though on the same test images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.headlines.frame import Room, contest, load, seeds_of, with_loss
from benchmarks.headlines.store import Question, command

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"data": "digits", "images": 200, "depths": [2, 12], "width": 12, "batch": 50,
             "epochs": 2, "rates": [0.01, 0.1, 1.0]},
    "cpu": {"data": "mnist", "images": 3_000, "pool": 2, "depths": [10, 30], "width": 64,
            "batch": 50, "epochs": 4, "rates": [0.01, 0.03, 0.1]},
    "long": {"data": "mnist", "images": 3_000, "pool": 2, "depths": [10, 30], "width": 64,
             "batch": 50, "epochs": 12, "rates": [0.003, 0.01, 0.03], "first_seed": 10},
    "full": {"data": "mnist", "images": 55_000, "depths": [10, 20, 30], "width": 512,
             "batch": 100, "epochs": 20, "rates": [0.01, 0.03, 0.1]},
}  # fmt: skip
STARTS = {"He": "kaiming_normal", "Xavier": "xavier_normal"}


def build(room: Room, inputs: int, depth: int, width: int, start: str) -> Any:
    """Model and optimizer of one arm."""
    init = getattr(room.initialization, STARTS[start])
    sizes = [inputs, *[width] * depth, 10]

    def made(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        model = room.models.MLP(sizes, rng, "relu", runs=runs, init=init, **room.plan)
        return model, room.optimizers.SGD(model.theta, lr=lr, momentum=0.9)

    return made


def arm(start: str, depth: int) -> str:
    return f"{start}, {depth} layers"


def experiment(room: Room, plan: Mapping[str, Any]) -> dict[str, Any]:
    sets = load(room, plan["data"], plan["images"], plan.get("pool", 1))
    inputs = sets.train[0].shape[1]
    told = {"epochs": plan["epochs"], "batch_size": plan["batch"]}
    runs = {
        arm(start, depth): with_loss(room, build(room, inputs, depth, plan["width"], start), **told)
        for depth in plan["depths"]
        for start in STARTS
    }
    return contest(runs, sets, plan["rates"], *seeds_of(plan))


def questions(plan: Mapping[str, Any]) -> list[Question]:
    least, greatest = min(plan["depths"]), max(plan["depths"])
    pair = lambda depth: (arm("He", depth), arm("Xavier", depth))  # noqa: E731
    return [
        Question("stalls", *pair(greatest), "test_error", "smaller", 0.3),
        Question("shallow", *pair(least), "test_error", "equal", 0.05),
    ]


if __name__ == "__main__":
    command("depth", SIZES, experiment, questions)
