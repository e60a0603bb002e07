"""Optimizers: constructor calls made in both rooms, and calls that must fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from cases.kinds import ErrorCase, OptimizerCase
from dlcourse.scratch.optimizers import SGD, Adam, AdamW
from dlcourse.scratch.plateau import ReduceOnPlateau


def halving(step: int) -> float:
    """A schedule: the rate halves every twenty steps."""
    return 0.1 * 0.5 ** (step // 20)


def column(*values: float) -> np.ndarray:
    """One setting a run."""
    return np.array(values)[:, None]


def fan(step: int) -> np.ndarray:
    """A schedule of three rates: what tells the optimizer that there are runs."""
    return column(0.01, 0.1, 0.5) * 0.9**step


OPTIMIZERS = [
    OptimizerCase("SGD", "the default: no state at all"),
    OptimizerCase("SGD", "momentum: rate outside the velocity", {"lr": 0.1, "momentum": 0.9}),
    OptimizerCase("SGD", "a changing rate parts the conventions", {"lr": halving, "momentum": 0.9}),
    OptimizerCase(
        "SGD",
        "dampening must spare the first velocity",
        {"lr": 0.1, "momentum": 0.7, "dampening": 0.4},
    ),
    OptimizerCase(
        "SGD",
        "decay enters the gradient before momentum and look-ahead",
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3, "nesterov": True},
    ),
    OptimizerCase(
        "SGD",
        "a grid of settings is a runs axis",
        {"lr": column(0.01, 0.1, 0.5), "momentum": column(0.3, 0.9, 0.99)},
        runs=3,
    ),
    OptimizerCase(
        "SGD",
        "momentum 0 inside a grid ignores dampening, as torch does; torch then keeps no velocity",
        {"lr": 0.1, "momentum": column(0.0, 0.9), "dampening": 0.5},
        runs=2,
        compare_state=False,
    ),
    OptimizerCase("SGD", "a schedule may be all that tells of runs", {"lr": fan, "momentum": 0.9}, runs=3),
    OptimizerCase("AdamW", "a schedule may be all that tells of runs", {"lr": fan}, runs=3),
    OptimizerCase("Adam", "the default"),
    OptimizerCase("Adam", "short memories: bias correction fades fast", {"betas": (0.5, 0.7)}),
    OptimizerCase("Adam", "an epsilon as large as many gradients", {"lr": 0.1, "eps": 1e-3}),
    OptimizerCase("Adam", "coupled decay passes through both moments", {"weight_decay": 0.2}),
    OptimizerCase("Adam", "the largest v is uncorrected", {"lr": 0.1, "amsgrad": True}),
    OptimizerCase("Adam", "a schedule", {"lr": halving}),
    OptimizerCase(
        "Adam",
        "every hyper-parameter has a runs axis",
        {
            "lr": column(1e-3, 0.1),
            "betas": (column(0.0, 0.9), column(0.9, 0.999)),
            "eps": column(1e-8, 1e-2),
            "weight_decay": column(0.0, 0.1),
        },
        runs=2,
    ),
    OptimizerCase("Adagrad", "the default"),
    OptimizerCase("Adagrad", "an epsilon that many gradients meet", {"lr": 0.1, "eps": 1e-3}),
    OptimizerCase("Adagrad", "a schedule on top", {"lr": halving}),
    OptimizerCase("Adagrad", "a grid", {"lr": column(0.01, 0.1), "eps": column(1e-10, 1e-2)}, runs=2),
    OptimizerCase("RMSprop", "the default"),
    OptimizerCase("RMSprop", "an epsilon that many gradients meet", {"alpha": 0.9, "eps": 1e-3}),
    OptimizerCase("RMSprop", "momentum takes steps already scaled", {"alpha": 0.9, "momentum": 0.7, "lr": halving}),
    OptimizerCase("RMSprop", "centered: a variance under the root", {"alpha": 0.8, "centered": True, "eps": 1e-3}),
    OptimizerCase("RMSprop", "all three states", {"alpha": 0.8, "centered": True, "momentum": 0.5, "eps": 1e-3}),
    OptimizerCase("RMSprop", "a grid", {"alpha": column(0.0, 0.9), "momentum": column(0.1, 0.9), "eps": column(1e-8, 1e-2)}, runs=2),
    OptimizerCase("Adadelta", "the default"),
    OptimizerCase("Adadelta", "a large epsilon inside both roots", {"lr": 0.5, "rho": 0.95, "eps": 1e-3}),
    OptimizerCase("Adadelta", "a grid", {"rho": column(0.5, 0.99), "eps": column(1e-6, 1e-3)}, runs=2),
    OptimizerCase("AdamW", "the default"),
    OptimizerCase("AdamW", "large lr times decay separates the order of decay", {"lr": 0.3, "weight_decay": 0.9}),
    OptimizerCase("AdamW", "decay follows the schedule", {"lr": halving, "weight_decay": 0.5}),
    OptimizerCase("AdamW", "decay with a runs axis", {"lr": 0.1, "weight_decay": column(0.0, 0.1, 1.0)}, runs=3),
]  # fmt: skip


def _weights() -> np.ndarray:
    return np.ones((4, 3))


def _stepped(grads: Any) -> None:
    Adam(_weights()).step(grads)


def _loaded(**hyper: Any) -> None:
    saved = Adam(_weights()).state_dict()
    Adam(_weights()).load_state_dict({**saved, "hyper": {**saved["hyper"], **hyper}})


ERRORS = [
    # parameters and gradients
    ErrorCase("integer parameters", lambda: SGD(np.arange(3)), TypeError, r"params\[0\] must be a NumPy array of float64 or float32; got .*int64"),
    ErrorCase("a list as parameter", lambda: SGD([[1.0, 2.0]]), TypeError, r"params\[0\] must be a NumPy array of float64 or float32"),
    ErrorCase("no parameters", lambda: SGD([]), ValueError, r"params must be at least one array; got \[\]"),
    ErrorCase("transposed parameter", lambda: SGD(_weights().T), ValueError, r"params\[0\] must be C-contiguous and writeable.*update lost"),
    ErrorCase("strided parameter", lambda: Adam(np.ones(9)[::2]), ValueError, r"params\[0\] must be C-contiguous"),
    ErrorCase("the same parameter twice", lambda: SGD([w := _weights(), w]), ValueError, r"params\[1\] must be in memory of its own"),
    ErrorCase("wrong gradient shape", lambda: _stepped(np.ones((3, 4))), ValueError, r"grads\[0\] must be shaped as its parameter, \(4, 3\); got \(3, 4\)"),
    ErrorCase("a gradient too many", lambda: _stepped([_weights(), _weights()]), ValueError, r"grads must be 1 arrays, one a parameter; got 2"),
    ErrorCase("integer gradient", lambda: _stepped(np.ones((4, 3), int)), TypeError, r"grads\[0\] must be a float array"),
    ErrorCase("NaN gradient", lambda: _stepped(np.full((4, 3), np.nan)), ValueError, r"grads\[0\] must be finite at step 1; got nan\. Nothing was changed"),
    ErrorCase("infinite gradient", lambda: _stepped(np.full((4, 3), np.inf)), ValueError, r"grads\[0\] must be finite at step 1; got inf"),
    ErrorCase("no array as parameters", lambda: SGD(3.0), TypeError, r"params must be an array or a sequence of arrays; got 3\.0"),
    ErrorCase("no array as gradient", lambda: _stepped(None), TypeError, r"grads must be an array or a sequence of arrays; got None"),
    # hyper-parameters
    ErrorCase("negative lr", lambda: SGD(_weights(), lr=-0.1), ValueError, r"lr must be finite and >= 0; got -0\.1"),
    ErrorCase("NaN lr", lambda: SGD(_weights(), lr=np.nan), ValueError, r"lr must be finite and >= 0; got nan"),
    ErrorCase("lr as text", lambda: SGD(_weights(), lr="0.1"), TypeError, r"lr must be a number"),
    ErrorCase("lr without a runs axis", lambda: SGD(_weights(), lr=np.ones(4)), ValueError, r"lr must be a number or an array \(4, 1\).*lr\[:, None\]"),
    ErrorCase("schedule gone negative", lambda: SGD(_weights(), lr=lambda step: -1.0).step(_weights()), ValueError, r"lr must be finite and >= 0; got -1\.0"),
    ErrorCase("momentum above 1", lambda: SGD(_weights(), momentum=1.5), ValueError, r"momentum must be in \[0, 1\]; got 1\.5"),
    ErrorCase("nesterov without momentum", lambda: SGD(_weights(), nesterov=True), ValueError, r"nesterov must be used with momentum > 0 and dampening 0"),
    ErrorCase("nesterov with one run without momentum", lambda: SGD(_weights(), momentum=column(0.9, 0.9, 0.0, 0.9), nesterov=True), ValueError, r"nesterov must be used with momentum > 0 and dampening 0"),
    ErrorCase("beta1 of 1", lambda: Adam(_weights(), betas=(1.0, 0.999)), ValueError, r"betas\[0\] must be in \[0, 1\); got 1\.0"),
    ErrorCase("beta2 of 1", lambda: AdamW(_weights(), betas=(0.9, 1.0)), ValueError, r"betas\[1\] must be in \[0, 1\); got 1\.0"),
    ErrorCase("one beta", lambda: Adam(_weights(), betas=0.9), TypeError, r"betas must be a pair, as \(0\.9, 0\.999\); got 0\.9"),
    ErrorCase("three betas", lambda: AdamW(_weights(), betas=(0.9, 0.9, 0.9)), TypeError, r"betas must be a pair"),
    ErrorCase("one bad run in a grid", lambda: Adam(_weights(), eps=column(1e-8, 1e-8, -1.0, 1e-8)), ValueError, r"eps must be finite and >= 0; got -1\.0"),
    # state
    ErrorCase("state of another class", lambda: Adam(_weights()).load_state_dict(AdamW(_weights()).state_dict()), ValueError, r"state_dict must be of Adam; got 'AdamW'"),
    ErrorCase("state of another shape", lambda: Adam(_weights()).load_state_dict(Adam(np.ones(2)).state_dict()), ValueError, r"state_dict must be of arrays shaped"),
    ErrorCase("state that is none", lambda: Adam(_weights()).load_state_dict({"t": 3}), TypeError, r"state_dict must be a mapping with optimizer, t, state, hyper"),
    ErrorCase("state with a beta of 1", lambda: _loaded(betas=(1.0, 0.999)), ValueError, r"betas\[0\] must be in \[0, 1\); got 1\.0"),
    ErrorCase("state with a negative decay", lambda: _loaded(weight_decay=-1.0), ValueError, r"weight_decay must be finite and >= 0; got -1\.0"),
    ErrorCase("state without hyper-parameters", lambda: Adam(_weights()).load_state_dict({**Adam(_weights()).state_dict(), "hyper": {}}), ValueError, r"state_dict\['hyper'\] must be a mapping with lr, betas"),
    ErrorCase("state of a step before the first", lambda: Adam(_weights()).load_state_dict({**Adam(_weights()).state_dict(), "t": -3}), ValueError, r"state_dict\['t'\] must be >= 0; got -3"),
    # a rate that waits for a plateau
    ErrorCase("a plateau with a negative lr", lambda: ReduceOnPlateau(-0.1), ValueError, r"lr must be finite and >= 0; got -0\.1"),
    ErrorCase("a plateau with NaN for lr", lambda: ReduceOnPlateau(np.nan), ValueError, r"lr must be finite and >= 0; got nan"),
    ErrorCase("a plateau with a row of rates", lambda: ReduceOnPlateau(np.ones(3)), ValueError, r"lr must be a number or an array \(runs, 1\).*lr\[:, None\]"),
    ErrorCase("a plateau that raises the rate", lambda: ReduceOnPlateau(0.1, factor=1.0), ValueError, r"factor must be in \[0, 1\); got 1\.0"),
    ErrorCase("a factor a run", lambda: ReduceOnPlateau(0.1, factor=[0.1, 0.5]), ValueError, r"factor must be a number, the same for all runs"),
    ErrorCase("a broken patience", lambda: ReduceOnPlateau(0.1, patience=1.5), TypeError, r"patience must be an integer; got 1\.5"),
    ErrorCase("a negative patience", lambda: ReduceOnPlateau(0.1, patience=-1), ValueError, r"patience must be >= 0; got -1"),
    ErrorCase("a threshold of all", lambda: ReduceOnPlateau(0.1, threshold=1), ValueError, r"threshold must be in \[0, 1\); got 1"),
    ErrorCase("a floor above the rate", lambda: ReduceOnPlateau(0.1, min_lr=0.2), ValueError, r"min_lr must be at most lr.*; got 0\.2"),
    ErrorCase("a loss as text", lambda: ReduceOnPlateau(0.1).update("low"), TypeError, r"value must be a number or an array \(runs,\) of numbers; got 'low'"),
    ErrorCase("a negative loss to wait for", lambda: ReduceOnPlateau(0.1).update(-0.5), ValueError, r"value must be >= 0; got -0\.5.*share of the best loss"),
    ErrorCase("losses of other runs", lambda: ReduceOnPlateau(column(0.1, 0.2)).update(np.ones(3)), ValueError, r"value must be shaped \(2,\) as before"),
    ErrorCase("a plateau of an unknown metric", lambda: ReduceOnPlateau(0.1).callback("val_los")(SimpleNamespace(history={"val_loss": [1.0]})), ValueError, r"metric must be one of 'val_loss'; got 'val_los'.*Did you mean 'val_loss'"),
]  # fmt: skip
