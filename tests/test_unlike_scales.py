"""The penalty of dropout in linear regression: its minimum, and its spread."""

from __future__ import annotations

import numpy as np
import pytest
from test_mislabelled import rngs

from dlcourse.problems.all_masks import all_masks
from dlcourse.problems.unlike_scales import learn_columns, penalized, spread_over_masks
from dlcourse.scratch.regularization import ridge


def test_the_minimum_is_that_of_the_loss_over_all_masks() -> None:
    rng, p = np.random.default_rng(0), 0.3
    x, y = rng.normal(size=(9, 5)) * [1, 2, 3, 4, 5], rng.normal(size=9)
    w = penalized(x, y, p / (1 - p), (x**2).mean(0))
    masks, chance = all_masks(5, p)
    dropped = x * masks[:, None] / (1 - p)
    slope = np.einsum("m,mni,mn->i", chance, dropped, dropped @ w - y)
    np.testing.assert_allclose(slope, 0, atol=1e-12)


def test_equal_scales_are_ridge() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(9, 5)), rng.normal(size=9)
    np.testing.assert_allclose(penalized(x, y, 0.7, np.ones(5)), ridge(x, y, 0.7), atol=1e-12)


def test_each_penalty_wins_where_its_guess_is_right() -> None:
    coefs = 10.0 ** np.linspace(-3, 2, 11)
    seeds = range(12)
    effects, weights = (
        learn_columns(rngs(*seeds), 12, truth=truth, coefs=coefs)
        for truth in ("effects", "weights")
    )
    assert effects["dropout"].mean() < effects["ridge"].mean()
    assert weights["dropout"].mean() > 1.5 * weights["ridge"].mean()
    assert {*effects["ridge_coef"]} <= {*coefs}
    with pytest.raises(ValueError, match="truth must be one of"):
        learn_columns(rngs(0), 1, truth="columns", coefs=coefs)


def test_the_spread_over_masks_is_that_of_drawn_masks() -> None:
    found = spread_over_masks(rngs(5, 5), 2, [30, 3000], p=0.4)
    assert found["posterior"][1] < 0.2 * found["posterior"][0]
    assert found["masks"][1] == pytest.approx(found["masks"][0], rel=0.5)
