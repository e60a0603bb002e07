"""Training watched between its steps: the same training; a race ends when it is decided."""

from __future__ import annotations

from functools import partial

import numpy as np

from dlcourse import data
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import evaluate, fit, gradients_at, race, saw, steps, try_all

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


def test_a_frozen_saw_stands_at_the_mean_of_its_last_places():
    run = saw((NET, SGD), LOSS, TRAIN, **SAW)
    plan = {"lr": [0.3], "last": [0, 1, 5], "walked": ["last"], "seeds": 1, "progress": False}
    trials = try_all(run, **plan)
    rng, places = np.random.default_rng(0), []
    net = MLP([64, 8, 10], rng)
    for step in steps(net, SGD(net.theta, lr=0.3), LOSS, TRAIN, epochs=3, batch_size=10, rng=rng):
        places += [net.theta.copy()]
        if step.t == 30:
            break
    for k, where in enumerate((places[29], places[11], np.mean(places[7:12], axis=0))):
        net.theta[...] = where
        expected = evaluate(net, LOSS, TRAIN)["loss"]
        np.testing.assert_allclose(trials["whole_loss"][0, k, 0], expected, rtol=1e-12)


def test_gradients_at_an_age_are_those_of_one_training():
    rng, again = np.random.default_rng(0), np.random.default_rng(0)
    net, twin = MLP([64, 8, 10], rng), MLP([64, 8, 10], again)
    plan = {"batch_size": 16}
    ages = gradients_at((0, 1, 3), net, SGD(net.theta, lr=0.1), LOSS, TRAIN, rng=rng, **plan)
    fresh, _, old = ages
    np.testing.assert_allclose(fresh, per_sample_gradients(twin, LOSS, *TRAIN))
    fit(twin, SGD(twin.theta, lr=0.1), LOSS, TRAIN, epochs=3, rng=again, **plan)
    np.testing.assert_allclose(old, per_sample_gradients(twin, LOSS, *TRAIN), rtol=1e-12)
