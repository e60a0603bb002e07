"""Dropout that goes on after training: how far the networks that it holds agree."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers import Layer
from dlcourse.scratch.regularization.calibration import softmax
from dlcourse.scratch.regularization.units import Dropping


def mc_dropout_predict(
    model: Layer,
    x: Array,
    samples: int,
    transform: Callable[[Any], Any] | str | None = "softmax",
) -> tuple[Array, Array]:
    r"""Predict with that many random masks: their mean, and how far the predictions lie apart.

    .. math:: \bar q = \tfrac1S \sum_{s=1}^{S} q_s, \qquad
        \sigma = \Bigl(\tfrac1S \sum_s (q_s - \bar q)^2\Bigr)^{1/2}, \qquad
        q_s = \operatorname{softmax} f(x; m_s)

    Parameters
    ----------
    model : with layers that drop; they alone are as in training, batch normalization is not
    x : as the model takes it
    samples : S, int >= 1
    transform : what is averaged: "softmax" or a function of the outputs, None: the outputs as such

    Returns
    -------
    mean, std : each shaped as the outputs

    Notes
    -----
    The deviation is over masks. It knows nothing of the noise in the targets, and grows with p.

    Examples
    --------
    One unit that is dropped or doubled: 0 or 2, so 1 on average, and 1 away from it.

    >>> from dlcourse.scratch.regularization import Dropout
    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> mean, std = mc_dropout_predict(layer, np.ones((1, 1)), 1000, transform=None)
    >>> bool(abs(mean - 1) < 0.1), bool(abs(std - 1) < 0.01)
    (True, True)

    References
    ----------
    Gal and Ghahramani (2016a), section 4.
    """
    inputs.model("model", model, Layer)
    checks.integer("samples", samples, 1)
    given: Any = transform
    if isinstance(given, str):
        checks.choice("transform", given, ("softmax",))
        given = softmax
    elif given is not None and not callable(given):
        kinds = "a function of the outputs, 'softmax' or None"
        checks.fail("transform", kinds, given, error=TypeError)
    part = copy.copy(model)  # the model's own layers remember their own input
    dropping = [leaf for leaf in part.leaves if isinstance(leaf, Dropping)]
    if not dropping:
        checks.fail("model", "one with layers that drop, as Dropout", type(model).__name__)
    for leaf in dropping:
        leaf.sampling = True
    mean: Any = 0.0
    squares: Any = 0.0
    for count in range(1, samples + 1):  # Welford: the mean so far, and squares around it
        out = part.forward(x, False)
        q = out if given is None else given(out)
        away = q - mean
        mean = mean + away / count
        squares = squares + away * (q - mean)
    return mean, np.sqrt(squares / samples)
