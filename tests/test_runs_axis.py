"""Runs that differ in everything stay apart, from the first step on and in both rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from dlcourse import training
from dlcourse.reference import optimizers as twins
from dlcourse.reference import schedules as twin_schedules
from dlcourse.scratch import optimizers, schedules
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam, base
from dlcourse.training import loop

RATES = np.array([[0.01], [0.1], [0.5]])
KINDS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "dampening": 0.3},
    "Adagrad": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adadelta": {"eps": 1e-3},
    "Adam": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.1},
}


def late(rate: Any) -> Callable[[int], Any]:
    """A schedule that says only at its third step that there are runs."""
    return lambda step: 0.05 if step < 2 else rate * 0.9**step


RULES: dict[str, Callable[[Any], Any]] = {
    "array": lambda rate: rate,
    "constant": schedules.Constant,
    "warm-up": lambda rate: schedules.Warmup(3, schedules.Cosine(rate, 6)),
    "torch's own": lambda rate: twin_schedules.Warmup(3, twin_schedules.Cosine(rate, 6)),
    "late": late,
}


def start(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((3, 4)), rng.standard_normal((3, 2, 3))]


def walk(room: Any, kind: str, rule: Any, rows: Any = slice(None), resume: int | None = None):
    """Eight steps; after ``resume`` of them a new optimizer takes the state over."""
    to = torch.tensor if room is twins else np.array
    params = [to(p[rows].copy()) for p in start()]
    optimizer = getattr(room, kind)(params, lr=rule, **KINDS[kind])
    for step in range(8):
        if step == resume:
            saved = optimizer.state_dict()
            optimizer = getattr(room, kind)(params, lr=7.0, **KINDS[kind])
            optimizer.load_state_dict(saved)
        optimizer.step([to(g[rows].copy()) for g in start(step + 1)])
    return [training.as_numpy(p) for p in params]


@pytest.mark.parametrize("resume", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("room", [optimizers, twins], ids=["scratch", "reference"])
def test_a_grid_is_its_runs_each_alone(room: Any, kind: str, rule: str, resume: int | None) -> None:
    together = walk(room, kind, RULES[rule](RATES), resume=resume)
    for r, rate in enumerate(RATES.ravel()):
        alone = walk(room, kind, RULES[rule](float(rate)), rows=slice(r, r + 1))
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[r], b[0], rtol=1e-13, atol=1e-15)
    assert all(not np.allclose(a[0], a[1]) for a in together)


def test_the_first_step_of_a_grid_by_hand() -> None:
    grads = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    for lr in (np.full((3, 1), 0.1), schedules.Constant(np.full((3, 1), 0.1))):
        theta, twin = np.zeros((3, 2)), torch.zeros(3, 2, dtype=torch.float64)
        SGD(theta, lr=lr).step(grads)
        twins.SGD(twin, lr=lr).step(torch.tensor(grads))
        np.testing.assert_allclose(theta, -0.1 * grads, rtol=1e-15)
        np.testing.assert_array_equal(training.as_numpy(twin), theta)


@pytest.mark.parametrize("room", [optimizers, twins], ids=["scratch", "reference"])
def test_a_rate_set_between_steps_may_be_what_tells_of_runs(room: Any) -> None:
    to = torch.tensor if room is twins else np.array
    p, q = to(start()[0]), to(start()[0])
    one, two = room.Adam(p, lr=0.3), room.Adam(q, lr=np.full((3, 1), 0.3))
    for step in range(4):
        if step == 2:
            one.lr = two.lr = RATES
        one.step(to(start(step)[0]))
        two.step(to(start(step)[0]))
    np.testing.assert_allclose(*map(training.as_numpy, (p, q)), rtol=1e-14)


def trained(rate: Any, run: int | None, **plan: Any) -> np.ndarray:
    """Three epochs of a network, of three runs or of one of them alone."""
    weights, batches = ([np.random.default_rng((r, k)) for r in range(3)] for k in range(2))
    rng = np.random.default_rng(5)
    data = rng.standard_normal((27, 3)), rng.integers(0, 2, 27)
    model = MLP([3, 4, 2], weights, runs=3) if run is None else MLP([3, 4, 2], weights[run])
    optimizer = Adam(model.theta, lr=schedules.Warmup(2, schedules.Constant(rate)))
    order = batches if run is None else batches[run]
    made = training.steps(
        model, optimizer, SoftmaxCrossEntropy(), data, epochs=3, batch_size=5, rng=order, **plan
    )
    return np.stack([model.theta.copy() for _ in made])


@pytest.mark.parametrize("cache", [1, loop.CACHE_BYTES], ids=["one by one", "whole"])
@pytest.mark.parametrize(
    "plan", [{}, {"accumulate": 2}, {"max_norm": 0.3}, {"nonfinite": "freeze"}]
)
def test_training_a_grid_under_a_schedule(plan: dict, cache: int, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CACHE_BYTES", cache)
    together = trained(RATES, None, **plan)
    for r, rate in enumerate(RATES.ravel()):
        alone = trained(rate, r, **plan)
        np.testing.assert_allclose(together[:, r], alone, rtol=1e-9, atol=1e-12)


def test_gradients_laid_out_before_the_rate_is_known_are_refused() -> None:
    """Planted: NumPy would spread the first run's row over all runs and say nothing."""

    class Early(SGD):
        def _checked_grads(self, grads):
            runs, self.runs = self.runs, None
            checked = super()._checked_grads(grads)
            self.runs = runs
            return checked

    theta = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"shaped as its block of a parameter, \(3, 2\); got \(2,"):
        Early(theta, lr=schedules.Constant(RATES)).step(np.ones((3, 2)))
    np.testing.assert_array_equal(theta, 0)


@pytest.mark.parametrize("wrong", [lambda g: g[0], lambda g: g.mean(), lambda g: g[:, :1]])
def test_an_update_of_another_shape_is_refused(wrong: Callable[[np.ndarray], Any]) -> None:
    class Short(base.Optimizer):
        def update(self, theta, g, *state):
            return -wrong(g)

    theta = np.zeros((3, 2))
    with pytest.raises(ValueError, match="what update returns must be shaped as its block"):
        Short(theta, lr=RATES).step(np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(theta, 0)
