"""Training, and what all rooms check with: calls that must fail."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse import checks, gradcheck, training
from dlcourse.scratch import layers, losses
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import History


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _fit(lr: float = 0.1, y: Any = None, **kwargs: Any) -> Any:
    model = MLP([3, 2], _rng())
    x = np.ones((4, 3))
    data = (x, np.zeros(4, dtype=int) if y is None else y)
    settings = {"epochs": 1, "batch_size": 2, "rng": _rng(), "progress": False} | kwargs
    return training.fit(
        model, SGD(model.theta, lr=lr), losses.SoftmaxCrossEntropy(), data, **settings
    )


def _diverging_fit() -> None:
    model = MLP([3, 1], _rng())
    data = (np.full((4, 3), 1e3), np.zeros((4, 1)))
    with np.errstate(over="ignore", invalid="ignore"):
        training.fit(model, SGD(model.theta, lr=1e3), losses.MSE(), data, epochs=99, batch_size=4, rng=_rng(), progress=False)  # fmt: skip


ERRORS = [
    # training
    ErrorCase("diverging fit", _diverging_fit, FloatingPointError, r"loss must be finite with a finite gradient at step \d+, lr 1000; got (inf|nan).*smaller learning rate"),
    ErrorCase("no batch", lambda: _fit(batch_size=0), ValueError, r"batch_size must be >= 1; got 0"),
    ErrorCase("half an epoch", lambda: _fit(epochs=0.5), TypeError, r"epochs must be an integer; got 0\.5"),
    ErrorCase("no epoch", lambda: _fit(epochs=0), ValueError, r"epochs must be >= 1; got 0"),
    ErrorCase("a list for labels", lambda: _fit(y=[0, 1, 0, 1]), TypeError, r"data: y must be an array; got \[0, 1, 0, 1\]"),
    ErrorCase("no optimizer", lambda: training.fit(MLP([3, 2], _rng()), None, losses.MSE(), (np.ones((4, 3)), np.ones((4, 2))), epochs=1, batch_size=2, rng=_rng()), ValueError, r"optimizer must be the optimizer of this model; got 'NoneType'"),
    ErrorCase("targets missing", lambda: _fit(y=np.zeros(3, int)), ValueError, r"data must be as many targets as samples"),
    ErrorCase("to validate on nothing", lambda: _fit(val=(np.ones((0, 3)), np.zeros(0, int))), ValueError, r"val must be as many targets as samples, at least one; got \(0, 0\)"),
    ErrorCase("wrong number of runs", lambda: _fit(runs=5), ValueError, r"runs must be 1, the runs the model holds; got 5"),
    ErrorCase("unknown policy", lambda: _fit(nonfinite="ignore"), ValueError, r"nonfinite must be one of 'raise', 'freeze'"),
    ErrorCase("optimizer of another model", lambda: training.fit(MLP([3, 2], _rng()), SGD(np.ones(8)), losses.MSE(), (np.ones((4, 3)), np.ones((4, 2))), epochs=1, batch_size=2, rng=_rng()), ValueError, r"optimizer must be the optimizer of this model"),
    ErrorCase("unknown column", lambda: History()["val_loss"], KeyError, r"column must be one of: none yet; got 'val_loss'"),
    ErrorCase("not a generator", lambda: gradcheck.check_vjp(layers.relu, layers.relu_backward, [np.ones(3)], 0), TypeError, r"rng must be a numpy\.random\.Generator"),
    ErrorCase("true is no number", lambda: checks.number("lr", True), TypeError, r"lr must be a number"),
]  # fmt: skip
