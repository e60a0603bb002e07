"""Preprocessing: data that separate the conventions, and what the doors refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch.preprocessing import MinMaxScaler, PCAWhitening, Standardizer, ZCAWhitening

Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class PreprocessingCase:
    """One object, made in both rooms, fitted to training data and applied to others."""

    name: str
    why: str
    data: Callable[[], Data]
    kwargs: dict[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()  # what the definition leaves open, and the rooms choose unlike

    @property
    def id(self) -> str:
        words = ",".join(f"{k}={np.shape(v) or v}" for k, v in self.kwargs.items())
        return f"{self.name}({words}) {self.data.__name__}"


def shifted(n: int = 12, d: int = 4, *runs: int, seed: int = 0) -> Data:
    """Columns that are correlated and of unlike scales; new data that lie elsewhere."""
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((*runs, d, d)) * np.array([0.1, 1.0, 10.0, 3.0, 0.5])[:d]
    train, new = rng.standard_normal((*runs, n, d)) @ mix, rng.standard_normal((*runs, 5, d)) @ mix
    return train + 3.0, 2 * new - 1.0


def plain() -> Data:
    return shifted()


def in_runs() -> Data:
    """Each of three runs has a mean and axes of its own."""
    train, new = shifted(12, 4, 3)
    step = np.arange(3)[:, None, None]
    return train + step, new - step


def few() -> Data:
    """Fewer samples than columns: the covariance has rank 3 of 5."""
    train, _ = shifted(4, 5)
    return train, train[:2] * 0.5 + train[2:] * 0.5  # where the axes without variance are any


def constant() -> Data:
    """A column of 0.1, whose mean is not 0.1 when computed by a sum; new data differ there."""
    train, new = shifted(7, 4)
    train[:, 2] = 0.1
    return train, new


def constant_for_all() -> Data:
    train, new = constant()
    new[:, 2] = 0.1
    return train, new


def one_sample() -> Data:
    train, _ = shifted()
    return train[:1], train[:1]


def twins_of_one_scale() -> Data:
    """Both entries of each axis are as large: rounding must not choose the sign."""
    train, new = shifted(40, 2)
    train = (train - train.mean(0)) / train.std(0)
    return train, new


PREPROCESSING = [
    PreprocessingCase("Standardizer", "the biased deviation: n is small", plain),
    PreprocessingCase("Standardizer", "statistics of each run", in_runs),
    PreprocessingCase("Standardizer", "scale 1, and what is new there stays visible", constant),
    PreprocessingCase("Standardizer", "all columns are constant", one_sample),
    PreprocessingCase("MinMaxScaler", "new data leave the range", plain),
    PreprocessingCase("MinMaxScaler", "another range", plain, {"feature_range": (-1.0, 3.0)}),
    PreprocessingCase("MinMaxScaler", "ranges of each run", in_runs, {"feature_range": (2, 3)}),
    PreprocessingCase("MinMaxScaler", "slope 0", constant, {"feature_range": (-1, 1)}),
    PreprocessingCase("PCAWhitening", "no ε", plain, {"eps": 0.0}),
    PreprocessingCase("PCAWhitening", "an ε that shows where it stands", plain, {"eps": 0.3}),
    PreprocessingCase("PCAWhitening", "axes of each run", in_runs),
    PreprocessingCase("PCAWhitening", "a grid of ε on one set of data", plain, {"eps": np.array([[0.0], [0.5]])}),
    PreprocessingCase("PCAWhitening", "signs at a tie", twins_of_one_scale),
    PreprocessingCase("PCAWhitening", "a direction that only ε keeps finite", constant_for_all),
    PreprocessingCase("ZCAWhitening", "no ε", plain, {"eps": 0.0}),
    PreprocessingCase("ZCAWhitening", "an ε that shows where it stands", plain, {"eps": 0.3}),
    PreprocessingCase("ZCAWhitening", "a grid of ε, one a run", in_runs, {"eps": np.array([[0.0], [0.1], [0.5]])}),
    PreprocessingCase("ZCAWhitening", "fewer samples than columns", few, {"eps": 0.01}, free=("components_",)),
    PreprocessingCase("ZCAWhitening", "a constant column", constant),
]  # fmt: skip


def _x() -> np.ndarray:
    return shifted()[0]


def _with(value: float) -> np.ndarray:
    x = _x()
    x[1, 2] = value
    return x


def _far() -> np.ndarray:
    return np.array([[-1.7e308], [1.7e308]])


ERRORS = [
    ErrorCase("to standardize a list", lambda: Standardizer().fit([[1.0], [2.0]]), TypeError, r"x must be an array of floats; got \[\[1\.0\], \[2\.0\]\]"),
    ErrorCase("to standardize integers", lambda: Standardizer().fit(np.ones((3, 2), int)), TypeError, r"x must be an array of floats; got ndarray of int64"),
    ErrorCase("to whiten half precision", lambda: PCAWhitening().fit(_x().astype(np.float16)), TypeError, r"x must be of float64 or float32; got 'float16'"),
    ErrorCase("to scale a row of numbers", lambda: MinMaxScaler().fit(np.ones(3)), ValueError, r"x must be shaped \(\.\.\., n, d\); got .*\(3,\)"),
    ErrorCase("to learn from no samples", lambda: Standardizer().fit(np.ones((0, 3))), ValueError, r"x must be without an axis of length 0; got .*\(0, 3\)"),
    ErrorCase("to learn from no columns", lambda: ZCAWhitening().fit(np.ones((3, 0))), ValueError, r"x must be without an axis of length 0; got .*\(3, 0\)"),
    ErrorCase("to learn from a missing value", lambda: Standardizer().fit(_with(np.nan)), ValueError, r"x must be finite; got nan\. Fill in or drop"),
    ErrorCase("to scale an infinite value", lambda: MinMaxScaler().fit(_with(-np.inf)), ValueError, r"x must be finite; got -inf\."),
    ErrorCase("to transform a missing value", lambda: Standardizer().fit(_x()).transform(_with(np.nan)), ValueError, r"x must be finite; got nan\."),
    ErrorCase("to transform before fit", lambda: Standardizer().transform(_x()), RuntimeError, r"transform must be called after fit; got 'Standardizer'"),
    ErrorCase("to invert before fit", lambda: ZCAWhitening().inverse_transform(_x()), RuntimeError, r"inverse_transform must be called after fit; got 'ZCAWhitening'"),
    ErrorCase("to transform other columns", lambda: PCAWhitening().fit(_x()).transform(np.ones((2, 3))), ValueError, r"x must be shaped \(\.\.\., n, 4\); got .*\(2, 3\)"),
    ErrorCase("to transform the data of other runs", lambda: Standardizer().fit(in_runs()[0]).transform(np.ones((2, 5, 4))), ValueError, r"x must be shaped \(n, 4\) or \(3, n, 4\), one entry a run; got .*\(2, 5, 4\)"),
    ErrorCase("a range the wrong way round", lambda: MinMaxScaler((1.0, 0.0)), ValueError, r"feature_range must be \(low, high\) with low < high; got \(1\.0, 0\.0\)"),
    ErrorCase("a range of one point", lambda: MinMaxScaler((1.0, 1.0)), ValueError, r"feature_range must be \(low, high\) with low < high"),
    ErrorCase("a range that float64 cannot hold", lambda: MinMaxScaler((-1.7e308, 1.7e308)), ValueError, r"feature_range must be \(low, high\) with low < high"),
    ErrorCase("a number for a range", lambda: MinMaxScaler(1.0), TypeError, r"feature_range must be a pair"),
    ErrorCase("a range without an end", lambda: MinMaxScaler((0.0, np.inf)), ValueError, r"feature_range\[1\] must be finite; got inf"),
    ErrorCase("PCA with a negative ε", lambda: PCAWhitening(eps=-1e-5), ValueError, r"eps must be finite and >= 0; got -1e-05"),
    ErrorCase("ZCA with ε nan", lambda: ZCAWhitening(eps=np.nan), ValueError, r"eps must be finite and >= 0; got nan"),
    ErrorCase("ε as text", lambda: PCAWhitening(eps="auto"), TypeError, r"eps must be a number or an array"),
    ErrorCase("ε as a row", lambda: PCAWhitening(eps=np.ones(3)), ValueError, r"eps must be a number or an array \(runs, 1\)"),
    ErrorCase("ε of other runs", lambda: PCAWhitening(eps=np.ones((2, 1))).fit(in_runs()[0]), ValueError, r"eps must be a number or an array \(3, 1\), one entry a run; got .*\(2, 1\)"),
    ErrorCase("PCA without ε of a constant column", lambda: PCAWhitening(eps=0).fit(constant()[0]), ValueError, r"x must be of rank 4, as many as columns, if eps is 0; got 3\. Pass eps > 0"),
    ErrorCase("ZCA without ε of few samples", lambda: ZCAWhitening(eps=0).fit(few()[0]), ValueError, r"x must be of rank 5, as many as columns, if eps is 0; got 3\."),
    ErrorCase("PCA without ε of a sum of columns", lambda: PCAWhitening(eps=0).fit(np.c_[_x(), _x().sum(1)]), ValueError, r"x must be of rank 5, .* got 4\."),
    ErrorCase("the same in float32", lambda: PCAWhitening(eps=0).fit(np.c_[_x(), _x().sum(1)].astype("f")), ValueError, r"x must be of rank 5, .* got 4\."),
    ErrorCase("PCA without ε in one run of a grid", lambda: PCAWhitening(eps=np.array([[1.0], [0.0]])).fit(constant()[0]), ValueError, r"x must be of rank 4, .* got 3\."),
    ErrorCase("a mean that overflows", lambda: Standardizer().fit(np.repeat(_far(), 9, 0)), ValueError, r"x must be of numbers whose statistics float64 can hold; got .*\(18, 1\)"),
    ErrorCase("a span that overflows", lambda: MinMaxScaler().fit(_far()), ValueError, r"x must be of numbers whose statistics float64 can hold"),
    ErrorCase("a covariance that overflows", lambda: PCAWhitening().fit(_x() * 1e200), ValueError, r"x must be of numbers whose statistics float64 can hold"),
    ErrorCase("a transform that overflows", lambda: Standardizer().fit(_x() * 1e-200).transform(_x() * 1e200), ValueError, r"x must be of numbers whose transform float64 can hold"),
    ErrorCase("a transform that overflows float32", lambda: Standardizer().fit(_x().astype("f") * 1e-30).transform(_x().astype("f") * 1e30), ValueError, r"x must be of numbers whose transform float32 can hold"),
]  # fmt: skip
