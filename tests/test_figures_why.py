"""The figure of the lesson on why batch normalization works: it draws what was measured."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.normalization.why import LOOKS, NETWORKS, REACH, along_the_gradient, ways


def test_it_draws_the_change_of_the_loss_of_every_network() -> None:
    way = ways("batch")[20]
    ax = along_the_gradient("batch", 20).axes[0]
    drawn = np.array([line.get_ydata() for line in ax.lines[:NETWORKS]]).T
    np.testing.assert_allclose(drawn[1:], np.clip(way.loss - way.start, -2.0, 1.2), atol=1e-6)
    assert (drawn[0] == 0).all()
    assert len(REACH) == len(drawn) - 1


def test_the_title_says_whether_any_network_went_uphill() -> None:
    found = {}
    for norm in ("plain", "batch"):
        way = ways(norm)[20]
        worse = (np.nan_to_num(way.loss, nan=9.0) - way.start > 0.05).any()
        found[norm] = along_the_gradient(norm, 20).axes[0].get_title("left")
        assert found[norm].startswith("A step" if worse else "Downhill")
    assert found["plain"] != found["batch"]


def test_networks_have_learned_between_the_looks() -> None:
    starts = [ways("plain")[look].start.mean() for look in LOOKS]
    assert starts[0] > 2 * starts[-1]
