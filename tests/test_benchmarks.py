"""The benchmarks' own alarms: a missed target and a wrong result must turn the exit code."""

from __future__ import annotations

import numpy as np
import pytest
from cohort import cohort

from benchmarks import grading, runs_axis, timing
from dlcourse.training import loop


def fake_measure(many: float):
    """Times as if many runs cost ``many`` times one run."""
    return lambda jobs, **_: {name: [many if name != "one" else 1.0] * 3 for name in jobs}


@pytest.fixture
def quick(monkeypatch):
    """One small case with a target of 5; trajectories have a target of 6."""
    monkeypatch.setattr(runs_axis, "CASES", (runs_axis.Case((64, 4, 10), 32, 2, 5.0),))
    return monkeypatch


def test_targets_met(quick, capsys):
    quick.setattr(timing, "measure", fake_measure(4.9))
    assert runs_axis.main() == 0
    assert "MISSED" not in capsys.readouterr().out


def test_a_missed_target_is_an_exit_code(quick, capsys):
    quick.setattr(timing, "measure", fake_measure(5.1))
    assert runs_axis.main() == 1
    assert capsys.readouterr().out.count("MISSED") == len(runs_axis.OPTIMIZERS)


def test_runs_that_influence_each_other_are_an_exit_code(quick, capsys):
    def leaky(theta):
        class Leaky(runs_axis.SGD):
            def step(self, grads):
                super().step(grads if grads.ndim == 1 else grads + 1e-6 * grads[:1])

        return Leaky(theta, lr=0.01)

    quick.setattr(timing, "measure", fake_measure(1.0))
    quick.setitem(runs_axis.OPTIMIZERS, "SGD", leaky)
    assert runs_axis.main() == 1
    assert "together and alone differ" in capsys.readouterr().out


def test_blocks_of_runs_change_no_result(monkeypatch):
    case = runs_axis.Case((64, 16, 10), batch=64, runs=5, at_most=5.0)
    naive = runs_axis.naive_step(case, "Adam")
    monkeypatch.setattr(loop, "CACHE_BYTES", 1)  # every run a block of its own
    blocked = runs_axis.training_step(case, "Adam", case.runs)
    blocked()
    for _ in range(5):
        assert np.abs(naive().loss - blocked().loss).max() < 1e-12


@pytest.fixture
def step(monkeypatch):
    """Two small contests with aims of 1; ``step.costs(x)`` makes ours x times as dear as theirs."""
    step = pytest.importorskip(
        "benchmarks.step", reason="PyTorch is not installed", exc_type=ImportError
    )
    small = step.perceptron("small", (6, 5, 4), 8, default=1.0, fused=None)
    three = step.runs("three", (6, 5, 4), 8, 3, turn=1.0, bmm=1.0)
    monkeypatch.setattr(step, "CONTESTS", (small, three))

    def costs(ours):
        fake = {"ours": ours, "mine": 9.0}
        measure = lambda jobs, **_: {name: [fake.get(name, 1.0)] * 3 for name in jobs}  # noqa: E731
        monkeypatch.setattr(timing, "measure", measure)

    monkeypatch.setattr(step, "costs", costs, raising=False)
    return step


def test_a_step_is_compared_with_pytorch_before_it_is_timed(step, monkeypatch, capsys):
    for contest in step.CONTESTS:
        for make, _ in contest.others.values():
            assert step.difference(contest.ours, make) < 1e-12
    step.costs(1.0)
    assert step.main() == 0
    assert capsys.readouterr().out.count("ok ") == 3

    class Wrong(step.Adam):
        def adaptive_step(self, g, m, v, v_max=None):
            return super().adaptive_step(g, m, v, v_max) * (1 + 1e-6)

    monkeypatch.setattr(step, "Adam", Wrong)
    assert step.main() == 1
    assert capsys.readouterr().out.count("no valid comparison") == 4


def test_a_step_that_takes_too_long_is_an_exit_code(step, capsys):
    step.costs(1.01)
    assert step.main() == 1
    assert capsys.readouterr().out.count("MISSED") == 3


def test_ratio_is_taken_within_rounds():
    """A machine that slows down tenfold half-way changes no ratio."""
    taken = {"a": [2.0, 2.0, 20.0, 20.0], "b": [1.0, 1.0, 10.0, 10.0]}
    assert str(timing.ratio(taken, "a", "b")).split() == ["2.00", "[2.00,", "2.00]"]


def test_jobs_are_measured_in_turn(monkeypatch):
    monkeypatch.setattr(timing, "_require_one_thread", lambda: None)
    order = []
    taken = timing.measure(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3, seconds=1e-4
    )
    runs = "".join(order)
    while "aa" in runs or "bb" in runs:
        runs = runs.replace("aa", "a").replace("bb", "b")
    assert runs == "ab" * 4  # once to warm up, then three rounds
    assert all(len(times) == 3 and min(times) > 0 for times in taken.values())


@pytest.fixture
def graders(monkeypatch):
    """Runs the benchmark on a tiny cohort, with a table and seconds for each way of grading."""

    def run(tables, seconds):
        rows = iter(zip(tables, seconds, strict=True))

        def graded(words, out, count, kills):
            (correct, wrong), took = next(rows)
            out.mkdir()
            statuses = ["correct"] * correct + ["not yet"] * wrong
            lines = ["student,exercise,status", *(f"s0,sgd,{status}" for status in statuses)]
            (out / "grades.csv").write_text("\n".join(lines))
            return took

        monkeypatch.setattr(grading, "graded", graded)
        monkeypatch.setattr(grading, "right_answers", lambda folder: 3)
        return grading.main(["--students", "2", "--exercises", "2", "--no-dask"])

    return run


@pytest.mark.parametrize(
    ("tables", "seconds", "status", "said"),
    [
        ([(3, 1)] * 3, [0.59, 0.59, 0.59], 0, "correct: 3, not yet: 1"),
        ([(3, 1)] * 3, [0.61, 0.59, 0.59], 1, "MISSED"),
        ([(3, 1)] * 3, [0.59, 0.61, 0.59], 1, "MISSED"),
        ([(3, 1)] * 3, [0.59, 0.59, 0.61], 1, "MISSED"),
        ([(3, 1), (3, 1), (2, 2)], [0.59, 0.59, 0.59], 1, "the tables differ"),
        ([(0, 4)] * 3, [0.1, 0.1, 0.1], 1, "3 answers are right"),
        ([(4, 0)] * 3, [0.1, 0.1, 0.1], 1, "3 answers are right"),
    ],
)
def test_slow_grading_and_other_verdicts_are_an_exit_code(
    graders, capsys, tables, seconds, status, said
):
    assert graders(tables, seconds) == status
    printed = capsys.readouterr().out
    assert said in printed and ("MISSED" in printed) == (said == "MISSED")


def test_the_right_answers_of_a_cohort_are_counted(tmp_path):
    ids = ["sgd", "momentum"]
    cohort(tmp_path / "all", 4, ids, share_right=1.0, share_hostile=0.0)
    cohort(tmp_path / "none", 4, ids, share_right=0.0)
    assert grading.right_answers(tmp_path / "all") == 8
    assert grading.right_answers(tmp_path / "none") == 0
