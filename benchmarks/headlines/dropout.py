"""Hinton et al. 2012, Srivastava et al. 2014: dropout, on units and on pixels, makes fewer errors.

A network of rectifiers with two hidden layers, Adam, in three arms: nothing dropped; half of the
hidden units; these and a fifth of the pixels. Weights by He's rule, the same batches for all, each
arm with its own rate, chosen by the validation error at the end. No arm stops early, none has
max-norm, weight decay or a wider network to make up for what is dropped.

What decides, before any run, in errors of the test images. *hidden*: dropping hidden units has the
smaller error than dropping nothing, the whole interval below 0. *both*: so has dropping pixels,
too. *pixels*: both has a smaller error than hidden units alone.

The run on narrow networks, trained briefly, answered no to the first two. Asked after it:
is it width and time that were missing? ``--size wide`` puts the same questions to three times as
many units and two and a half times as many epochs, on seeds not used before, though on the same
test images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.headlines.frame import Room, contest, load, seeds_of, with_loss
from benchmarks.headlines.store import Question, command

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"data": "digits", "images": 200, "width": 16, "batch": 50, "epochs": 3,
             "rates": [0.003, 0.01, 0.03]},
    "cpu": {"data": "mnist", "images": 2_000, "pool": 2, "width": 100, "batch": 50, "epochs": 20,
            "rates": [0.001, 0.003, 0.01]},
    "wide": {"data": "mnist", "images": 2_000, "pool": 2, "width": 300, "batch": 50, "epochs": 50,
             "rates": [0.0003, 0.001, 0.003], "first_seed": 10},
    "full": {"data": "mnist", "images": 55_000, "width": 1024, "batch": 100, "epochs": 200,
             "rates": [0.0001, 0.0003, 0.001]},
}  # fmt: skip
ARMS = {"nothing": (0.0, 0.0), "hidden": (0.0, 0.5), "hidden and pixels": (0.2, 0.5)}
"""What is dropped, of the pixels and of the hidden units."""


def build(room: Room, inputs: int, width: int, pixels: float, hidden: float) -> Any:
    """Model and optimizer of one arm."""

    def made(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        own: dict[str, Any] = {"rng": rng, "runs": runs, "init": room.initialization.kaiming_normal}
        layers: list[Any] = []
        for d, k, p in ((inputs, width, pixels), (width, width, hidden), (width, 10, hidden)):
            layers += [room.regularization.Dropout(p, rng=rng, runs=runs)] if p else []
            layers += [room.layers.Linear(d, k, **own, **room.plan), room.layers.ReLU()]
        model = room.models.Sequential(*layers[:-1])
        return model, room.optimizers.Adam(model.theta, lr=lr)

    return made


def experiment(room: Room, plan: Mapping[str, Any]) -> dict[str, Any]:
    sets = load(room, plan["data"], plan["images"], plan.get("pool", 1))
    told = {"epochs": plan["epochs"], "batch_size": plan["batch"]}
    inputs = sets.train[0].shape[1]
    runs = {
        name: with_loss(room, build(room, inputs, plan["width"], *dropped), **told)
        for name, dropped in ARMS.items()
    }
    return contest(runs, sets, plan["rates"], *seeds_of(plan))


def questions(plan: Mapping[str, Any]) -> list[Question]:
    nothing, hidden, both = ARMS
    return [
        Question("hidden", hidden, nothing, "test_error", "smaller", 0.0),
        Question("both", both, nothing, "test_error", "smaller", 0.0),
        Question("pixels", both, hidden, "test_error", "smaller", 0.0),
    ]


if __name__ == "__main__":
    command("dropout", SIZES, experiment, questions)
