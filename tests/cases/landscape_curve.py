"""What the room of the landscape refuses: points, directions, operators, and layers without a rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch import landscape as room
from dlcourse.scratch import layers, losses, models, normalization, regularization

THETA = np.array([1.0, 2.0])
X, Y = np.ones((4, 2)), np.array([0, 1, 0, 1])


def _net() -> models.MLP:
    return models.MLP([2, 3, 2], np.random.default_rng(0), "tanh")


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _same(v: Any) -> Any:
    return v


def _hvp(**how: Any) -> Any:
    plan: dict[str, Any] = {"loss_grad": _same, "theta": THETA, "v": THETA}
    return room.hessian_vector_product(**(plan | how))


def _exact(model: Any = None, loss: Any = None, **how: Any) -> Any:
    return room.ExactHessian(
        _net() if model is None else model, loss or losses.SoftmaxCrossEntropy(), X, Y, **how
    )


def _normed() -> models.Sequential:
    return models.Sequential(layers.Linear(2, 2, rng=_rng()), normalization.BatchNorm(2))


class _Squared(layers.Tanh):
    """Inherits the name of a rule, and may compute anything."""


def _odd() -> models.Sequential:
    return models.Sequential(layers.Linear(2, 2, rng=_rng()), _Squared())


def _top(**how: Any) -> Any:
    plan: dict[str, Any] = {"hvp": _same, "dim": 5, "k": 1, "rng": _rng()}
    return room.top_eigenvalues(**(plan | how))


def _density(**how: Any) -> Any:
    plan: dict[str, Any] = {"hvp": _same, "dim": 5, "rng": _rng(), "n_steps": 3}
    return room.spectral_density(**(plan | how))


def _trace(**how: Any) -> Any:
    plan: dict[str, Any] = {"hvp": _same, "dim": 5, "rng": _rng()}
    return room.hessian_trace(**(plan | how))


def _find(**how: Any) -> Any:
    plan: dict[str, Any] = {"loss_grad": _same, "hvp": None, "theta": THETA}
    return room.find_critical_point(**(plan | how))


ERRORS = [
    ErrorCase("landscape: loss_grad", lambda: _hvp(loss_grad=3), TypeError, r"^loss_grad must be a function; got 3\.$"),
    ErrorCase("landscape: theta a list", lambda: _hvp(theta=[1.0]), TypeError, r"^theta must be an array of floats; got \[1\.0\]\.$"),
    ErrorCase("landscape: theta integers", lambda: _hvp(theta=np.array([1])), TypeError, r"^theta must be an array of floats; got "),
    ErrorCase("landscape: theta of three axes", lambda: _hvp(theta=np.ones((1, 1, 1))), ValueError, r"^theta must be shaped \(d,\) or \(runs, d\); got "),
    ErrorCase("landscape: theta empty", lambda: _hvp(theta=np.ones(0)), ValueError, r"^theta must be shaped \(d,\) or \(runs, d\); got "),
    ErrorCase("landscape: theta nan", lambda: _hvp(theta=np.array([1.0, np.nan])), ValueError, r"^theta must be finite; got nan\.$"),
    ErrorCase("landscape: v of another shape", lambda: _hvp(v=np.ones(3)), ValueError, r"^v must be shaped \(2,\) as theta; got "),
    ErrorCase("landscape: v infinite", lambda: _hvp(v=np.array([np.inf, 0.0])), ValueError, r"^v must be finite; got inf\.$"),
    ErrorCase("landscape: reach 0", lambda: _hvp(reach=0.0), ValueError, r"^reach must be > 0; got 0\.0\.$"),
    ErrorCase("landscape: reach below 0", lambda: _hvp(reach=-1.0), ValueError, r"^reach must be finite and >= 0; got -1\.0\.$"),
    ErrorCase("landscape: reach a row", lambda: _hvp(reach=np.ones(2)), ValueError, r"^reach must be a number or an array \(runs, 1\), one entry a run; got "),
    ErrorCase("landscape: gradient of another shape", lambda: _hvp(loss_grad=lambda t: t[:1]), ValueError, r"^loss_grad must be a function that gives what is shaped \(2,\) for \(2,\); got "),
    ErrorCase("landscape: gradient a pair", lambda: _hvp(loss_grad=lambda t: (1.0, t)), TypeError, r"^loss_grad must be a function that gives an array of floats; got \(1\.0, "),
    ErrorCase("landscape: gradient nan", lambda: _hvp(loss_grad=lambda t: t * np.nan), ValueError, r"^loss_grad must be a function that gives finite numbers; got nan\.$"),
    ErrorCase("landscape: hessian too large", lambda: room.hessian(_same, np.ones(4001)), ValueError, r"^dim must be <= 4000 for a whole Hessian; got 4001\. Ask for top_eigenvalues"),
    ErrorCase("landscape: products too many", lambda: room.hessian_from_products(_same, 4001), ValueError, r"^dim must be <= 4000 for a whole Hessian; got 4001\."),
    ErrorCase("landscape: products of nothing", lambda: room.hessian_from_products(_same, 0), ValueError, r"^dim must be >= 1; got 0\.$"),
    ErrorCase("landscape: products of runs", lambda: room.hessian_from_products(_same, 2, 0), ValueError, r"^runs must be >= 1; got 0\.$"),
    ErrorCase("landscape: parameters of a model", lambda: room.loss_gradient(_net(), losses.MSE(), X, Y)(THETA), ValueError, r"^theta must be of 17 parameters, as the model; got "),
    ErrorCase("landscape: exact, no model", lambda: _exact(layers.Tanh()), TypeError, r"^model must be a model or a layer, as MLP"),
    ErrorCase("landscape: exact, layer", lambda: _exact(_normed()), ValueError, r"^model must be of layers with an exact rule \(ReLU, .*MaxPool2d\); got 'BatchNorm'\. Use hessian_vector_product, which needs gradients alone\.$"),
    ErrorCase("landscape: exact, inherited layer", lambda: _exact(_odd()), ValueError, r"got '_Squared'\. Use hessian_vector_product"),
    ErrorCase("landscape: exact, loss", lambda: _exact(loss=regularization.SmoothedCrossEntropy(0.1)), ValueError, r"^loss must be one with an exact rule \(MSE, SoftmaxCrossEntropy, SequenceCrossEntropy\); got 'SmoothedCrossEntropy'\. Use hessian_vector_product"),
    ErrorCase("landscape: exact, direction", lambda: _exact()(THETA), ValueError, r"^v must be shaped \(17,\) as theta; got "),
    ErrorCase("landscape: top, hvp", lambda: _top(hvp=np.eye(5)), TypeError, r"^hvp must be a function; got ndarray"),
    ErrorCase("landscape: top, product nan", lambda: _top(hvp=lambda v: v / 0 * 0 if v.ndim > 1 else v * np.nan), ValueError, r"^hvp must be a function that gives finite numbers; got nan\.$"),
    ErrorCase("landscape: top, product shape", lambda: _top(hvp=lambda v: v[:2]), ValueError, r"^hvp must be a function that gives what is shaped \(5,\) for \(5,\); got "),
    ErrorCase("landscape: top, k 0", lambda: _top(k=0), ValueError, r"^k must be >= 1; got 0\.$"),
    ErrorCase("landscape: top, k too large", lambda: _top(k=6), ValueError, r"^k must be <= 5 of 5 eigenvalues; got 6\.$"),
    ErrorCase("landscape: top, k of both ends", lambda: _top(k=3, which="both"), ValueError, r"^k must be <= 2 of 5 eigenvalues, 3 of each end; got 3\.$"),
    ErrorCase("landscape: top, which", lambda: _top(which="large"), ValueError, r"^which must be one of 'largest', 'smallest', 'both'; got 'large'\. Did you mean 'largest'\?$"),
    ErrorCase("landscape: top, steps", lambda: _top(k=3, max_steps=2), ValueError, r"^max_steps must be >= 3, the eigenvalues asked for; got 2\.$"),
    ErrorCase("landscape: top, tol", lambda: _top(tol=-1.0), ValueError, r"^tol must be finite and >= 0; got -1\.0\.$"),
    ErrorCase("landscape: top, rng", lambda: _top(rng=0), TypeError, r"^rng must be a numpy\.random\.Generator or a sequence of them"),
    ErrorCase("landscape: top, runs of rngs", lambda: _top(rng=[_rng()], runs=2), ValueError, r"^rng must be one generator or 2 of them, one a run; got 1\.$"),
    ErrorCase("landscape: density, probes", lambda: _density(n_probes=0), ValueError, r"^n_probes must be >= 1; got 0\.$"),
    ErrorCase("landscape: density, steps", lambda: _density(n_steps=0.5), TypeError, r"^n_steps must be an integer; got 0\.5\.$"),
    ErrorCase("landscape: density, dim", lambda: _density(dim=0), ValueError, r"^dim must be >= 1; got 0\.$"),
    ErrorCase("landscape: density, moment", lambda: _density().moment(-1), ValueError, r"^power must be >= 0; got -1\.$"),
    ErrorCase("landscape: density, grid", lambda: _density().at(1.0, 0.1), ValueError, r"^grid must be shaped \(g,\); got "),
    ErrorCase("landscape: density, sigma", lambda: _density().at([1.0], 0.0), ValueError, r"^sigma must be finite and > 0; got 0\.0\.$"),
    ErrorCase("landscape: density, one node", lambda: room.spectral_density(lambda v: 0 * v, 5, _rng()).at([1.0]), ValueError, r"^sigma must be given where all nodes are one; got None\. Pass sigma=0\.01\.$"),
    ErrorCase("landscape: trace, probes", lambda: _trace(n_probes=1), ValueError, r"^n_probes must be >= 2; got 1\.$"),
    ErrorCase("landscape: classify a row", lambda: room.classify_critical_point(np.ones(3)), ValueError, r"^hessian must be shaped \(d, d\) or \(runs, d, d\); got .*\. Of eigenvalues ask classify_eigenvalues\.$"),
    ErrorCase("landscape: classify no square", lambda: room.classify_critical_point(np.ones((2, 3))), ValueError, r"^hessian must be shaped \(d, d\) or \(runs, d, d\); got "),
    ErrorCase("landscape: classify nan", lambda: room.classify_critical_point(np.full((2, 2), np.nan)), ValueError, r"^hessian must be finite; got nan\.$"),
    ErrorCase("landscape: inertia tol", lambda: room.inertia(THETA, -1.0), ValueError, r"^tol must be finite and >= 0; got -1\.0\.$"),
    ErrorCase("landscape: find, loss_grad", lambda: _find(loss_grad=None), TypeError, r"^loss_grad must be a function; got None\.$"),
    ErrorCase("landscape: find, hvp", lambda: _find(hvp=1), TypeError, r"^hvp must be a function; got 1\.$"),
    ErrorCase("landscape: find, steps", lambda: _find(max_iter=-1), ValueError, r"^max_iter must be >= 0; got -1\.$"),
    ErrorCase("landscape: find, inner steps", lambda: _find(inner_steps=0), ValueError, r"^inner_steps must be >= 1; got 0\.$"),
    ErrorCase("landscape: find, gradient", lambda: _find(loss_grad=lambda t: t * np.inf), ValueError, r"^loss_grad must be a function that gives finite numbers; got inf\.$"),
]  # fmt: skip
