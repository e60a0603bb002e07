"""The smallest weights, weights that training images do not see, and where descent ends."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.random_features import (
    descend,
    learn_features,
    relu_features,
    smallest,
    unseen,
)

RNG = np.random.default_rng(6)
WIDE, TALL = RNG.normal(size=(2, 8, 20)), RNG.normal(size=(2, 20, 8))


@pytest.mark.parametrize("a", [WIDE, TALL])
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_the_weights_are_those_of_the_formula(a: np.ndarray, ridge: float) -> None:
    t = RNG.normal(size=(2, a.shape[1], 3))
    turned = a.swapaxes(-1, -2)
    wanted = np.linalg.pinv(a) @ t
    if ridge:
        wanted = np.linalg.solve(turned @ a + ridge * np.eye(a.shape[2]), turned @ t)
    np.testing.assert_allclose(smallest(a, t, ridge), wanted, atol=1e-12)


def test_a_feature_that_is_never_active_does_no_harm() -> None:
    a = TALL[0].copy()
    a[:, 3] = 0
    weights = smallest(a, RNG.normal(size=(20, 2)))
    assert np.isfinite(weights).all() and abs(weights[3]).max() < 1e-12


def test_what_is_unseen_changes_nothing_and_is_all_of_it() -> None:
    a, w = WIDE[0], RNG.normal(size=(20, 3))
    aside = unseen(a, w)
    assert abs(a @ aside).max() < 1e-12
    np.testing.assert_allclose(w - aside, smallest(a, a @ w), atol=1e-12)
    assert np.linalg.norm(aside) > 1
    assert abs(unseen(TALL[0], RNG.normal(size=(8, 3)))).max() < 1e-12


@pytest.mark.parametrize("single", [False, True])
def test_descent_ends_where_its_start_says(single: bool) -> None:
    a, t, start = WIDE[0], RNG.normal(size=(8, 2)), RNG.normal(size=(20, 2))
    for begin in (np.zeros((20, 2)), start):
        end = descend(a, t, begin, epochs=3000, single=single)
        np.testing.assert_allclose(end, smallest(a, t) + unseen(a, begin), atol=1e-10)
    np.testing.assert_array_equal(start, start.copy())


def test_one_epoch_of_single_samples_takes_each_in_turn() -> None:
    a, t = np.eye(3) * [[1.0], [2.0], [4.0]], np.array([[1.0], [2.0], [3.0]])
    got = descend(a, t, np.zeros((3, 1)), epochs=1, single=True)
    np.testing.assert_allclose(got.ravel(), [1.0, 1.0, 0.75])


def test_features_are_a_hidden_layer() -> None:
    x, d = RNG.normal(size=(5, 4)), RNG.normal(size=(4, 9))
    np.testing.assert_allclose(relu_features(x, d), np.where(x @ d > 0, x @ d, 0) / 3)


def test_a_detour_is_as_long_as_said_and_not_seen_in_training() -> None:
    rngs = lambda: [np.random.default_rng(i) for i in range(2)]  # noqa: E731
    plain, aside = (learn_features(rngs(), 2, count=300, n=60, detour=d) for d in (0.0, 200.0))
    assert max(plain["train_miss"].max(), aside["train_miss"].max()) < 1e-9
    np.testing.assert_allclose(aside["norm"] ** 2 - plain["norm"] ** 2, 200.0**2, rtol=1e-6)
    assert (aside["test_error"] > plain["test_error"]).all()
    ridge = learn_features(rngs(), 2, count=300, n=60, ridge=1.0)
    assert (ridge["norm"] < plain["norm"]).all() and (ridge["train_miss"] > 0.01).all()
