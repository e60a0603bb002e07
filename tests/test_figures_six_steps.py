"""Figures of the lesson on the six steps: their titles say what the curves do."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.hpo.six_steps import (
    KINDS,
    RAW,
    TRUE,
    census_picture,
    smoothed,
    smoothing_picture,
)
from dlcourse.plots.labels import title_of


@pytest.mark.parametrize("kind", KINDS)
def test_the_title_is_what_smoothing_does(kind):
    title = title_of(smoothing_picture(kind, 19))
    assert title == f"Noise times {19**-0.5:.2f}, late by 9.0 updates"
    assert title != title_of(smoothing_picture(kind, 9))
    assert title_of(smoothing_picture(kind, 1)) == "Noise times 1.00, late by 0.0 updates"


@pytest.mark.parametrize("kind", KINDS)
def test_a_wider_window_is_calmer_and_further_above(kind):
    calm = [np.diff(smoothed(RAW, kind, w)[100:]).std() for w in (1, 9, 39)]
    above = [(smoothed(TRUE, kind, w) - TRUE)[40:].mean() for w in (1, 9, 39)]
    assert calm[0] > calm[1] > calm[2]
    assert 0 <= above[0] < above[1] < above[2]


def test_a_dot_where_it_is_seen():
    fig = census_picture({"one": [True, False], "two": [False, False]}, ["a", "b"])
    marks = [(line.get_marker(), float(line.get_ydata()[0])) for line in fig.axes[0].lines]
    assert marks == [("o", 0), ("_", 0), ("_", 1), ("_", 1)]
    assert [text.get_text() for text in fig.axes[0].get_yticklabels()] == ["one", "two"]


def test_errors():
    with pytest.raises(ValueError, match="kind must be one of"):
        smoothed(RAW, "mean", 3)
