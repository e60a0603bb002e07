"""The table that every family's tests read: valid cases and why they are there, and error rows.

A case that cannot separate two conventions is worth nothing, so each one says what it separates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcourse import arrays, checks, gradcheck, training
from dlcourse.scratch import layers, losses
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import SGD, Adam, AdamW
from dlcourse.training.history import History


@dataclass(frozen=True)
class OptimizerCase:
    """One constructor call, made in both rooms."""

    name: str
    why: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    runs: int | None = None
    compare_state: bool = True

    @property
    def id(self) -> str:
        # No address in it: the workers of xdist must call a case by one name.
        words = {k: getattr(v, "__name__", np.shape(v) or v) for k, v in self.kwargs.items()}
        settings = ",".join(f"{k}={word}" for k, word in words.items())
        return f"{self.name}({settings})" + (f" x{self.runs}" if self.runs else "")


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


@dataclass(frozen=True)
class PairCase:
    """A pure pair and inputs that make its gradient worth checking."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    ids: int = 0  # the first input then is of integers below it

    @property
    def id(self) -> str:
        return f"{self.name}{self.shapes}" + "".join(f" {k}={v}" for k, v in self.kwargs.items())

    def inputs(self, rng: np.random.Generator) -> list[np.ndarray]:
        inputs = [rng.standard_normal(shape) for shape in self.shapes]
        return [rng.integers(0, self.ids, self.shapes[0]), *inputs[1:]] if self.ids else inputs


LAYERS = [
    PairCase("linear", ((5, 4), (3, 4), (3,))),
    PairCase("linear", ((2, 5, 4), (2, 3, 4), (2, 3))),
    *(PairCase(name, ((2, 5, 4),)) for name in ("relu", "leaky_relu", "tanh", "sigmoid")),
    PairCase("leaky_relu", ((5, 4),), {"negative_slope": 0.3}),
    PairCase("flatten", ((2, 5, 3, 2),), {"start_dim": -2}),
    PairCase("flatten", ((5, 3, 2),)),
    PairCase("gelu", ((2, 5, 4),)),
    PairCase("gelu", ((5, 4),), {"approximate": "tanh"}),
    PairCase("conv2d", ((4, 3, 7, 6), (5, 3, 3, 3), (5,))),
    PairCase("conv2d", ((4, 3, 7, 6), (5, 3, 2, 3), (5,)), {"stride": 2, "padding": 1}),
    PairCase("conv2d", ((2, 4, 3, 8, 5), (2, 5, 3, 3, 2), (2, 5)), {"stride": 3, "padding": 2}),
    PairCase("max_pool2d", ((4, 3, 6, 5),), {"kernel_size": 2}),
    PairCase("max_pool2d", ((4, 3, 6, 5),), {"kernel_size": 1}),
    PairCase("max_pool2d", ((2, 4, 3, 7, 6),), {"kernel_size": 3, "stride": 2, "padding": 1}),
    PairCase("avg_pool2d", ((4, 3, 6, 5),), {"kernel_size": 2}),
    PairCase("avg_pool2d", ((2, 4, 3, 7, 6),), {"kernel_size": 3, "stride": 2, "padding": 1}),
    PairCase("global_avg_pool2d", ((2, 4, 3, 3, 5),)),
    PairCase("embedding", ((3, 5), (7, 4)), ids=7),
    PairCase("embedding", ((2, 3, 5), (2, 7, 4)), ids=7),
    PairCase("position_embedding", ((3, 5, 4), (6, 4))),
    PairCase("position_embedding", ((2, 3, 5, 4), (2, 6, 4))),
    PairCase("rnn", ((3, 5, 4), (6, 4), (6, 6), (6,), (3, 6))),
    PairCase(
        "rnn", ((2, 3, 5, 4), (2, 6, 4), (2, 6, 6), (2, 6), (2, 3, 6)), {"nonlinearity": "relu"}
    ),
    PairCase("scaled_dot_product_attention", ((3, 5, 4), (3, 7, 4), (3, 7, 2))),
    PairCase("scaled_dot_product_attention", ((2, 3, 5, 4),) * 3, {"is_causal": True}),
    PairCase("causal_self_attention", ((3, 5, 4), (12, 4), (12,), (4, 4), (4,)), {"num_heads": 2}),
    PairCase(
        "causal_self_attention",
        ((2, 3, 5, 6), (2, 18, 6), (2, 18), (2, 6, 6), (2, 6)),
        {"num_heads": 3},
    ),
]


@dataclass(frozen=True)
class ErrorCase:
    """A call that must fail: the kind, and the sentence."""

    id: str
    call: Callable[[], Any]
    error: type[Exception]
    message: str


def _weights() -> np.ndarray:
    return np.ones((4, 3))


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _stepped(grads: Any) -> None:
    Adam(_weights()).step(grads)


def _loaded(**hyper: Any) -> None:
    saved = Adam(_weights()).state_dict()
    Adam(_weights()).load_state_dict({**saved, "hyper": {**saved["hyper"], **hyper}})


def _backward(dy: np.ndarray) -> None:
    model = MLP([3, 2], _rng())
    model.forward(np.ones((4, 3)))
    model.backward(dy)


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
    # models and losses
    ErrorCase("a list for a batch", lambda: MLP([3, 2], _rng()).forward([[1.0, 2.0, 3.0]]), TypeError, r"x must be an array; got \[\[1\.0, 2\.0, 3\.0\]\]"),
    ErrorCase("a batch of other runs", lambda: MLP([3, 2], _rng(), runs=2).forward(np.ones((3, 4, 3))), ValueError, r"x must be shaped \(n, 3\) or \(2, n, 3\), one entry a run; got .*\(3, 4, 3\)"),
    ErrorCase("a cotangent of another shape", lambda: _backward(np.ones((5, 2))), ValueError, r"dy must be shaped \(4, 2\) as y; got \(5, 2\)"),
    ErrorCase("integer weights", lambda: MLP([3, 2], _rng(), dtype=int), ValueError, r"dtype must be float64 or float32; got 'int64'"),
    ErrorCase("a width for widths", lambda: MLP(3, _rng()), ValueError, r"sizes must be at least two widths.*; got 3"),
    ErrorCase("features and samples swapped", lambda: MLP([3, 2], _rng()).forward(np.ones((3, 5))), ValueError, r"x must be shaped \(\.\.\., n, 3\); got .*Samples are rows"),
    ErrorCase("one width only", lambda: MLP([3], _rng()), ValueError, r"sizes must be at least two widths"),
    ErrorCase("unknown activation", lambda: MLP([3, 2], _rng(), "rellu"), ValueError, r"activation must be one of .*; got 'rellu'\. Did you mean 'relu'\?"),
    ErrorCase("a seed for a generator", lambda: MLP([3, 2], 0), TypeError, r"rng must be a numpy\.random\.Generator.*default_rng"),
    ErrorCase("too few generators", lambda: MLP([3, 2], [_rng()], runs=2), ValueError, r"rng must be one generator or 2 of them"),
    ErrorCase("layers of different runs", lambda: Sequential(layers.Linear(2, 2, rng=_rng(), runs=2), layers.Linear(2, 2, rng=_rng())), ValueError, r"layers must be alike in their number of runs"),
    ErrorCase("backward before forward", lambda: MLP([3, 2], _rng()).backward(np.ones((4, 2))), RuntimeError, r"backward must be called after forward"),
    ErrorCase("loss backward before forward", lambda: losses.MSE().backward(), RuntimeError, r"backward must be called after forward; got 'MSE'"),
    ErrorCase("label outside the classes", lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3])), ValueError, r"labels must be in 0 \.\. 2; got 3"),
    ErrorCase("negative label", lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.array([0, -1])), ValueError, r"labels must be in 0 \.\. 2; got -1"),
    ErrorCase("labels of another length", lambda: losses.SoftmaxCrossEntropy().forward(np.ones((2, 3)), np.zeros(4, int)), ValueError, r"target must be integer labels \(\.\.\., 2\)"),
    ErrorCase("mse of unlike shapes", lambda: losses.MSE().forward(np.ones((4, 1)), np.ones(4)), ValueError, r"target must be shaped"),
    ErrorCase("float labels", lambda: arrays.one_hot([0.5], 2), TypeError, r"labels must be integers"),
    # training
    ErrorCase("diverging fit", _diverging_fit, FloatingPointError, r"loss must be finite with a finite gradient at step \d+, lr 1000; got (inf|nan).*smaller learning rate"),
    ErrorCase("no batch", lambda: _fit(batch_size=0), ValueError, r"batch_size must be >= 1; got 0"),
    ErrorCase("half an epoch", lambda: _fit(epochs=0.5), TypeError, r"epochs must be an integer; got 0\.5"),
    ErrorCase("no epoch", lambda: _fit(epochs=0), ValueError, r"epochs must be >= 1; got 0"),
    ErrorCase("a list for labels", lambda: _fit(y=[0, 1, 0, 1]), TypeError, r"data: y must be an array; got \[0, 1, 0, 1\]"),
    ErrorCase("no optimizer", lambda: training.fit(MLP([3, 2], _rng()), None, losses.MSE(), (np.ones((4, 3)), np.ones((4, 2))), epochs=1, batch_size=2, rng=_rng()), ValueError, r"optimizer must be the optimizer of this model; got 'NoneType'"),
    ErrorCase("targets missing", lambda: _fit(y=np.zeros(3, int)), ValueError, r"data must be as many targets as samples"),
    ErrorCase("wrong number of runs", lambda: _fit(runs=5), ValueError, r"runs must be 1, the runs the model holds; got 5"),
    ErrorCase("unknown policy", lambda: _fit(nonfinite="ignore"), ValueError, r"nonfinite must be one of 'raise', 'freeze'"),
    ErrorCase("optimizer of another model", lambda: training.fit(MLP([3, 2], _rng()), SGD(np.ones(8)), losses.MSE(), (np.ones((4, 3)), np.ones((4, 2))), epochs=1, batch_size=2, rng=_rng()), ValueError, r"optimizer must be the optimizer of this model"),
    ErrorCase("unknown column", lambda: History()["val_loss"], KeyError, r"column must be one of: none yet; got 'val_loss'"),
    ErrorCase("not a generator", lambda: gradcheck.check_vjp(layers.relu, layers.relu_backward, [np.ones(3)], 0), TypeError, r"rng must be a numpy\.random\.Generator"),
    ErrorCase("true is no number", lambda: checks.number("lr", True), TypeError, r"lr must be a number"),
]  # fmt: skip
