"""Each method at its own rate: chosen on some seeds, run on others."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.training.own_rates import FRESH, at_own_rate


def valley(best: float):  # type: ignore[no-untyped-def]
    def run(rng, runs, lr):  # type: ignore[no-untyped-def]
        drawn = np.array([g.random() for g in rng])
        return {"loss": (np.log(lr[:, 0]) - np.log(best)) ** 2 + 0.1 * drawn, "drawn": drawn}

    return run


def test_each_method_gets_the_rate_that_suits_it_and_seeds_that_did_not_choose() -> None:
    runs = {"slow": valley(0.1), "fast": valley(4.0)}
    rates = {"slow": [0.03, 0.1, 0.3], "fast": [1.0, 4.0, 16.0]}
    found, own = at_own_rate(runs, rates)
    assert own == {"slow": 0.1, "fast": 4.0}
    fresh = np.array([np.random.default_rng(seed).random() for seed in FRESH])
    for one in found.values():
        np.testing.assert_allclose(one["drawn"], fresh)
        np.testing.assert_allclose(one["loss"], 0.1 * fresh)


def test_a_winner_at_the_edge_is_an_error() -> None:
    with pytest.raises(ValueError, match="rates must be wide enough for slow"):
        at_own_rate({"slow": valley(0.1)}, {"slow": [0.1, 0.3, 1.0]})


def test_seeds_that_chose_do_not_report() -> None:
    with pytest.raises(ValueError, match="fresh must be seeds other than those of chosen_on"):
        at_own_rate({"slow": valley(0.1)}, {"slow": [0.03, 0.1, 0.3]}, fresh=[2, 3])
