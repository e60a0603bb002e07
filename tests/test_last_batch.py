"""A last batch of a few samples moves the weights at the full rate: who says so, and when."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from networks import ROOMS
from test_errors import SENTENCE

from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import (
    FileOrder,
    batches,
    fit,
    gradients_at,
    in_order,
    race,
    saw,
    steps,
    sweep,
    try_all,
)

# samples, batch size, batches an update: the samples of a last update that is too small
CASES = {
    (897, 64, 1): 1,
    (896, 64, 1): 0,  # divides evenly
    (64 + 15, 64, 1): 15,  # just under a quarter
    (64 + 16, 64, 1): 0,  # just a quarter
    (10 + 2, 10, 1): 2,
    (10 + 3, 10, 1): 0,
    (5 + 1, 5, 1): 1,
    (4 + 1, 4, 1): 0,
    (3, 64, 1): 0,  # a batch larger than the data is one whole batch
    (64, 64, 1): 0,
    (65, 64, 1): 1,
    (22, 5, 2): 2,  # the last batch has 2 of 5, the last update 2 of 10
    (21, 4, 2): 0,  # the last batch has 1 of 4, the last update 5 of 8
    (17, 4, 4): 1,
    (16, 4, 4): 0,
    (3, 2, 4): 0,  # one update of two batches
}


def wrong(rule: Callable[[int, int, int], int]) -> list[tuple[int, int, int]]:
    return [case for case, left in CASES.items() if rule(*case) != left]


def test_too_few_is_less_than_a_quarter_of_the_other_updates() -> None:
    assert not wrong(lambda n, size, k: batches.samples_left(n, size * k))


def _left(n: int, update: int) -> int:
    return n % update if n > update else 0


PLANTED = {
    "a quarter counts as too few": lambda n, size, k: (
        _left(n, size * k) if 4 * _left(n, size * k) <= size * k else 0
    ),
    "a quarter in whole samples": lambda n, size, k: (
        _left(n, size * k) if _left(n, size * k) < size * k // 4 else 0
    ),
    "a lone update has others": lambda n, size, k: (
        n % (size * k) if 4 * (n % (size * k)) < size * k else 0
    ),
    "by the batch, not the update": lambda n, size, k: batches.samples_left(n, size),
    "every rest": lambda n, size, k: _left(n, size * k),
    "a single sample only": lambda n, size, k: int(_left(n, size * k) == 1),
}


@pytest.mark.parametrize("rule", PLANTED.values(), ids=PLANTED)
def test_another_rule_is_caught(rule: Callable[[int, int, int], int]) -> None:
    assert wrong(rule)


def toy(room: str, n: int) -> tuple[Any, Any, Any]:
    one, rng = ROOMS[room], np.random.default_rng(0)
    model = one.models.MLP([3, 2], rng)
    data = one.number(rng.standard_normal((n, 3))), one.number(rng.integers(0, 2, n))
    return model, one.losses.SoftmaxCrossEntropy(), data


def train(way: str, room: str, n: int, **plan: Any) -> np.ndarray:
    model, loss, data = toy(room, n)
    given: Any = {"epochs": 2, "batch_size": 8, "rng": np.random.default_rng(1), **plan}
    optimizer = ROOMS[room].optimizers.SGD(model.theta, lr=0.5)
    if way == "fit":
        fit(model, optimizer, loss, data, progress=False, **given)
    else:
        list(steps(model, optimizer, loss, data, **given))
    return np.array(model.theta.tolist())


FIX = r"Leave 1 of the 17 samples out, choose another batch_size, or pass last='use'\."
WARNS = rf"^The last batch of an epoch has 1 sample, the others 8, and moves .* full rate\. {FIX}$"
REFUSES = r"^the last batch of an epoch must be a quarter of the others' 8 samples .*; got 1\. .*"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("way", ["fit", "steps"])
def test_training_warns_once_refuses_or_says_nothing(way: str, room: str) -> None:
    for asked in ({}, {"last": "warn"}):
        with pytest.warns(UserWarning, match=WARNS) as told:
            warned = train(way, room, 17, **asked)
        assert [one.filename for one in told] == [__file__], "once, and where it was called"
    with pytest.raises(ValueError, match=REFUSES + FIX) as raised:
        train(way, room, 17, last="refuse")
    assert SENTENCE.match(raised.value.args[0])
    np.testing.assert_array_equal(train(way, room, 17, last="use"), warned)
    for n in (16, 18, 5):  # warnings are errors here
        train(way, room, n)
        train(way, room, n, last="refuse")


@pytest.mark.parametrize("way", ["fit", "steps"])
def test_an_update_of_several_batches_is_judged_as_a_whole(way: str) -> None:
    text = r"^The last update of an epoch has 2 samples, the others 10, "
    with pytest.warns(UserWarning, match=text):
        train(way, "scratch", 22, batch_size=5, accumulate=2)
    train(way, "scratch", 22, batch_size=5)
    train(way, "scratch", 21, batch_size=4, accumulate=2)


@pytest.mark.parametrize("way", ["fit", "steps"])
def test_the_door_knows_three_words(way: str) -> None:
    for last in ("drop", None, True):
        with pytest.raises(ValueError, match=r"^last must be one of 'warn', 'refuse', 'use'; got"):
            train(way, "scratch", 16, last=last)


X, Y = np.random.default_rng(2).standard_normal((40, 3)), np.arange(40) % 2
NET = partial(MLP, [3, 2])


def swept(n: int | list[int] = 17, build: Any = (NET, SGD), **given: Any) -> Any:
    data: Any = (X[:n], Y[:n]) if isinstance(n, int) else [(X[:k], Y[:k]) for k in n]
    plan = {"epochs": 1, "batch_size": 8, "seeds": 2, "lr": [0.1, 0.5], "progress": False, **given}
    return sweep(build, SoftmaxCrossEntropy(), data, **plan)


REFUSED: dict[str, Any] = {
    "one size": {},
    "a size among others": {"n": 18, "batch_size": [2, 6, 17]},
    "a size of one method": {
        "build": {"A": (NET, SGD), "B": (NET, SGD)},
        "batch_size": {"A": 17, "B": 8},
    },
    "sizes of one method": {
        "build": {"A": (NET, SGD), "B": (NET, SGD)},
        "batch_size": {"A": [17, 8], "B": [17, 9]},
    },
    "updates of several batches": {"n": 18, "batch_size": 4, "accumulate": [1, 4]},
    "the data of one seed": {"n": [16, 17]},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_a_comparison_does_not_hang_on_a_few_samples(given: dict[str, Any]) -> None:
    built = []

    def watched(rng: Any, runs: int) -> MLP:
        built.append(runs)
        return NET(rng, runs=runs)

    makers = dict.fromkeys(given.get("build", [""]), (watched, SGD))
    build = makers if "build" in given else (watched, SGD)
    with pytest.raises(ValueError, match=r"^the last (batch|update) of an epoch must be "):
        swept(**given | {"build": build})
    assert not built, "refused before the first training"
    assert np.isfinite(swept(**given, last="use")["train_loss"]).all()
    with pytest.warns(UserWarning, match=r"^The last (batch|update) of an epoch has ") as told:
        swept(**given, last="warn", block=1)
    assert [one.filename for one in told] == [__file__], "once, whatever the blocks"


def test_a_comparison_without_a_small_rest_is_left_alone() -> None:
    for given in ({"n": 16}, {"n": 18}, {"n": 5}, {"n": [16, 18]}, {"n": 21, "accumulate": 2}):
        swept(**given)
    with pytest.raises(ValueError, match=r"^last must be one of"):
        swept(last="drop")


WATCHED: dict[str, Callable[..., Any]] = {
    "race": lambda *a, **k: try_all(race(*a, 0.1, looks=[3], **k), lr=0.1, progress=False),
    "saw": lambda *a, **k: try_all(saw(*a, start=2, end=4, **k), lr=0.1, progress=False),
    "in_order": lambda *a, **k: try_all(
        in_order(*a, a[2], shuffle=FileOrder, epochs=1, **k), lr=0.1, progress=False
    ),
    "gradients_at": lambda make, loss, data, **k: _aged(make, loss, data, **k),
}


def _aged(make: Any, loss: Any, data: Any, **given: Any) -> Any:
    rng = np.random.default_rng(0)
    net = make[0](rng)
    return list(gradients_at((0, 1), net, make[1](net.theta), loss, data, rng=rng, **given))


@pytest.mark.parametrize("call", WATCHED.values(), ids=WATCHED)
def test_trainings_that_are_watched_refuse_too(call: Callable[..., Any]) -> None:
    make, loss, data = (NET, SGD), SoftmaxCrossEntropy(), (X[:17], Y[:17])
    with pytest.raises(ValueError, match=REFUSES):
        call(make, loss, data, batch_size=8)
    call(make, loss, data, batch_size=8, last="use")
    call(make, loss, (X[:18], Y[:18]), batch_size=8)
