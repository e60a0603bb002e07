"""Batch, group and instance normalization: pairs, their inputs, and errors."""

from __future__ import annotations

import numpy as np

from cases.kinds import ErrorCase, PairCase
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, GroupNorm, InstanceNorm

NORMALIZATION = [
    PairCase("batch_norm", ((6, 4), (4,), (4,))),
    PairCase("batch_norm", ((2, 6, 4), (2, 4), (2, 4)), {"eps": 0.3}),
    PairCase("batch_norm", ((3, 4, 2, 5), (4,), (4,)), {"eps": 0.3}),
    PairCase("batch_norm", ((2, 3, 4, 2, 3), (2, 4), (2, 4))),
    PairCase("group_norm", ((3, 6), (6,), (6,)), {"num_groups": 2, "eps": 0.3}),
    PairCase("group_norm", ((2, 3, 6), (2, 6), (2, 6)), {"num_groups": 3}),
    PairCase("group_norm", ((3, 6, 2, 3), (6,), (6,)), {"num_groups": 2}),
    PairCase("group_norm", ((2, 3, 6, 2, 3), (2, 6), (2, 6)), {"num_groups": 6, "eps": 0.3}),
    PairCase("instance_norm", ((3, 4, 2, 3), (4,), (4,))),
    PairCase("instance_norm", ((2, 3, 4, 2, 3), (2, 4), (2, 4)), {"eps": 0.3}),
]
"""What ``check_vjp`` can differentiate: all inputs have runs, or none has."""
SHARED = [
    PairCase("batch_norm", ((2, 6, 4), (4,), (4,)), {"eps": 0.3}),
    PairCase("batch_norm", ((6, 4), (2, 4), (2, 4))),
    PairCase("batch_norm", ((6, 4), (4,), (2, 4))),
    PairCase("batch_norm", ((3, 4, 2, 5), (2, 4), (4,))),
    PairCase("batch_norm", ((2, 3, 4, 2, 5), (4,), (2, 4))),
    PairCase("group_norm", ((3, 6), (2, 6), (2, 6)), {"num_groups": 2}),
    PairCase("group_norm", ((2, 3, 6, 2, 3), (6,), (6,)), {"num_groups": 3}),
    PairCase("group_norm", ((3, 6, 2, 3), (6,), (2, 6)), {"num_groups": 2, "eps": 0.3}),
    PairCase("instance_norm", ((3, 4, 2, 3), (2, 4), (2, 4))),
    PairCase("instance_norm", ((2, 3, 4, 2, 3), (4,), (4,))),
]
"""What some inputs have runs of and others share: these get one gradient a run all the same."""


def _batch_norm(*shape: int, training: bool = True, **settings: object) -> None:
    BatchNorm(3, **settings).forward(np.ones(shape), training)  # type: ignore[arg-type]


def _state(**changed: object) -> None:
    layer = BatchNorm(3)
    layer.load_state_dict(
        {k: v for k, v in (layer.state_dict() | changed).items() if v is not None}
    )


def _linear(runs: int | None) -> Linear:
    return Linear(3, 3, rng=np.random.default_rng(0), runs=runs)


ERRORS = [
    ErrorCase("no channels", lambda: BatchNorm(0), ValueError, r"num_features must be >= 1; got 0"),
    ErrorCase("a momentum above 1", lambda: BatchNorm(3, momentum=1.5), ValueError, r"momentum must be in \[0, 1\]; got 1\.5"),
    ErrorCase("a momentum a run", lambda: BatchNorm(3, momentum=[0.1, 0.2]), ValueError, r"momentum must be a number, the same for all runs, or None; got \[0\.1, 0\.2\]"),
    ErrorCase("no number for momentum", lambda: BatchNorm(3, momentum="slow"), TypeError, r"momentum must be a number"),
    ErrorCase("a negative epsilon", lambda: BatchNorm(3, eps=-1e-5), ValueError, r"eps must be finite and >= 0; got -1e-05"),
    ErrorCase("an epsilon a run", lambda: GroupNorm(1, 3, eps=[0.1, 0.2]), ValueError, r"eps must be a number, the same for all runs"),
    ErrorCase("half precision", lambda: BatchNorm(3, dtype=np.float16), ValueError, r"dtype must be float64 or float32; got 'float16'"),
    ErrorCase("other channels", lambda: _batch_norm(5, 4), ValueError, r"x must be shaped \(n, 3\); got .*\(5, 4\)"),
    ErrorCase("images with their channels last", lambda: _batch_norm(5, 4, 4, 3), ValueError, r"x must be shaped \(n, 3, h, w\); got .*\(5, 4, 4, 3\)"),
    ErrorCase("sequences", lambda: _batch_norm(5, 7, 3), ValueError, r"x must be shaped \(n, 3\); got .*\(5, 7, 3\)"),
    ErrorCase("a batch to normalize of other runs", lambda: _batch_norm(4, 5, 3, runs=2), ValueError, r"x must be shaped \(n, 3\) or \(2, n, 3\), one entry a run"),
    ErrorCase("one sample in training", lambda: _batch_norm(1, 3), ValueError, r"x must be of more than one value a channel in training; got .*\(1, 3\)\. Use a batch of two or more, or training=False\."),
    ErrorCase("one image of one pixel", lambda: _batch_norm(2, 1, 3, 1, 1, runs=2), ValueError, r"x must be of more than one value a channel"),
    ErrorCase("no sample", lambda: _batch_norm(0, 3), ValueError, r"x must be without an axis of length 0"),
    ErrorCase("integers", lambda: BatchNorm(3).forward(np.ones((5, 3), int)), TypeError, r"x must be an array of floats"),
    ErrorCase("groups that do not fit", lambda: GroupNorm(4, 6), ValueError, r"num_channels must be a multiple of num_groups, 4; got 6"),
    ErrorCase("features of other groups", lambda: GroupNorm(2, 6).forward(np.ones((5, 3))), ValueError, r"x must be shaped \(n, 6\)"),
    ErrorCase("instances of features", lambda: InstanceNorm(3).forward(np.ones((5, 3))), ValueError, r"x must be shaped \(n, 3, h, w\); got .*\(5, 3\)"),
    ErrorCase("state of runs in a model without", lambda: Sequential(_linear(None), BatchNorm(3, affine=False, runs=2)), ValueError, r"layers must be alike in their number of runs; got \{"),
    ErrorCase("state without runs in a model of runs", lambda: Sequential(_linear(2), BatchNorm(3, affine=False)), ValueError, r"layers must be alike in their number of runs"),
    ErrorCase("a state that is none", lambda: BatchNorm(3).load_state_dict([1, 2]), TypeError, r"state_dict must be a mapping of arrays by name; got \[1, 2\]"),
    ErrorCase("a state without its mean", lambda: _state(running_mean=None), ValueError, r"state_dict must be of weight, bias, running_mean, .*; got 'running_mean is missing'"),
    ErrorCase("a state with more", lambda: _state(momentum=np.ones(3), gain=np.ones(3)), ValueError, r"got 'momentum is unknown; gain is unknown'"),
    ErrorCase("a state of another width", lambda: _state(running_var=np.ones(4)), ValueError, r"state_dict\['running_var'\] must be shaped \(3,\); got .*\(4,\)"),
    ErrorCase("a state of words", lambda: _state(bias="abc"), TypeError, r"state_dict\['bias'\] must be of numbers; got 'abc'"),
    ErrorCase("half a batch counted", lambda: _state(num_batches_tracked=0.5), TypeError, r"state_dict\['num_batches_tracked'\] must be of integers; got 0\.5"),
]  # fmt: skip
