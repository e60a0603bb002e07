"""Linear models on many features, of which that with the smallest weights is taken, or another.

As soon as there are more features than samples, a whole plane of weights fits the samples exactly.
Nothing is trained by steps here: every solution is computed, so that no rate and no number of
epochs stands between two of them.
"""

from __future__ import annotations

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.drawn_digits import draw_digits


def smallest(features: Array, targets: Array, ridge: float = 0.0) -> Array:
    r"""The weights of least squares with the smallest norm.

    .. math:: W = A^+ T, \qquad W_\lambda = (A^\top A + \lambda I)^{-1} A^\top T

    Parameters
    ----------
    features, targets : A (..., n, p) and T (..., n, k)
    ridge : λ >= 0; the first formula is the second one's limit at λ = 0

    Examples
    --------
    Of all weights with w₁ + 2 w₂ = 5, the shortest are

    >>> smallest(np.array([[1.0, 2.0]]), np.array([[5.0]])).ravel().round(12)
    array([1., 2.])
    """
    checks.number("ridge", ridge)
    if features.ndim > 2:
        pairs = zip(features, targets, strict=True)
        return np.stack([smallest(some, told, ridge) for some, told in pairs])
    if ridge:
        inner = features @ features.T + ridge * np.eye(len(features))
        return np.asarray(features.T @ np.linalg.solve(inner, targets))
    return np.asarray(np.linalg.lstsq(features, targets, rcond=None)[0])


def unseen(features: Array, weights: Array) -> Array:
    """The part of the weights (..., p, k) that changes no output on these features (..., n, p).

    Examples
    --------
    >>> unseen(np.array([[1.0, 1.0]]), np.array([[3.0], [1.0]])).ravel().round(12)
    array([ 1., -1.])
    """
    return weights - smallest(features, features @ weights)


def relu_features(x: Array, directions: Array) -> Array:
    """A = max(x D, 0) / √p for directions D (..., d, p): a hidden layer that is not trained."""
    return np.asarray(np.maximum(x @ directions, 0) / np.sqrt(directions.shape[-1]))


def learn_features(
    rng: Generators, runs: int, *, count: int, n: int = 100, wrong: float = 0.2,
    ridge: float = 0.0, detour: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    """Digits from ``count`` random features by least squares on indicators of the classes.

    Parameters
    ----------
    n, wrong : as in ``draw_digits``
    ridge : as in ``smallest``
    detour : the norm of random weights that are added, as far as no training image notices them

    Returns
    -------
    ``train_error``, ``val_error`` and ``test_error``, the shares misread; ``train_miss``, the
    largest residual on the training images; ``norm`` of all weights
    """
    rngs = run_generators(rng, runs)
    drawn = draw_digits(rngs, n, wrong)
    directions = np.stack([g.normal(size=(64, count)) / 8 for g in rngs])
    x, y = drawn.train
    features, targets = relu_features(x, directions), np.eye(10)[y] - 0.1
    weights = smallest(features, targets, ridge)
    if detour:
        aside = np.stack([g.normal(size=(count, 10)) for g in rngs])
        aside = unseen(features, aside)
        size = np.linalg.norm(aside, axis=(-2, -1), keepdims=True)
        weights = weights + detour * aside / np.maximum(size, 1e-12)
    found = {"norm": np.linalg.norm(weights, axis=(-2, -1))}
    found["train_miss"] = abs(features @ weights - targets).max(axis=(-2, -1))
    for name, (seen, label) in zip(("train", "val", "test"), drawn[:3], strict=True):
        pairs = zip(seen, directions, weights, strict=True)  # all runs at once would be slower
        out = np.stack([relu_features(x, d) @ w for x, d, w in pairs])
        found[f"{name}_error"] = (out.argmax(axis=-1) != label).mean(axis=-1)
    return found


def descend(
    features: Array, targets: Array, start: Array, *,
    epochs: int, single: bool = False,
) -> Array:  # fmt: skip
    r"""Gradient descent on :math:`\frac12 \lVert A W - T \rVert^2` from ``start`` (p, k).

    Parameters
    ----------
    single : one sample at a time, in turn, instead of all at once

    Notes
    -----
    The rate is one over the largest curvature, of the whole sum or of the sample at hand.

    Examples
    --------
    >>> a, t = np.array([[1.0, 2.0]]), np.array([[5.0]])
    >>> descend(a, t, np.zeros((2, 1)), epochs=1).ravel()
    array([1., 2.])
    """
    w, n = start.copy(), len(features)
    if single:
        curvatures = (features**2).sum(axis=1)
    else:
        curvatures = np.array([np.linalg.norm(features, 2) ** 2])
    for step in range(epochs * len(curvatures)):
        i = step % len(curvatures)
        now = slice(i, i + 1) if single else slice(n)
        a = features[now]
        w -= a.T @ (a @ w - targets[now]) / curvatures[i]
    return w
