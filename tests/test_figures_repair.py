"""The explorer of the lesson on what training does not repair: what it draws, and what it says."""

import numpy as np
import pytest

from dlcourse.figures.initialization.repair import NAMES, scales_by_layer
from dlcourse.plots.labels import title_of

STARTS = [1.7, 2.0, 2.3]


def track(left):
    """Three starts that are 1, 10 and 100 at first, and at the end ``left`` of that apart."""
    powers = np.array([0.0, 1.0, 2.0])[:, None]
    values = 10 ** np.stack([powers + np.zeros((4, 3, 5)), left * powers + np.zeros((4, 3, 5))])
    return dict.fromkeys(NAMES, values)


@pytest.mark.parametrize("scale", NAMES)
@pytest.mark.parametrize(("left", "words"), [(0.9, "still apart"), (0.1, "come together")])
def test_the_title_says_whether_the_starts_are_apart(scale, left, words):
    title = title_of(scales_by_layer(track(left), STARTS, 1, scale))
    assert title == f"{scale.capitalize()} after 1 epoch: {words}"
    assert title_of(scales_by_layer(track(left), STARTS, 0, scale)).endswith("at the start")


def test_each_start_is_drawn_where_it_is_over_where_it_began():
    (ax,) = scales_by_layer(track(0.5), STARTS, 1, "gradients").axes
    began, now = ax.get_lines()[4:]
    assert began.get_linestyle() == ":" and now.get_linestyle() == "-"
    np.testing.assert_allclose([began.get_ydata(), now.get_ydata()], [[2.0] * 4, [1.0] * 4])
    assert [text.get_text() for text in ax.texts] == ["c = 1.7", "c = 2", "c = 2.3"]
    heights = [text.get_position()[1] for text in ax.texts]
    assert np.all(np.diff(heights) > 0)


def test_names_of_lines_that_meet_do_not_touch():
    (ax,) = scales_by_layer(track(0.0), STARTS, 1, "activations").axes
    heights = np.array([text.get_position()[1] for text in ax.texts])
    low, high = ax.get_ylim()
    assert np.diff(heights).min() > 0.05 * (high - low)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="scale must be"):
        scales_by_layer(track(0.5), STARTS, 1, "weight")
    with pytest.raises(ValueError, match="epoch must be below 2"):
        scales_by_layer(track(0.5), STARTS, 2, "weights")
    with pytest.raises(ValueError, match="track must be"):
        scales_by_layer(track(0.5), STARTS[:2], 1, "weights")
