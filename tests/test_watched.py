"""Training watched between its steps: the same training; a race ends when it is decided."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse import data
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import (
    FileOrder,
    evaluate,
    fit,
    gradients_at,
    in_order,
    race,
    saw,
    spread,
    steps,
    try_all,
)

DIGITS, LOSS = data.load("digits"), SoftmaxCrossEntropy()
TRAIN = DIGITS.train.x[:120], DIGITS.train.y[:120]
NET = partial(MLP, [64, 8, 10])
SAW = {"batch_size": 10, "start": 12, "end": 30}


def test_a_race_is_the_training_that_it_watches():
    rates, looks = [0.1, 0.4], range(4, 401, 4)
    run = race((NET, SGD), LOSS, TRAIN, 1.0, batch_size=20, looks=looks, seeds=3)
    found = try_all(run, lr=rates, seeds=3, progress=False)["steps"]
    for k, lr in enumerate(rates):
        for seed in range(3):
            rng = np.random.default_rng(seed)
            net = MLP([64, 8, 10], rng)
            one = SGD(net.theta, lr=lr)
            for step in steps(net, one, LOSS, TRAIN, epochs=70, batch_size=20, rng=rng):
                if step.t % 4 == 0 and evaluate(net, LOSS, TRAIN)["loss"] < 1.0:
                    break
            late = np.isinf(found[k, seed]) and k == 0 and step.t >= found[1].max()
            assert found[k, seed] == step.t or late
    assert np.isfinite(found[1]).all() and np.isinf(found[0]).any()


def test_a_race_ends_with_its_last_look():
    run = race((NET, SGD), LOSS, TRAIN, 0.01, batch_size=20, looks=[2, 5], seeds=2)
    assert np.isinf(try_all(run, lr=[0.1, 0.2], seeds=2, progress=False)["steps"]).all()


def test_a_saw_reports_the_steps_and_the_loss_on_all():
    run = saw((NET, SGD), LOSS, TRAIN, every_step=True, **SAW)
    trials = try_all(run, lr=[0.1, 0.3], seeds=2, progress=False)
    rng = np.random.default_rng(1)
    net = MLP([64, 8, 10], rng)
    reported, whole = [], []
    for step in steps(net, SGD(net.theta, lr=0.3), LOSS, TRAIN, epochs=3, batch_size=10, rng=rng):
        reported += [step.loss]
        whole += [evaluate(net, LOSS, TRAIN)["loss"]]
    np.testing.assert_allclose(trials.curve("reported")[1, 1], reported[12:30], rtol=1e-12)
    np.testing.assert_allclose(trials.curve("whole_loss")[1, 1], whole[12:30], rtol=1e-12)


def test_a_frozen_saw_reports_the_same_batches_from_the_mean_of_its_last_places():
    train = TRAIN[0][:115], TRAIN[1][:115]  # the last batch of an epoch has 5
    run = saw((NET, SGD), LOSS, train, frozen=[1, 5], **SAW)
    trials = try_all(run, lr=[0.1, 0.3], seeds=2, progress=False)
    rng, again = np.random.default_rng(1), np.random.default_rng(1)
    net, still = MLP([64, 8, 10], rng), MLP([64, 8, 10], again)
    plan, places = {"epochs": 3, "batch_size": 10}, []
    for step in steps(net, SGD(net.theta, lr=0.3), LOSS, train, rng=rng, **plan):
        places += [net.theta.copy()]
        if step.t == 30:
            break
    for last, where in {1: places[11], 5: np.mean(places[7:12], axis=0)}.items():
        rng = np.random.default_rng(1)
        MLP([64, 8, 10], rng)
        still.theta[...] = where
        standing = steps(still, SGD(still.theta, lr=0.0), LOSS, train, rng=rng, **plan)
        expected = [step.loss for step in standing][12:30]
        reported = trials.curve(f"reported_{last}")[1, 1]
        np.testing.assert_allclose(reported, expected, rtol=1e-12)
        expected = evaluate(still, LOSS, train)["loss"]
        np.testing.assert_allclose(trials[f"whole_loss_{last}"][1, 1], expected, rtol=1e-12)
    plain = try_all(saw((NET, SGD), LOSS, train, **SAW), lr=[0.3], seeds=2, progress=False)
    np.testing.assert_array_equal(trials.curve("reported")[1], plain.curve("reported")[0])


def test_a_saw_cannot_stand_in_the_middle_of_more_places_than_it_had():
    with pytest.raises(ValueError, match=r"^frozen must be <= 12, .*; got 13"):
        saw((NET, SGD), LOSS, TRAIN, frozen=[13], **SAW)
    with pytest.raises(TypeError, match=r"^frozen must be a list of numbers of places; got 1"):
        saw((NET, SGD), LOSS, TRAIN, frozen=1, **SAW)


def test_a_number_of_places_may_be_named_twice():
    once, twice = (
        try_all(saw((NET, SGD), LOSS, TRAIN, frozen=n, **SAW), lr=0.3, seeds=2, progress=False)
        for n in ([3], [3, 3])
    )
    np.testing.assert_array_equal(twice["whole_loss_3"], once["whole_loss_3"])


def test_a_spread_is_that_of_single_samples_each_alone_with_the_network():
    run = spread((NET, SGD), LOSS, TRAIN, batch_size=10, looks=[12, 30])
    trials = try_all(run, lr=[0.1, 0.3], seeds=2, progress=False)
    rng = np.random.default_rng(1)
    net, seen = MLP([64, 8, 10], rng), []
    for step in steps(net, SGD(net.theta, lr=0.3), LOSS, TRAIN, epochs=3, batch_size=10, rng=rng):
        if step.t in (12, 30):
            alone = zip(TRAIN[0][:, None], TRAIN[1][:, None], strict=True)
            seen += [[evaluate(net, LOSS, one)["loss"] for one in alone]]
    assert np.std(seen[0]) != pytest.approx(np.std(seen[1]), rel=0.01)  # no look is as another
    expected = np.mean([np.std(each) for each in seen])
    assert trials["spread"][1, 1] == pytest.approx(expected, rel=1e-9)
    assert trials["whole_loss"][1, 1] == pytest.approx(np.mean(seen), rel=1e-9)


def test_gradients_at_an_age_are_those_of_one_training():
    rng, again = np.random.default_rng(0), np.random.default_rng(0)
    net, twin = MLP([64, 8, 10], rng), MLP([64, 8, 10], again)
    plan = {"batch_size": 16}
    ages = gradients_at((0, 1, 3), net, SGD(net.theta, lr=0.1), LOSS, TRAIN, rng=rng, **plan)
    (fresh,), _, (old,) = ages
    np.testing.assert_allclose(fresh, per_sample_gradients(twin, LOSS, *TRAIN))
    fit(twin, SGD(twin.theta, lr=0.1), LOSS, TRAIN, epochs=3, rng=again, **plan)
    np.testing.assert_allclose(old, per_sample_gradients(twin, LOSS, *TRAIN), rtol=1e-12)


def test_gradients_of_runs_are_those_of_each_alone():
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    net = MLP([64, 8, 10], rngs, runs=3)
    plan = {"batch_size": 16}
    _, old = gradients_at((0, 2), net, SGD(net.theta, lr=0.1), LOSS, TRAIN, rng=rngs, **plan)
    for seed, found in enumerate(old):
        rng = np.random.default_rng(seed)
        twin = MLP([64, 8, 10], rng)
        fit(twin, SGD(twin.theta, lr=0.1), LOSS, TRAIN, epochs=2, rng=rng, **plan)
        np.testing.assert_allclose(found, per_sample_gradients(twin, LOSS, *TRAIN), rtol=1e-9)


def test_in_order_every_run_sees_the_file_or_the_same_shuffle():
    plan = {"epochs": 2, "batch_size": 32}
    for shuffle in (FileOrder, partial(np.random.default_rng, 1)):
        run = in_order((NET, SGD), LOSS, TRAIN, DIGITS.test, shuffle=shuffle, **plan)
        trials = try_all(run, lr=[0.1, 0.3], seeds=2, progress=False, block=2)
        for k, lr in enumerate((0.1, 0.3)):
            net = MLP([64, 8, 10], np.random.default_rng(1))
            one = SGD(net.theta, lr=lr)
            expected = [s.loss for s in steps(net, one, LOSS, TRAIN, rng=shuffle(), **plan)]
            reported = trials.curve("reported")[k, 1]
            np.testing.assert_allclose(reported, expected, rtol=1e-9)
            right = evaluate(net, LOSS, DIGITS.test)["accuracy"]
            assert trials["test_accuracy"][k, 1] == right
