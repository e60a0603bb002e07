"""Pruners: the same stops as Optuna's on the same streams, journals made up for, and their cost."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from types import SimpleNamespace

import numpy as np
import optuna
import pytest

from dlcourse.scratch.hpo import Float, RandomSearch, Trial, minimize
from dlcourse.scratch.hpo.pruners import (
    HyperbandPruner,
    MedianPruner,
    ReportPruner,
    SuccessiveHalvingPruner,
    dealt,
)

optuna.logging.set_verbosity(optuna.logging.ERROR)
NAN, INF = math.nan, math.inf


class OptunasBrackets(HyperbandPruner):
    """Dealt out by Optuna's hash, so that the same trials are in the same brackets."""

    study: optuna.Study

    def bracket(self, number: int) -> int:
        if not self.study.pruner._pruners:
            self.study.pruner._try_initialization(self.study)
        return self.study.pruner._get_bracket_id(self.study, SimpleNamespace(number=number))


PAIRS = {
    "median": (
        lambda: MedianPruner(n_startup=3),
        lambda: optuna.pruners.MedianPruner(n_startup_trials=3),
    ),
    "median, warm": (
        lambda: MedianPruner(n_startup=0, n_warmup=4),
        lambda: optuna.pruners.MedianPruner(n_startup_trials=0, n_warmup_steps=4),
    ),
    "halving": (
        lambda: SuccessiveHalvingPruner(1, 3),
        lambda: optuna.pruners.SuccessiveHalvingPruner(1, 3),
    ),
    "halving, late": (
        lambda: SuccessiveHalvingPruner(2, 2, 1),
        lambda: optuna.pruners.SuccessiveHalvingPruner(2, 2, 1),
    ),
    "halving, bootstrap": (
        lambda: SuccessiveHalvingPruner(1, 2, 0, 3),
        lambda: optuna.pruners.SuccessiveHalvingPruner(1, 2, 0, 3),
    ),
    "hyperband": (
        lambda: OptunasBrackets(1, 12, 3),
        lambda: optuna.pruners.HyperbandPruner(1, 12, 3),
    ),
}  # fmt: skip


def stops(pruner, theirs, seed: int, trials: int = 40, skip: bool = False) -> list[list[bool]]:
    """Decisions of both, (ours, theirs), on one stream of trials that report in turn."""
    rng, study = np.random.default_rng(seed), optuna.create_study(pruner=theirs)
    pruner.study = study
    said, running, begun = [], [], 0
    while begun < trials or running:
        if begun < trials and (len(running) < 3 or rng.random() < 0.1):
            running.append((Trial(begun, {}), study.ask(), rng.normal()))
            begun += 1
        ours, trial, level = running[rng.integers(len(running))]
        step = max(ours.intermediate, default=0) + (int(rng.integers(1, 4)) if skip else 1)
        value = round(8 * (level + 3 / step + rng.normal() / 3)) / 8  # there are ties; sums exact
        odd = [NAN, NAN if isinstance(pruner, MedianPruner) else INF]
        value = [*odd, value][min(int(rng.random() * 25), 2)]
        ours.intermediate[step] = value
        trial.report(value, step)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, at a median of NaN alone
            said.append([pruner.stop(ours, step), trial.should_prune()])
        over = step >= 12
        if said[-1][1] or over:
            running = [one for one in running if one[0] is not ours]
            if said[-1][1]:
                ours.state = "pruned"
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            elif math.isfinite(value):
                ours.state = "complete"
                study.tell(trial, value)
            else:
                ours.state = "failed"
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return said


def level(make, theirs, skip: bool) -> None:
    both = [pair for seed in range(6) for pair in stops(make(), theirs(), seed, skip=skip)]
    ours, optunas = zip(*both, strict=True)
    assert 30 < sum(optunas) < len(optunas) - 50, "the stream decides nothing"
    same = ours == optunas  # where CI is set, pytest draws a diff of the two, a minute each time
    assert same, "not the same stops"


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_the_same_stops_as_optuna_on_the_same_stream(name: str, skip: bool) -> None:
    level(*PAIRS[name], skip)


class Strict(SuccessiveHalvingPruner):
    """Without the rule for the first η - 1."""

    def stop(self, trial, resource):
        before = self.place.get(trial.number, (0, 0))[0]
        said = super().stop(trial, resource)
        at = self.place.get(trial.number, (0, 0))[0]
        return said or (at > before and any(len(r) < self.eta for r in self.rungs[before:at]))


class Tied(SuccessiveHalvingPruner):
    """A tie stops."""

    def stop(self, trial, resource):
        value = trial.intermediate[resource]
        seen = any(value in rung[:-1] for rung in self.rungs)
        return super().stop(trial, resource) or seen


class KeepsTheWorst(SuccessiveHalvingPruner):
    def stop(self, trial, resource):
        turned = Trial(trial.number, {}, intermediate={resource: -trial.intermediate[resource]})
        return super().stop(turned, resource)


class GoesOnWithNan(SuccessiveHalvingPruner):
    def stop(self, trial, resource):
        value = trial.intermediate[resource]
        return value == value and super().stop(trial, resource)


class Upper(MedianPruner):
    """The larger of two in the middle."""

    def collect(self):
        super().collect()
        self.values = {r: sorted(v) for r, v in self.values.items()}

    def stop(self, trial, resource):
        said = super().stop(trial, resource)
        values = self.values.get(resource, [0])
        return said and self.best.get(trial.number, 0) > values[len(values) // 2]


class Latest(MedianPruner):
    """The latest value in the place of the best."""

    def stop(self, trial, resource):
        self.best.pop(trial.number, None)
        return super().stop(trial, resource)


class PrunedToo(MedianPruner):
    """Those that were stopped count."""

    def collect(self):
        for trial in self.running.values():
            trial.state = "complete" if trial.state == "pruned" else trial.state
        super().collect()


@pytest.mark.parametrize(
    ("make", "name"),
    [(lambda c=c: c(1, 3), "halving") for c in (Strict, Tied, KeepsTheWorst, GoesOnWithNan)]
    + [(lambda c=c: c(n_startup=3), "median") for c in (Upper, Latest, PrunedToo)]
    + [
        (lambda: SuccessiveHalvingPruner(1, 3, 1), "halving"),
        (lambda: SuccessiveHalvingPruner(1, 2), "halving"),
        (lambda: HyperbandPruner(1, 12, 3), "hyperband"),
        (lambda: MedianPruner(n_startup=0, n_warmup=5), "median, warm"),
    ],
)
def test_another_rule_is_caught(make, name: str) -> None:
    with pytest.raises(AssertionError, match="not the same stops"):
        level(make, PAIRS[name][1], False)


def test_an_infinite_value_is_a_value() -> None:
    """Optuna's percentile of 1, 2 and inf is NaN, and nobody is stopped; the median is 2."""
    pruner = MedianPruner(n_startup=3)
    for number, value in enumerate((1.0, INF, 2.0)):
        trial = Trial(number, {}, intermediate={1: value})
        pruner.stop(trial, 1)
        trial.state = "complete"
    for number, value, stopped in ((3, 1.5, False), (4, 3.0, True), (5, INF, True), (6, NAN, True)):
        assert pruner.stop(Trial(number, {}, intermediate={1: value}), 1) is stopped


def test_brackets_and_shares_are_optunas() -> None:
    for least, most, eta in [(1, 81, 3), (2, 100, 3), (1, 16, 4), (3, 3, 2)]:
        ours, theirs = (
            HyperbandPruner(least, most, eta),
            optuna.pruners.HyperbandPruner(least, most, eta),
        )
        theirs._try_initialization(optuna.create_study())
        assert ours.shares == theirs._trial_allocation_budgets
        assert [p.first for p in ours.pruners] == [least * eta**k for k in range(len(ours.shares))]


def test_everybody_gets_his_share_early_and_late() -> None:
    shares = [81, 34, 15, 8, 5]
    order = dealt(shares)
    assert Counter(order) == dict(enumerate(shares))
    for n in range(20, len(order)):
        for i, share in enumerate(shares):
            assert abs(order[:n].count(i) - n * share / len(order)) < 1.5


def test_minimize_asks_and_a_new_process_makes_up_for_a_journal(tmp_path) -> None:
    def objective(params, report):
        for t in (1, 2, 4):
            report(t, params["x"] + 1 / t)
        return params["x"]

    def search():
        return RandomSearch({"x": Float(0, 1)}, np.random.default_rng(4))

    for make in (
        lambda: SuccessiveHalvingPruner(1, 2),
        lambda: MedianPruner(n_startup=2),
        lambda: HyperbandPruner(1, 4, 2),
    ):
        whole, first, second = search(), search(), search()
        minimize(objective, whole, 24, pruner=make())
        log = tmp_path / f"{id(make)}.jsonl"
        minimize(objective, first, 10, pruner=make(), journal=log)
        minimize(objective, second, 24, pruner=make(), journal=log)
        states = [t.state for t in whole.trials]
        assert 3 < states.count("pruned") < 21
        assert [t.state for t in second.trials] == states
        forgetful = make()
        forgetful.replay = lambda trial: None
        third = search()
        log.write_text("")
        log.unlink()
        minimize(objective, search(), 10, pruner=make(), journal=log)
        minimize(objective, third, 24, pruner=forgetful, journal=log)
        assert [t.state for t in third.trials] != states


def test_a_decision_stays_cheap_with_many_trials() -> None:
    """The cost is measured by ``benchmarks/hpo_resources.py``; here only that it does not grow."""
    for pruner in (SuccessiveHalvingPruner(), HyperbandPruner(), MedianPruner()):
        visited = 0
        for n in range(500):
            trial = Trial(n, {}, intermediate={1: float(n % 7)})
            pruner.stop(trial, 1)
            trial.state = "complete"
            visited = max(visited, len(getattr(pruner, "running", ())))
        assert visited <= 2


ERRORS = [
    (lambda: MedianPruner(-1), ValueError, r"^n_startup must be >= 0; got -1\.$"),
    (lambda: MedianPruner(n_warmup=-1), ValueError, r"^n_warmup must be finite and >= 0; got -1"),
    (lambda: SuccessiveHalvingPruner(0), ValueError, r"^min_resource must be >= 1; got 0\.$"),
    (lambda: SuccessiveHalvingPruner(1, 1), ValueError, r"^reduction_factor must be >= 2; got 1"),
    (lambda: SuccessiveHalvingPruner(1, 2, -1), ValueError, r"^min_early_stopping_rate must be >="),
    (lambda: SuccessiveHalvingPruner(1, 2, 0, -1), ValueError, r"^bootstrap_count must be >= 0; g"),
    (lambda: HyperbandPruner(2, 1), ValueError, r"^max_resource must be >= 2; got 1\.$"),
    (lambda: HyperbandPruner(1, 9, 1), ValueError, r"^reduction_factor must be >= 2; got 1\.$"),
    (lambda: ReportPruner().stop(None, 1), TypeError, r"^stop must be written by the subclass Rep"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
