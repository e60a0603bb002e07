"""Networks from which units are taken: against networks that are cut by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from test_mislabelled import SETS, rngs

from dlcourse.problems.mislabelled import LOSS
from dlcourse.problems.missing_units import (
    last_hidden,
    learn_and_miss,
    moved_while_missing,
    output,
    trained_to,
)
from dlcourse.scratch.optimizers import SGD, Adam


def test_every_run_is_kept_as_it_was_when_it_got_there() -> None:
    model, (x, y, _) = trained_to(0.5, rngs(1, 2), 2, 0.3, train=SETS[0], few=96, width=16)
    losses = LOSS.forward(model.forward(x), y)
    assert (losses <= 0.5).all() and (losses > 0.3).all()
    with pytest.raises(ValueError, match="level must be reached in"):
        trained_to(0.0, rngs(1), 1, 0.3, train=SETS[0], few=32, width=4)


def test_a_missing_unit_is_a_unit_that_says_nothing() -> None:
    model, (x, _, _) = trained_to(1.0, rngs(3), 1, 0.5, train=SETS[0], few=64, width=8)
    h = last_hidden(model, x)
    np.testing.assert_allclose(output(model, h), model.forward(x), rtol=1e-5, atol=1e-5)
    muted = h.copy()
    muted[..., [2, 5]] = 0
    np.testing.assert_allclose(output(model, h, [2, 5]), output(model, muted), atol=1e-5)
    assert abs(output(model, h, [2, 5]) - output(model, h)).max() > 0.01


def test_dropout_and_its_gaussian_twin_make_units_dispensable() -> None:
    miss = partial(learn_and_miss, level=0.3, sets=SETS, width=24, few=96)
    bare = miss(rngs(4, 5), 2, 0.0)
    for noise in ("dropout", "gaussian"):
        held = miss(rngs(4, 5), 2, 0.5, noise=noise)
        assert held["alone"].mean() < 0.85 * bare["alone"].mean()
        assert held["pair"].mean() < 0.7 * bare["pair"].mean()
    assert (np.diff(bare["rise"], axis=-1) >= 0).all()
    np.testing.assert_allclose(bare["rise"].mean(-1), bare["alone"], rtol=1e-5)


def test_who_moves_without_a_gradient() -> None:
    assert moved_while_missing(partial(SGD, lr=0.1), 1) == 0
    assert moved_while_missing(partial(Adam, lr=0.01), 1) > 0.5
    assert np.isnan(moved_while_missing(partial(SGD, lr=0.1), 64))
