"""The figure of the lesson on sharp and flat minima: what it writes is what is so."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.landscape.sharp_and_flat import curvature, half_sides, rise, valley_picture
from dlcourse.plots.labels import title_of

PLACES = [1.0, 1.5, 2.0, 3.0, 4.0]


def loss(w):
    return (w[..., 0] * w[..., 1] - 1) ** 2


@pytest.mark.parametrize("a", PLACES)
def test_the_curvature_is_that_of_the_hessian(a):
    h, w = 1e-4, np.array([a, 1 / a])
    steps = h * np.eye(2)
    hessian = [
        [
            (loss(w + p + q) - loss(w + p - q) - loss(w - p + q) + loss(w - p - q)) / (4 * h * h)
            for q in steps
        ]
        for p in steps
    ]
    largest, smallest = np.linalg.eigvalsh(hessian)[::-1]
    np.testing.assert_allclose(largest, curvature(a), rtol=1e-5)
    assert abs(smallest) < 1e-5


@pytest.mark.parametrize("a", PLACES)
def test_nowhere_in_a_box_is_it_higher_than_said(a):
    for sides in half_sides(a):
        u = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))
        seen = loss(np.array([a, 1 / a]) + u * sides).max()
        assert 0.9 * rise(a, sides) < seen <= rise(a, sides)


def test_one_box_rises_along_the_valley_and_the_other_stays():
    keskar, own = np.array([[rise(a, s) for s in half_sides(a)] for a in PLACES]).T
    assert (np.diff(keskar) > 0).all() and keskar[-1] > 2 * keskar[0]
    np.testing.assert_allclose(own, own[0])


def test_the_words_say_the_numbers():
    fig = valley_picture(4.0)
    assert title_of(fig) == "(4, 0.25) is the same network, 8 times as sharp"
    words = [text.get_text() for text in fig.axes[0].texts]
    assert words[0] == f"curvature {curvature(4.0):.1f}"
    assert words[2].endswith("up to 0.04")
    assert title_of(valley_picture(1.0)) == "(1, 1) is the flattest of the minima"


def test_a_place_off_the_picture_is_refused():
    with pytest.raises(ValueError, match="a must be"):
        valley_picture(5.0)
