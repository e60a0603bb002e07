"""The figure of the lesson on why batch normalization works: it draws what was measured."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.normalization.why import LOOKS, NETWORKS, REACH, along_the_gradient, ways


def test_it_draws_the_change_of_the_loss_of_every_network() -> None:
    way = ways("batch")[60]
    ax = along_the_gradient("batch", 60).axes[0]
    drawn = np.array([line.get_ydata() for line in ax.lines[:NETWORKS]]).T
    np.testing.assert_allclose(drawn[1:], np.clip(way.loss - way.start, -2.0, 1.2), atol=1e-6)
    assert (drawn[0] == 0).all()
    assert len(REACH) == len(drawn) - 1


def test_the_title_counts_the_networks_that_went_uphill() -> None:
    for norm in ("plain", "batch"):
        way = ways(norm)[20]
        worse = int((np.nan_to_num(way.loss, nan=9.0) - way.start > 0.05).any(axis=0).sum())
        said = along_the_gradient(norm, 20).axes[0].get_title("left")
        assert said == f"Uphill within reach: {worse} of {NETWORKS} networks"
    assert "0 of" in said, "with batch normalization nothing goes uphill at step 20"


def test_networks_have_learned_between_the_looks() -> None:
    starts = [ways("plain")[look].start.mean() for look in LOOKS]
    assert starts[0] > 2 * starts[-1]
