"""Column by column: to mean 0 and deviation 1, or to a range."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import inputs
from dlcourse.arrays import Array
from dlcourse.scratch.preprocessing.base import Preprocessor


def column_mean(x: Array) -> Array:
    """The mean of every column, (..., d), to the last digit even of 1e8 + noise.

    Examples
    --------
    >>> column_mean(np.array([[1.0, 10.0], [3.0, 10.0]]))
    array([ 2., 10.])
    """
    mean = x.mean(-2, keepdims=True)
    mean += (x - mean).mean(-2, keepdims=True)  # what the sum has rounded away
    same = x.max(-2) == x.min(-2)  # a constant column keeps its very value
    return np.where(same, x[..., 0, :], mean[..., 0, :])


def mean_and_scale(x: Array) -> tuple[Array, Array]:
    r"""Mean and standard deviation of every column, (..., d) each; a constant column has scale 1.

    .. math:: \mu = \frac1n \sum_i x_i, \qquad
              \sigma = \sqrt{\frac1n \sum_i (x_i - \mu)^2}

    Examples
    --------
    >>> mean_and_scale(np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [7.0, 7.0]]))
    (array([4., 7.]), array([2.23606798, 1.        ]))
    """
    mean = column_mean(x)
    centered = x - mean[..., None, :]
    reach = np.abs(centered).max(-2)
    reach = np.where(reach > 0, reach, 1.0)
    # In units of the largest deviation no square is too large or too small.
    variance = np.square(centered / reach[..., None, :]).mean(-2)
    return mean, np.where(variance > 0, reach * np.sqrt(variance), 1.0)


def standardize(x: Array, mean: Array, scale: Array) -> Array:
    r""":math:`z = (x - \mu) / \sigma`, column by column."""
    return (x - mean[..., None, :]) / scale[..., None, :]


def rescale(x: Array, old: tuple[Any, Any], new: tuple[Any, Any]) -> Array:
    r"""The linear map that takes one range to another, and its ends to the other's ends exactly.

    .. math:: t = \frac{x - l}{h - l}, \qquad z = (1 - t)\, a + t\, b

    Where the old range is a single point, the answer is a, the new low end.

    Examples
    --------
    >>> rescale(np.array([10.0, 15.0, 30.0]), (10.0, 20.0), (-1.0, 1.0))
    array([-1.,  0.,  3.])
    """
    (low, high), (a, b) = old, new
    span = np.where(high > low, high - low, np.inf)
    t = (x - low) / span
    return (1 - t) * a + t * b


class Standardizer(Preprocessor):
    r"""Every column to mean 0 and standard deviation 1, as they are in the training data.

    .. math:: z = (x - \mu) / \sigma

    Attributes
    ----------
    mean_, scale_ : μ and σ, (..., d)

    Notes
    -----
    σ divides by n, as ``sklearn.preprocessing.StandardScaler``. A column whose values are all equal
    has scale 1: it becomes 0. So does everything if there is but one sample. A column that differs
    by rounding only is not constant: it is blown up to deviation 1 like any other.

    Examples
    --------
    >>> scaler = Standardizer().fit(np.array([[1.0, 7.0], [3.0, 7.0]]))
    >>> scaler.transform(np.array([[4.0, 8.0]]))
    array([[2., 1.]])

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), section 4.3. Lesson: scale.
    """

    mean_: Array
    scale_: Array

    def learn(self, x: Array, dtype: Any) -> dict[str, Any]:
        mean, scale = mean_and_scale(x)
        return {"mean_": mean, "scale_": scale}

    def map(self, x: Array) -> Array:
        return standardize(x, self.mean_, self.scale_)

    def unmap(self, z: Array) -> Array:
        return z * self.scale_[..., None, :] + self.mean_[..., None, :]


class MinMaxScaler(Preprocessor):
    r"""Every column to [a, b]: its smallest training value to a, its largest to b.

    .. math:: t = \frac{x - \min}{\max - \min}, \qquad z = (1 - t)\, a + t\, b

    Parameters
    ----------
    feature_range : (a, b) with a < b

    Attributes
    ----------
    min_, max_, range_ : of the training data, (..., d); ``data_min_`` ... in scikit-learn

    Notes
    -----
    New data may lie outside of the training range, and then leave [a, b]: nothing is clipped. A
    column whose training values are all equal becomes a, whatever new values it takes;
    ``sklearn.preprocessing.MinMaxScaler`` shifts those by their distance from the old one.

    Examples
    --------
    >>> scaler = MinMaxScaler().fit(np.array([[0.0, 7.0], [10.0, 7.0]]))
    >>> scaler.transform(np.array([[5.0, 7.0], [20.0, 8.0]]))
    array([[0.5, 0. ],
           [2. , 0. ]])

    References
    ----------
    Lesson: scale.
    """

    min_: Array
    max_: Array
    range_: Array

    def __init__(
        self,
        feature_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.feature_range = inputs.ends("feature_range", feature_range)

    def learn(self, x: Array, dtype: Any) -> dict[str, Any]:
        low, high = x.min(-2), x.max(-2)
        return {"min_": low, "max_": high, "range_": high - low}

    def lead(self) -> tuple[int, ...]:
        return self.min_.shape[:-1]

    def map(self, x: Array) -> Array:
        return rescale(x, self._seen(), self.feature_range)

    def unmap(self, z: Array) -> Array:
        return rescale(z, self.feature_range, self._seen())

    def _seen(self) -> tuple[Array, Array]:
        return self.min_[..., None, :], self.max_[..., None, :]
