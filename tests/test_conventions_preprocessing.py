"""Each convention of preprocessing: our code follows it, and the other form differs measurably."""

import numpy as np
import pytest
from cases.preprocessing import constant, plain, shifted
from numpy.testing import assert_allclose
from sklearn import preprocessing as sklearn
from sklearn.decomposition import PCA

from dlcourse.scratch.preprocessing import (
    MinMaxScaler,
    PCAWhitening,
    Standardizer,
    ZCAWhitening,
    principal_axes,
)

EXACT = {"rtol": 1e-11, "atol": 1e-12}


def test_the_deviation_divides_by_n():
    x = plain()[0]
    assert_allclose(Standardizer().fit(x).scale_, x.std(0), **EXACT)
    assert_allclose(Standardizer().fit(x).scale_, sklearn.StandardScaler().fit(x).scale_, **EXACT)
    assert_allclose(x.std(0, ddof=1) / x.std(0), np.sqrt(12 / 11), **EXACT)
    ten = shifted(10)[0]
    assert (ten.std(0, ddof=1) / ten.std(0) - 1).max() == pytest.approx(0.054, abs=1e-3)


def test_a_column_is_constant_when_all_its_values_are_equal():
    train, new = constant()
    ours = Standardizer().fit(train)
    assert ours.scale_[2] == 1.0
    assert not ours.transform(train)[:, 2].any()
    assert_allclose(ours.transform(new)[:, 2], new[:, 2] - 0.1, **EXACT)
    with np.errstate(divide="ignore", invalid="ignore"):  # divided by a deviation of 0
        naive = np.full(3, 7.0) - 7.0
        assert np.isnan(naive / np.std(np.full(3, 7.0))).all()
    last_digit = np.array([[1.0], [1.0 + 2 * np.finfo(float).eps]])
    assert_allclose(Standardizer().fit_transform(last_digit), [[-1.0], [1.0]])
    theirs = sklearn.StandardScaler().fit(last_digit)
    assert theirs.scale_ == 1.0
    assert abs(theirs.transform(last_digit)).max() < 1e-15


def test_min_max_scaling_does_not_clip_new_data():
    train, new = np.array([[0.0], [10.0]]), np.array([[-5.0], [20.0]])
    assert_allclose(MinMaxScaler().fit(train).transform(new), [[-0.5], [2.0]], **EXACT)
    clipped = sklearn.MinMaxScaler(clip=True).fit(train).transform(new)
    assert_allclose(clipped, [[0.0], [1.0]], **EXACT)


def test_a_constant_column_becomes_the_low_end_whatever_comes():
    train, new = np.full((3, 1), 7.0), np.array([[7.0], [8.0]])
    assert_allclose(MinMaxScaler((-1, 1)).fit(train).transform(new), [[-1.0], [-1.0]], **EXACT)
    theirs = sklearn.MinMaxScaler((-1, 1)).fit(train)
    assert_allclose(theirs.transform(new), [[-1.0], [1.0]], **EXACT)


def test_the_ends_of_the_range_are_exact():
    x = np.random.default_rng(3).standard_normal((50, 2000))
    ours = MinMaxScaler((0.1, 0.7)).fit_transform(x)
    assert (ours.min(0) == 0.1).all() and (ours.max(0) == 0.7).all()
    scale = (0.7 - 0.1) / (x.max(0) - x.min(0))
    folded = x * scale + (0.1 - x.min(0) * scale)
    assert (folded.max(0) > 0.7).any()


def test_whitening_divides_the_covariance_by_n():
    train, new = shifted(60, 4)
    ours = PCAWhitening(0.0).fit(train)
    assert_allclose(np.cov(ours.transform(train).T, bias=True), np.eye(4), atol=1e-10)
    theirs = PCA(whiten=True, svd_solver="full").fit(train)
    assert_allclose(np.cov(theirs.transform(train).T, bias=True), 59 / 60 * np.eye(4), atol=1e-10)
    ratio = abs(ours.transform(new) / theirs.transform(new))
    assert_allclose(ratio, np.sqrt(60 / 59), **EXACT)


def test_epsilon_is_added_to_the_variance_inside_the_root():
    x = plain()[0]
    for kind in (PCAWhitening, ZCAWhitening):
        ours = kind(1e-2).fit(x)
        assert_allclose(ours.scale_, np.sqrt(ours.eigenvalues_ + 1e-2), **EXACT)
    flat = np.zeros((2, 1))  # a direction without variance: how far does a step of 1 go?
    inside = PCAWhitening(1e-4).fit(flat).transform(np.ones((1, 1)))
    assert_allclose(inside, 100.0)
    outside = 1 / (np.sqrt(0.0) + 1e-4)
    assert outside == pytest.approx(1e4)


def test_the_largest_entry_of_an_axis_is_positive():
    turned = []
    for seed in range(10):
        x = shifted(seed=seed)[0]
        rows = PCAWhitening(0.0).fit(x).components_
        assert (np.take_along_axis(rows, abs(rows).argmax(1)[:, None], 1) > 0).all()
        raw = np.linalg.eigh(np.cov(x.T, bias=True))[1].T[::-1]  # as LAPACK gives them
        turned.append((raw * rows).sum(1))
    assert_allclose(abs(np.array(turned)), 1.0)
    assert np.min(turned) < 0 < np.max(turned)


def test_components_are_rows_and_the_largest_variance_comes_first():
    x = plain()[0]
    ours = PCAWhitening(0.0).fit(x)
    eigenvalues, axes = principal_axes(x)
    assert (np.diff(ours.eigenvalues_) < 0).all()
    assert_allclose(ours.components_, axes.T, **EXACT)
    along = (x - x.mean(0)) @ ours.components_.T
    assert_allclose(along.var(0), eigenvalues, **EXACT)
    columns_for_rows = (x - x.mean(0)) @ ours.components_
    assert abs(columns_for_rows.var(0) / eigenvalues - 1).max() > 0.5
