"""What the benchmark of the resources measures: its budget, its known optimum, equal decisions."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from scipy.optimize import minimize as descend

from benchmarks import hpo_resources as bench
from dlcourse.scratch.hpo import Trial
from dlcourse.scratch.hpo.pruners import SuccessiveHalvingPruner

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize("name", bench.LOWEST)
def test_the_lowest_end_is_the_lowest(name: str) -> None:
    def end(z):
        p = {"lr": 10 ** z[0], "width": z[1], "decay": z[2]}
        return bench.PROBLEMS[name](p, bench.R)

    box = [(-4, 0), (0, 1), (0, 1)]
    rng = np.random.default_rng(0)
    found = min(
        descend(end, [rng.uniform(*side) for side in box], bounds=box).fun for _ in range(8)
    )
    assert bench.LOWEST[name] == pytest.approx(found, abs=1e-6)
    away = {"lr": 1e-4, "width": 0.0, "decay": 1.0}
    trials = [Trial(0, away, intermediate={bench.R: end([-4, 0, 1])})]
    assert bench.regret(name, trials) == pytest.approx(end([-4, 0, 1]) - found, abs=1e-6)
    assert np.isnan(bench.regret(name, []))


@pytest.mark.parametrize("method", bench.METHODS)
def test_nobody_spends_more_than_the_budget(method: str) -> None:
    trials = bench.METHODS[method](bench.noisy, 1)
    spent = sum(max(t.intermediate, default=0) for t in trials)
    assert 0.85 * bench.BUDGET < spent <= bench.BUDGET
    assert bench.regret("noisy", trials) >= 0


def test_optunas_pruner_stops_the_same_trials() -> None:
    mine = bench.METHODS["halving pruner"](bench.crossing, 2)
    theirs = bench.METHODS["  Optuna"](bench.crossing, 2)
    assert [vars(t) for t in mine] == [vars(t) for t in theirs]
    other = bench.ours(bench.crossing, 2, SuccessiveHalvingPruner(1, 4))
    assert [t.state for t in other] != [t.state for t in mine]
