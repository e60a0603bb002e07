"""Two rounds: what was chosen on some seeds is reported on others."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.fresh import on_fresh_seeds
from dlcourse.training import Trials


def pretend(builds, lr, seeds, penalty, val="given", test="given"):
    """Trials whose loss is the distance of a rate to the method's own, and the seed's hundredth."""
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    given = {m: lr[m] if isinstance(lr, dict) else lr for m in builds}
    loss = [
        [[abs(np.log(rate / builds[m])) + s / 100 + penalty for s in seeds] for rate in given[m]]
        for m in builds
    ]
    axes = {"method": tuple(builds), "lr": given, "seed": tuple(seeds)}
    measured = {"val_loss": np.array(loss), "test_loss": 10 * np.array(loss)}
    hidden = {"val_loss": val, "test_loss": test}
    return Trials(axes, {name: a for name, a in measured.items() if hidden[name] is not None})


def test_each_method_has_its_own_rate_and_the_seeds_are_the_fresh_ones():
    tried, found = on_fresh_seeds(
        pretend, {"a": 0.1, "b": 1.0}, [0.01, 0.1, 1.0, 10.0], [7, 9], penalty=1.0
    )
    best = tried.best("val_loss")
    assert {m: one.setting["lr"] for m, one in best.items()} == {"a": 0.1, "b": 1.0}
    assert tried["val_loss"].shape == (2, 4, 2)
    for method in "ab":
        np.testing.assert_allclose(found[method]["test_loss"], [10.7, 10.9])
        assert found[method].axes["seed"] == (7, 9)
        assert not (np.asarray(found[method]["test_loss"]) < 10.5).any(), "seeds 0 and 1 chose"


def test_a_method_may_bring_rates_of_its_own():
    tried, _ = on_fresh_seeds(
        pretend, {"a": 0.1, "b": 1.0}, {"a": [0.1, 0.2], "b": [0.5, 0.7]}, [7], penalty=0.0
    )
    best = tried.best("val_loss")
    assert {m: one.setting["lr"] for m, one in best.items()} == {"a": 0.1, "b": 0.7}
    assert best["b"].edge


def test_what_chooses_does_not_see_the_test_set_nor_what_reports_the_validation_set():
    tried, found = on_fresh_seeds(pretend, {"a": 0.1}, [0.01, 0.1, 1.0], [7], penalty=0.0)
    with pytest.raises(KeyError, match="test_loss"):
        tried["test_loss"]
    with pytest.raises(KeyError, match="val_loss"):
        found["a"]["val_loss"]
