"""Halving and ASHA on the same workers."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.learning_curves import lowest
from dlcourse.problems.workers_race import passed_over, race, speeds_of, wrongly_promoted
from dlcourse.scratch.hpo import ASHA, Float, RandomSearch, run_asha, successive_halving


def test_speeds_have_a_mean_of_one_and_differ_by_seed():
    a, b = speeds_of(1, 50, 0.5), speeds_of(2, 50, 0.5)
    assert a.mean() == pytest.approx(1) and (a > 0).all()
    assert (a != b).all() and a.std() > 0.3


def test_both_get_the_same_draws_and_the_same_time():
    run = race("ordered", 7, speeds_of(7, 5, 0.5), lowest("ordered"), laps=2)
    halving, asha = run.lines
    assert len(halving.events) == 81 + 27 + 9 + 3 + 1
    ends = {e.trial: e.value for e in halving.events if e.resource == 1}
    assert all(ends[e.trial] == e.value for e in asha.events if e.resource == 1 and e.trial in ends)
    assert asha.seconds > 1.2 * halving.seconds  # two laps long
    assert run.busy[1] > 2 * run.busy[0]
    assert run.first[0] == halving.seconds


def test_who_is_wrongly_promoted_is_counted_by_the_final_ranks():
    n, shares = 30, []
    for seed in range(8):
        search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng([seed, 5]))
        scheduler, sent = ASHA(search, n, 1, 3, 3), []
        while (job := scheduler.next()) is not None:
            scheduler.report(job, job.trial.params["x"])
            sent += [job.trial.number] * job.rung
        best = set(np.argsort([trial.params["x"] for trial in search.trials])[: n // 3])
        shares.append(wrongly_promoted(n, seed))
        assert shares[-1] == pytest.approx(np.mean([k not in best for k in sent]))
    assert max(shares) > 0


def test_errors_get_rarer_as_the_rung_fills():
    few, many = (np.mean([wrongly_promoted(n, s) for s in range(10)]) for n in (27, 729))
    assert many < 0.7 * few


def test_a_rung_needs_as_many_as_it_is_cut_by():
    with pytest.raises(ValueError, match="n must be >= 3; got 2"):
        wrongly_promoted(2, 0)


def test_halving_passes_nobody_over_and_asha_some():
    space, curve = {"x": Float(0, 1)}, lambda p, t: p["x"] + 1 / t
    halved = successive_halving(curve, space, np.random.default_rng(0), 27, 1, reduction_factor=3)
    errors, pairs = passed_over(halved.trials)
    assert errors == 0 and pairs == 18 * 9 + 6 * 3 + 2 * 1  # who is stopped, by who goes on
    found = run_asha(curve, space, np.random.default_rng(5), 81, 1, 81, 3)
    errors, pairs = passed_over(found.trials)
    assert 0 < errors < pairs / 4
    assert passed_over([]) == passed_over(found.trials[:0]) == (0, 0)
