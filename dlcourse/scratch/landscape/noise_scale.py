"""The noise of a gradient from the lengths of batch gradients alone, as a training run sees it."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Layer


class NoiseScale(NamedTuple):
    """What ``noise_scale`` finds, a number or one a run: ``squared_norm`` |G|², ``variance`` tr Σ,
    and ``scale``, their ratio tr Σ / |G|² in samples.
    """

    squared_norm: Array
    variance: Array
    scale: Array


def noise_scale(
    small: npt.ArrayLike, big: npt.ArrayLike, batch_sizes: tuple[int, int]
) -> NoiseScale:  # fmt: skip
    r"""The length of the gradient and its noise, from gradients of batches of two sizes.

    .. math:: \mathbb{E}\lVert G_B \rVert^2 = \lVert G \rVert^2 + \frac{\operatorname{tr}\Sigma}{B}:
        \qquad \lVert G \rVert^2 = \frac{B \lVert G_B \rVert^2 - b \lVert G_b \rVert^2}{B - b},
        \qquad \operatorname{tr}\Sigma
        = \frac{\lVert G_b \rVert^2 - \lVert G_B \rVert^2}{1/b - 1/B}

    Parameters
    ----------
    small, big : |G_b|² and |G_B|², squared lengths, averaged over many batches; numbers or (runs,)
    batch_sizes : (b, B), b < B

    Notes
    -----
    Both are unbiased if batches are drawn with replacement; their ratio is not, so average first
    and divide last. From few batches |G|² may come out negative, and the scale with it: then
    take more, for it says nothing.

    Examples
    --------
    >>> found = noise_scale(3.0, 1.5, (1, 4))
    >>> float(found.squared_norm), float(found.variance), float(found.scale)
    (1.0, 2.0, 2.0)

    References
    ----------
    McCandlish, Kaplan, Amodei et al. (2018), appendix A.1. Lesson: batch-size.
    """
    b, large = geometry.sizes(*checks.pair("batch_sizes", batch_sizes))
    few, many = (
        np.asarray(checks.number(name, value, 0.0))
        for name, value in (("small", small), ("big", big))
    )
    squared = (large * many - b * few) / (large - b)
    variance = (few - many) / (1 / b - 1 / large)
    with np.errstate(divide="ignore", invalid="ignore"):  # no gradient and no noise: nan says so
        return NoiseScale(squared, variance, variance / squared)


def noise_of_batches(
    model: Any, loss: Any, x: Array, y: Array, batch_sizes: tuple[int, int], rng: Generators,
    draws: int = 100,
) -> NoiseScale:  # fmt: skip
    """``noise_scale`` of batches that are drawn here, with replacement.

    Parameters
    ----------
    model : Sequential; it stays as it is
    loss : a loss object, a mean over the batch
    x, y : (n, ...) and (n,) or (n, k), the same for all runs
    batch_sizes : (b, B), b < B
    rng : Generator, or one for each run
    draws : int >= 1, pairs of batches

    Notes
    -----
    Two gradients a draw, where ``gradient_noise`` takes one for every sample, and that of layers
    as they are in training, which may mix samples. To what all samples say exactly it tends from
    many draws, with the variance divided by n, as of a population.

    Examples
    --------
    Without noise, for all samples are alike:

    >>> from dlcourse.scratch.losses import MSE
    >>> from dlcourse.scratch.models import MLP
    >>> model = MLP([1, 1], np.random.default_rng(0))
    >>> alike = np.ones((5, 1)), np.zeros((5, 1))
    >>> found = noise_of_batches(model, MSE(), *alike, (1, 4), np.random.default_rng(1), draws=2)
    >>> bool(abs(found.variance) < 1e-12)
    True

    References
    ----------
    McCandlish, Kaplan, Amodei et al. (2018), appendix A.1. Lesson: batch-size.
    """
    inputs.model("model", model, Layer)
    if len(x) != len(y) or not len(x):
        checks.fail("x, y", "as many targets as samples, at least one", (len(x), len(y)))
    sizes = geometry.sizes(*checks.pair("batch_sizes", batch_sizes))
    checks.integer("draws", draws, 1)
    part, generators = copy.copy(model), run_generators(rng, model.runs)
    buffers = {name: a.copy() for name, a in model.buffers.items()}
    part.bind(model.theta, np.zeros_like(model.grad), buffers)
    means: list[Any] = [0.0, 0.0]
    for _ in range(draws):
        for i, size in enumerate(sizes):
            rows = np.stack([one.integers(0, len(x), size) for one in generators])
            batch = rows if model.runs is not None else rows[0]
            loss.forward(part.forward(x[batch], True), y[batch])
            part.backward(loss.backward(), input_grad=False)
            means[i] = means[i] + part.grad_norm() ** 2 / draws
    return noise_scale(means[0], means[1], sizes)
