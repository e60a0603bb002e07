"""The figures of the lesson on valleys: what they say is what they were given."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.landscape.valleys import edge_picture, spectrum_picture
from dlcourse.plots.labels import title_of

LOOKS = np.array([0, 5, 10])
LOSS = np.linspace(1, 0.1, 11)[:, None, None] * np.array([[1.0, 2.0], [3.0, 4.0]])
STEEP = np.array([0.6, 0.8, 1.0])[:, None, None] * np.array([[1.0, 2.0], [0.5, 0.7]])
RATES = (1.0, 2.0)


def shown(rate, start):
    fig = edge_picture(LOSS, STEEP, LOOKS, RATES, rate, start)
    left, right = fig.axes
    return fig, left.lines[0].get_ydata(), right.lines[1].get_ydata(), right


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("start", [1, 2])
def test_the_frame_shows_its_own_run(rate, start):
    _, loss, steep, right = shown(rate, start)
    here = RATES.index(rate), start - 1
    np.testing.assert_array_equal(loss, LOSS[:, *here])
    np.testing.assert_array_equal(steep, STEEP[:, *here])
    assert right.lines[0].get_ydata()[0] == 2 / rate


def test_the_title_is_the_finding():
    assert title_of(shown(1.0, 2)[0]) == "Ends on the limit"
    assert title_of(shown(1.0, 1)[0]) == "Ends at 0.50 of the limit"
    assert title_of(shown(2.0, 1)[0]) == "Ends at 0.50 of the limit"


def test_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match="rate must be one of"):
        shown(4.0, 1)
    with pytest.raises(ValueError, match="start must be from 1 to 2"):
        shown(1.0, 3)


def test_the_spectrum_counts_what_is_level():
    values = np.array([2.0, 0.5, -0.1, 0.019, 0.0, -0.001])
    fig = spectrum_picture(values, dead=1)
    assert title_of(fig) == "3 of 6 directions are nearly level"
    drawn = fig.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn[:4], [1, 0.25, 0.05, 0.0095])
    assert any("1 belong" in text.get_text() for text in fig.axes[0].texts)
