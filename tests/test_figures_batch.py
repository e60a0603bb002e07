"""The figures of the lesson on batch normalization: what they draw is what the layer does."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.normalization.batch import (
    BATCHES,
    LEARNED,
    MOVES,
    gradient_of,
    one_feature,
    way_back,
)


def rows(fig):
    """The points of the two rows: before, after."""
    found = {}
    for line in fig.axes[0].lines:
        if len(line.get_xdata()) == 12:
            found[float(line.get_ydata()[0])] = np.asarray(line.get_xdata())
    return found[1.0], found[0.0]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("learned", LEARNED)
def test_a_move_of_the_batch_changes_the_first_row_alone(batch, learned):
    drawn = {move: rows(one_feature(batch, move, learned)) for move in MOVES}
    gamma, beta = LEARNED[learned]
    for before, after in drawn.values():
        assert after.mean() == pytest.approx(beta, abs=1e-9)
        assert after.std() == pytest.approx(gamma, rel=1e-4)
        np.testing.assert_allclose(after, drawn["as it is"][1], atol=1e-4)
        slope = np.corrcoef(before, after)[0, 1]
        assert slope == pytest.approx(1)
    np.testing.assert_allclose(drawn["x/2 + 3"][0], drawn["as it is"][0] / 2 + 3)


def test_all_points_lie_in_the_picture():
    for batch in BATCHES:
        for move in MOVES:
            low, high = one_feature(batch, move, "2, 3").axes[0].get_xlim()
            for row in rows(one_feature(batch, move, "2, 3")):
                assert low < row.min() and row.max() < high


def test_the_words_say_the_skewness_of_both_rows():
    texts = [t.get_text() for t in one_feature("outlier").axes[0].texts]
    skew = [text.rpartition(" ")[2] for text in texts]
    assert len(skew) == 2 and skew[0] == skew[1] != "0.00"
    assert not any("-0.0," in text for text in texts)


def test_what_comes_back_is_the_residual_of_a_line():
    x = np.array(BATCHES["a bell"])
    for kind in ("single", "by chance"):
        g = gradient_of(kind, x[:, None])[:, 0]
        line = np.polyval(np.polyfit(x, g, 1), x)
        ax = way_back(kind, "the line").axes[0]
        np.testing.assert_allclose(ax.lines[0].get_ydata(), line, atol=1e-9)
        share = ((g - line) ** 2).sum() / (g**2).sum()
        assert 0.1 < share < 0.9, "nothing could go wrong"
        assert ax.get_title("left") == f"Of the squared gradient {100 * share:.0f}% comes back"


@pytest.mark.parametrize(
    ("gradient", "taken", "share"),
    [
        ("all alike", "nothing", 100),
        ("all alike", "the mean", 0),
        ("along x", "the mean", 100),
        ("along x", "the line", 0),
    ],
)
def test_the_two_parts_that_are_taken_out(gradient, taken, share):
    title = way_back(gradient, taken).axes[0].get_title("left")
    assert title == f"Of the squared gradient {share}% comes back"
