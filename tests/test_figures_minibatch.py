"""The drawings of the mini-batch lesson show what their words and the formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.optimizers import minibatch as drawings
from dlcourse.plots.labels import title_of
from dlcourse.problems import Quadratic, walk
from dlcourse.scratch.optimizers import SGD


def gradients(n=40, d=12):
    return np.random.default_rng(0).normal(size=(n, d)) + 0.5


def is_a_projection(seen, g):
    """Raise unless the two coordinates are lengths along two directions at a right angle."""
    mean = g.mean(0)
    unit = np.linalg.norm(mean)
    assert seen.along.mean() == pytest.approx(1)
    assert seen.across.mean() == pytest.approx(0, abs=1e-12)
    rest = g / unit - np.outer(seen.along, mean / unit)
    largest = np.linalg.svd(rest, compute_uv=False)[0]
    assert np.linalg.norm(seen.across) == pytest.approx(largest)
    np.testing.assert_allclose(seen.gram, g @ g.T / unit**2)


def test_the_plane_is_spanned_by_the_mean_and_the_widest_direction():
    g = gradients()
    seen = drawings.plane(g)
    is_a_projection(seen, g)
    for wrong in (seen._replace(along=seen.along * 2), seen._replace(across=seen.along)):
        with pytest.raises(AssertionError):
            is_a_projection(wrong, g)


def test_a_batch_of_equal_gradients_points_where_the_mean_points():
    g = np.repeat(gradients(1), 20, axis=0)
    g[:, 0] += np.linspace(-1e-9, 1e-9, 20)  # a plane needs a second direction
    title = title_of(drawings.batch_cloud(4, "now", {"now": drawings.plane(g)}))
    assert title == "Typical angle 0°; 0 of 150 point backward"


def test_the_typical_angle_falls_with_the_batch():
    planes = {"now": drawings.plane(gradients(200, 300))}
    titles = [title_of(drawings.batch_cloud(size, "now", planes)) for size in (1, 16, 256)]
    angles = [int(title.split("°")[0].split()[-1]) for title in titles]
    assert angles[0] > angles[1] > angles[2] > 0


def test_an_age_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="after must be one of"):
        drawings.batch_cloud(4, "later", {"now": drawings.plane(gradients())})


@pytest.mark.parametrize(("batch", "lr"), [(1, 0.1), (16, 0.19)])
def test_the_ellipse_is_two_deviations_of_the_walk(batch, lr):
    valley, rng = Quadratic([1.0, 10.0]), np.random.default_rng(5)
    deviation = drawings.NOISE / np.sqrt(batch)
    ball = SGD(np.zeros((400, 2)), lr=lr)
    path = walk(ball, lambda x: valley.grad(x) + deviation * rng.normal(size=x.shape), 400)
    measured = 2 * path[100:].std(axis=(0, 1))
    ellipse = drawings.noisy_valley(batch, lr).axes[0].get_lines()[-2]
    drawn = np.array([np.max(ellipse.get_xdata()), np.max(ellipse.get_ydata())])
    assert drawn == pytest.approx(measured, rel=0.05)
    assert drawn * np.sqrt(2) != pytest.approx(measured, rel=0.05)  # a factor would be seen


def test_a_path_that_is_still_far_says_so():
    assert "still 0.9 to go" in title_of(drawings.noisy_valley(64, 0.02))
    assert "the ball reaches 1.8" in title_of(drawings.noisy_valley(1, 0.1))
