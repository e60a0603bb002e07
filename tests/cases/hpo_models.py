"""What Gaussian processes, acquisition functions and the searches that use them refuse."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch.hpo import Categorical, Float
from dlcourse.scratch.hpo import acquisition as acq
from dlcourse.scratch.hpo import gaussian_process as room
from dlcourse.scratch.hpo.gp_search import GPSearch
from dlcourse.scratch.hpo.kernels import RBF, Matern52, matern52
from dlcourse.scratch.hpo.tpe import TPESearch

X, Y = np.zeros((2, 1)), np.zeros(2)
GP = room.GaussianProcess(Matern52(), 0.1)
GP_ERRORS = [
    ErrorCase(
        "a length scale of 0",
        lambda: Matern52(0.0),
        ValueError,
        r"length_scale must be finite and > 0; got 0\.0",
    ),
    ErrorCase(
        "a negative length scale among several",
        lambda: RBF([1.0, -1.0]),
        ValueError,
        r"length_scale must be finite and > 0; got -1",
    ),
    ErrorCase(
        "a matrix of length scales",
        lambda: RBF(np.ones((2, 2))),
        ValueError,
        r"length_scale must be a number or an array \(d,\)",
    ),
    ErrorCase(
        "no variance", lambda: RBF(1.0, 0.0), ValueError, r"variance must be finite and > 0; got 0"
    ),
    ErrorCase(
        "length scales of other columns",
        lambda: Matern52([1.0, 2.0])(X),
        ValueError,
        r"length_scale must be 1 numbers, one a column",
    ),
    ErrorCase(
        "a kernel that is a function",
        lambda: room.GaussianProcess(matern52, 0.1),
        TypeError,
        r"kernel must be a kernel, as Matern52\(\)",
    ),
    ErrorCase(
        "negative noise",
        lambda: room.GaussianProcess(Matern52(), -1.0),
        ValueError,
        r"noise must be finite and >= 0; got -1",
    ),
    ErrorCase(
        "points in a row",
        lambda: GP.fit(Y, Y),
        ValueError,
        r"X must be shaped \(n, d\).*x\[:, None\]",
    ),
    ErrorCase(
        "no points",
        lambda: GP.fit(np.zeros((0, 1)), []),
        ValueError,
        r"X must be shaped \(n, d\), with at least one row",
    ),
    ErrorCase(
        "more values than points",
        lambda: GP.fit(X, np.zeros(3)),
        ValueError,
        r"y must be shaped \(2,\), one value a row of X",
    ),
    ErrorCase(
        "a value that is nan",
        lambda: GP.fit(X, [0.0, np.nan]),
        ValueError,
        r"y must be finite; got nan",
    ),
    ErrorCase(
        "a point at infinity",
        lambda: GP.fit([[np.inf], [0.0]], Y),
        ValueError,
        r"X must be finite; got inf",
    ),
    ErrorCase(
        "a prediction before anything was seen",
        lambda: room.GaussianProcess(RBF(), 0.1).predict(X),
        RuntimeError,
        r"must be fitted before it predicts\. Call fit",
    ),
    ErrorCase(
        "a prediction in other columns",
        lambda: room.GaussianProcess(RBF(), 0.1).fit(X, Y).predict(np.zeros((1, 2))),
        ValueError,
        r"Xs must be shaped \(n, 1\)",
    ),
    ErrorCase(
        "a fit without noise",
        lambda: room.fit_hyperparameters(RBF(), 0.0, X, Y),
        ValueError,
        r"noise must be finite and > 0",
    ),
    ErrorCase(
        "a fit without steps",
        lambda: room.fit_hyperparameters(RBF(), 0.1, X, Y, steps=0),
        ValueError,
        r"steps must be >= 1",
    ),
    ErrorCase(
        "a prior without width",
        lambda: room.Prior(noise=(0.0, 0.0)),
        ValueError,
        r"noise\[1\] must be finite and > 0",
    ),
    ErrorCase(
        "a prior that is a number",
        lambda: room.Prior(variance=1.0),
        TypeError,
        r"variance must be a pair",
    ),
    ErrorCase(
        "a covariance that is none",
        lambda: room.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]])),
        ValueError,
        r"covariance must be positive definite.*raise noise",
    ),
]

ACQUISITION_ERRORS = [
    ErrorCase(
        "a negative deviation",
        lambda: acq.expected_improvement(0.0, -1.0, 0.0),
        ValueError,
        r"std must be finite and >= 0; got -1",
    ),
    ErrorCase(
        "a mean that is nan",
        lambda: acq.log_expected_improvement([0.0, np.nan], 1.0, 0.0),
        ValueError,
        r"mean must be finite; got nan",
    ),
    ErrorCase(
        "a best value at infinity",
        lambda: acq.expected_improvement(0.0, 1.0, np.inf),
        ValueError,
        r"best must be finite; got inf",
    ),
    ErrorCase(
        "means and deviations of other points",
        lambda: acq.expected_improvement(np.zeros(2), np.ones(3), 0.0),
        ValueError,
        r"mean, std and best must be of shapes that broadcast",
    ),
    ErrorCase(
        "a mean in words",
        lambda: acq.upper_confidence_bound("low", 1.0),
        TypeError,
        r"mean must be a number or an array",
    ),
    ErrorCase(
        "a negative kappa",
        lambda: acq.upper_confidence_bound(0.0, 1.0, -1.0),
        ValueError,
        r"kappa must be finite and >= 0; got -1",
    ),
    ErrorCase(
        "a covariance of other points",
        lambda: acq.thompson_sample([0.0, 1.0], np.eye(3), np.random.default_rng(0)),
        ValueError,
        r"covariance must be shaped \(2, 2\), as mean has it",
    ),
    ErrorCase(
        "a draw from no generator",
        lambda: acq.thompson_sample([0.0], np.eye(1), 0),
        TypeError,
        r"rng must be a numpy.random.Generator",
    ),
]

SPACE: dict[str, Any] = {"x": Float(0, 1), "kind": Categorical(["a", "b"])}


def _gp(**told: Any) -> GPSearch:
    return GPSearch(SPACE, np.random.default_rng(0), **told)


def _tpe(**told: Any) -> TPESearch:
    return TPESearch(SPACE, np.random.default_rng(0), **told)


def _all_good() -> None:
    search = _tpe(n_startup=1, gamma=lambda n: 0)
    search.tell(search.ask(), 1.0)
    search.ask()


GP_SEARCH_ERRORS = [
    ErrorCase(
        "an acquisition nearly known",
        lambda: _gp(acquisition="logei"),
        ValueError,
        r"acquisition must be one of 'ei', 'ucb', 'log_ei', 'thompson'; got 'logei'\. Did you mean 'log_ei'",
    ),
    ErrorCase(
        "a search without a start",
        lambda: _gp(n_startup=0),
        ValueError,
        r"n_startup must be >= 1; got 0",
    ),
    ErrorCase(
        "half a trial to start with",
        lambda: _gp(n_startup=2.5),
        TypeError,
        r"n_startup must be an integer",
    ),
    ErrorCase(
        "a search with a negative kappa",
        lambda: _gp(kappa=-1.0),
        ValueError,
        r"kappa must be finite and >= 0",
    ),
    ErrorCase(
        "a model of one trial", lambda: _gp(limit=1), ValueError, r"limit must be >= 2; got 1"
    ),
    ErrorCase(
        "a search without chance",
        lambda: GPSearch(SPACE, None),
        TypeError,
        r"rng must be a numpy.random.Generator",
    ),
    ErrorCase(
        "a search of nothing",
        lambda: GPSearch({}, np.random.default_rng(0)),
        ValueError,
        r"space must be not empty",
    ),
]

TPE_ERRORS = [
    ErrorCase(
        "TPE without a start",
        lambda: _tpe(n_startup=0),
        ValueError,
        r"n_startup must be >= 1; got 0",
    ),
    ErrorCase(
        "TPE without candidates",
        lambda: _tpe(n_candidates=0),
        ValueError,
        r"n_candidates must be >= 1; got 0",
    ),
    ErrorCase(
        "a share instead of a function",
        lambda: _tpe(gamma=0.25),
        TypeError,
        r"gamma must be a function n -> how many are good; got 0\.25",
    ),
    ErrorCase(
        "a gamma that finds none good", _all_good, ValueError, r"gamma\(n\) must be >= 1; got 0"
    ),
    ErrorCase(
        "TPE without chance",
        lambda: TPESearch(SPACE, 3),
        TypeError,
        r"rng must be a numpy.random.Generator",
    ),
]
