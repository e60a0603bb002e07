"""Norms of a sample, the normalized Elman network, and what does without: inputs, and doors."""

from __future__ import annotations

import numpy as np

from cases.kinds import ErrorCase, PairCase
from dlcourse.scratch import normalization as room

# An ε that counts beside variances of about 1 tells its place; γ and β are drawn, none is 1 or 0.
SAMPLES = [
    PairCase("layer_norm", ((5, 4), (4,), (4,))),
    PairCase("layer_norm", ((3, 5, 4), (4,), (4,)), {"eps": 0.3}),
    PairCase("layer_norm", ((2, 5, 4), (2, 4), (2, 4)), {"eps": 0.3}),
    PairCase("layer_norm", ((2, 3, 5, 4), (2, 4), (2, 4))),
    PairCase("layer_norm", ((5, 3, 4), (3, 4), (3, 4)), {"axes": 2}),
    PairCase("layer_norm", ((2, 5, 3, 1, 4), (2, 3, 1, 4), (2, 3, 1, 4)), {"axes": 3}),
    PairCase("rms_norm", ((5, 4), (4,))),
    PairCase("rms_norm", ((3, 5, 4), (4,)), {"eps": 0.3}),
    PairCase("rms_norm", ((2, 3, 5, 4), (2, 4)), {"eps": 0.3}),
    PairCase("rms_norm", ((2, 5, 3, 4), (2, 3, 4)), {"axes": 2}),
]
RECURRENT = [
    PairCase("layer_norm_rnn", ((3, 5, 4), (6, 4), (6, 6), (6,), (6,), (3, 6))),
    PairCase(
        "layer_norm_rnn",
        ((2, 3, 5, 4), (2, 6, 4), (2, 6, 6), (2, 6), (2, 6), (2, 3, 6)),
        {"nonlinearity": "relu", "eps": 0.3},
    ),
]
WITHOUT = [
    PairCase("gate", ((5, 4), (1,))),
    PairCase("gate", ((3, 5, 4), (1,))),
    PairCase("gate", ((2, 3, 5, 4), (2, 1))),
    PairCase("dynamic_tanh", ((5, 4), (1,), (4,), (4,))),
    PairCase("dynamic_tanh", ((2, 3, 5, 4), (2, 1), (2, 4), (2, 4))),
]
NORMALIZATION_SAMPLE = [*SAMPLES, *RECURRENT, *WITHOUT]

# Inputs that runs share, parameters that they share: one gradient a run of each.
SHARED = [
    PairCase("layer_norm", ((5, 4), (2, 4), (2, 4))),
    PairCase("layer_norm", ((2, 5, 4), (1, 4), (1, 4))),
    PairCase("layer_norm", ((1, 5, 4), (2, 4), (2, 4))),
    PairCase("layer_norm", ((2, 3, 5, 4), (1, 5, 4), (1, 5, 4)), {"axes": 2}),
    PairCase("rms_norm", ((5, 4), (2, 4))),
    PairCase("rms_norm", ((2, 5, 4), (1, 4))),
    PairCase("layer_norm_rnn", ((3, 5, 4), (2, 6, 4), (2, 6, 6), (2, 6), (2, 6), (2, 3, 6))),
    PairCase("layer_norm_rnn", ((2, 3, 5, 4), (6, 4), (6, 6), (6,), (6,), (3, 6))),
    PairCase("gate", ((5, 4), (2, 1))),
    PairCase("gate", ((2, 5, 4), (1, 1))),
    PairCase("dynamic_tanh", ((5, 4), (2, 1), (2, 4), (2, 4))),
    PairCase("dynamic_tanh", ((2, 5, 4), (1, 1), (1, 4), (1, 4))),
]


def _x(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape)


def _rnn(**kwargs) -> room.LayerNormRNN:
    return room.LayerNormRNN(3, 2, rng=np.random.default_rng(0), **kwargs)


ERRORS = [
    ErrorCase("layer norm of no features", lambda: room.LayerNorm(0), ValueError, r"normalized_shape\[0\] must be >= 1; got 0"),
    ErrorCase("layer norm of half a feature", lambda: room.LayerNorm((3, 0.5)), TypeError, r"normalized_shape\[1\] must be an integer; got 0\.5"),
    ErrorCase("layer norm over no axis", lambda: room.LayerNorm(()), ValueError, r"normalized_shape must be of at least 1 axes"),
    ErrorCase("layer norm with a negative eps", lambda: room.LayerNorm(3, eps=-1e-5), ValueError, r"eps must be finite and >= 0; got -1e-05"),
    ErrorCase("layer norm with an eps a run", lambda: room.LayerNorm(3, eps=np.array([0.1, 0.2])), ValueError, r"eps must be a number, the same for all runs"),
    ErrorCase("layer norm of integers", lambda: room.LayerNorm(3, dtype=int), ValueError, r"dtype must be float64 or float32; got 'int64'"),
    ErrorCase("layer norm of other features", lambda: room.LayerNorm(3).forward(_x(5, 4)), ValueError, r"x must be shaped \(n, 3\); got ndarray of float64 with shape \(5, 4\)"),
    ErrorCase("layer norm of one sample alone", lambda: room.LayerNorm(3).forward(_x(3)), ValueError, r"x must be shaped \(n, 3\)"),
    ErrorCase("layer norm of a list", lambda: room.LayerNorm(3).forward([[1.0, 2.0, 3.0]]), TypeError, r"x must be an array of floats"),
    ErrorCase("layer norm of whole numbers", lambda: room.LayerNorm(3).forward(np.ones((2, 3), int)), TypeError, r"x must be an array of floats"),
    ErrorCase("layer norm of other runs", lambda: room.LayerNorm(3, runs=2).forward(_x(4, 5, 3)), ValueError, r"x must be shaped \(n, 3\) or \(2, n, 3\), one entry a run"),
    ErrorCase("layer norm of other runs of sequences", lambda: room.LayerNorm(3, runs=2).forward(_x(4, 5, 6, 3)), ValueError, r"x must be shaped \(n, t, 3\) or \(2, n, t, 3\), one entry a run"),
    ErrorCase("layer norm of an empty batch", lambda: room.LayerNorm(3).forward(_x(0, 3)), ValueError, r"x must be without an axis of length 0"),
    ErrorCase("rms norm with a negative eps", lambda: room.RMSNorm(3, eps=-1.0), ValueError, r"eps must be finite and >= 0; got -1"),
    ErrorCase("rms norm of other features", lambda: room.RMSNorm((2, 3)).forward(_x(5, 3, 2)), ValueError, r"x must be shaped \(n, 2, 3\)"),
    ErrorCase("an unknown nonlinearity", lambda: _rnn(nonlinearity="rellu"), ValueError, r"nonlinearity must be one of 'tanh', 'relu'; got 'rellu'\. Did you mean 'relu'"),
    ErrorCase("a normalized network with a negative eps", lambda: _rnn(eps=-1.0), ValueError, r"eps must be finite and >= 0"),
    ErrorCase("a batch for sequences", lambda: _rnn().forward(_x(5, 3)), ValueError, r"x must be shaped \(n, t, 3\)"),
    ErrorCase("a gate that starts nowhere", lambda: room.Gate(np.nan), ValueError, r"start must be finite; got nan"),
    ErrorCase("a gate that starts twice", lambda: room.Gate(np.zeros(2)), ValueError, r"start must be a number, the same for all runs"),
    ErrorCase("a gate of integers", lambda: room.Gate().forward(np.ones((2, 3), int)), TypeError, r"x must be an array of floats"),
    ErrorCase("a gate of other runs", lambda: room.Gate(runs=2).forward(_x(3, 5, 4)), ValueError, r"x must be shaped \(n, 4\) or \(2, n, 4\), one entry a run"),
    ErrorCase("tanh over two axes", lambda: room.DynamicTanh((2, 3)), TypeError, r"normalized_shape must be an integer; got \(2, 3\)"),
    ErrorCase("tanh of other features", lambda: room.DynamicTanh(3).forward(_x(5, 4)), ValueError, r"x must be shaped \(n, 3\)"),
    ErrorCase("samples for tokens", lambda: room.Tokens(room.BatchNorm(3)).forward(_x(5, 3)), ValueError, r"x must be shaped \(\.\.\., n, t, d\)"),
]  # fmt: skip
