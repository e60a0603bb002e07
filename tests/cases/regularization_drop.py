"""The dropout family: inputs of the pairs, and doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.scratch import regularization as room
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.models import Sequential

Chance = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class DropCase:
    """A pair: the shapes of what has a gradient, and what chance gives it besides."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    chance: tuple[Chance, ...] = ()
    told: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    runs_of_chance: int = 0  # runs that x lacks

    @property
    def id(self) -> str:
        told = [np.shape(p) or p for p in (*self.told, *self.kwargs.values())]
        return f"{self.name}{self.shapes} {told} {self.runs_of_chance or ''}".rstrip()

    def inputs(self, rng: np.random.Generator) -> list[np.ndarray]:
        return [rng.standard_normal(shape) for shape in self.shapes]

    def given(self, rng: np.random.Generator) -> list[Any]:
        """The masks, and what else follows them."""
        return [*(draw(rng) for draw in self.chance), *self.told]


def mask(*shape: int) -> Chance:
    """Neither all nor nothing, in no run."""
    return lambda rng: (
        rng.permuted(np.arange(np.prod(shape[-2:])) % 5 > 1).reshape(shape[-2:])
        ^ (rng.random(shape) < 0.3)
    )


def pixels(*shape: int) -> Chance:
    return lambda rng: rng.random(shape) < 0.6


def noise(*shape: int) -> Chance:
    return lambda rng: rng.normal(1, 0.5, shape)


P2 = np.array([0.2, 0.7])
RNN = ((4, 3), (4, 4), (4,))
PAIRS = [
    DropCase("dropout", ((5, 4),), (mask(5, 4),), (0.3,)),
    DropCase("dropout", ((2, 5, 4),), (mask(2, 5, 4),), (P2,)),
    DropCase("dropout", ((2, 3, 2, 4, 3),), (mask(2, 3, 2, 4, 3),), (P2[:, None],)),
    DropCase("spatial_dropout", ((5, 4, 3, 2),), (pixels(5, 4, 1, 1),), (0.3,)),
    DropCase("spatial_dropout", ((2, 5, 4, 3, 2),), (pixels(2, 5, 4, 1, 1),), (P2,)),
    DropCase("drop_block", ((3, 2, 5, 4),), (pixels(3, 2, 5, 4),)),
    DropCase("drop_block", ((2, 3, 2, 5, 4),), (pixels(2, 3, 2, 5, 4),)),
    DropCase("gaussian_dropout", ((5, 4),), (noise(5, 4),)),
    DropCase("gaussian_dropout", ((2, 5, 3, 4),), (noise(2, 5, 1, 4),)),
    DropCase("drop_connect", ((5, 4), (3, 4), (3,)), (mask(3, 4),), (0.3,)),
    DropCase("drop_connect", ((2, 5, 4), (2, 3, 4), (2, 3)), (mask(2, 3, 4),), (P2,)),
    DropCase("dropped_rnn", ((5, 6, 3), *RNN), (mask(5, 1, 3), mask(5, 1, 4)), (0.3, 0.4)),
    DropCase("dropped_rnn", ((5, 6, 3), *RNN), (mask(5, 6, 3), mask(5, 6, 4)), (0.3, 0.4)),
    DropCase(
        "dropped_rnn",
        ((2, 5, 6, 3), *((2, *s) for s in RNN)),
        (mask(2, 5, 6, 3), mask(2, 5, 1, 4)),
        (P2, P2[::-1]),
        {"nonlinearity": "relu"},
    ),
]
SHARED = [
    DropCase("dropout", ((5, 4),), (mask(2, 5, 4),), (P2,), runs_of_chance=2),
    DropCase("dropout", ((1, 5, 4),), (mask(2, 5, 4),), (0.3,), runs_of_chance=2),
    DropCase("dropout", ((2, 5, 4),), (mask(5, 4),), (P2,), runs_of_chance=2),
    DropCase("spatial_dropout", ((5, 4, 3, 2),), (pixels(2, 5, 4, 1, 1),), (P2,), runs_of_chance=2),
    DropCase("drop_block", ((3, 2, 5, 4),), (pixels(2, 3, 2, 5, 4),), runs_of_chance=2),
    DropCase("gaussian_dropout", ((5, 4),), (noise(2, 5, 4),), runs_of_chance=2),
    DropCase(
        "drop_connect", ((5, 4), (3, 4), (3,)), (mask(2, 3, 4),), (P2,), runs_of_chance=2
    ),
    DropCase(
        "dropped_rnn",
        ((5, 6, 3), *RNN),
        (mask(2, 5, 1, 3), mask(2, 5, 6, 4)),
        (P2, 0.4),
        runs_of_chance=2,
    ),
]  # fmt: skip


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _x(*shape: int) -> np.ndarray:
    return _rng(1).standard_normal(shape)


def _dropout(p: Any = 0.5, **kwargs: Any) -> room.Dropout:
    return room.Dropout(p, rng=_rng(), **kwargs)


def _linear(runs: int | None) -> Linear:
    return Linear(3, 2, rng=_rng(), runs=runs)


ERRORS = [
    ErrorCase("a mask that drops everything", lambda: room.draw_dropout_mask((3,), 1.0, _rng()), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("a mask that drops less than nothing", lambda: room.draw_dropout_mask((3,), -0.1, _rng()), ValueError, r"p must be in \[0, 1\); got -0\.1"),
    ErrorCase("a mask of nan", lambda: room.draw_dropout_mask((3,), np.nan, _rng()), ValueError, r"p must be in \[0, 1\); got nan"),
    ErrorCase("a mask by words", lambda: room.draw_dropout_mask((3,), "half", _rng()), TypeError, r"p must be a number"),
    ErrorCase("one mask for two runs", lambda: room.draw_dropout_mask((3,), P2, _rng()), ValueError, r"p must be a number; got ndarray.*Draw for one run after the other"),
    ErrorCase("a mask of half an entry", lambda: room.draw_dropout_mask((2.5,), 0.1, _rng()), TypeError, r"shape\[0\] must be an integer; got 2\.5"),
    ErrorCase("a mask drawn by a seed", lambda: room.draw_dropout_mask((3,), 0.1, 0), TypeError, r"rng must be a numpy\.random\.Generator; got 0"),
    ErrorCase("channels of features", lambda: room.draw_spatial_mask((5, 3), 0.1, _rng()), ValueError, r"shape must be of at least 4 axes; got"),
    ErrorCase("sequences of features", lambda: room.draw_sequence_mask((5, 3), 0.1, _rng()), ValueError, r"shape must be of at least 3 axes; got"),
    ErrorCase("noise without end", lambda: room.draw_gaussian_noise((5, 3), 1, _rng()), ValueError, r"p must be in \[0, 1\); got 1"),
    ErrorCase("blocks of features", lambda: room.draw_block_mask((5, 3), 0.1, 1, _rng()), ValueError, r"shape must be of at least 4 axes; got"),
    ErrorCase("blocks of nothing", lambda: room.draw_block_mask((1, 1, 5, 5), 0.1, 0, _rng()), ValueError, r"block_size must be >= 1; got 0"),
    ErrorCase("blocks of half a pixel", lambda: room.draw_block_mask((1, 1, 5, 5), 0.1, 0.5, _rng()), TypeError, r"block_size must be an integer; got 0\.5"),
    ErrorCase("blocks beyond the image", lambda: room.draw_block_mask((1, 1, 5, 3), 0.1, 4, _rng()), ValueError, r"block_size must be at most 3, the smaller side of the image; got 4"),
    ErrorCase("a rate of blocks beyond the image", lambda: room.block_rate(0.1, 4, (5, 3)), ValueError, r"block_size must be at most 3, the smaller side of the image; got 4"),
    ErrorCase("a rate of blocks that is none", lambda: room.block_rate(1.0, 2, (5, 3)), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("scaled by nothing kept", lambda: room.dropout(_x(5, 3), np.ones((5, 3), bool), 1.0), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("weights scaled by nothing kept", lambda: room.drop_connect(_x(5, 3), _x(2, 3), None, np.ones((2, 3), bool), 1), ValueError, r"p must be in \[0, 1\); got 1"),
    ErrorCase("a state dropped without a mask", lambda: room.dropped_rnn(_x(5, 2, 3), _x(4, 3), _x(4, 4), _x(4), p_h=0.5), ValueError, r"mask_h must be given where p_h is not 0; got None"),
    ErrorCase("dropout of everything", lambda: _dropout(1.0), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("dropout of runs that are not there", lambda: _dropout(P2), ValueError, r"p must be a number; got ndarray"),
    ErrorCase("dropout of other runs", lambda: _dropout(P2, runs=3), ValueError, r"p must be a number or an array \(3,\), one entry a run; got ndarray"),
    ErrorCase("dropout of one run that drops all", lambda: _dropout([0.5, 1.0], runs=2), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("dropout by a seed", lambda: room.Dropout(0.5, rng=0), TypeError, r"rng must be a numpy\.random\.Generator"),
    ErrorCase("dropout by two generators", lambda: room.Dropout(0.5, rng=[_rng(), _rng(1)]), ValueError, r"rng must be one generator"),
    ErrorCase("dropout of no runs", lambda: _dropout(runs=0), ValueError, r"runs must be >= 1; got 0"),
    ErrorCase("dropout of a list", lambda: _dropout().forward([[1.0]], True), TypeError, r"x must be an array of floats"),
    ErrorCase("dropout of whole numbers", lambda: _dropout().forward(np.ones((2, 3), int)), TypeError, r"x must be an array of floats"),
    ErrorCase("sequences that lack the runs", lambda: _dropout(runs=3).forward(_x(5, 4, 2), True), ValueError, r"x must be shaped \(n, d\) or \(3, \.\.\.\), one entry a run; got ndarray of float64 with shape \(5, 4, 2\)"),
    ErrorCase("they lack them in evaluation too", lambda: _dropout(runs=3).forward(_x(5, 4, 2)), ValueError, r"x must be shaped \(n, d\) or \(3, \.\.\.\)"),
    ErrorCase("channels of a batch of features", lambda: room.SpatialDropout(0.5, rng=_rng()).forward(_x(5, 4), True), ValueError, r"x must be shaped \(n, c, h, w\)"),
    ErrorCase("channels of other runs", lambda: room.SpatialDropout(0.5, rng=_rng(), runs=2).forward(_x(3, 5, 4, 2, 2), True), ValueError, r"x must be shaped \(n, c, h, w\) or \(2, n, c, h, w\), one entry a run"),
    ErrorCase("sequences of one place", lambda: room.SequenceDropout(0.5, rng=_rng()).forward(_x(5, 4), True), ValueError, r"x must be shaped \(n, t, d\)"),
    ErrorCase("a block larger than the image", lambda: room.DropBlock(0.5, 3, rng=_rng()).forward(_x(5, 4, 2, 2), True), ValueError, r"block_size must be at most 2, the smaller side of the image; got 3"),
    ErrorCase("a block of no size", lambda: room.DropBlock(0.5, 0, rng=_rng()), ValueError, r"block_size must be >= 1; got 0"),
    ErrorCase("connections of no inputs", lambda: room.DropConnect(0, 2, 0.5, rng=_rng()), ValueError, r"in_features must be >= 1; got 0"),
    ErrorCase("connections of other inputs", lambda: room.DropConnect(3, 2, 0.5, rng=_rng()).forward(_x(5, 4)), ValueError, r"x must be shaped \(n, 3\)"),
    ErrorCase("all connections", lambda: room.DropConnect(3, 2, 1.0, rng=_rng()), ValueError, r"p must be in \[0, 1\); got 1\.0"),
    ErrorCase("a network that reads nothing", lambda: room.DroppedRNN(3, 2, 1.0, rng=_rng()), ValueError, r"p_x must be in \[0, 1\); got 1\.0"),
    ErrorCase("a network that remembers nothing", lambda: room.DroppedRNN(3, 2, 0.5, -1, rng=_rng()), ValueError, r"p_h must be in \[0, 1\); got -1"),
    ErrorCase("a network that reads one place", lambda: room.DroppedRNN(3, 2, rng=_rng()).forward(_x(5, 3)), ValueError, r"x must be shaped \(n, t, 3\)"),
    ErrorCase("runs that the dropout lacks", lambda: Sequential(_linear(2), _dropout()), ValueError, r"layers must be alike in their number of runs"),
    ErrorCase("runs that only the dropout has", lambda: Sequential(_linear(None), ReLU(), _dropout(runs=2)), ValueError, r"layers must be alike in their number of runs"),
    ErrorCase("a vector of other runs", lambda: _dropout().bind(np.zeros((2, 0)), np.zeros((2, 0))), ValueError, r"runs must be None, one generator each; got 2\. Use rows\(runs\) or repeat\(runs\)"),
    ErrorCase("a network of one width", lambda: dropout_mlp([3], _rng()), ValueError, r"sizes must be at least two widths"),
    ErrorCase("a network that drops all its inputs", lambda: dropout_mlp([3, 2], _rng(), p_input=1.0), ValueError, r"p_input must be in \[0, 1\); got 1\.0"),
    ErrorCase("predictions without chance", lambda: room.mc_dropout_predict(Sequential(_linear(None)), _x(5, 3), 10), ValueError, r"model must be one with layers that drop, as Dropout; got 'Sequential'"),
    ErrorCase("predictions of no model", lambda: room.mc_dropout_predict(None, _x(5, 3), 10), TypeError, r"model must be a model or a layer"),
    ErrorCase("no predictions", lambda: room.mc_dropout_predict(_dropout(), _x(5, 3), 0), ValueError, r"samples must be >= 1; got 0"),
    ErrorCase("predictions as nobody knows", lambda: room.mc_dropout_predict(_dropout(), _x(5, 3), 2, "sofmax"), ValueError, r"transform must be one of 'softmax'; got 'sofmax'\. Did you mean 'softmax'"),
    ErrorCase("predictions as a number", lambda: room.mc_dropout_predict(_dropout(), _x(5, 3), 2, 1.0), TypeError, r"transform must be a function of the outputs, 'softmax' or None; got 1\.0"),
]  # fmt: skip
