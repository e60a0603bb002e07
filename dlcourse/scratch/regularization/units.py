"""Dropout: in training a random part of what a layer passes on is missing."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache
from dlcourse.scratch.layers.chance import Drawing
from dlcourse.scratch.regularization.masks import (
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_sequence_mask,
    draw_spatial_mask,
    rate,
    rates,
)


def dropout(x: Array, mask: Array, p: Any) -> tuple[Array, Cache]:
    r"""Drop what is not in the mask, and scale up the rest: the mean over masks is x.

    .. math:: y = \frac{m \odot x}{1 - p}, \qquad \mathrm{E}[y] = x, \quad
        \mathrm{Var}[y] = \frac{p}{1 - p}\, x^2

    Parameters
    ----------
    x : array of floats
    mask : m, array of bool that broadcasts against x, as ``draw_dropout_mask`` gives
    p : probability with which the mask was drawn to *drop*, 0 <= p < 1; a number, or (runs,) where
        x or the mask has runs on the first axis

    Returns
    -------
    y, and what ``dropout_backward`` needs

    Notes
    -----
    "Inverted" dropout: scaled in training, so that nothing is to be done afterwards. The paper
    multiplies the weights by 1 − p after training instead.

    Examples
    --------
    >>> dropout(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]), 0.5)[0]
    array([2., 0., 6.])

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), section 4.
    """
    kept = scaled(mask, p, max(x.ndim, mask.ndim), x.dtype)
    return x * kept, kept


def dropout_backward(dy: Array, cache: Cache) -> Array:
    """dx = m dy / (1 − p), with the mask of the forward pass."""
    return dy * cache


def spatial_dropout(x: Array, mask: Array, p: Any) -> tuple[Array, Cache]:
    """``dropout`` of whole channels of images: x (..., n, c, h, w), mask (..., n, c, 1, 1).

    Neighbouring pixels are alike, so that a pixel that is dropped alone is not missed.

    Examples
    --------
    >>> mask = np.array([True, False]).reshape(1, 2, 1, 1)
    >>> spatial_dropout(np.ones((1, 2, 1, 3)), mask, 0.5)[0].reshape(2, 3)
    array([[2., 2., 2.],
           [0., 0., 0.]])

    References
    ----------
    Tompson, Goroshin, Jain, LeCun and Bregler (2015), section 3.2.
    """
    return dropout(x, mask, p)


def spatial_dropout_backward(dy: Array, cache: Cache) -> Array:
    """``dropout_backward``: the mask is the same at all pixels."""
    return dropout_backward(dy, cache)


def gaussian_dropout(x: Array, noise: Array) -> tuple[Array, Cache]:
    r"""Noise in place of a mask: y = x ξ with ξ ~ N(1, p / (1 − p)).

    Mean and variance are those of dropout; the other moments are not.

    Examples
    --------
    >>> gaussian_dropout(np.array([1.0, 2.0]), np.array([1.5, 0.5]))[0]
    array([1.5, 1. ])

    References
    ----------
    Srivastava et al. (2014), section 10.
    """
    noise = noise.astype(x.dtype, copy=False)
    return x * noise, noise


def gaussian_dropout_backward(dy: Array, cache: Cache) -> Array:
    """dx = ξ dy, with the noise of the forward pass."""
    return dy * cache


def scaled(mask: Array, p: Any, ndim: int, dtype: Any) -> Array:
    """m / (1 − p) in the precision of x; of ``ndim`` axes, the first one that of runs, is y."""
    p = rate(p)
    if isinstance(p, np.ndarray):
        p = p.reshape(-1, *(1,) * (ndim - 1))
    return np.multiply(mask, 1 / (1 - p), dtype=dtype)


class Dropping(Drawing):
    """What drops while it trains, and passes on what it gets afterwards.

    A subclass says how the mask of one run is drawn, ``drawn(shape, p, rng)``, and what is done
    with the masks of all, ``dropped(x, mask)``.
    """

    per_run: ClassVar[tuple[str, ...]] = ("p",)
    axes: ClassVar[tuple[str, ...]] = ()
    """The axes of x below that of the runs, where there must be so many."""

    def __init__(self, p: Any, *, rng: Generators, runs: int | None = None) -> None:
        super().__init__(rng, runs)
        self.p = rates("p", p, runs)
        self.mask: Any = None
        self.training = self.sampling = False

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training or self.sampling
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        shape = self.one_run(x)
        if not self.training:
            return x, (False, None)
        self.mask = self.each(shape, self.p)
        y, cache = self.dropped(x, self.mask)
        return y, (True, cache)

    def pair_backward(self, dy: Array, cache: Cache) -> Array:
        training, kept = cache
        return dy * kept if training else dy

    def one_run(self, x: Array) -> tuple[int, ...]:
        """The shape of what one run has of x, or of what all share."""
        inputs.values("x", x, np.ndarray, "float")
        if self.axes:
            inputs.batch(x, self.axes, () if self.runs is None else (self.runs,), np.ndarray)
            return x.shape[-len(self.axes) :]
        if self.runs is None or x.ndim < 3:
            return x.shape
        if x.shape[0] not in (1, self.runs):
            checks.fail("x", f"shaped (n, d) or ({self.runs}, ...), one entry a run", x)
        return x.shape[1:]

    def each(self, shape: tuple[int, ...], p: Any) -> Array:
        """The mask of every run, by its own generator and with its own p."""
        if self.runs is None:
            return self.drawn(shape, p, self.generators[0])
        ps = np.broadcast_to(p, self.runs).tolist()
        masks = [self.drawn(shape, p, g) for p, g in zip(ps, self.generators, strict=True)]
        return np.stack(masks)

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return draw_dropout_mask(shape, p, rng)

    def dropped(self, x: Array, mask: Array) -> tuple[Array, Cache]:
        return dropout(x, mask, self.p)


class Dropout(Dropping):
    """``dropout`` as a layer: a fresh mask in every training pass, nothing otherwise.

    Parameters
    ----------
    p : probability of *dropping*, 0 <= p < 1; a number, or (runs,), one a run
    rng : Generator, or one for each run; the masks are drawn with children of them, so that the
        weights and batches drawn with the parents are the same with and without dropout
    runs : None, or the number of runs: each then has masks of its own, and is given the masks that
        it would have alone; what all runs share, (n, d), comes out with the runs axis

    Attributes
    ----------
    mask : of the latest training pass; True is kept

    Notes
    -----
    ``training=True`` only, ``mc_dropout_predict`` apart. ``state_dict`` has no generators: who goes
    on from it goes on with other masks. With runs, sequences and images have the runs axis too, as
    in ``Linear``.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=np.random.default_rng(1))
    >>> layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]), training=True)
    array([[0., 4., 6., 0.]])
    >>> layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]))
    array([[1., 2., 3., 4.]])

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014).
    """


class SpatialDropout(Dropping):
    """``spatial_dropout`` as a layer, for images (n, c, h, w); parameters as of ``Dropout``."""

    axes = ("n", "c", "h", "w")

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return draw_spatial_mask(shape, p, rng)

    def dropped(self, x: Array, mask: Array) -> tuple[Array, Cache]:
        return spatial_dropout(x, mask, self.p)


class SequenceDropout(Dropping):
    """``dropout`` with one mask for all places of a sequence (n, t, d), otherwise ``Dropout``."""

    axes = ("n", "t", "d")

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return draw_sequence_mask(shape, p, rng)


class GaussianDropout(Dropping):
    """``gaussian_dropout`` as a layer; parameters as of ``Dropout``; ``mask`` is the noise."""

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return draw_gaussian_noise(shape, p, rng)

    def dropped(self, x: Array, mask: Array) -> tuple[Array, Cache]:
        return gaussian_dropout(x, mask)
