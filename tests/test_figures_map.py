"""The figures of the lesson that crosses the cures draw what they are handed, under its name."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dlcourse.figures.landscape.map import (
    STEPS,
    STRUCTURES,
    WEIGHTS,
    WORDS,
    cured_picture,
    curve_of,
    effects_picture,
    pairs_picture,
    shift_picture,
    sum_picture,
)
from dlcourse.plots.labels import title_of
from dlcourse.problems.crossed import effects
from dlcourse.problems.cures import NAMES, added_up

CODE = np.indices((2,) * 5) * np.array([1, 2, 4, 8, 16])[:, None, None, None, None, None]
LOGS = -CODE.sum(0)[..., None] / 20 + np.zeros(3)
CROSS = SimpleNamespace(curve=np.broadcast_to(CODE.sum(0)[..., None, None], (2,) * 5 + (3, 4)))


def test_every_choice_of_the_sliders_is_another_combination():
    seen = {int(curve_of(CROSS, layers, weights, step)[0, 0])
            for layers in STRUCTURES for weights in WEIGHTS for step in STEPS}  # fmt: skip
    assert seen == set(range(32))
    assert curve_of(CROSS, "residual", "He's", "Adam")[0, 0] == 1 + 4 + 8
    assert curve_of(CROSS, "normalized", "too small", "SGD, decay")[0, 0] == 2 + 16
    with pytest.raises(ValueError, match="layers must be one of"):
        curve_of(CROSS, "deep", "He's", "Adam")


def test_a_frame_shows_its_runs_and_their_median():
    curve = np.arange(12.0).reshape(3, 4) / 10
    cross = SimpleNamespace(curve=np.broadcast_to(curve, (2,) * 5 + (3, 4)))
    fig = cured_picture(cross)(layers="both", weights="He's", step="Adam")
    _, runs, median = fig.axes[0].lines
    np.testing.assert_array_equal(runs.get_ydata().reshape(3, 5)[:, :4], curve)
    np.testing.assert_array_equal(median.get_ydata(), curve[1])
    assert title_of(fig) == "Layers both, weights He's, Adam"


def test_effects_stand_in_the_row_of_their_name():
    fig = effects_picture(effects(LOGS, NAMES), "A title of words")
    rows = list(WORDS)
    for line in fig.axes[0].lines[1:-1:2]:
        row = round(line.get_ydata()[0])
        assert line.get_xdata()[0] == pytest.approx(-(2 ** NAMES.index(rows[row])) / 20)


def test_pairs_stand_in_the_row_of_their_names():
    bent = LOGS.copy()
    bent[1, :, 1] += 0.2  # Adam with ways around
    pairs = effects(bent, NAMES)["pairs"]
    ax = pairs_picture(pairs, "A title of words").axes[0]
    words = [label.get_text() for label in ax.get_yticklabels()]
    found = {words[round(line.get_ydata()[0])]: float(line.get_xdata()[0])
             for line in ax.lines[1:-1:2]}  # fmt: skip
    assert len(found) == 10 and found.pop("Adam, ways") == pytest.approx(0.2)
    assert list(found.values()) == pytest.approx([0.0] * 9)


def test_what_adds_up_lies_on_the_line():
    fig = sum_picture(added_up(LOGS), LOGS, "A title of words")
    points = fig.axes[0].lines[1:]
    assert sum(len(line.get_xdata()) for line in points) == 32
    for line in points:
        np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
    off = sum_picture(added_up(LOGS), LOGS + 0.3, "A title of words").axes[0].lines[1]
    assert (off.get_ydata() > off.get_xdata()).all()


def test_a_start_is_named_at_its_lowest_place():
    losses = {w: np.full((3, 2), 1.0) for w in ("one", "two", "three")}
    losses["two"][1] = 0.5
    fig = shift_picture([0.1, 1.0, 10.0], losses, "A title of words")
    (found,) = [t for t in fig.axes[0].texts if t.get_text() == "two"]
    assert found.get_position() == (1.0, pytest.approx(0.41))
