"""Preprocessing at its edges: what is stated there is so, and both rooms refuse alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from cases.preprocessing import constant, few, in_runs, plain
from test_errors import SENTENCE
from test_room_doors import NAMES

from dlcourse import data
from dlcourse.reference import preprocessing as twins
from dlcourse.scratch import preprocessing
from dlcourse.scratch.preprocessing import MinMaxScaler, PCAWhitening, Standardizer, ZCAWhitening

KINDS = [Standardizer, MinMaxScaler, PCAWhitening, ZCAWhitening]
ROOMS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "scratch": (preprocessing, np.array),
    "reference": (twins, lambda a: torch.from_numpy(np.array(a))),
}
rooms = pytest.mark.parametrize("room", ROOMS)
kinds = pytest.mark.parametrize("kind", KINDS)


def state(fitted: Any) -> dict[str, Any]:
    return {k: np.asarray(v).copy() for k, v in vars(fitted).items()}


@rooms
@kinds
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_and_inputs_stay_as_they_are(room: str, kind: type, dtype: type) -> None:
    module, make = ROOMS[room]
    train, new = (x.astype(dtype) for x in plain())
    given = make(train), make(new)
    fitted = getattr(module, kind.__name__)().fit(given[0])
    exact = kind().fit(train.astype(float))  # the same numbers in float64 have these statistics
    for name in ("transform", "inverse_transform"):
        got = np.asarray(getattr(fitted, name)(given[1]))
        want = getattr(exact, name)(new.astype(float))
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(np.asarray(given[0]), train)
    np.testing.assert_array_equal(np.asarray(given[1]), new)


@kinds
def test_any_layout_of_memory_will_do(kind: type) -> None:
    train, new = plain()
    want = kind().fit(train).transform(new)
    wide = np.repeat(train, 2, 1)[:, ::2]
    assert not wide.flags.c_contiguous
    frozen = np.asfortranarray(new)
    frozen.flags.writeable = False
    np.testing.assert_allclose(kind().fit(wide).transform(frozen), want, atol=1e-12)


@kinds
def test_what_is_returned_is_a_new_array(kind: type) -> None:
    x = np.array([[-1.0, 0.0], [1.0, 1.0]])
    fitted = kind(**({"eps": 1.0} if "Whitening" in kind.__name__ else {}))
    assert not np.shares_memory(fitted.fit_transform(x), x)
    before = state(fitted)
    x[...] = 7.0  # statistics are no views of the data
    for name, value in state(fitted).items():
        np.testing.assert_array_equal(value, before[name])


@rooms
@kinds
def test_a_refused_fit_changes_nothing(room: str, kind: type) -> None:
    module, make = ROOMS[room]
    fitted = getattr(module, kind.__name__)().fit(make(plain()[0]))
    before = state(fitted)
    bad = [np.ones((3, 2)) * np.nan, np.array([[-1.7e308], [1.7e308]]) * np.ones((1, 2))]
    for x in bad if kind is not Standardizer else bad[:1]:
        with pytest.raises(ValueError, match="x must be"):
            fitted.fit(make(x))
        assert state(fitted).keys() == before.keys()
        for name, value in state(fitted).items():
            np.testing.assert_array_equal(value, before[name])


@kinds
def test_a_second_fit_forgets_the_first(kind: type) -> None:
    one = kind().fit(in_runs()[0]).fit(plain()[0])
    other = kind().fit(plain()[0])
    for name, value in state(other).items():
        np.testing.assert_array_equal(value, state(one)[name])


@kinds
def test_runs_are_fitted_apart_and_one_fit_serves_many(kind: type) -> None:
    train, new = in_runs()
    fitted = kind().fit(train)
    alone = [kind().fit(train[r]) for r in range(3)]
    for r, one in enumerate(alone):
        np.testing.assert_allclose(fitted.transform(new)[r], one.transform(new[r]), atol=1e-11)
        np.testing.assert_allclose(fitted.transform(new[0])[r], one.transform(new[0]), atol=1e-11)
        np.testing.assert_allclose(fitted.transform(new[:1])[r], one.transform(new[0]), atol=1e-11)
    stacked = np.stack([alone[1].transform(x) for x in new])
    np.testing.assert_allclose(alone[1].transform(new), stacked, atol=1e-11)


@rooms
def test_a_grid_of_epsilons_is_that_many_whitenings(room: str) -> None:
    module, make = ROOMS[room]
    train, new = map(make, plain())
    grid = np.array([[0.0], [0.1], [3.0]])
    for name in ("PCAWhitening", "ZCAWhitening"):
        kind = getattr(module, name)
        z = kind(grid).fit(train).transform(new)
        back = kind(grid).fit(train).inverse_transform(z)
        for r, eps in enumerate(grid[:, 0]):
            np.testing.assert_allclose(z[r], kind(eps).fit(train).transform(new), atol=1e-11)
            np.testing.assert_allclose(back[r], new, atol=1e-10)


@rooms
def test_a_constant_column(room: str) -> None:
    module, make = ROOMS[room]
    train, new = map(make, constant())
    z = module.Standardizer().fit(train).transform(train)
    assert not np.asarray(z)[:, 2].any()  # though the sum of seven 0.1 is not 0.7
    fitted = module.Standardizer().fit(train)
    np.testing.assert_array_equal(fitted.transform(new)[:, 2], new[:, 2] - 0.1)
    for low, high in ((0.0, 1.0), (-1.0, 2.0)):
        scaler = module.MinMaxScaler((low, high)).fit(train)
        assert (np.asarray(scaler.transform(new))[:, 2] == low).all()
        np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(new))[:, 2], 0.1)


@rooms
def test_the_ends_of_the_range_are_met_exactly_and_left_by_new_data(room: str) -> None:
    module, make = ROOMS[room]
    train = np.random.default_rng(3).standard_normal((50, 200))
    low, high = 0.1, 0.7
    scaler = module.MinMaxScaler((low, high)).fit(make(train))
    z = np.asarray(scaler.transform(make(train)))
    assert (z.min(0) == low).all() and (z.max(0) == high).all()
    ends = make(np.array([[low] * 200, [high] * 200]))
    np.testing.assert_array_equal(scaler.inverse_transform(ends), [train.min(0), train.max(0)])
    z = np.asarray(scaler.transform(make(3 * train)))
    assert z.min() < low - 0.1 and z.max() > high + 0.1


@rooms
@pytest.mark.parametrize("name", ["PCAWhitening", "ZCAWhitening"])
def test_directions_without_variance_vanish_in_training_data_and_grow_in_new_ones(
    room: str, name: str
) -> None:
    module, make = ROOMS[room]
    train, _ = few()
    fitted = getattr(module, name)(eps=1e-4).fit(make(train))
    assert (np.asarray(fitted.eigenvalues_)[3:] < 1e-12).all()
    coordinates = np.asarray(fitted.components_) @ (train - train.mean(0)).T
    assert abs(coordinates[3:]).max() < 1e-12
    across = np.asarray(fitted.components_)[4]
    z = fitted.transform(make(train.mean(0) + across[None]))
    assert np.linalg.norm(z) == pytest.approx(100.0)  # 1 / √1e-4
    assert np.isfinite(np.asarray(fitted.transform(make(train)))).all()


@rooms
def test_the_digits_have_61_directions(room: str) -> None:
    """Three pixels are constant: the real data that need ε."""
    module, make = ROOMS[room]
    digits = data.load("digits")
    x = np.concatenate([digits.train.x, digits.validation.x, digits.test.x])
    with pytest.raises(ValueError, match=r"x must be of rank 64, .* got 61"):
        module.PCAWhitening(eps=0.0).fit(make(x))
    varied = x[:, x.min(0) < x.max(0)]
    z = np.asarray(module.PCAWhitening(eps=0.0).fit_transform(make(varied)))
    np.testing.assert_allclose(z.T @ z / len(z), np.eye(61), atol=1e-10)


def test_the_sign_of_an_axis_does_not_hang_on_rounding() -> None:
    rng = np.random.default_rng(0)
    for seed in range(50):
        x = np.random.default_rng(seed).standard_normal((30, 2)) @ [[1, 0.5], [0, 1]]
        x = Standardizer().fit_transform(x)  # entries of the axes are ±√½
        shuffled = rng.permutation(x)
        for rows in (x, shuffled, x[::-1]):
            _, axes = preprocessing.principal_axes(rows)
            assert (axes[0] > 0).all()
    _, axes = preprocessing.principal_axes(-x)
    assert (axes[0] > 0).all()


def test_an_abstract_preprocessor_says_what_is_missing() -> None:
    for module, make in ROOMS.values():
        bare = module.Preprocessor()
        with pytest.raises(TypeError, match="learn must be written by the subclass Preprocessor"):
            bare.fit(make(np.ones((2, 2))))
        for name in ("map", "unmap"):
            with pytest.raises(TypeError, match=f"{name} must be written by the subclass"):
                getattr(bare, name)(make(np.ones((2, 2))))


REFUSED: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "list": lambda r, a: r.Standardizer().fit([[1.0]]),
    "integers": lambda r, a: r.Standardizer().fit(a([[1, 2], [3, 4]])),
    "one axis": lambda r, a: r.MinMaxScaler().fit(a([1.0, 2.0])),
    "no samples": lambda r, a: r.PCAWhitening().fit(a(np.ones((0, 2)))),
    "nan": lambda r, a: r.PCAWhitening().fit(a([[1.0], [np.nan]])),
    "inf": lambda r, a: r.MinMaxScaler().fit(a([[1.0], [np.inf]])),
    "before fit": lambda r, a: r.ZCAWhitening().transform(a([[1.0]])),
    "columns": lambda r, a: r.Standardizer().fit(a([[1.0]])).transform(a([[1.0, 2.0]])),
    "runs": lambda r, a: (
        r.Standardizer().fit(a(np.ones((3, 2, 1)))).transform(a(np.ones((2, 2, 1))))
    ),
    "half": lambda r, a: r.Standardizer().fit(a(np.ones((2, 2), np.float16))),
    "reversed": lambda r, a: r.MinMaxScaler((1, 0)),
    "eps": lambda r, a: r.PCAWhitening(-1),
    "eps of runs": lambda r, a: r.ZCAWhitening(np.ones((2, 1))).fit(a(np.ones((3, 2, 1)))),
    "rank": lambda r, a: r.PCAWhitening(0).fit(a(constant()[0])),
    "rank of few": lambda r, a: r.ZCAWhitening(0).fit(a(few()[0])),
    "rank in float32": lambda r, a: r.PCAWhitening(0).fit(
        a(np.c_[plain()[0], plain()[0].sum(1)].astype("f"))
    ),
    "span": lambda r, a: r.MinMaxScaler().fit(a([[-1.7e308], [1.7e308]])),
    "covariance": lambda r, a: r.PCAWhitening().fit(a(plain()[0] * 1e200)),
    "result": lambda r, a: (
        r.Standardizer().fit(a(plain()[0] * 1e-200)).transform(a(plain()[0] * 1e200))
    ),
    "result in float32": lambda r, a: (
        r.Standardizer()
        .fit(a(plain()[0].astype("f")))
        .inverse_transform(a(np.full((1, 4), 3e38, "f")))
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_rooms_refuse_alike(name: str) -> None:
    sentences = []
    for module, make in ROOMS.values():
        with pytest.raises((ValueError, TypeError, RuntimeError)) as raised:
            REFUSED[name](module, make)
        sentence = f"{type(raised.value).__name__}: {raised.value}"
        for theirs, ours in NAMES:
            sentence = sentence.replace(theirs, ours)
        sentences.append(sentence)
    assert sentences[0] == sentences[1]
    assert SENTENCE.match(sentences[0])
