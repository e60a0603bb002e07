"""Goyal et al. 2017: a batch k times as large learns as well at k times the rate, if warmed up.

Fashion-MNIST in the place of ImageNet, a network of rectifiers with batch normalization in that of
ResNet-50, all else scaled: momentum 0.9, the rate divided by ten after 1/3, 2/3 and 8/9 of the
epochs, warm-up over 1/18 of them. The rate of the small batch is tuned; the large batch has k times
that rate, by the paper's rule, in three arms: at once (*none*), after steps at the small batch's
rate (*constant*), and after a straight line up to it (*gradual*).

What decides, before any run, in test error. *breaks*: without warm-up the large batch has a larger
error than the small one. *gradual helps*: smaller with gradual warm-up than without. *recovers*:
gradual is within 1 point of the small batch. *constant*: gradual has a smaller error than constant.
*own rates*, the control for whether the rule or the warm-up was at fault: with the rate tuned for
each, gradual still has the smaller error.

In the first run the scaled rate cost a point and broke nothing, so there was nothing to repair.
Asked after it: ``--size broken``, six hidden layers and k = 64, where the scaled rate should be too
large to begin with, on seeds not used before, though on the same test images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.headlines.frame import Room, contest, load, reported, seeds_of, with_loss
from benchmarks.headlines.networks import normed_relu
from benchmarks.headlines.store import Question, command

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"data": "digits", "images": 128, "hidden": [12, 12], "small": 16, "k": 4, "epochs": 9,
             "rates": [0.03, 0.1, 0.3], "shares": [0.25, 0.5, 1.0]},
    "cpu": {"data": "fashion-mnist", "images": 2_560, "pool": 2, "hidden": [64, 64], "small": 16,
            "k": 16, "epochs": 9, "rates": [0.01, 0.03, 0.1], "shares": [0.25, 0.5, 1.0]},
    "broken": {"data": "fashion-mnist", "images": 8_192, "pool": 2, "hidden": [64] * 6, "small": 16,
               "k": 64, "epochs": 18, "rates": [0.01, 0.03, 0.1], "shares": [0.25, 0.5, 1.0],
               "first_seed": 10},
    "full": {"data": "fashion-mnist", "images": 54_272, "hidden": [512] * 5, "small": 256, "k": 4,
             "epochs": 90, "rates": [0.01, 0.03, 0.1], "shares": [0.25, 0.5, 1.0]},
}  # fmt: skip
DECAYS = (1 / 3, 2 / 3, 8 / 9)
WARM = 1 / 18


def schedule(room: Room, kind: str, lr: Any, steps: int, k: int) -> Any:
    """Rates of all steps: ``lr``, divided by ten three times, after the warm-up of this kind."""
    ends, warm = [round(steps * share) for share in DECAYS], round(steps * WARM)
    parts = room.schedules.PiecewiseConstant
    if kind == "constant":
        return parts(lr / k, [warm, *ends], [k, 0.1, 0.1, 0.1])
    if kind == "gradual":
        return room.schedules.Warmup(warm, parts(lr, [end - warm for end in ends], [0.1] * 3))
    return parts(lr, ends, [0.1] * 3)


def build(room: Room, sizes: list[int], kind: str, steps: int, k: int) -> Callable[..., Any]:
    """Model and optimizer of one arm."""

    def made(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        model = normed_relu(room, sizes, rng, runs)
        rates = schedule(room, kind, lr, steps, k)
        return model, room.optimizers.SGD(model.theta, lr=rates, momentum=0.9)

    return made


def experiment(room: Room, plan: Mapping[str, Any]) -> dict[str, Any]:
    sets = load(room, plan["data"], plan["images"], plan.get("pool", 1))
    sizes, k = [sets.train[0].shape[1], *plan["hidden"], 10], plan["k"]

    def arm(kind: str, batch: int) -> Any:
        steps = plan["images"] // batch * plan["epochs"]
        made = build(room, sizes, kind, steps, k)
        return with_loss(room, made, batch_size=batch, epochs=plan["epochs"])

    large = plan["small"] * k
    seeds, tuning = seeds_of(plan)
    arms = contest({"small": arm("none", plan["small"])}, sets, plan["rates"], seeds, tuning)
    lr = k * arms["small"]["lr"]
    for kind in ("none", "constant", "gradual"):
        by_rule = {"lr": lr, "tried": {}, "edge": ""}
        arms[kind] = by_rule | reported(arm(kind, large)(sets), lr, seeds)
    own = {f"{kind}, own rate": arm(kind, large) for kind in ("none", "gradual")}
    return arms | contest(own, sets, [lr * share for share in plan["shares"]], seeds, tuning)


def questions(plan: Mapping[str, Any]) -> list[Question]:
    told = {"metric": "test_error"}
    return [
        Question("breaks", "none", "small", **told, better="larger", margin=0.0),
        Question("gradual helps", "gradual", "none", **told, better="smaller", margin=0.0),
        Question("recovers", "gradual", "small", **told, better="equal", margin=0.01),
        Question("constant", "gradual", "constant", **told, better="smaller", margin=0.0),
        Question(
            "own rates", "gradual, own rate", "none, own rate", **told, better="smaller", margin=0.0
        ),
    ]


if __name__ == "__main__":
    command("warmup", SIZES, experiment, questions)
