"""Initializers, in both rooms: calls that must fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.reference import initialization as twin
from dlcourse.reference import models as twin_models
from dlcourse.scratch import initialization, models


class Room(NamedTuple):
    init: Any
    models: Any

    def mlp(self, *sizes: int, **kwargs: Any) -> Any:
        return self.models.MLP(sizes, _rng(), **kwargs)


ROOMS = {"scratch": Room(initialization, models), "twin": Room(twin, twin_models)}


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _ragged(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return np.full(shape, np.nan if shape == (2, 4) else 1.0)


# A name, a call in one of the rooms, the kind of error and its sentence.
ROWS: list[tuple[str, Callable[[Room], Any], type[Exception], str]] = [
    # shapes
    ("fans of a bias", lambda r: r.init.fan_in_and_fan_out((5,)), ValueError, r"shape must be of at least 2 axes, as \(out, in\); got \(5,\)\."),
    ("fans of a number", lambda r: r.init.fan_in_and_fan_out(5), TypeError, r"shape must be a tuple of integers, as \(out, in\); got 5\."),
    ("fans of an array", lambda r: r.init.fan_in_and_fan_out(np.ones((2, 3))), TypeError, r"shape must be a tuple of integers.*; got ndarray"),
    ("half a unit", lambda r: r.init.fan_in_and_fan_out((2, 2.5)), TypeError, r"shape\[1\] must be an integer; got 2\.5"),
    ("no inputs", lambda r: r.init.kaiming_normal((3, 0), _rng()), ValueError, r"shape\[1\] must be >= 1; got 0"),
    ("an empty kernel", lambda r: r.init.orthogonal((3, 2, 0, 3), _rng()), ValueError, r"shape\[2\] must be >= 1; got 0"),
    ("an empty normal", lambda r: r.init.normal((0,), _rng()), ValueError, r"shape\[0\] must be >= 1; got 0"),
    ("zeros of a negative length", lambda r: r.init.zeros((-1, 2)), ValueError, r"shape\[0\] must be >= 1; got -1"),
    ("Xavier for a bias", lambda r: r.init.xavier_uniform((3,), _rng()), ValueError, r"shape must be of at least 2 axes"),
    ("an orthogonal bias", lambda r: r.init.orthogonal((3,), _rng()), ValueError, r"shape must be of at least 2 axes"),
    ("identity of a bias", lambda r: r.init.identity((3,)), ValueError, r"shape must be of at least 2 axes"),
    ("identity in six axes", lambda r: r.init.identity((1,) * 6), ValueError, r"shape must be of at most 5 axes, as \(out, in, \*kernel\); got \(1, 1, 1, 1, 1, 1\)"),
    # numbers
    ("a gain of nan", lambda r: r.init.xavier_normal((3, 2), _rng(), gain=np.nan), ValueError, "gain must be finite and > 0; got nan"),
    ("a gain of 0", lambda r: r.init.xavier_uniform((3, 2), _rng(), gain=0.0), ValueError, r"gain must be finite and > 0; got 0\.0"),
    ("a negative gain", lambda r: r.init.orthogonal((3, 2), _rng(), gain=-1.0), ValueError, r"gain must be finite and > 0; got -1\.0"),
    ("a gain for each run", lambda r: r.init.xavier_std((3, 2), gain=np.ones(2)), ValueError, "gain must be a number, the same for all runs"),
    ("a gain by name", lambda r: r.init.xavier_normal((3, 2), _rng(), gain="relu"), TypeError, "gain must be a number"),
    ("a negative std", lambda r: r.init.normal((3, 2), _rng(), std=-0.1), ValueError, r"std must be finite and >= 0; got -0\.1"),
    ("an infinite mean", lambda r: r.init.normal((3, 2), _rng(), mean=np.inf), ValueError, "mean must be finite; got inf"),
    ("no std to cut", lambda r: r.init.truncated_normal((3, 2), _rng(), std=0.0), ValueError, r"std must be finite and > 0; got 0\.0"),
    ("bounds the wrong way round", lambda r: r.init.truncated_normal((3, 2), _rng(), a=2.0, b=-2.0), ValueError, r"a must be < b, -2; got 2\.0"),
    ("bounds that meet", lambda r: r.init.uniform((3, 2), _rng(), a=1.0, b=1.0), ValueError, r"a must be < b, 1; got 1\.0"),
    ("one bound for two", lambda r: r.init.uniform((3, 2), _rng(), 1.5), ValueError, r"a must be < b, 1; got 1\.5"),
    ("bounds too far apart", lambda r: r.init.uniform((3, 2), _rng(), a=-1e308, b=1e308), ValueError, r"b must be less than 1\.8e308 above a"),
    ("an open end", lambda r: r.init.truncated_normal((3, 2), _rng(), b=np.inf), ValueError, "b must be finite; got inf"),
    ("bounds out of sight", lambda r: r.init.truncated_normal((3, 2), _rng(), mean=3.0, std=1e-7), ValueError, r"mean must be less than a million std from \[a, b\]; got 3\.0"),
    ("a constant of nan", lambda r: r.init.constant((3, 2), np.nan), ValueError, "val must be finite; got nan"),
    ("a bound for a negative std", lambda r: r.init.uniform_bound(-1.0), ValueError, r"std must be finite and >= 0; got -1\.0"),
    # nonlinearities
    ("an unknown nonlinearity", lambda r: r.init.calculate_gain("rellu"), ValueError, "nonlinearity must be one of 'linear', .*; got 'rellu'. Did you mean 'relu'?"),
    ("He for gelu", lambda r: r.init.kaiming_normal((3, 2), _rng(), nonlinearity="gelu"), ValueError, "nonlinearity must be one of .*; got 'gelu'"),
    ("a slope of nan", lambda r: r.init.calculate_gain("leaky_relu", np.nan), ValueError, "param must be finite; got nan"),
    ("a slope of True", lambda r: r.init.calculate_gain("leaky_relu", True), TypeError, "param must be a number"),
    ("a slope of a ReLU", lambda r: r.init.calculate_gain("relu", 0.1), ValueError, r"param must be None where the nonlinearity is 'relu'; got 0\.1\. Only a leaky"),
    ("a slope of 0 of a tanh", lambda r: r.init.calculate_gain("tanh", 0.0), ValueError, "param must be None where the nonlinearity is 'tanh'"),
    ("He with a slope of nan", lambda r: r.init.kaiming_uniform((3, 2), _rng(), a=np.nan), ValueError, "a must be finite; got nan"),
    ("He with no slope", lambda r: r.init.kaiming_std((3, 2), a=None), TypeError, "a must be a number"),
    ("He with a slope for a ReLU", lambda r: r.init.kaiming_normal((3, 2), _rng(), a=0.1, nonlinearity="relu"), ValueError, r"a must be 0 where the nonlinearity is 'relu'; got 0\.1"),
    ("an unknown mode", lambda r: r.init.kaiming_normal((3, 2), _rng(), mode="fan_avg"), ValueError, "mode must be one of 'fan_in', 'fan_out'; got 'fan_avg'"),
    # chance
    ("a seed to draw by", lambda r: r.init.kaiming_normal((3, 2), 0), TypeError, r"rng must be a numpy\.random\.Generator.*got 0"),
    ("generators for other runs", lambda r: r.init.normal((3, 2), [_rng()] * 2, runs=3), ValueError, "rng must be one generator or 3 of them"),
    ("a value for a generator", lambda r: r.init.identity((3, 2), 0.5), TypeError, "rng must be a numpy"),
    ("integer draws", lambda r: r.init.uniform((3, 2), _rng(), dtype=int), ValueError, "dtype must be float64 or float32; got 'int64'"),
    ("integer zeros", lambda r: r.init.zeros((3, 2), dtype=int), ValueError, "dtype must be float64 or float32"),
    # models
    ("an init by name", lambda r: r.mlp(3, 2, init="xavier"), TypeError, "init must be a function of shape and rng, as kaiming_normal; got 'xavier'"),
    ("weights for an init", lambda r: r.mlp(3, 2, init=np.ones((2, 3))), TypeError, "init must be a function of shape and rng"),
    ("an init without rng", lambda r: r.mlp(3, 2, init=lambda shape: np.zeros(shape)), TypeError, "init must be a function of shape and rng"),
    ("an init without its value", lambda r: r.mlp(3, 2, init=r.init.constant), TypeError, "init must be a function of shape and rng"),
    ("an init of nothing", lambda r: r.mlp(3, 2, init=lambda shape, rng: None), TypeError, "init must be a function that gives an array of numbers; got None"),
    ("an init of another shape", lambda r: r.mlp(3, 2, init=lambda shape, rng: np.ones(shape[::-1])), ValueError, r"init must be a function that gives an array shaped \(2, 3\); got .*\(3, 2\)"),
    ("an init of nan", lambda r: r.mlp(3, 4, 2, init=_ragged), ValueError, "init must be a function that gives finite numbers; got nan"),
    ("redrawing a vector", lambda r: r.init.initialize(np.ones(3), r.init.normal, _rng()), TypeError, r"model must be a model or a layer, as MLP.*; got ndarray"),
    ("redrawing by a seed", lambda r: r.init.initialize(r.mlp(3, 2), r.init.normal, 1), TypeError, "rng must be a numpy"),
    ("redrawing by nothing", lambda r: r.init.initialize(r.mlp(3, 2), None, _rng()), TypeError, "init must be a function of shape and rng"),
    ("a donor that is none", lambda r: r.init.transfer(r.mlp(3, 2), {"0.weight": 1}), TypeError, "donor must be a model or a layer"),
    ("a receiver that is none", lambda r: r.init.transfer(None, r.mlp(3, 2)), TypeError, "model must be a model or a layer"),
    ("a donor of other outputs", lambda r: r.init.transfer(r.mlp(3, 4, 2), r.mlp(3, 4, 5)), ValueError, r"donor must be a model whose 2\.weight is shaped \(2, 4\); got \(5, 4\)\. Say what to copy: names=\['0\.weight', '0\.bias'\]\."),
    ("a shallower donor", lambda r: r.init.transfer(r.mlp(3, 4, 2), r.mlp(3, 4)), ValueError, r"donor must be a model whose 2\.weight is shaped \(2, 4\); got 'none'\. Say what"),
    ("a donor of other inputs", lambda r: r.init.transfer(r.mlp(3, 4), r.mlp(5, 6)), ValueError, r"donor must be a model whose 0\.weight is shaped \(4, 3\); got \(6, 5\)\.$"),
    ("a name misspelt", lambda r: r.init.transfer(r.mlp(3, 4), r.mlp(3, 4), ["0.wieght"]), ValueError, r"names must be one of '0\.weight', '0\.bias'; got '0\.wieght'\. Did you mean '0\.weight'"),
    ("a name for names", lambda r: r.init.transfer(r.mlp(3, 4), r.mlp(3, 4), "0.weight"), TypeError, r"names must be a sequence of names; got '0\.weight'"),
    ("a donor of other runs", lambda r: r.init.transfer(r.mlp(3, 4, runs=2), r.mlp(3, 4, runs=3)), ValueError, "donor must be of 2 runs as model, or of one; got 3. Take one"),
    ("a donor of runs for one", lambda r: r.init.transfer(r.mlp(3, 4), r.mlp(3, 4, runs=3)), ValueError, "donor must be of 1 runs as model, or of one; got 3"),
]  # fmt: skip

ERRORS = [
    ErrorCase(f"{name}, {place}", partial(call, room), error, message)
    for name, call, error, message in ROWS
    for place, room in ROOMS.items()
]
