"""The interactive drawing of the batch-size lesson: its closed form beside a simulation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcourse.figures.optimizers import batch_size as drawing


def simulated(step, lr, batch, runs=4_000):
    rng = np.random.default_rng(0)
    theta = np.ones((runs, 30))
    spread = np.sqrt(drawing.NOISE / batch)
    for _ in range(step):
        noise = spread * rng.normal(size=theta.shape)
        theta -= lr * (drawing.CURVATURE * theta + noise)
    square = (theta**2).mean(0)
    return square @ drawing.CURVATURE / drawing.CURVATURE.sum()


@pytest.mark.parametrize(("lr", "batch"), [(0.3, 4), (1.2, 64)])
def test_the_closed_form_is_what_a_simulation_gives(lr, batch):
    expected = simulated(25, lr, batch)
    found = drawing.loss_after(np.array([25]), lr, batch)[0]
    assert_allclose(found, expected, rtol=0.03)
    planted = drawing.loss_after(np.array([25]), lr, 2 * batch)[0]  # half the noise
    assert abs(planted / expected - 1) > 0.03


def test_twice_the_batch_saves_half_the_updates_and_then_none():
    needs = [int(drawing.fastest(batch).step[-1]) for batch in drawing.BATCHES]
    assert needs[0] / needs[1] == pytest.approx(4, rel=0.05)
    assert needs[4] / needs[5] < 2
    for batch in drawing.BATCHES:
        run = drawing.fastest(batch)
        assert run.loss[-1] <= drawing.TARGET < run.loss[-2]
        assert 1e-3 < run.lr < 1.9  # inside the grid of rates


def test_what_an_update_costs():
    assert [drawing.cost_of(100, what) for what in drawing.COUNTED] == [100, 1, 4]


@pytest.mark.parametrize("bad", [("steps", 4), ("time", 5)])
def test_bad_choices(bad):
    with pytest.raises(ValueError, match="must be one of"):
        drawing.loss_by_batch(*bad)
