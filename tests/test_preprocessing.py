"""Preprocessing equals its twin, scikit-learn and exact arithmetic, and does what it is for."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import Any

import cases
import numpy as np
import pytest
import torch
from cases.preprocessing import constant, few, in_runs, one_sample, plain, shifted
from devices import DEVICES
from harness import relative
from sklearn import preprocessing as sklearn
from sklearn.decomposition import PCA

from dlcourse.lesson import parity
from dlcourse.reference import preprocessing as twins
from dlcourse.scratch import preprocessing
from dlcourse.scratch.preprocessing import MinMaxScaler, PCAWhitening, Standardizer, ZCAWhitening
from tools.registries import read

EXACT = {"rtol": 1e-12, "atol": 1e-12}
KINDS = [Standardizer, MinMaxScaler, PCAWhitening, ZCAWhitening]


def learned(fitted: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(fitted).items() if name.endswith("_")}


def assert_same(one: Any, two: Any, case: cases.PreprocessingCase, device: str = "cpu") -> None:
    """What both learn, how they map new data, and how they come back."""
    train, new = case.data()
    theirs = [torch.tensor(x, device=device) for x in (train, new)]
    pairs = {"train": (one.fit_transform(train), two.fit_transform(theirs[0]))}
    assert learned(one).keys() == learned(two).keys()
    pairs |= {name: (value, learned(two)[name]) for name, value in learned(one).items()}
    pairs["new"] = one.transform(new), two.transform(theirs[1])
    pairs["back"] = one.inverse_transform(new), two.inverse_transform(theirs[1])
    for name, (ours, other) in pairs.items():
        if name in case.free:
            continue
        difference = relative(ours, other.cpu().numpy())
        assert difference <= 1e-10, f"{name} differs by {difference:.1e}"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", cases.PREPROCESSING, ids=lambda case: case.id)
def test_rooms_agree(case: cases.PreprocessingCase, device: str) -> None:
    make, twin = (getattr(room, case.name) for room in (preprocessing, twins))
    assert_same(make(**case.kwargs), twin(**case.kwargs), case, device)


@pytest.mark.parametrize("data", [plain, in_runs])
def test_the_functions_of_both_rooms_agree(data) -> None:
    x = data()[0]
    low, high = x.min(-2, keepdims=True), x.max(-2, keepdims=True)
    mean, scale = preprocessing.mean_and_scale(x)
    eigenvalues, axes = preprocessing.principal_axes(x)
    matrix = preprocessing.pca_matrix(eigenvalues, axes)
    calls: dict[str, tuple[Any, ...]] = {
        "column_mean": (x,),
        "mean_and_scale": (x,),
        "standardize": (x, mean, scale),
        "rescale": (x, (low, high), (-1.0, 2.0)),
        "principal_axes": (x,),
        "pca_matrix": (eigenvalues, axes, 0.1),
        "zca_matrix": (eigenvalues, axes, 0.1),
        "whiten": (x, mean, matrix),
    }
    functions = {n for n in preprocessing.__all__ if inspect.isfunction(getattr(preprocessing, n))}
    assert calls.keys() == functions
    for name, given in calls.items():
        ours = getattr(preprocessing, name)(*given)
        other = getattr(twins, name)(*(_tensors(one) for one in given))
        pairs = zip(ours, other, strict=True) if isinstance(ours, tuple) else [(ours, other)]
        for a, b in pairs:
            assert relative(a, b.numpy()) < 1e-12, name


def _tensors(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_tensors, value))
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def assert_as_sklearn(ours: Any, theirs: Any, data: cases.preprocessing.Data) -> None:
    train, new = data
    np.testing.assert_allclose(ours.fit_transform(train), theirs.fit_transform(train), **EXACT)
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new), **EXACT)
    np.testing.assert_allclose(ours.inverse_transform(new), theirs.inverse_transform(new), **EXACT)


@pytest.mark.parametrize("data", [plain, few, constant, one_sample])
def test_standardizer_is_that_of_scikit_learn(data) -> None:
    ours, theirs = Standardizer(), sklearn.StandardScaler()
    assert_as_sklearn(ours, theirs, data())
    np.testing.assert_allclose(ours.mean_, theirs.mean_, **EXACT)
    np.testing.assert_allclose(ours.scale_, theirs.scale_, **EXACT)


@pytest.mark.parametrize("ends", [(0.0, 1.0), (-1.0, 3.0)])
@pytest.mark.parametrize("data", [plain, few])
def test_min_max_scaler_is_that_of_scikit_learn(data, ends) -> None:
    ours, theirs = MinMaxScaler(ends), sklearn.MinMaxScaler(ends)
    assert_as_sklearn(ours, theirs, data())
    np.testing.assert_array_equal(ours.min_, theirs.data_min_)
    np.testing.assert_array_equal(ours.max_, theirs.data_max_)
    np.testing.assert_array_equal(ours.range_, theirs.data_range_)
    train = constant()[0]
    np.testing.assert_allclose(ours.fit_transform(train), theirs.fit_transform(train), **EXACT)


def by_sklearn(x: np.ndarray, new: np.ndarray, eps: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """New data whitened by PCA and by ZCA, from the axes that scikit-learn finds."""
    theirs = PCA(svd_solver="full").fit(x)
    variance = theirs.explained_variance_ * (len(x) - 1) / len(x)
    pca = theirs.transform(new) / np.sqrt(variance + eps)
    return pca, pca @ theirs.components_


def test_pca_whitening_is_that_of_scikit_learn_up_to_signs_and_n_minus_1() -> None:
    train, new = shifted(60, 4)
    ours, theirs = PCAWhitening(eps=0.0).fit(train), PCA(whiten=True, svd_solver="full").fit(train)
    sign = np.sign((ours.components_ * theirs.components_).sum(1))
    np.testing.assert_allclose(ours.components_, sign[:, None] * theirs.components_, **EXACT)
    n = len(train)
    np.testing.assert_allclose(ours.eigenvalues_ * n / (n - 1), theirs.explained_variance_, **EXACT)
    stretched = theirs.transform(new) * sign * np.sqrt(n / (n - 1))
    np.testing.assert_allclose(ours.transform(new), stretched, **EXACT)
    assert abs(ours.transform(new) - theirs.transform(new) * sign).max() > 1e-3


@pytest.mark.parametrize("eps", [0.0, 0.3])
def test_both_whitenings_by_the_axes_of_scikit_learn(eps: float) -> None:
    train, new = shifted(60, 4)
    pca, zca = by_sklearn(train, new, eps)
    np.testing.assert_allclose(ZCAWhitening(eps).fit(train).transform(new), zca, **EXACT)
    mine = PCAWhitening(eps).fit(train).transform(new)
    np.testing.assert_allclose(abs(mine), abs(pca), **EXACT)


@pytest.mark.parametrize("kind", [PCAWhitening, ZCAWhitening])
@pytest.mark.parametrize("data", [plain, in_runs])
def test_whitened_training_data_have_the_covariance_I(kind, data) -> None:
    z = kind(eps=0.0).fit_transform(data()[0])
    np.testing.assert_allclose(z.mean(-2), 0, atol=1e-12)
    covariance = z.swapaxes(-1, -2) @ z / z.shape[-2]
    np.testing.assert_allclose(covariance, np.broadcast_to(np.eye(4), covariance.shape), atol=1e-10)


def test_epsilon_leaves_small_variances_small() -> None:
    x = plain()[0]
    fitted = PCAWhitening(eps=0.3).fit(x)
    share = fitted.eigenvalues_ / (fitted.eigenvalues_ + 0.3)
    np.testing.assert_allclose(fitted.transform(x).var(0), share, rtol=1e-10)
    assert share.min() < 0.1 < 0.9 < share.max()


def test_zca_is_the_whitening_nearest_to_the_data() -> None:
    """Of all rotations of whitened data none is nearer, and PCA's own is not."""
    x = plain()[0]
    zca, pca = ZCAWhitening(0.0).fit_transform(x), PCAWhitening(0.0).fit_transform(x)
    centered = x - x.mean(0)
    best = np.square(zca - centered).sum()
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(200)]
    assert best < min(np.square(pca @ turn - centered).sum() for turn in [np.eye(4), *turns])


def test_statistics_of_1e8_and_noise_are_exact_to_the_last_digits() -> None:
    """Compared with fractions; the one-pass formula and a plain sum fail here."""
    rng = np.random.default_rng(0)
    x = 1e8 + rng.integers(-400, 400, (5000, 1)) / 1024
    exact = [Fraction(value) for value in x[:, 0].tolist()]
    mean = sum(exact) / len(exact)
    deviation = float(sum((value - mean) ** 2 for value in exact) / len(exact)) ** 0.5
    ours = Standardizer().fit(x)
    ulp = np.spacing(1e8)
    assert abs(Fraction(ours.mean_[0]) - mean) <= ulp / 2
    assert ours.scale_[0] == pytest.approx(deviation, rel=1e-12)
    theirs = twins.Standardizer().fit(torch.tensor(x))
    assert abs(Fraction(theirs.mean_.item()) - mean) <= 2 * ulp
    assert theirs.scale_.item() == pytest.approx(deviation, rel=1e-12)
    one_pass = np.sqrt(abs(np.mean(x**2) - np.mean(x) ** 2))  # planted
    assert one_pass != pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize("room", [preprocessing, twins])
@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 1e304])
def test_size_is_no_matter_to_what_has_no_unit(room, size: float) -> None:
    x = plain()[0]
    make = np.array if room is preprocessing else torch.tensor
    for kind in ("Standardizer", "MinMaxScaler"):
        scaled = np.asarray(getattr(room, kind)().fit_transform(make(x * size)))
        want = getattr(preprocessing, kind)().fit_transform(x)
        coarse = max(1e-12, 1e4 * 5e-324 / size)  # subnormal numbers have few digits
        np.testing.assert_allclose(scaled, want, atol=coarse)
    with np.errstate(over="ignore"):  # planted: squares are lost on the way
        squared = np.square(x * size).mean(0)
    assert ((squared == 0) | np.isinf(squared)).all()


PARITY: list[tuple[str, dict[str, Any], str]] = [
    ("Standardizer", {}, "Standardizer()"),
    ("MinMaxScaler", {"feature_range": (-1.0, 1.0)}, "MinMaxScaler(feature_range=(-1.0, 1.0))"),
    ("PCAWhitening", {"eps": 0.1}, "PCAWhitening(eps=0.1)"),
    ("ZCAWhitening", {"eps": 0.0}, "ZCAWhitening(eps=0.0)"),
]


@pytest.mark.parametrize(("name", "hyper", "call"), PARITY)
def test_a_lesson_prints_their_parity(name, hyper, call, capsys, monkeypatch) -> None:
    parity(name, steps=20, **hyper)
    said = capsys.readouterr().out
    assert said.startswith(f"{call}: 20 sets of data,\n")
    assert 0 < float(said.rpartition("≈")[2]) < 1e-10
    right = getattr(preprocessing, name)

    class Wrong(right):
        def map(self, x):
            return super().map(x) * (1 + 1e-9)

    monkeypatch.setattr(preprocessing, name, Wrong)
    with pytest.raises(AssertionError, match="on data set 0, transform differs by 1e-09"):
        parity(name, **hyper)


def test_a_function_has_no_parity_line() -> None:
    with pytest.raises(ValueError, match="name must be a class where it is of preprocessing"):
        parity("principal_axes")


def not_in(listed: set[str]) -> list[str]:
    """Classes of the room that no row of the index names."""
    names = [name for name in preprocessing.__all__ if name[0].isupper() and name != "Preprocessor"]
    return [n for n in names if f"dlcourse.scratch.preprocessing.{n}" not in listed]


def test_every_one_has_its_row_in_the_index() -> None:
    listed = {row["scratch"] for area in read("algorithms") for row in area["rows"]}
    assert not_in(listed) == []
    assert not_in(listed - {"dlcourse.scratch.preprocessing.ZCAWhitening"}) == ["ZCAWhitening"]
