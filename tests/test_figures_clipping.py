"""The cliff of the lesson on clipping: its gradient, where it is, and what the walks on it do."""

import numpy as np
import pytest

from dlcourse.figures.optimizers.clipping import START, THRESHOLDS, cliff_path, cliff_walk
from dlcourse.plots.labels import title_of
from dlcourse.problems import one_unit
from dlcourse.scratch.optimizers import clip_grad_norm


def test_the_gradient_is_that_of_the_loss():
    points = np.array([[1.5, -0.7], [2.2, -0.9], [3.3, -1.3], [2.8, -1.6]])
    _, grad = one_unit(points)
    for axis in (0, 1):
        step = 1e-6 * np.eye(2)[axis]
        slope = (one_unit(points + step)[0] - one_unit(points - step)[0]) / 2e-6
        np.testing.assert_allclose(grad[:, axis], slope, rtol=1e-5, atol=1e-8)


def test_the_loss_jumps_on_the_line_and_nowhere_else():
    w = np.array([2.4, 2.8, 3.2])
    below, above = (one_unit(np.stack([w, -w / 2 + e], axis=-1))[0] for e in (-1e-3, 1e-3))
    assert (below - above > 0.05).all()
    before, after = (one_unit(np.stack([w, -w / 2 + e], axis=-1))[0] for e in (0.1, 0.102))
    assert (abs(before - after) < 0.005).all()


def test_clipping_holds_every_step_and_without_it_one_leaves_the_map():
    free, held = cliff_path(0.3, "none"), cliff_path(0.3, "1")
    assert abs(free).max() > 10_000 and abs(held).max() < 4
    lengths = np.linalg.norm(np.diff(held, axis=0), axis=1)
    assert lengths.max() <= 0.3 * (1 + 1e-12)
    assert np.linalg.norm(np.diff(free, axis=0), axis=1).max() > 10_000
    np.testing.assert_array_equal(free[:40], held[:40])  # the same walk up to the cliff
    assert one_unit(held[-1])[0] < 1e-4 < one_unit(free[-1])[0]


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_paths_walked_side_by_side_are_the_paths_walked_alone(threshold):
    theta, c = np.array(START), min(THRESHOLDS[threshold], 1e9)
    expected = [theta.copy()]
    for _ in range(40):
        theta -= 0.2 * clip_grad_norm(one_unit(theta)[1], c)[0]
        expected += [theta.copy()]
    found = cliff_path(0.2, threshold)
    np.testing.assert_allclose(found[:41], expected, rtol=1e-9)
    found[...] = 0  # what is handed out is the reader's own
    np.testing.assert_allclose(cliff_path(0.2, threshold)[:41], expected, rtol=1e-9)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_the_figure_says_what_happened(threshold):
    title = title_of(cliff_walk(0.3, threshold))
    assert title.startswith("Step 41 throws it" if threshold == "none" else "Steepest gradient")
    assert cliff_path(0.3, threshold)[0].tolist() == list(START)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="threshold must be"):
        cliff_path(0.1, "2")
    with pytest.raises(ValueError, match="rate must be"):
        cliff_path(0.0, "1")
