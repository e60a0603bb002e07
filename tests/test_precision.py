"""A float32 network is trained in float32: one float64 scalar in a formula would undo that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse import training
from dlcourse.scratch import layers, losses, models
from dlcourse.scratch import optimizers as rooms

RATES: dict[str, Any] = {
    "number": np.float64(0.01),
    "schedule": lambda step: np.float64(0.01) / (step + 1),
    "runs": np.array([[0.01], [0.02]]),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": np.float64(0.9), "weight_decay": np.float64(0.1), "nesterov": True},
    "Adagrad": {"eps": np.float64(1e-8)},
    "RMSprop": {"alpha": np.float64(0.9), "momentum": np.float64(0.9), "centered": True},
    "Adadelta": {"rho": np.float64(0.9)},
    "Adam": {
        "betas": tuple(np.array([0.9, 0.99])),
        "weight_decay": np.float64(0.1),
        "amsgrad": True,
    },
    "AdamW": {"betas": tuple(np.array([0.9, 0.99])), "weight_decay": np.float64(0.1)},
}


class Watched:
    """What passes through a method, by the method's name: its precision."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch, self.seen = monkeypatch, dict[str, set[np.dtype]]()

    def method(self, kind: type, name: str) -> None:
        whole, seen = getattr(kind, name), self.seen.setdefault(f"{kind.__name__}.{name}", set())

        def watching(one, *arguments, **options):
            found = whole(one, *arguments, **options)
            if found is not None:
                seen.add(np.asarray(found).dtype)
            return found

        self.monkeypatch.setattr(kind, name, watching)


@pytest.mark.parametrize("loss", ["SoftmaxCrossEntropy", "MSE"])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("optimizer", SETTINGS)
def test_float32_all_the_way(monkeypatch, optimizer: str, rate: str, loss: str) -> None:
    watched, kind = Watched(monkeypatch), getattr(rooms, optimizer)
    for layer in (layers.Linear, layers.ReLU, layers.Tanh):
        watched.method(layer, "forward")
        watched.method(layer, "backward")
    watched.method(getattr(losses, loss), "forward")
    watched.method(getattr(losses, loss), "backward")
    watched.method(kind, "update")
    rng, runs = np.random.default_rng(0), 2 if rate == "runs" else None
    ends = [layers.Linear(d, k, rng=rng, runs=runs, dtype=np.float32) for d, k in ((5, 6), (6, 4))]
    model = models.Sequential(ends[0], layers.ReLU(), layers.Tanh(), ends[1])
    x = rng.standard_normal((11, 5)).astype(np.float32)
    y = rng.dirichlet(np.ones(4), 11)  # soft targets in float64, as they come
    plan: dict[str, Any] = {"epochs": 2, "batch_size": 4, "max_norm": np.float64(0.5)}
    for accumulate in (1, 2):
        opt = kind(model.theta, lr=RATES[rate], **SETTINGS[optimizer])
        made = training.steps(
            model, opt, getattr(losses, loss)(), (x, y), **plan, rng=rng, accumulate=accumulate
        )
        norms = {step.grad_norm.dtype for step in made}
        assert norms == {np.dtype(np.float32)}
    assert set().union(*watched.seen.values()) == {np.dtype(np.float32)}, watched.seen
    assert all(watched.seen.values()), "something was not watched at all"


def test_a_norm_beyond_the_precision_is_inf_without_a_warning() -> None:
    model = models.Sequential(layers.Linear(3, 2, rng=np.random.default_rng(0), dtype=np.float32))
    model.grad[...] = 3e19
    assert model.grad_norm() == np.inf
    model.grad[...] = 3e18
    assert model.grad_norm() == pytest.approx(3e18 * np.sqrt(8), rel=1e-6)
