"""Layers, losses and models: pure pairs with inputs that make a gradient worth checking, and errors."""

from __future__ import annotations

import numpy as np

from cases.kinds import ErrorCase, PairCase
from dlcourse import arrays
from dlcourse.scratch import layers, losses
from dlcourse.scratch.models import MLP, Sequential

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
    PairCase("scaled_dot_product_attention", ((5, 4), (5, 4), (5, 2)), {"is_causal": True}),
    PairCase("causal_self_attention", ((3, 5, 4), (12, 4), (12,), (4, 4), (4,)), {"num_heads": 2}),
    PairCase(
        "causal_self_attention",
        ((2, 3, 5, 6), (2, 18, 6), (2, 18), (2, 6, 6), (2, 6)),
        {"num_heads": 3},
    ),
]


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _backward(dy: np.ndarray) -> None:
    model = MLP([3, 2], _rng())
    model.forward(np.ones((4, 3)))
    model.backward(dy)


ERRORS = [
    # models and losses
    ErrorCase("a list for a batch", lambda: MLP([3, 2], _rng()).forward([[1.0, 2.0, 3.0]]), TypeError, r"x must be an array of floats; got \[\[1\.0, 2\.0, 3\.0\]\]"),
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
    ErrorCase("mse of unlike shapes", lambda: losses.MSE().forward(np.ones((4, 1)), np.ones(4)), ValueError, r"target must be numbers shaped \(\.\.\., 4, 1\) as y; got .*\(4,\)"),
    ErrorCase("float labels", lambda: arrays.indicators([0.5], 2), TypeError, r"labels must be integers"),
]  # fmt: skip
