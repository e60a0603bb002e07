"""The alarms of ``benchmarks.augmentation`` and the bookkeeping of ``benchmarks.policy_search``."""

from __future__ import annotations

import json

import numpy as np

from benchmarks import augmentation, policy_search, timing

SMALL = {"images": 30, "sizes": [64, 5, 10], "lr": 0.01, "epochs": 2, "batch_size": 15}


def test_a_missed_aim_is_an_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(augmentation, "IMAGES", 3)
    for seconds, code in ((0.9, 0), (1.1, 1)):
        measured = lambda jobs, s=seconds: {name: [s] * 3 for name in jobs}  # noqa: E731
        monkeypatch.setattr(timing, "measure", measured)
        assert augmentation.main() == code
        assert ("MISSED" in capsys.readouterr().out) == bool(code)
    augmentation.torchvisions()()


def test_every_job_runs(monkeypatch):
    monkeypatch.setattr(augmentation, "IMAGES", 20)
    for job in augmentation.ours("float32").values():
        job()


def test_the_search_scores_on_validation_and_reports_on_test_data(monkeypatch):
    seen = []
    right = policy_search.trained

    def noted(policy, seed, plan, part):
        seen.append((part, seed))
        return right(policy, seed, plan, part)

    monkeypatch.setattr(policy_search, "trained", noted)
    search = {"seed": 0, "trials": 3, "start": 2, "sub_policies": 2, "seeds": [0, 1]}
    best, scores = policy_search.searched(search, SMALL)
    assert len(scores) == 3
    assert {part for part, _ in seen} == {"validation"}
    assert {seed for _, seed in seen} == {0, 1}
    again, same = policy_search.searched(search, SMALL)
    assert (best, scores) == (again, same)
    seen.clear()
    report = {"seed": 1, "random_policies": 2, "seeds": [5, 6, 7]}
    found = policy_search.reported(best, report, SMALL, 2)
    assert {part for part, _ in seen} == {"test"}
    assert {seed for _, seed in seen} == {5, 6, 7}
    low, high = found["accuracy"]["over_random"]["interval"]
    assert low <= found["accuracy"]["over_random"]["mean"] <= high


def test_the_interval_covers_what_it_should():
    """Policies and seeds both add noise: of 200 intervals for a true 0 about 95 % hold it."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        gains = rng.normal(size=(20, 1)) + rng.normal(size=(1, 10)) + rng.normal(size=(20, 10))
        low, high = policy_search.interval(gains, rng, draws=400)
        held += low <= 0 <= high
    assert 0.86 < held / 200 < 0.99
    shifted = policy_search.interval(gains + 5, rng, draws=400)
    assert shifted[0] > 3


def test_what_is_stored_is_what_was_asked_for():
    found = json.loads(policy_search.FILE.read_text(encoding="utf-8"))
    assert found["plan"] == policy_search.PLAN
    assert found["search"].items() >= policy_search.SEARCH.items()
    assert found["report"].items() >= policy_search.REPORT.items()
    best = max(found["search"]["validation_scores"])
    assert best > np.median(found["search"]["validation_scores"])


def test_the_score_of_the_policy_is_the_one_that_is_stored():
    found = json.loads(policy_search.FILE.read_text(encoding="utf-8"))
    rows = policy_search.all_of(
        found["policy"], policy_search.SEARCH["seeds"], policy_search.PLAN, "validation"
    )
    assert abs(-rows[:, 0].mean() - max(found["search"]["validation_scores"])) < 1e-3
