"""Survivors of a rung along the runs axis: each goes on as it would alone."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.scratch.hpo import Float
from dlcourse.scratch.hpo.halving import successive_halving
from dlcourse.scratch.hpo.hyperband import Hyperband
from dlcourse.scratch.hpo.together import Together
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import Adam

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 3)), RNG.normal(size=(32, 2))
STEPS = {"lr": Float(1e-3, 1, log=True)}


def build(configs):
    runs = len(configs)
    net = Sequential(Linear(3, 2, rng=[np.random.default_rng(0)] * runs, runs=runs))
    return net, Adam(net.theta, lr=np.array([[c["lr"]] for c in configs]))


def advance(net, optimizer, done, resource):
    loss = MSE()
    for _ in range(resource - done):
        loss.forward(net.forward(X, True), Y)
        net.backward(loss.backward(), input_grad=False)
        optimizer.step(net.grad)
    return loss.forward(net.forward(X), Y)


def alone(params, resource):
    net, optimizer = build([params])
    return float(advance(net, optimizer, 0, resource)[0])


def test_survivors_go_on_along_the_runs_axis_as_each_would_alone() -> None:
    go_on_as_alone(Together)


def go_on_as_alone(cls) -> None:
    found = successive_halving(cls(build, advance), STEPS, np.random.default_rng(1), 12, 2, 2)
    assert [len(r.numbers) for r in found.history] == [12, 6, 3, 1]
    for trial in found.trials:
        for resource, value in trial.intermediate.items():
            assert value == pytest.approx(alone(trial.params, resource), rel=1e-12)
    assert found.best.intermediate[16] < found.best.intermediate[2]


class Forgetful(Together):
    """Adam starts anew in every rung."""

    def keep(self, survivors):
        super().keep(survivors)
        _, self.optimizer = self.build([self.configs[i] for i in survivors])
        self.optimizer.params = [self.model.theta]


class WrongRows(Together):
    """The first rows go on, whoever was chosen."""

    def keep(self, survivors):
        theta = self.model.theta.copy()
        super().keep(survivors)
        self.model.theta[...] = theta[: len(survivors)]


@pytest.mark.parametrize("wrong", [Forgetful, WrongRows])
def test_survivors_that_do_not_go_on_are_caught(wrong) -> None:
    with pytest.raises(AssertionError):
        go_on_as_alone(wrong)


def test_running_values_go_along_and_every_bracket_starts_anew() -> None:
    def normed(configs):
        runs = len(configs)
        linear = Linear(3, 2, rng=[np.random.default_rng(0)] * runs, runs=runs)
        net = Sequential(linear, BatchNorm(2, runs=runs))
        return net, Adam(net.theta, lr=np.array([[c["lr"]] for c in configs]))

    def one(params, resource):
        net, optimizer = normed([params])
        return float(advance(net, optimizer, 0, resource)[0])

    found = Hyperband(STEPS, np.random.default_rng(1), 9).run(Together(normed, advance))
    assert len(found.halvings) == 3
    for trial in found.trials:
        for resource, value in trial.intermediate.items():
            assert value == pytest.approx(one(trial.params, resource), rel=1e-12)


ERRORS = [
    (lambda: Together(3, advance), TypeError, r"^build must be a function; got 3\.$"),
    (lambda: Together(build, None), TypeError, r"^train must be a function; got None\.$"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
