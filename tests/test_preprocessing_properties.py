"""What holds for all data that preprocessing may meet: searched by hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.scratch import preprocessing
from dlcourse.scratch.preprocessing import MinMaxScaler, PCAWhitening, Standardizer, ZCAWhitening

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 12), st.integers(1, 5))
leads = st.sampled_from([(), (1,), (3,), (2, 2)])
MAKERS: dict[str, Callable[[], Any]] = {
    "Standardizer": Standardizer,
    "MinMaxScaler": lambda: MinMaxScaler((-1.0, 2.0)),
    "PCAWhitening": lambda: PCAWhitening(0.1),
    "ZCAWhitening": lambda: ZCAWhitening(0.1),
}
makers = st.sampled_from(sorted(MAKERS))
quick = settings(max_examples=60, deadline=None)
Map = Callable[[np.ndarray], np.ndarray]


def draw(seed: int, lead: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """Columns of unlike places and scales; sometimes a constant one, or one that is repeated."""
    rng = np.random.default_rng(seed)
    n, d = size
    x = rng.standard_normal((*lead, n, d)) * 10.0 ** rng.integers(-3, 3, d) + rng.integers(-9, 9, d)
    if rng.integers(3) == 0:
        x[..., 0] = x[..., :1, 0]
    if rng.integers(3) == 0:
        x[..., -1] = x[..., 0]
    return x


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-9) -> bool:
    return bool(np.abs(a - b).max() <= tolerance * max(1.0, np.abs(b).max()))


def comes_back(transform: Map, inverse: Map, x: np.ndarray) -> bool:
    return close(inverse(transform(x)), x)


@given(makers, seeds, leads, sizes)
@quick
def test_the_inverse_brings_the_data_back(name, seed, lead, size) -> None:
    x = draw(seed, lead, size)
    fitted = MAKERS[name]().fit(x)
    assert comes_back(fitted.transform, fitted.inverse_transform, x)
    if name != "MinMaxScaler":  # which forgets where new data lie beside a constant column
        other = draw(seed + 1, lead, size)
        assert comes_back(fitted.transform, fitted.inverse_transform, other)


def test_an_inverse_that_is_none_is_found() -> None:
    x = draw(1, (), (9, 3))
    fitted = ZCAWhitening(0.1).fit(x)
    assert not comes_back(fitted.transform, fitted.transform, x)
    assert not comes_back(fitted.transform, lambda z: fitted.inverse_transform(z) + 1e-3, x)


def is_standard(z: np.ndarray) -> bool:
    """Every column has mean 0, and deviation 1 or no spread."""
    spread = z.std(-2)
    return bool(
        close(z.mean(-2), np.zeros(z.shape[-1]))
        and (np.minimum(np.abs(spread - 1), spread) < 1e-9).all()
    )


@given(seeds, leads, sizes)
@quick
def test_standardizing_twice_is_standardizing_once(seed, lead, size) -> None:
    z = Standardizer().fit_transform(draw(seed, lead, size))
    assert is_standard(z)
    assert close(Standardizer().fit_transform(z), z)


def test_a_deviation_with_n_minus_1_is_not_standard() -> None:
    x = draw(1, (), (9, 3))
    assert not is_standard((x - x.mean(0)) / x.std(0, ddof=1))


@given(seeds, leads, sizes)
@quick
def test_min_max_scaling_fills_the_range(seed, lead, size) -> None:
    x = draw(seed, lead, size)
    z = MinMaxScaler((-1.0, 2.0)).fit_transform(x)
    varied = x.min(-2) < x.max(-2)
    assert (z.min(-2) == -1.0).all()
    assert (z.max(-2)[varied] == 2.0).all()
    assert (z.max(-2)[~varied] == -1.0).all()
    assert close(MinMaxScaler((-1.0, 2.0)).fit_transform(z), z)


def follows(
    name: str, transform: Callable[[np.ndarray, np.ndarray], np.ndarray], seed: int
) -> bool:
    """Whether columns in another order give the same results, in that order where they keep one."""
    x, new = draw(seed, (), (20, 4)), draw(seed + 1, (), (5, 4))
    order = np.random.default_rng(seed).permutation(4)
    z, other = transform(x, new), transform(x[:, order], new[:, order])
    if name == "PCAWhitening":  # its columns are axes: signs are by the first entry at a tie
        z, other = np.abs(z), np.abs(other)
        return close(np.square(other).sum(-1), np.square(z).sum(-1), 1e-6)
    return close(other, z[:, order], 1e-7)


@given(makers, seeds)
@quick
def test_the_order_of_columns_does_not_matter(name, seed) -> None:
    assert follows(name, lambda x, new: MAKERS[name]().fit(x).transform(new), seed)


def test_a_scaling_that_sees_the_order_is_found() -> None:
    def by_place(x: np.ndarray, new: np.ndarray) -> np.ndarray:
        return Standardizer().fit(x).transform(new) * [1, 1, 1, 2]

    def turned(x: np.ndarray, new: np.ndarray) -> np.ndarray:
        return PCAWhitening(0.1).fit(x).transform(new)

    assert not all(follows("Standardizer", by_place, seed) for seed in range(5))
    assert not all(follows("ZCAWhitening", turned, seed) for seed in range(5))


@given(makers, seeds)
@quick
def test_the_order_of_samples_does_not_matter(name, seed) -> None:
    x, new = draw(seed, (), (20, 4)), draw(seed + 1, (), (5, 4))
    shuffled = np.random.default_rng(seed).permutation(x)
    z, other = (MAKERS[name]().fit(rows).transform(new) for rows in (x, shuffled))
    if name == "PCAWhitening":  # columns that are repeated leave axes free
        z, other = (np.square(a).sum(-1) for a in (z, other))
    assert close(other, z, 1e-6)


@given(seeds, st.floats(0.1, 10.0), st.floats(-50.0, 50.0))
@quick
def test_units_do_not_matter_to_columns_that_are_scaled(seed, factor, shift) -> None:
    x, new = draw(seed, (), (20, 3)), draw(seed + 1, (), (5, 3))
    for name in ("Standardizer", "MinMaxScaler"):
        z = MAKERS[name]().fit(x).transform(new)
        varied = x.min(0) < x.max(0)
        other = MAKERS[name]().fit(x * factor + shift).transform(new * factor + shift)
        assert close(other[:, varied], z[:, varied], 1e-7)


def full_rank(seed: int, lead: tuple[int, ...]) -> np.ndarray:
    """Columns that are correlated, with variances that differ by 1e4 at most."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((*lead, 4, 4)))
    return rng.standard_normal((*lead, 30, 4)) * 10.0 ** rng.uniform(-1, 1, 4) @ turn + 3


@given(seeds, leads, st.sampled_from([PCAWhitening, ZCAWhitening]))
@quick
def test_no_two_whitened_columns_are_correlated(seed, lead, kind) -> None:
    z = kind(0.0).fit_transform(full_rank(seed, lead))
    covariance = z.swapaxes(-1, -2) @ z / z.shape[-2]
    np.testing.assert_allclose(covariance, np.broadcast_to(np.eye(4), covariance.shape), atol=1e-6)


@given(seeds, leads)
@quick
def test_axes_are_orthonormal_sorted_and_rebuild_the_covariance(seed, lead) -> None:
    x = draw(seed, lead, (9, 4))
    eigenvalues, axes = preprocessing.principal_axes(x)
    centered = x - x.mean(-2, keepdims=True)
    covariance = centered.swapaxes(-1, -2) @ centered / 9
    assert close(axes.swapaxes(-1, -2) @ axes, np.broadcast_to(np.eye(4), axes.shape))
    assert close(axes * eigenvalues[..., None, :] @ axes.swapaxes(-1, -2), covariance)
    assert (np.diff(eigenvalues) <= 0).all() and (eigenvalues >= 0).all()
    assert (axes.max(-2) >= (1 - 1e-6) * -axes.min(-2)).all()


def test_wrong_axes_are_found() -> None:
    """Rows for columns: orthonormal too, but they rebuild another matrix."""
    x = full_rank(0, ())
    eigenvalues, axes = preprocessing.principal_axes(x)
    assert not close(axes.T * eigenvalues @ axes, np.cov(x.T, bias=True))
    assert close(axes * eigenvalues @ axes.T, np.cov(x.T, bias=True))


@given(seeds, st.floats(0.05, 3.0))
@quick
def test_zca_is_symmetric_and_pca_turned_back(seed, eps) -> None:
    x = full_rank(seed, ())
    zca, pca = ZCAWhitening(eps).fit(x), PCAWhitening(eps).fit(x)
    assert close(zca.matrix_, zca.matrix_.T)
    assert close(zca.transform(x), pca.transform(x) @ pca.components_)
    covariance = np.cov(x.T, bias=True) + eps * np.eye(4)
    assert close(zca.matrix_ @ covariance @ zca.matrix_, np.eye(4))
    assert np.linalg.eigvalsh(zca.matrix_).min() > 0
    with pytest.raises(AssertionError):  # planted
        np.testing.assert_allclose(pca.matrix_, pca.matrix_.T, atol=1e-9)
