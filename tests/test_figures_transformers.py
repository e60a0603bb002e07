"""The figure of the lesson on Transformers: what it draws is what normalization does."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.normalization.transformers import CHANGED, KINDS, moved, normalized, touched


def test_each_way_moves_what_it_normalizes_together() -> None:
    alone, sequence, batch = (moved(over, 2.0) > 0 for over in KINDS)
    assert alone.sum() == 1 and alone[CHANGED]
    assert sequence.sum() == 8 and sequence[CHANGED[0]].all()
    assert batch.all()


def test_what_is_normalized_together_has_mean_zero_and_variance_one() -> None:
    x = np.random.default_rng(1).normal(size=(3, 8, 16)) * 4 + 2
    for over, axes in zip(KINDS, ((2,), (1, 2), (0, 1)), strict=True):
        y = normalized(x, over)
        np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(axis=axes), 1, rtol=1e-12)


def test_no_change_moves_nothing_and_a_larger_one_moves_the_others_more() -> None:
    for over in KINDS:
        assert moved(over, 0.0).max() == 0
    others = np.ones((3, 8), bool)
    others[CHANGED] = False
    assert moved("sequence", 8.0)[others].max() > moved("sequence", 0.5)[others].max() > 0


@pytest.mark.parametrize(("over", "count"), [("token", 1), ("sequence", 8), ("batch", 24)])
def test_the_title_counts_what_is_drawn(over: str, count: int) -> None:
    ax = touched(over, 2.0).axes[0]
    assert ax.get_title("left").endswith(f"{count} of 24 move")
    shown = [float(text.get_text()) for text in ax.texts]
    np.testing.assert_allclose(shown, moved(over, 2.0).ravel(), atol=0.005)
