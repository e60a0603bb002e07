"""What the doors of sharpness, cuts, symmetries, matching and the noise scale refuse."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch import landscape as room
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP, Residual, Sequential
from dlcourse.scratch.normalization import BatchNorm

W, W2 = np.ones(3), np.ones((2, 3))


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _square(theta: Any) -> Any:
    return (theta**2).sum(-1)


def _slope(theta: Any) -> Any:
    return 2 * theta


def _mlp(sizes: Any = (2, 3, 1), activation: str = "relu", runs: int | None = None) -> MLP:
    return MLP(list(sizes), _rng(), activation, runs=runs)


def _sharp(
    theta: Any = W, epsilon: Any = 0.1, loss: Any = _square, grad: Any = _slope, **kw: Any
) -> Any:
    return room.sharpness(loss, theta, epsilon, grad, kw.pop("rng", _rng()), **kw)


def _worst(rho: Any = 0.1, **kw: Any) -> Any:
    return room.worst_case_sharpness(_square, W, rho, _slope, _rng(), **kw)


def _average(rho: Any = 0.1, **kw: Any) -> Any:
    return room.average_case_sharpness(_square, W, rho, _rng(), **kw)


def _normed() -> Sequential:
    return Sequential(Linear(2, 3, rng=_rng()), BatchNorm(3), Linear(3, 1, rng=_rng()))


def _around() -> Sequential:
    return Sequential(Linear(2, 3, rng=_rng()), Residual(ReLU()), Linear(3, 1, rng=_rng()))


def _permuted(given: Any, model: Any = None, theta: Any = None) -> Any:
    model = _mlp() if model is None else model
    return room.permute_units(model, model.theta if theta is None else theta, given)


def _objective(**kw: Any) -> Any:
    model = kw.pop("model", _mlp())
    return room.Objective(model, kw.pop("loss", MSE()), np.ones((4, 2)), np.ones((4, 1)), **kw)


def _noise(sizes: Any = (1, 2), **kw: Any) -> Any:
    x, y = kw.pop("x", np.ones((4, 2))), np.ones((4, 1))
    return room.noise_of_batches(kw.pop("model", _mlp()), MSE(), x, y, sizes, _rng(), **kw)


ERRORS = [
    ErrorCase("the sharpness of a list", lambda: _sharp([1.0]), TypeError, r"theta must be an array of floats; got \[1\.0\]"),
    ErrorCase("the sharpness at whole numbers", lambda: _sharp(np.ones(3, int)), TypeError, r"theta must be an array of floats"),
    ErrorCase("the sharpness at half precision", lambda: _sharp(W.astype(np.float16)), TypeError, r"theta must be of float64 or float32"),
    ErrorCase("the sharpness at three axes", lambda: _sharp(np.ones((2, 3, 4))), ValueError, r"theta must be shaped \(d,\) or \(runs, d\), with d >= 1"),
    ErrorCase("the sharpness of nothing", lambda: _sharp(np.ones(0)), ValueError, r"theta must be shaped \(d,\) or \(runs, d\), with d >= 1"),
    ErrorCase("the sharpness after divergence", lambda: _sharp(W * np.nan), ValueError, r"theta must be finite; got nan"),
    ErrorCase("a box of no width", lambda: _sharp(epsilon=0), ValueError, r"epsilon must be finite and > 0; got 0"),
    ErrorCase("a box for each run", lambda: _sharp(epsilon=np.ones(2)), ValueError, r"epsilon must be a number, the same for all runs"),
    ErrorCase("sharpness of a number", lambda: _sharp(loss=1.0), TypeError, r"loss must be a function of theta; got 1\.0\. Objective"),
    ErrorCase("sharpness without a gradient", lambda: _sharp(grad=None), TypeError, r"loss_grad must be a function of theta; got None"),
    ErrorCase("a loss with an axis too many", lambda: _sharp(loss=_slope), ValueError, r"loss must be a function that gives one number a run, shaped \(\); got 'shape \(3,\)'"),
    ErrorCase("a gradient that is a loss", lambda: _sharp(grad=_square), ValueError, r"loss_grad must be a function that gives an array shaped \(3,\) as theta"),
    ErrorCase("a loss without a value", lambda: _sharp(loss=lambda w: np.float64(np.nan)), ValueError, r"loss must be finite wherever it is looked at; got nan\. Go less far"),
    ErrorCase("a search that does not start", lambda: _sharp(starts=0), ValueError, r"starts must be >= 1; got 0"),
    ErrorCase("a search that does not move", lambda: _sharp(steps=0), ValueError, r"steps must be >= 1; got 0"),
    ErrorCase("sharpness by a seed", lambda: _sharp(rng=0), TypeError, r"rng must be a numpy\.random\.Generator or a sequence"),
    ErrorCase("directions of other parameters", lambda: _sharp(directions=np.ones((4, 2))), ValueError, r"directions must be shaped \(3, p\); got ndarray"),
    ErrorCase("directions of other runs", lambda: _sharp(W2, directions=np.ones((5, 3, 2))), ValueError, r"directions must be shaped \(3, p\) or \(2, 3, p\)"),
    ErrorCase("a direction that is not finite", lambda: _sharp(directions=np.full((3, 1), np.inf)), ValueError, r"directions must be finite; got inf"),
    ErrorCase("a worst case at no distance", lambda: _worst(0.0), ValueError, r"rho must be finite and > 0; got 0"),
    ErrorCase("a worst case nobody knows", lambda: _worst(region="bal"), ValueError, r"region must be one of 'ball', 'box'; got 'bal'\. Did you mean 'ball'"),
    ErrorCase("an average at no distance", lambda: _average(-1), ValueError, r"rho must be finite and > 0; got -1"),
    ErrorCase("an average of one", lambda: _average(draws=1), ValueError, r"draws must be >= 2; got 1"),
    ErrorCase("an objective of no model", lambda: _objective(model=1), TypeError, r"model must be a model or a layer"),
    ErrorCase("an objective of no loss", lambda: _objective(loss=_square), TypeError, r"loss must be a loss, as MSE\(\)"),
    ErrorCase("an objective at other parameters", lambda: _objective()(W), ValueError, r"theta must be of 13 entries a run, as model\.theta"),
    ErrorCase("an objective at other runs", lambda: _objective(model=_mlp(runs=2))(np.ones((3, 13))), ValueError, r"theta must be shaped \(2, 13\), one row a run of the model"),
    ErrorCase("a line to another space", lambda: room.interpolate(_square, W, np.ones(4), [0, 1]), ValueError, r"theta_b must be shaped \(3,\) as theta_a"),
    ErrorCase("a line of no places", lambda: room.interpolate(_square, W, W, []), ValueError, r"alphas must be an array \(m,\) of at least one number"),
    ErrorCase("a line of words", lambda: room.interpolate(_square, W, W, ["a"]), TypeError, r"alphas must be a number or an array of numbers"),
    ErrorCase("a barrier without its ends", lambda: room.loss_barrier(np.ones(2), [0.1, 1]), ValueError, r"alphas must be increasing from 0 to 1; got \[0\.1, '\.\.\.', 1\.0\]"),
    ErrorCase("a barrier of other places", lambda: room.loss_barrier(np.ones(3), [0, 1]), ValueError, r"losses must be shaped \(2,\) or \(runs, 2\), one an alpha"),
    ErrorCase("a barrier of a list", lambda: room.loss_barrier([1.0, 2.0], [0, 1]), TypeError, r"losses must be an array of floats"),
    ErrorCase("a barrier above nobody knows", lambda: room.loss_barrier(np.ones(2), [0, 1], "means"), ValueError, r"ends must be one of 'line', 'mean'; got 'means'"),
    ErrorCase("a direction of no model", lambda: room.filter_normalized_direction(W, _rng()), TypeError, r"model must be a model or a layer"),
    ErrorCase("a line in another direction", lambda: room.loss_line(_square, W, W2, [0]), ValueError, r"direction must be shaped \(3,\) as theta"),
    ErrorCase("a plane of one direction", lambda: room.loss_plane(_square, W, W, [0], [0]), TypeError, r"directions must be a pair"),
    ErrorCase("a plane of no steps", lambda: room.loss_plane(_square, W, (W, W), [0], 1.0), ValueError, r"steps_b must be an array \(m,\) of at least one number"),
    ErrorCase("assigned by a list", lambda: room.linear_assignment([[1.0]]), TypeError, r"cost must be an array; got"),
    ErrorCase("more rows than columns", lambda: room.linear_assignment(np.ones((3, 2))), ValueError, r"cost must be square, shaped \(n, n\) or \(runs, n, n\).*Fill up"),
    ErrorCase("nobody is assigned", lambda: room.linear_assignment(np.ones((0, 0))), ValueError, r"cost must be square"),
    ErrorCase("a cost that is not known", lambda: room.linear_assignment(np.array([[np.nan]])), ValueError, r"cost must be finite; got nan\. What is forbidden"),
    ErrorCase("a cost of true and false", lambda: room.linear_assignment(np.ones((2, 2), bool)), TypeError, r"cost must be of numbers"),
    ErrorCase("units of no model", lambda: room.permute_units(None, W, []), TypeError, r"model must be a row of layers"),
    ErrorCase("units of a linear map", lambda: _permuted([], _mlp((2, 3))), ValueError, r"model must be one with a hidden layer; got '1 layers with weights'"),
    ErrorCase("units of a norm", lambda: _permuted([None], _normed()), ValueError, r"model must be a row of Linear, Conv2d.*; got 'BatchNorm'"),
    ErrorCase("units that something goes around", lambda: _permuted([None], _around()), ValueError, r"model must be a row of .*; got 'Residual'"),
    ErrorCase("units of other parameters", lambda: _permuted([None], theta=W), ValueError, r"theta must be of 13 entries a run"),
    ErrorCase("a permutation too few", lambda: _permuted([]), ValueError, r"permutations must be a list of 1, one a hidden layer; got 0"),
    ErrorCase("a permutation without its list", lambda: _permuted(np.arange(3)), ValueError, r"permutations must be a list of 1, one a hidden layer; got ndarray"),
    ErrorCase("a unit twice", lambda: _permuted([[0, 1, 1]]), ValueError, r"permutations\[0\] must be a permutation of 0 \.\. 2; got \[0, 1, 1\]"),
    ErrorCase("half a unit", lambda: _permuted([[0.0, 1.0, 2.5]]), TypeError, r"permutations\[0\] must be integers"),
    ErrorCase("permutations of other runs", lambda: _permuted([np.tile(np.arange(3), (4, 1))], _mlp(runs=2)), ValueError, r"permutations\[0\] must be shaped \(3,\) or \(2, 3\)"),
    ErrorCase("a ReLU turned around", lambda: room.flip_signs(_mlp(), _mlp().theta, [[1, -1, 1]]), ValueError, r"model must be a row of Linear, Conv2d, Tanh.*; got 'ReLU'.*keep the signs apart"),
    ErrorCase("half turned around", lambda: room.flip_signs(_mlp(activation="tanh"), _mlp().theta, [[1, 0.5, 1]]), ValueError, r"signs\[0\] must be of 1 and -1; got 0\.5"),
    ErrorCase("a tanh rescaled", lambda: room.rescale_units(_mlp(activation="tanh"), _mlp().theta, [[1, 2, 1]]), ValueError, r"model must be a row of .*; got 'Tanh'.*keep the factors apart"),
    ErrorCase("a ReLU rescaled by less than nothing", lambda: room.rescale_units(_mlp(), _mlp().theta, [[1, -2, 1]]), ValueError, r"factors\[0\] must be > 0; got -2\.0\. max"),
    ErrorCase("factors of other units", lambda: room.rescale_units(_mlp(), _mlp().theta, [[1, 2]]), ValueError, r"factors\[0\] must be shaped \(3,\)"),
    ErrorCase("matched with a wider one", lambda: room.match_units(_mlp(), _mlp((2, 4, 1)), _rng()), ValueError, r"model_b must be of the same layers as model_a"),
    ErrorCase("matched with another activation", lambda: room.match_units(_mlp(), _mlp(activation="tanh"), _rng()), ValueError, r"model_b must be of the same layers as model_a"),
    ErrorCase("matched with other runs", lambda: room.match_units(_mlp(), _mlp(runs=2), _rng()), ValueError, r"model_b must be of None runs as model_a; got 2"),
    ErrorCase("matched with nothing", lambda: room.match_units(_mlp(), None, _rng()), TypeError, r"model_b must be a row of layers"),
    ErrorCase("matched by no sweep", lambda: room.match_units(_mlp(), _mlp(), _rng(), 0), ValueError, r"max_sweeps must be >= 1; got 0"),
    ErrorCase("matched by a seed", lambda: room.match_units(_mlp(), _mlp(), 0), TypeError, r"rng must be a numpy\.random\.Generator or a sequence"),
    ErrorCase("matched on a list", lambda: room.match_activations(_mlp(), _mlp(), [[1.0, 2.0]]), TypeError, r"x must be an array"),
    ErrorCase("batches of one size", lambda: room.noise_scale(1.0, 1.0, (4, 4)), ValueError, r"batch_sizes must be \(small, big\) with small < big; got \(4, 4\)"),
    ErrorCase("a batch of nothing", lambda: room.noise_scale(1.0, 1.0, (0, 4)), ValueError, r"batch_sizes\[0\] must be >= 1; got 0"),
    ErrorCase("a batch of half a sample", lambda: room.noise_scale(1.0, 1.0, (1, 1.5)), TypeError, r"batch_sizes\[1\] must be an integer; got 1\.5"),
    ErrorCase("a length below zero", lambda: room.noise_scale(-1.0, 1.0, (1, 4)), ValueError, r"small must be finite and >= 0; got -1"),
    ErrorCase("no batches", lambda: _noise(draws=0), ValueError, r"draws must be >= 1; got 0"),
    ErrorCase("batches of unlike data", lambda: _noise(x=np.ones((5, 2))), ValueError, r"x, y must be as many targets as samples, at least one; got \(5, 4\)"),
    ErrorCase("batches of no model", lambda: _noise(model=None), TypeError, r"model must be a model or a layer"),
]  # fmt: skip
