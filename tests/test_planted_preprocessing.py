"""Wrong preprocessing that the checks must catch: each error stands in a case of the table."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from cases.preprocessing import constant, constant_for_all, few, plain
from test_preprocessing import assert_same

from dlcourse.reference import preprocessing as twins
from dlcourse.scratch import preprocessing
from dlcourse.scratch.preprocessing import MinMaxScaler, PCAWhitening, Standardizer, ZCAWhitening


class SampleDeviation(Standardizer):
    def learn(self, x, dtype):
        return {"mean_": x.mean(-2), "scale_": x.std(-2, ddof=1)}


class OneForAllColumns(Standardizer):
    def learn(self, x, dtype):
        whole = np.ones(x.shape[-1])
        return {"mean_": x.mean() * whole, "scale_": x.std() * whole}


class RowsForColumns(Standardizer):
    def map(self, x):
        return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)


class StatisticsOfTheTestSet(Standardizer):
    def map(self, x):
        return preprocessing.standardize(x, *preprocessing.mean_and_scale(x))


class TinyForConstant(Standardizer):
    def learn(self, x, dtype):
        return {"mean_": x.mean(-2), "scale_": x.std(-2) + 1e-8}


class NotCentered(Standardizer):
    def map(self, x):
        return x / self.scale_


class VarianceForDeviation(Standardizer):
    def map(self, x):
        return (x - self.mean_) / self.scale_**2


class InverseInTheWrongOrder(Standardizer):
    def unmap(self, z):
        return (z + self.mean_) * self.scale_


class RangeOfTheTestSet(MinMaxScaler):
    def map(self, x):
        ends = x.min(-2, keepdims=True), x.max(-2, keepdims=True)
        return preprocessing.rescale(x, ends, self.feature_range)


class ByTheMaximum(MinMaxScaler):
    def map(self, x):
        return x / self.max_


class Clipped(MinMaxScaler):
    def map(self, x):
        return super().map(x).clip(*self.feature_range)


class RangeIgnored(MinMaxScaler):
    def map(self, x):
        return (x - self.min_) / self.range_


class SlopeOneForConstant(MinMaxScaler):
    def map(self, x):
        (a, b), span = self.feature_range, np.where(self.range_ > 0, self.range_, 1.0)
        return a + (b - a) * (x - self.min_) / span


class Whitened:
    """A whitening whose matrix is wrong."""

    def learn(self, x, dtype):
        right = super().learn(x, dtype)
        eigenvalues, axes = right["eigenvalues_"], right["components_"].swapaxes(-1, -2)
        return {**right, "matrix_": self.wrong(eigenvalues, axes, self.eps)}


class EpsilonOutside(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes.T / (np.sqrt(eigenvalues) + eps)[:, None]


class NoEpsilon(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes.T / np.sqrt(eigenvalues)[:, None]


class NoRoot(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes.T / (eigenvalues + eps)[:, None]


class NotTransposed(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes / np.sqrt(eigenvalues + eps)[:, None]


class NotTurned(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return np.diag(1 / np.sqrt(eigenvalues + eps))


class TurnedBack(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return preprocessing.zca_matrix(eigenvalues, axes, eps)


class NotTurnedBack(Whitened, ZCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return preprocessing.pca_matrix(eigenvalues, axes, eps)


class TurnedBackTheWrongWay(Whitened, ZCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes.T @ preprocessing.pca_matrix(eigenvalues, axes, eps)


class EpsilonOutsideInZCA(Whitened, ZCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return axes / (np.sqrt(eigenvalues) + eps) @ axes.T


class SmallestFirst(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return preprocessing.pca_matrix(eigenvalues, axes, eps)[::-1]


class NMinusOne(Whitened, PCAWhitening):
    def wrong(self, eigenvalues, axes, eps):
        return preprocessing.pca_matrix(eigenvalues * 12 / 11, axes, eps)


class WhitenedAroundZero(PCAWhitening):
    def map(self, x):
        return x @ self.matrix_.T


class CovarianceAroundZero(PCAWhitening):
    def learn(self, x, dtype):
        around_zero = np.concatenate([x, -x])  # of mean 0
        return {**super().learn(around_zero, dtype), "mean_": x.mean(0)}


class SignsAsTheyCome(PCAWhitening):
    def learn(self, x, dtype):
        right = super().learn(x, dtype)
        return {**right, "matrix_": -right["matrix_"]}


class AxesOfTheTestSet(ZCAWhitening):
    def map(self, x):
        other = ZCAWhitening(self.eps + 1e-9).fit(x)
        return preprocessing.whiten(x, other.mean_, other.matrix_)


class RowsForColumnsInZCA(ZCAWhitening):
    """The covariance of the samples instead of the columns, as good as any from its shape."""

    def learn(self, x, dtype):
        return super().learn(np.resize(x.T, x.shape), dtype)


PLANTED: list[tuple[type, dict[str, Any], Any]] = [
    (SampleDeviation, {}, plain),
    (OneForAllColumns, {}, plain),
    (RowsForColumns, {}, plain),
    (StatisticsOfTheTestSet, {}, plain),
    (TinyForConstant, {}, constant),
    (NotCentered, {}, plain),
    (VarianceForDeviation, {}, plain),
    (InverseInTheWrongOrder, {}, plain),
    (RangeOfTheTestSet, {}, plain),
    (ByTheMaximum, {}, plain),
    (Clipped, {}, plain),
    (RangeIgnored, {"feature_range": (-1.0, 3.0)}, plain),
    (SlopeOneForConstant, {"feature_range": (-1, 1)}, constant),
    (EpsilonOutside, {"eps": 0.3}, plain),
    (NoEpsilon, {"eps": 0.3}, plain),
    (NoRoot, {"eps": 0.0}, plain),
    (NotTransposed, {"eps": 0.0}, plain),
    (NotTurned, {"eps": 0.0}, plain),
    (TurnedBack, {"eps": 0.0}, plain),
    (SmallestFirst, {"eps": 0.0}, plain),
    (NMinusOne, {"eps": 0.0}, plain),
    (WhitenedAroundZero, {"eps": 0.0}, plain),
    (CovarianceAroundZero, {"eps": 0.0}, plain),
    (SignsAsTheyCome, {"eps": 0.0}, plain),
    (NoEpsilon, {}, constant_for_all),
    (NotTurnedBack, {"eps": 0.0}, plain),
    (TurnedBackTheWrongWay, {"eps": 0.0}, plain),
    (EpsilonOutsideInZCA, {"eps": 0.3}, plain),
    (AxesOfTheTestSet, {"eps": 0.0}, plain),
    (RowsForColumnsInZCA, {"eps": 0.0}, plain),
    (EpsilonOutsideInZCA, {"eps": 0.01}, few),
]


def its_case(wrong: type, kwargs: dict[str, Any], data: Any) -> cases.PreprocessingCase:
    """The case of the table that has to catch the error."""
    names = [c.__name__ for c in wrong.__mro__ if hasattr(twins, c.__name__)]
    return next(
        case
        for case in cases.PREPROCESSING
        if case.name == names[0] and case.data is data and case.kwargs == kwargs
    )


@pytest.mark.parametrize(
    ("wrong", "kwargs", "data"), PLANTED, ids=lambda x: getattr(x, "__name__", None)
)
def test_parity_catches(wrong: type, kwargs: dict[str, Any], data: Any) -> None:
    case = its_case(wrong, kwargs, data)
    twin = getattr(twins, case.name)(**kwargs)
    with (
        np.errstate(divide="ignore", invalid="ignore"),
        pytest.raises((AssertionError, ValueError), match=r"differs by|x must be of numbers"),
    ):
        assert_same(wrong(**kwargs), twin, case)


def test_a_sign_left_to_rounding_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strictly largest entry decides: at a tie that is the last digit, and the rooms part."""
    from dlcourse.scratch.preprocessing import whitening

    def of_the_largest(axes):
        first = np.abs(axes).argmax(-2)[..., None, :]
        return np.sign(np.take_along_axis(axes, first, -2))

    monkeypatch.setattr(whitening, "_signs", of_the_largest)
    parted = 0
    for seed in range(30):
        x = np.random.default_rng(seed).standard_normal((40, 2)) @ [[1, 0.5], [0, 1]]
        x = Standardizer().fit_transform(x)
        parted += bool((preprocessing.principal_axes(x)[1][0] < 0).any())
    assert parted
