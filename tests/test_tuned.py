"""The comparison in two stages: rates from some seeds, reports from others."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import tuned_then_fresh

RNG = np.random.default_rng(4)
X = RNG.normal(size=(96, 4))
SETS = [(X[i::3], (X[i::3, 0] > 0).astype(int)) for i in range(3)]
PLAN = {"epochs": 4, "batch_size": 8, "tries": range(2), "fresh": range(10, 13)}


def small(rng, runs=None):
    return MLP([4, 3, 2], rng, runs=runs)


def compare(rates, **plan):
    builds = {"one": (small, SGD)}
    return tuned_then_fresh(
        builds, SoftmaxCrossEntropy(), SETS, rates, progress=False, **PLAN | plan
    )


def test_it_reports_the_fresh_seeds_at_the_rate_of_the_others() -> None:
    found = compare([0.001, 0.5, 1000.0])
    assert found.axes["seed"] == (10, 11, 12) and found.axes["lr"] == (0.5,)
    assert found["test_loss"].shape == (1, 1, 3)


def test_a_winner_at_the_edge_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rates must be wide enough for 'one'; got 0\.5"):
        compare([0.001, 0.01, 0.5])


def test_seeds_that_chose_do_not_report() -> None:
    with pytest.raises(ValueError, match=r"fresh must be free of the seeds that chose; got \[1\]"):
        compare([0.001, 0.5, 1000.0], fresh=range(1, 4))
