"""The figure of nearly equal units: what it draws is what its networks do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcourse.figures.initialization import symmetry as drawing
from dlcourse.scratch.initialization import constant
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP


def test_eight_equal_units_are_one_unit_at_other_rates() -> None:
    """One tanh unit with eight times the outgoing weight: rates lr/8 into it and 8 lr out of it."""
    net = MLP([1, 1, 1], np.random.default_rng(0), "tanh", init=constant_half)
    net.params["2.weight"][...] *= drawing.UNITS
    rate = np.array([1 / 8, 1 / 8, 8, 1]) * drawing.LR
    loss, lost = MSE(), drawing.course().loss[:, 0]
    for update in range(301):
        assert_allclose(loss.forward(net.forward(drawing.X), drawing.Y), lost[update], rtol=1e-9)
        net.backward(loss.backward())
        net.theta -= rate * net.grad


def constant_half(shape, rng):
    return constant(shape, 0.5)


def test_units_add_up_to_the_network() -> None:
    told = drawing.course()
    for update in drawing.UPDATES:
        rest = told.total[update] - told.parts[update].sum(-1)
        assert np.ptp(rest, axis=1).max() < 1e-12, "what is left is the output's bias"


def test_a_difference_grows_by_the_same_factor_whatever_its_size() -> None:
    told = drawing.course()
    spread = told.spread[[100, 300]]
    growth = spread[1, 1:3] / spread[0, 1:3]
    assert_allclose(growth, growth[0], rtol=1e-2)
    assert growth[0] > 5
    assert told.spread[:, 0].max() == 0


@pytest.mark.parametrize("difference", ["none", "1e-6", "as drawn"])
def test_a_frame_draws_its_run_so_far(difference) -> None:
    left, right = drawing.alike(difference, 1_000).axes
    run = list(drawing.SIZES).index(difference)
    told = drawing.course()
    network = left.lines[-1]
    assert_allclose(network.get_ydata(), told.total[1_000][run])
    assert len(left.lines) == 2 + drawing.UNITS
    assert right.lines[0].get_xdata()[-1] <= 1_000
    assert f"loss {told.loss[1_000, run]:.3f}" in left.get_title("left")
    other = told.total[1_000][0 if run else 3]  # planted: another run's output
    assert abs(network.get_ydata() - other).max() > 0.1


@pytest.mark.parametrize("bad", [("1e-4", 300), ("none", 301)])
def test_bad_choices(bad) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        drawing.alike(*bad)
