"""What is no fair comparison is refused at the door, before anything is trained."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import numpy as np
import pytest

from dlcourse.arrays import draw_runs
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import progress, sweep, try_all

RNG = np.random.default_rng(0)
TRAIN = RNG.normal(size=(30, 4)), RNG.integers(0, 3, 30)
PLAN: dict[str, Any] = {"epochs": 1, "batch_size": 10, "seeds": 2, "progress": False}


def good(rng, runs, lr, momentum=0.0):
    net = MLP([4, 3], rng, runs=runs)
    return net, SGD(net.theta, lr=lr, momentum=momentum)


def own_generator(rng, runs, lr):
    return good([np.random.default_rng(7 + i) for i in range(runs)], runs, lr)


def spawned(rng, runs, lr):
    return good(rng[0], runs, lr)


def of_one_run(rng, runs, lr):
    net = MLP([4, 3], rng[0])
    return net, SGD(net.theta, lr=0.1)


def another_model(rng, runs, lr):
    net, _ = good(rng, runs, lr)
    return net, good(rng, runs, lr)[1]


def settings(**changes: Any) -> dict[str, Any]:
    return {"lr": [0.1, 0.2], **changes}


def methods(**changes: Any) -> dict[str, Any]:
    return {"build": {"A": good, "B": good}, **changes}


MISUSE = {
    "more rates for one method": (
        methods(lr={"A": [0.1, 0.2, 0.3], "B": [0.1, 0.2]}),
        "lr must be as many values for every method; got {'A': 3, 'B': 2}. A method that may try",
    ),
    "a list for one method only": (
        methods(lr={"A": [0.1, 0.2], "B": 0.1}),
        "lr must be a list for every method or for none",
    ),
    "a method forgotten": (
        methods(lr={"A": [0.1, 0.2]}),
        r"lr must be given for each of A, B; got \['A'\]",
    ),
    "a method too many": (methods(lr={"A": [1], "B": [1], "C": [1]}), "given for each of A, B"),
    "grids by method without methods": (settings(lr={"A": [0.1]}), "lr must be a value or a list"),
    "no methods": ({"build": {}}, "build must be a function, or a mapping"),
    "an empty grid": (settings(lr=[]), "lr must be at least one value"),
    "an empty grid of a method": (methods(lr={"A": [], "B": []}), "lr of 'A' must be at least one"),
    "a value twice": (settings(lr=[0.1, 0.2, 0.1]), "lr must be .* twice; got 0.1"),
    "a value twice, in two kinds": (settings(lr=[1, 0.5, 1.0]), "lr must be .* twice; got 1"),
    "not a number": (settings(lr=[0.1, np.nan]), "lr must be finite; got nan"),
    "infinity": (settings(lr=np.array([0.1, np.inf])), "lr must be finite; got inf"),
    "a column already": (settings(lr=np.ones((2, 1))), r"lr must be a list or an array \(n,\)"),
    "a grid of functions": (settings(lr=[np.sin]), "lr must be numbers, strings, tuples or None"),
    "a name it needs": (settings(seed=[1, 2]), "a setting must be named otherwise than"),
    "a setting build lacks": (
        settings(rate=[0.1]),
        "build must be a function of rng, runs, .*rate",
    ),
    "a setting left out": ({}, "build must be a function of rng, runs; got .*'lr'"),
    "no function": (settings(build=3), "build must be a function, or a mapping"),
    "half a pair": (settings(build=(good,)), "build must be a function, or a pair"),
    "a pair that names too little": (
        settings(build=(partial(MLP, [4, 3]), SGD), gain=[1, 2]),
        "build must be a function of rng, runs, .*gain; got .*'gain'",
    ),
    "a walked setting it lacks": (settings(walked=["width"]), "walked must be one of"),
    "a seed twice": (settings(seeds=[1, 2, 1]), "seeds must be different.*; got 1"),
    "no seeds": (settings(seeds=[]), "seeds must be at least one"),
    "none of them": (settings(seeds=0), "seeds must be >= 1"),
    "generators for seeds": (
        settings(seeds=[np.random.default_rng(0)]),
        "a seed, or each entry of a tuple, must be an integer",
    ),
    "no room": (settings(block=0), "block must be >= 1"),
    "a build that ignores runs": (
        settings(build=of_one_run),
        "build must be a function whose model has the 4 runs; got None. Pass it on",
    ),
    "a build with a generator of its own": (
        settings(build=own_generator),
        "build must be a function that draws its weights from rng",
    ),
    "a build that spawns": (settings(build=spawned), "that draws its weights from rng"),
    "an optimizer of another model": (
        settings(build=another_model),
        "optimizer must be the optimizer of this model",
    ),
    "a model alone": (
        settings(build=lambda rng, runs, lr: good(rng, runs, lr)[0]),
        r"build must be a function that returns \(model, optimizer\)",
    ),
    "a measure of another length": (
        settings(measure=lambda epoch: {"val_size": np.ones(3)}),
        "val_size|broadcast",
    ),
    "no batch": (settings(batch_size=[0, 5]), "batch_size must be >= 1"),
}


@pytest.mark.parametrize(("given", "message"), MISUSE.values(), ids=MISUSE)
def test_misuse_is_refused(given: dict[str, Any], message: str) -> None:
    call = {"build": good, "loss": SoftmaxCrossEntropy(), "train": TRAIN, **PLAN, **given}
    with pytest.raises((ValueError, TypeError), match=message):
        sweep(**call)


def test_the_calls_that_are_misused_are_sound_otherwise() -> None:
    for given in (settings(), methods(lr={"A": [0.1, 0.2], "B": [0.3, 0.4]})):
        trials = sweep(
            **{"build": good, "loss": SoftmaxCrossEntropy(), "train": TRAIN, **PLAN, **given}
        )
        assert len(np.unique(trials["train_loss"])) == trials["train_loss"].size


def test_weights_that_nobody_draws_are_no_fault() -> None:
    def zero(rng, runs, lr):
        net, optimizer = good([np.random.default_rng(0)] * runs, runs, lr)
        net.theta[...] = 0.1
        return net, optimizer

    trials = sweep(zero, SoftmaxCrossEntropy(), TRAIN, lr=[0.1, 0.5], **PLAN)
    assert len(np.unique(trials["train_loss"])) == 4  # the batches differ


def test_a_value_may_be_given_by_method() -> None:
    seen = []

    def note(name):
        def build(rng, runs, lr, momentum):
            seen.append((name, momentum, lr[:, 0].tolist()))
            return good(rng, runs, lr, momentum)

        return build

    trials = sweep(
        {"A": note("A"), "B": note("B")}, SoftmaxCrossEntropy(), TRAIN,
        **{**PLAN, "batch_size": {"A": 10, "B": 30}},
        lr=[0.1, 0.2], momentum={"A": 0.0, "B": 0.9},
    )  # fmt: skip
    rates = [0.1, 0.1, 0.2, 0.2]
    assert seen == [("A", 0.0, rates), ("B", 0.9, rates)]
    assert trials.axes == {"method": ("A", "B"), "lr": (0.1, 0.2), "seed": (0, 1)}


def race(rng, runs, lr):
    """Gradient descent on parabolas of drawn steepness: how far it is, after each of 3 steps."""
    steep = draw_runs(lambda g: g.uniform(0.5, 2), rng, runs)
    x, way = np.ones(runs), []
    for _ in range(3):
        x = x - lr[:, 0] * steep * x
        way.append(abs(x))
    return {"distance_error": np.stack(way, axis=1), "steep": steep}


def test_anything_may_be_tried_on_a_grid() -> None:
    rates = [0.1, 0.4, 0.9]
    trials = try_all(race, seeds=[3, 5], lr=rates, block=4, progress=False)
    steep = [np.random.default_rng(seed).uniform(0.5, 2) for seed in (3, 5)]
    expected = [[abs(1 - lr * s) ** 3 for s in steep] for lr in rates]
    np.testing.assert_allclose(trials["distance_error"], expected, rtol=1e-12)
    np.testing.assert_array_equal(trials["steep"], [steep] * 3)
    np.testing.assert_allclose(
        trials.curve("distance_error")[1, 0],
        [abs(1 - 0.4 * steep[0]) ** k for k in (1, 2, 3)], rtol=1e-12,
    )  # fmt: skip


def test_runs_that_draw_for_themselves_are_paired_as_well() -> None:
    def throw(rng, runs, lr):
        return {"loss": [g.random() for g in rng] + lr[:, 0]}

    trials = try_all({"a": throw, "b": throw}, seeds=3, lr=[0.0, 1.0], progress=False)
    rolls = [np.random.default_rng(seed).random() for seed in range(3)]
    np.testing.assert_allclose(trials["loss"], [[rolls, np.add(rolls, 1)]] * 2, rtol=1e-12)


BAD_RUNS = {
    "nothing": (lambda rng, runs, lr: {}, "what a run returns must be a mapping"),
    "an array": (lambda rng, runs, lr: lr, "what a run returns must be a mapping"),
    "one number": (lambda rng, runs, lr: {"loss": 0.5}, r"loss must be numbers \(4,\)"),
    "a column too many": (lambda rng, runs, lr: {"loss": np.ones((1, runs))}, r"numbers \(4,\)"),
    "words": (lambda rng, runs, lr: {"loss": ["a"] * runs}, "loss must be numbers"),
    "another metric at times": (
        {"A": race, "B": lambda rng, runs, lr: {"loss": lr[:, 0]}},
        "the metrics must be distance_error, steep in every run",
    ),
}


@pytest.mark.parametrize(("run", "message"), BAD_RUNS.values(), ids=BAD_RUNS)
def test_what_a_run_returns_is_checked(run: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        try_all(run, seeds=2, lr=[0.1, 0.2], progress=False)


def test_a_bar_counts_the_runs_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, stream, bars = progress.tqdm, io.StringIO(), []

    def at_once(**given: Any) -> Any:
        bars.append(real(**given | {"file": stream, "delay": 0, "mininterval": 0}))
        return bars[-1]

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(progress, "tqdm", at_once)
    call = {**PLAN, "progress": True, "epochs": 3}
    sweep({"A": good, "B": good}, SoftmaxCrossEntropy(), TRAIN, lr=[0.1, 0.2, 0.3], **call)
    assert "100%" in stream.getvalue()
    assert " 50%" in stream.getvalue()
    assert stream.getvalue().split("\r")[-1].strip() == ""
    assert bars[0].n == pytest.approx(12)
    try_all(race, seeds=2, lr=[0.1, 0.2], block=2)
    assert bars[-1].n == 4
    stream.truncate(0)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    try_all(race, seeds=2, lr=[0.1])
    assert stream.getvalue().strip("\0") == ""
