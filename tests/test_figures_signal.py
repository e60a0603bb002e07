"""The figures of the lesson on signals: what they draw is what was measured and predicted."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.initialization import signal
from dlcourse.plots.labels import title_of
from dlcourse.problems.bands import Band, predict
from dlcourse.scratch.layers import ReLU


def test_every_layer_and_both_bands_are_drawn():
    fig = signal.layer_histograms("relu", 1.41, 20)
    rows, squares = fig.axes
    assert [tick.get_text() for tick in rows.get_yticklabels()] == ["1", "6", "10", "15", "20"]
    forward, backward, activations = signal.through("relu", 1.41, 20)
    assert len(activations) == 20
    middle, way, middle_back, way_back = (line.get_ydata() for line in squares.lines)
    np.testing.assert_array_equal(way, forward)
    np.testing.assert_array_equal(way_back, backward)
    bands = predict(ReLU(), 1.41, signal.WIDTH, 20)
    for drawn, band in zip((middle, middle_back), bands, strict=True):
        np.testing.assert_allclose(drawn, np.exp(band.middle))
    assert squares.get_xlabel() == "layer of relu, gain 1.41"


@pytest.mark.parametrize(
    ("activation", "gain", "said"),
    [
        ("relu", 1.0, "The signal vanishes, the gradient vanishes"),
        ("relu", 1.41, "The signal stays within 10³, the gradient stays within 10³"),
        ("relu", 2.0, "The signal explodes, the gradient explodes"),
        ("tanh", 2.0, "The signal stays within 10³, the gradient explodes"),
        ("sigmoid", 2.0, "The signal stays within 10³, the gradient vanishes"),
    ],
)
def test_the_title_is_the_finding(activation, gain, said):
    assert title_of(signal.layer_histograms(activation, gain, 50)) == said


def test_a_gain_scales_the_same_draws():
    one, two = (signal.through("relu", gain, 10)[2] for gain in (1.0, 2.0))
    np.testing.assert_allclose(two[-1], 2**10 * one[-1])


def test_histograms_count_every_unit_that_is_not_zero_and_clip_the_others():
    units = np.array([0.0, 1e-30, 0.5, 0.5, 0.5, 1e9])
    _, share = signal.sizes(units)
    assert share.max() == 1 and share.sum() == pytest.approx(5 / 3)
    assert share[0] == share[-1] == pytest.approx(1 / 3)


@pytest.mark.parametrize("depth", [4, 51])
def test_a_depth_that_is_not_there(depth):
    with pytest.raises(ValueError, match="depth must be from 5 to 50"):
        signal.layer_histograms("relu", 1.0, depth)


def test_networks_lie_over_their_band():
    from dlcourse import plots

    _, ax = plots.new_figure()
    band = Band(np.zeros(3), np.ones(3))
    signal.networks_in_band(ax, np.full((30, 3), 2.0), band, count=7, theory="#009e73")
    assert len(ax.lines) == 1 + 7 and ax.get_yscale() == "log"
    assert [line.get_color() for line in ax.lines] == ["#009e73"] + 7 * [signal.SIGNAL]
    low, high = band.edges(0.9)
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert corners.min() == pytest.approx(low.min()) and corners.max() == pytest.approx(high.max())
