"""Weight normalization and local response normalization: inputs whose gradients are worth checking,
and what the doors refuse."""

from __future__ import annotations

import numpy as np

from cases.kinds import ErrorCase, PairCase
from dlcourse.scratch.layers import Conv2d, Linear, ReLU
from dlcourse.scratch.normalization import LocalResponseNorm, WeightNorm, data_dependent_init

WEIGHTS = [
    PairCase("weight_norm", ((3, 4), (3,))),
    PairCase("weight_norm", ((1, 2), (1,))),
    PairCase("weight_norm", ((2, 3, 4), (2, 3))),
    PairCase("weight_norm", ((3, 2, 2, 3), (3,))),
    PairCase("weight_norm", ((2, 3, 2, 2, 3), (2, 3))),
]

# α so large that the neighbours count; a window of even size lies one more to the left.
LRN = {"alpha": 0.9, "k": 1.5}
RESPONSES = [
    PairCase("local_response_norm", ((4, 7),), {"size": 3, **LRN}),
    PairCase("local_response_norm", ((2, 4, 7),), {"size": 4, "beta": 1.3, **LRN}),
    PairCase("local_response_norm", ((3, 7, 2, 3),), {"size": 5, **LRN}),
    PairCase("local_response_norm", ((2, 3, 5, 2, 2),), {"size": 2, "beta": 0.5, **LRN}),
    PairCase("local_response_norm", ((2, 3, 2, 2),), {"size": 1, **LRN}),
    PairCase("local_response_norm", ((2, 3, 2, 2),), {"size": 12, **LRN}),
    PairCase("local_response_norm", ((2, 6, 1, 1),), {"size": 3, "beta": 0.0, **LRN}),
]
NORMALIZATION_WEIGHTS = [*WEIGHTS, *RESPONSES]


def _layer(**kwargs) -> WeightNorm:
    return WeightNorm(Linear(3, 2, rng=np.random.default_rng(0), **kwargs))


def _zero_row() -> Linear:
    layer = Linear(3, 2, rng=np.random.default_rng(0))
    layer.params["weight"][1] = 0.0
    return layer


def _images() -> WeightNorm:
    return WeightNorm(Conv2d(3, 2, 2, rng=np.random.default_rng(0)))


def _x(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape)


ERRORS = [
    ErrorCase("to normalize the weights of a ReLU", lambda: WeightNorm(ReLU()), TypeError, r"layer must be a Linear or a Conv2d; got 'ReLU'\. Wrap each"),
    ErrorCase("to normalize them twice", lambda: WeightNorm(_layer()), TypeError, r"layer must be a Linear or a Conv2d; got 'WeightNorm'"),
    ErrorCase("weights without a direction", lambda: WeightNorm(_zero_row()), ValueError, r"layer must be without an output whose weights are all zero; got 'one'\. Zero has no direction"),
    ErrorCase("to start what has no g", lambda: data_dependent_init(Linear(3, 2, rng=np.random.default_rng(0)), _x(4, 3)), TypeError, r"layer must be a WeightNorm, .*; got 'Linear'"),
    ErrorCase("to start what has no bias", lambda: data_dependent_init(_layer(bias=False), _x(4, 3)), ValueError, r"layer must be with a bias; got 'none'"),
    ErrorCase("to start from a single sample", lambda: data_dependent_init(_layer(), _x(1, 3)), ValueError, r"x must be a batch on which every output varies; got .*\(1, 3\)\. Start with more"),
    ErrorCase("to start from constants", lambda: data_dependent_init(_layer(), np.full((9, 3), 0.1)), ValueError, r"x must be a batch on which every output varies"),
    ErrorCase("to start from columns of another layer", lambda: data_dependent_init(_layer(), _x(4, 2)), ValueError, r"x must be shaped \(\.\.\., n, 3\)"),
    ErrorCase("to start from images of other channels", lambda: data_dependent_init(_images(), _x(4, 2, 3, 3)), ValueError, r"x must be shaped \(n, 3, h, w\)"),
    ErrorCase("an LRN without a window", lambda: LocalResponseNorm(0), ValueError, r"size must be >= 1; got 0"),
    ErrorCase("an LRN of half a window", lambda: LocalResponseNorm(2.5), TypeError, r"size must be an integer; got 2\.5"),
    ErrorCase("an LRN of negative α", lambda: LocalResponseNorm(3, alpha=-1e-4), ValueError, r"alpha must be finite and >= 0; got -0\.0001"),
    ErrorCase("an LRN of β nan", lambda: LocalResponseNorm(3, beta=np.nan), ValueError, r"beta must be finite and >= 0; got nan"),
    ErrorCase("an LRN of one k a run", lambda: LocalResponseNorm(3, k=np.ones((2, 1))), ValueError, r"k must be a number, the same for all runs"),
    ErrorCase("an LRN of a list", lambda: LocalResponseNorm(3).forward([[1.0]]), TypeError, r"x must be an array of floats; got \[\[1\.0\]\]"),
    ErrorCase("an LRN of a row", lambda: LocalResponseNorm(3).forward(_x(4)), ValueError, r"x must be shaped \(\.\.\., n, c\); got .*\(4,\)"),
    ErrorCase("an LRN of no channels", lambda: LocalResponseNorm(3).forward(_x(4, 0, 2, 2)), ValueError, r"x must be without an axis of length 0"),
]  # fmt: skip
