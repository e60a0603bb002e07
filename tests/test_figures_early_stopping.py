"""The figure of the lesson on early stopping: what it says is what the rule does to its curves."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.regularization.early_stopping import CURVES, MISREAD, stop_picture
from dlcourse.plots.labels import title_of


def words(fig):
    ax = fig.axes[0]
    return [text.get_text() for text in ax.texts], title_of(fig)


def by_hand(curve, patience, min_delta):
    best, kept = np.inf, 0
    for epoch, value in enumerate(curve):
        if value < best - min_delta:
            best, kept = value, epoch
        if epoch - kept >= patience:
            return epoch, kept, True
    return len(curve) - 1, kept, False


@pytest.mark.parametrize("watch", CURVES)
@pytest.mark.parametrize("patience", [1, 3, 20])
@pytest.mark.parametrize("min_delta", [0.0, 0.05])
def test_the_words_are_those_of_the_rule(watch, patience, min_delta):
    (stops, keeps), title = words(stop_picture(watch, patience, min_delta))
    stop, best, ended = by_hand(CURVES[watch], patience, min_delta)
    assert stops == (f"stops after {stop + 1}" if ended else "never stops")
    assert keeps == f"keeps {best + 1}"
    assert title == f"Misreads {MISREAD[best]:.1%} of new images"


def test_a_longer_patience_sees_more_of_the_curve():
    seen = [len(stop_picture("loss", p, 0.0).axes[0].lines[1].get_xdata()) for p in (1, 3, 10)]
    assert seen == sorted(set(seen))


def test_the_curve_is_the_one_the_lesson_tells_of():
    assert len(MISREAD) == len(CURVES["loss"]) == len(CURVES["error"]) == 40
    best = CURVES["loss"].argmin()
    assert 10 < best < 30 and CURVES["loss"][-1] > 1.08 * CURVES["loss"][best]
    assert MISREAD[-1] > MISREAD[best]


def test_an_unknown_curve_is_refused():
    with pytest.raises(ValueError, match="watch must be one of"):
        stop_picture("accuracy", 3, 0.0)
