"""What single samples say of the gradient, and how far they disagree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import BLOCK, Array


class GradientNoise(NamedTuple):
    """What ``gradient_noise`` measures at one point θ.

    ``mean`` (d,) is the gradient of the whole data set, ``variance`` the trace of the covariance Σ
    of a single sample's gradient, ``scale`` their ratio tr Σ / |mean|², in samples.
    """

    mean: Array
    variance: float
    scale: float


def per_sample_gradients(model: Any, loss: Any, x: Array, y: Array) -> Array:
    """The gradient of every sample's own loss, (n, d): each sample is a run with a batch of one.

    Parameters
    ----------
    model : Sequential without a runs axis; its ``theta`` and ``grad`` are left as they are
    loss : a loss object of this room, a mean over the batch
    x, y : (n, ...) and (n,) or (n, k)

    Notes
    -----
    Costs n copies of θ in memory, taken in blocks. A model that mixes the samples of a batch, as
    batch normalization does, has no per-sample gradient; this one would silently see batches of 1.
    """
    if model.runs is not None:
        checks.fail("model", "without a runs axis", f"{model.runs} runs")
    if len(x) != len(y) or not len(x):
        wanted = "as many targets as samples, at least one"
        checks.fail("x, y", wanted, (len(x), len(y)))
    size = max(min(64 * BLOCK // model.theta.size, len(x)), 1)
    gradients = np.empty((len(x), model.theta.size), model.theta.dtype)
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        copies = model.repeat(len(x[rows]))
        loss.forward(copies.forward(x[rows][:, None], True), y[rows][:, None])
        copies.backward(loss.backward(), input_grad=False)
        gradients[rows] = copies.grad
    return gradients


def gradient_noise(model: Any, loss: Any, x: Array, y: Array) -> GradientNoise:
    r"""How much single samples disagree about the gradient, and the batch size where that matters.

    .. math:: G = \frac1n \sum_i g_i, \qquad \sigma^2 = \operatorname{tr}\Sigma
              = \frac{1}{n-1}\sum_i \|g_i - G\|^2, \qquad B_{noise} = \sigma^2 / \|G\|^2

    Notes
    -----
    A batch of B samples drawn with replacement has the gradient G on average and the variance σ²/B;
    drawn without replacement, σ²/B (n - B)/(n - 1) · (n - 1)/n. At B = B_noise the noise is as long
    as the gradient: smaller batches walk at random, larger ones pay for precision they do not need.

    References
    ----------
    McCandlish, Kaplan, Amodei et al. (2018), eq. 2.9, where it is called B_simple.
    Lesson: minibatch.
    """
    if len(x) < 2:
        checks.fail("x", "at least two samples", len(x))
    gradients = per_sample_gradients(model, loss, x, y)
    mean = gradients.mean(0)
    variance = float(np.square(gradients - mean).sum() / (len(x) - 1))
    return GradientNoise(mean, variance, variance / float(mean @ mean))
