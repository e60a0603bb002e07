"""Keskar et al. 2017: a tenth of the data as batch generalizes worse than a few images.

Their network F1 made small: rectifiers with batch normalization, MNIST, Adam. A *small* batch is
half a percent of the training images (256 of 60,000 in the paper), a *large* one a tenth. Each arm
has its own rate, where the paper gives both the same. *longer* is the large batch with several
times as many epochs: Hoffer et al. 2017 say that it is steps that are missing, not noise.

What decides, before any run. *gap*: the test error of the large batch is larger than that of the
small one, after as many epochs. *longer helps*: trained longer, the large batch has a smaller error
than it had. *closed*: trained longer, it is within 0.5 points of the small one.

In the first run the small batch was ten images, over which batch normalization may be noise, and
made more errors. Asked after it: ``--size more``, wider, longer and on two and a half times as many
images, so that the small batch is 25, on seeds not used before, though on the same test images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.headlines.frame import Room, contest, load, seeds_of, with_loss
from benchmarks.headlines.networks import normed_relu
from benchmarks.headlines.store import Question, command

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"data": "digits", "images": 200, "hidden": [12, 12], "small": 10, "large": 40,
             "epochs": 2, "longer": 2, "rates": [0.003, 0.01, 0.03]},
    "cpu": {"data": "mnist", "images": 2_000, "pool": 2, "hidden": [64, 64], "small": 10,
            "large": 200, "epochs": 8, "longer": 5, "rates": [0.001, 0.003, 0.01]},
    "more": {"data": "mnist", "images": 5_000, "pool": 2, "hidden": [128, 128], "small": 25,
             "large": 500, "epochs": 16, "longer": 4, "rates": [0.001, 0.003, 0.01],
             "first_seed": 10},
    "full": {"data": "mnist", "images": 55_000, "hidden": [512] * 5, "small": 250, "large": 5_500,
             "epochs": 100, "longer": 5, "rates": [0.0001, 0.0003, 0.001]},
}  # fmt: skip
SMALL, LARGE, LONGER = "small", "large", "large, longer"


def experiment(room: Room, plan: Mapping[str, Any]) -> dict[str, Any]:
    sets = load(room, plan["data"], plan["images"], plan.get("pool", 1))
    sizes = [sets.train[0].shape[1], *plan["hidden"], 10]

    def build(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        model = normed_relu(room, sizes, rng, runs)
        return model, room.optimizers.Adam(model.theta, lr=lr)

    arms = {
        SMALL: (plan["small"], plan["epochs"]),
        LARGE: (plan["large"], plan["epochs"]),
        LONGER: (plan["large"], plan["epochs"] * plan["longer"]),
    }
    runs = {
        name: with_loss(room, build, batch_size=size, epochs=epochs)
        for name, (size, epochs) in arms.items()
    }
    return contest(runs, sets, plan["rates"], *seeds_of(plan))


def questions(plan: Mapping[str, Any]) -> list[Question]:
    return [
        Question("gap", LARGE, SMALL, "test_error", "larger", 0.0),
        Question("longer helps", LONGER, LARGE, "test_error", "smaller", 0.0),
        Question("closed", LONGER, SMALL, "test_error", "equal", 0.005),
    ]


if __name__ == "__main__":
    command("batch", SIZES, experiment, questions)
