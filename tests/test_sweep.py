"""A sweep is its single fits: same weights, same batches, whatever the blocks and the methods."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from dlcourse import data
from dlcourse.reference.losses import SoftmaxCrossEntropy as TwinLoss
from dlcourse.reference.models import MLP as TwinMLP
from dlcourse.reference.optimizers import Adam as TwinAdam
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam
from dlcourse.training import evaluate, fit, sweep

DIGITS = data.load("digits")
TRAIN, VAL, TEST = (
    (part.x[:n], part.y[:n])
    for part, n in ((DIGITS.train, 120), (DIGITS.validation, 60), (DIGITS.test, 50))
)
SETS = (TRAIN, VAL, TEST)
PLAN: dict[str, Any] = {"epochs": 2, "batch_size": 25, "progress": False}
RATES, BETAS = [0.05, 0.2, 0.6], [0.0, 0.9]


def sgd(rng, runs, lr, momentum=0.0):
    net = MLP([64, 6, 10], rng, runs=runs)
    return net, SGD(net.theta, lr=lr, momentum=momentum)


def adam(rng, runs, lr):
    net = MLP([64, 6, 10], rng, runs=runs)
    return net, Adam(net.theta, lr=lr)


def twin(rng, runs, lr):
    net = TwinMLP([64, 6, 10], rng, runs=runs)
    return net, TwinAdam(net.theta, lr=lr)


def run_sweep(build: Any = sgd, sets: Any = SETS, **changes: Any):
    loss = TwinLoss() if build is twin else SoftmaxCrossEntropy()
    return sweep(build, loss, *sets, **{**PLAN, "seeds": 3, **changes})


def alone(build: Any, loss: Any, sets: Any, seed: Any, plan: Any, **settings: Any):
    """One run without a runs axis: its history, and the losses after it."""
    rng = np.random.default_rng(seed)
    model, optimizer = build(rng, None, **settings)
    history = fit(model, optimizer, loss, sets[0], rng=rng, nonfinite="freeze", **plan)
    return history, [evaluate(model, loss, part) for part in sets[1:]]


def assert_is_its_fits(trials, build, loss, sets, seeds, settings, plan=PLAN) -> None:
    """``settings``: {place: what a single fit is given}."""
    for place, setting in settings.items():
        for i, seed in enumerate(seeds):
            history, (val, test) = alone(build, loss, sets, seed, plan, **setting)
            expected = {"train_loss": history["train_loss"][-1], "val_loss": val["loss"]}
            expected |= {"test_loss": test["loss"], "grad_norm": history["grad_norm"][-1]}
            expected |= {"val_accuracy": val["accuracy"], "test_accuracy": test["accuracy"]}
            assert set(trials) == set(expected)
            for name, value in expected.items():
                np.testing.assert_allclose(
                    trials[name][(*place, i)], value, rtol=1e-12, atol=0, err_msg=f"{name} {place}"
                )


def test_every_setting_is_its_own_fit() -> None:
    trials = run_sweep(lr=RATES, momentum=BETAS)
    assert trials.axes == {"lr": tuple(RATES), "momentum": tuple(BETAS), "seed": (0, 1, 2)}
    assert len(np.unique(trials["val_loss"])) == 18
    settings = {
        (i, j): {"lr": lr, "momentum": beta}
        for i, lr in enumerate(RATES)
        for j, beta in enumerate(BETAS)
    }
    assert_is_its_fits(trials, sgd, SoftmaxCrossEntropy(), SETS, range(3), settings)


def test_a_pair_of_makers_is_a_build() -> None:
    """Each gets the settings that it names; both may, and a schedule may know the epochs."""
    model = partial(MLP, [64, 6, 10])
    optimizer = lambda theta, lr, epochs, momentum=0.0: SGD(theta, lr / epochs, momentum)  # noqa: E731
    trials = run_sweep((model, optimizer), lr=[0.1, 0.4], activation=["relu", "tanh"])

    def build(rng, runs, lr):
        net = MLP([64, 6, 10], rng, "tanh")
        return net, SGD(net.theta, lr=lr / 2)

    part, settings = trials.only(activation="tanh"), {(0,): {"lr": 0.1}, (1,): {"lr": 0.4}}
    assert_is_its_fits(part, build, SoftmaxCrossEntropy(), SETS, range(3), settings)
    methods = {"SGD": (model, SGD), "Adam": (model, Adam)}
    both = run_sweep(methods, lr={"SGD": [0.1, 0.4], "Adam": [0.01, 0.04]})
    for name, build in (("SGD", sgd), ("Adam", adam)):
        one = run_sweep(build, lr=list(both.axes["lr"][name]))
        np.testing.assert_array_equal(both.only(method=name)["val_loss"], one["val_loss"])


def test_of_the_twins_too() -> None:
    tensors = [(torch.tensor(x), torch.tensor(y)) for x, y in (TRAIN, VAL, TEST)]
    trials = run_sweep(twin, tensors, lr=[0.003, 0.01], seeds=[7, (1, 2)])
    settings = {(0,): {"lr": 0.003}, (1,): {"lr": 0.01}}
    assert_is_its_fits(trials, twin, TwinLoss(), tensors, [7, (1, 2)], settings)
    ours = run_sweep(adam, lr=[0.003, 0.01], seeds=[7, (1, 2)])
    np.testing.assert_allclose(trials["test_loss"], ours["test_loss"], rtol=1e-10)


def test_methods_meet_the_same_weights_and_batches() -> None:
    lr = {"a": [0.1, 0.3], "b": [0.3, 0.1], "adam": [0.001, 1.0]}
    trials = run_sweep({"a": sgd, "b": sgd, "adam": adam}, lr=lr)
    assert list(trials.axes) == ["method", "lr", "seed"]
    np.testing.assert_array_equal(trials["val_loss"][0, ::-1], trials["val_loss"][1])
    part, settings = trials.only(method="adam"), {(0,): {"lr": 0.001}, (1,): {"lr": 1.0}}
    assert_is_its_fits(part, adam, SoftmaxCrossEntropy(), SETS, range(3), settings)


def test_batches_are_the_same_where_builds_draw_differently() -> None:
    def draws_more(rng, runs, lr):
        net, optimizer = sgd(rng, runs, lr)
        for g in rng:
            g.random(5)
        return net, optimizer

    trials = run_sweep({"plain": sgd, "more": draws_more}, lr=[0.1, 0.5])
    np.testing.assert_array_equal(trials["train_loss"][0], trials["train_loss"][1])
    assert len(np.unique(trials["train_loss"][0])) == 6


@pytest.mark.parametrize("block", [1, 3, 5, 6, 7, 1000])
def test_blocks_do_not_show(block: int) -> None:
    whole = run_sweep(lr=RATES, momentum=BETAS, curves=True)
    parts = run_sweep(lr=RATES, momentum=BETAS, curves=True, block=block)
    for name in whole:
        np.testing.assert_allclose(parts.curve(name), whole.curve(name), rtol=1e-12, atol=0)


def test_a_block_holds_whole_settings_and_no_more_runs_than_it_may() -> None:
    counts = []

    def counting(rng, runs, lr, momentum):
        counts.append((runs, lr[:, 0].tolist(), momentum.shape))
        return sgd(rng, runs, lr, momentum)

    run_sweep(counting, lr=RATES, momentum=[0.9, 0.5], block=7)
    assert [runs for runs, *_ in counts] == [6, 6, 6]
    assert counts[0][1] == [0.05] * 6
    assert {shape for *_, shape in counts} == {(6, 1)}


def test_a_second_call_gives_the_same_numbers() -> None:
    one, two = (run_sweep(lr=[0.1, 0.6], momentum=[0.5]) for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_what_fit_reads_is_swept_as_well() -> None:
    trials = run_sweep(batch_size=[10, 40], epochs=[1, 3], max_norm=[None, 0.1], lr=[0.1, 0.4])
    assert list(trials.axes) == ["epochs", "batch_size", "max_norm", "lr", "seed"]
    assert trials["val_loss"].shape == (2, 2, 2, 2, 3)
    for at in [(0, 1, 0, 1), (1, 0, 1, 0), (1, 1, 1, 1)]:
        values = [list(trials.axes.values())[k][i] for k, i in enumerate(at)]
        plan = dict(zip(("epochs", "batch_size", "max_norm"), values[:3], strict=True))
        plan |= {"progress": False}
        history, (val, _) = alone(sgd, SoftmaxCrossEntropy(), SETS, 1, plan, lr=values[3])
        assert trials["val_loss"][(*at, 1)] == pytest.approx(float(val["loss"]), rel=1e-12)
        curve = trials.curve("train_loss")[(*at, 1)]
        np.testing.assert_allclose(curve[: values[0]], history["train_loss"], rtol=1e-12)
        assert np.isnan(curve[values[0] :]).all()


def test_a_build_may_know_what_fit_reads() -> None:
    def scaled(rng, runs, lr, batch_size, epochs):
        return sgd(rng, runs, lr * batch_size / 20 / epochs)

    trials = run_sweep(scaled, lr=[0.1, 0.5], batch_size=[20, 40])
    plain, plan = partial(scaled, batch_size=40, epochs=2), {**PLAN, "batch_size": 40}
    part, settings = trials.only(batch_size=40), {(1,): {"lr": 0.5}}
    assert_is_its_fits(part, plain, SoftmaxCrossEntropy(), SETS, [0, 1, 2], settings, plan)


def test_a_width_is_walked_and_an_activation_too() -> None:
    kinds = []

    def wide(rng, runs, lr, width, activation):
        kinds.append((width, activation, lr.shape))
        net = MLP([64, width, 10], rng, activation, runs=runs)
        return net, SGD(net.theta, lr=lr)

    trials = run_sweep(
        wide, lr=[0.1, 0.5], width=[4, 8], activation=["relu", "tanh"], walked=["width"]
    )
    assert [kind[:2] for kind in kinds] == [(4, "relu"), (4, "tanh"), (8, "relu"), (8, "tanh")]
    assert {kind[2] for kind in kinds} == {(6, 1)}
    assert len(np.unique(trials["val_loss"])) == 24
    part = trials.only(width=4, activation="tanh")

    def one(rng, runs, lr):
        net = MLP([64, 4, 10], rng, "tanh")
        return net, SGD(net.theta, lr=lr)

    assert_is_its_fits(part, one, SoftmaxCrossEntropy(), SETS, [0, 1, 2], {(1,): {"lr": 0.5}})


def test_seeds_may_have_data_of_their_own() -> None:
    parts = [(TRAIN[0][at : at + 40], TRAIN[1][at : at + 40]) for at in (0, 40)]
    train = [parts[0], parts[1], parts[0], parts[1]]
    seeds = [(0, 5), (1, 5), (0, 6), (1, 6)]
    trials = run_sweep(sgd, (train, VAL, TEST), seeds=seeds, lr=[0.1, 0.5], block=3)
    for i, (data_of_seed, seed) in enumerate(zip(train, seeds, strict=True)):
        _, (val, _) = alone(
            sgd, SoftmaxCrossEntropy(), (data_of_seed, VAL, TEST), seed, PLAN, lr=0.5
        )
        assert trials["val_loss"][1, i] == pytest.approx(float(val["loss"]), rel=1e-12)
    with pytest.raises(ValueError, match="train must be a pair"):
        run_sweep(sgd, (train, VAL, TEST), seeds=3, lr=[0.1, 0.5])


def test_curves_end_in_the_values_and_pass_through_the_shorter_trainings() -> None:
    long = run_sweep(lr=[0.1, 0.5], epochs=3, curves=True)
    short = run_sweep(lr=[0.1, 0.5], epochs=2)
    for name in ("val_loss", "test_accuracy", "train_loss"):
        np.testing.assert_array_equal(long.curve(name)[..., -1], long[name])
        np.testing.assert_allclose(long.after(2)[name], short[name], rtol=1e-12)
    assert set(short.after(1)) == {"train_loss", "grad_norm"}


def test_a_run_that_diverges_is_nan_in_every_metric_and_stops_no_other() -> None:
    huge = run_sweep(lr=[0.1, 1e200], measure=lambda e: {"val_count": np.arange(e.model.runs)})
    calm = run_sweep(lr=[0.1])
    for name in calm:
        np.testing.assert_allclose(huge[name][0], calm[name][0], rtol=1e-12)
        assert np.isnan(huge[name][1]).all(), name
    np.testing.assert_array_equal(huge["val_count"], [[0, 1, 2], [np.nan] * 3])
    assert huge.best("val_loss").frozen == 3
    count = {"measure": lambda e: {"train_count": np.arange(e.model.runs)}}
    bare = run_sweep(sets=(TRAIN,), lr=[0.1, 1e200], **count)
    np.testing.assert_array_equal(bare["train_count"], [[0, 1, 2], [np.nan] * 3])


def test_more_may_be_measured() -> None:
    def norms(epoch):
        return {"train_size": np.linalg.norm(epoch.model.theta, axis=1)}

    trials = run_sweep(lr=[0.1, 0.5], measure=norms, curves=True)
    model, optimizer = sgd(np.random.default_rng(2), None, 0.5)
    fit(
        model, optimizer, SoftmaxCrossEntropy(), TRAIN, rng=_after_build(2), **{**PLAN, "epochs": 1}
    )
    assert trials.curve("train_size").shape == (2, 3, 2)
    assert trials.curve("train_size")[1, 2, 0] == pytest.approx(
        float(np.linalg.norm(model.theta)), rel=1e-12
    )


def _after_build(seed: int) -> np.random.Generator:
    rng = np.random.default_rng(seed)
    sgd(rng, None, 0.5)
    return rng
