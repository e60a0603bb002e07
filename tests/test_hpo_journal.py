"""The journal: killed at any moment and at every byte, locked, refused; nothing lost or doubled."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from hpo_driver import SPACE, Drivers, value_of

from dlcourse.scratch.hpo import Categorical, Float, RandomSearch, minimize
from dlcourse.scratch.hpo.journal import Journal

N = 200


def rng(seed=0):
    return np.random.default_rng(seed)


def killed(folder, how, kills=10, n=N, address=None, seconds=0.012):
    """Start the driver, kill it at a random moment, ten times; then let it end. What went wrong.

    A moment is so many trials started, none in the second half, and up to ``seconds`` more: so
    neither a slow machine nor a fast one lets a driver end before it is killed.
    """
    journal, side = folder / "search.jsonl", folder / "side"
    moments, settled = random.Random(15), []
    goals = sorted(moments.sample(range(1, n // 2), kills))
    with Drivers(*(["distributed"] if address else [])) as drivers:
        for life in range(kills + 1):
            # Another seed each time: the journal's state has to win.
            pid = drivers.start(journal, side, n, life, how, *([address] if address else []))
            if life < kills:
                wait_for(side, goals[life], pid)
                time.sleep(moments.uniform(0, seconds))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            code, best = drivers.end()
            settled.append(told_in(journal))
            if code != (-signal.SIGKILL if life < kills else 0):
                return [f"life {life} of {kills} ended by itself with {code}"]
    lines = side.read_text().split("\n")[:-1]
    found = complaints(journal, n, best) + restarted(lines, settled)
    return found + (rerun(lines) if address is None else [])


def wait_for(side, goal, pid, patience=20.0):
    """Until so many trials have been started, in all lives together, or the driver has ended."""
    ends, state = time.monotonic() + patience, Path(f"/proc/{pid}/stat")
    while time.monotonic() < ends:
        if side.exists() and side.read_bytes().count(b"start ") >= goal:
            return
        if Path("/proc").exists() and (not state.exists() or ") Z " in state.read_text()):
            return
        time.sleep(0.0003)


def told_in(journal):
    """The trials, by their x, that a journal says have ended; its last line may be half a one."""
    asked, told = {}, set()
    for line in journal.read_bytes().split(b"\n")[1:-1]:
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if "ask" in record:
                asked[record["ask"]] = record["params"]["x"].hex()
            elif record.get("tell") in asked:
                told.add(asked[record["tell"]])
    return told


def restarted(lines, settled):
    """Trials started in a life, though the journal said at its beginning that they had ended."""
    found, life = [], -1
    for word, x in (line.split() for line in lines):
        life += word == "life"
        if word == "start" and life and x in settled[life - 1]:
            found.append(f"{x} had been told and ran again in life {life}")
    return found


def complaints(journal, n, best):
    """What a killed search must not do, found in its journal and beside it."""
    found, records = [], []
    for line in journal.read_bytes().splitlines()[1:]:
        try:
            records.append(json.loads(line))
        except ValueError:
            found.append(f"a broken line: {line[:60]}")
    asks = [r["params"] for r in records if "ask" in r]
    tells = [r["tell"] for r in records if "tell" in r]
    if [r["ask"] for r in records if "ask" in r] != list(range(n)):
        found.append("trials lost, or asked twice")
    if sorted(tells) != list(range(n)):
        found.append("trials never told, or told twice")
    whole = RandomSearch(SPACE, rng(0))
    if asks != [whole.ask().params for _ in range(n)]:
        found.append("not the search that nobody killed")
    values = {r["tell"]: r["value"] for r in records if "tell" in r}
    if any(values.get(i) != value_of(p) for i, p in enumerate(asks)):
        found.append("a value that is not the trial's")
    if best != min(map(value_of, asks), default=math.nan):
        found.append("another best")
    return found


def rerun(lines):
    """Trials that ended, after which others were begun, and that started yet again.

    Where trials run one after the other, the next one starts when the last is on the disk.
    """
    found, ended, sure = [], None, set()
    for word, x in (line.split() for line in lines):
        if word == "start":
            if ended not in (None, x):
                sure.add(ended)
            if x in sure:
                found.append(f"{x} was complete and ran again")
        ended = x if word == "end" else None if word == "life" else ended
    return found


@pytest.mark.parametrize("how", ["plain", "torn"])
def test_killed_ten_times_no_trial_is_lost_and_none_completed_twice(how, tmp_path):
    assert killed(tmp_path, how) == []


@pytest.mark.parametrize("how", ["uncut", "buffered"])
def test_the_same_test_catches_a_journal_that_leaves_half_lines_or_writes_late(how, tmp_path):
    assert killed(tmp_path, how) != []


def test_the_side_file_tells_a_repeated_trial_from_one_that_was_under_way():
    fine = ["life 0", "start a", "end a", "start b", "life 0", "start b", "end b", "start c"]
    assert rerun(fine) == []
    assert (
        rerun([*fine, "life 0", "start c", "life 0", "start c", "end c", "life 0", "start c"]) == []
    )
    assert rerun([*fine, "life 0", "start b"]) == ["b was complete and ran again"]
    assert restarted(fine, [{"a"}, {"a", "b"}]) == []
    assert restarted(fine, [{"b"}, {"a"}]) == ["b had been told and ran again in life 1"]


def written(path, n=3):
    """A journal with complete, failed, pruned and pending trials, line by line."""
    search = RandomSearch(SPACE, rng())
    with Journal(path, search) as journal:
        for _ in range(n):
            trial = search.ask()
            journal.asked(trial)
            trial.intermediate |= {1: np.float32(0.5), 2.0: math.inf}
            how = [
                {"value": np.float64(1.5)},
                {"error": "no \ud800 memory\n"},
                {"value": 2, "pruned": True},
            ]
            search.tell(trial, **how[trial.number % 3])
            journal.told(trial)
        journal.asked(search.ask())
    return path.read_bytes()


def told(search):
    return [(t.number, t.params, t.state, t.value, t.error, t.intermediate) for t in search.trials]


def test_cut_off_anywhere_it_resumes_to_the_same_search(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)  # thousands of them; nothing cuts the power
    path = tmp_path / "whole"
    content = written(path)
    wanted = RandomSearch(SPACE, rng(1))
    minimize(value_of, wanted, 6, journal=path)
    lines = content.splitlines(keepends=True)
    ends = np.cumsum(list(map(len, lines)))
    near = {*ends, *(ends - 1), *(ends + 1)}
    for cut in sorted({*range(0, len(content), 3), *near} - {len(content), len(content) + 1}):
        path = tmp_path / "cut"
        path.write_bytes(content[:cut])
        search = RandomSearch(SPACE, rng(0))
        with Journal(path, search) as journal:
            whole = len(content[:cut].splitlines(keepends=True)) - (content[:cut][-1:] != b"\n") * (
                cut > 0
            )
            assert path.read_bytes() == (b"".join(lines[:whole]) if whole else lines[0])
            assert [t.number for t in journal.unfinished] == [
                t.number for t in search.trials if t.state == "running"
            ]
        if cut % 36 == 0:  # going on takes longer
            minimize(value_of, search, 6, journal=path)
            again = RandomSearch(SPACE, rng(2))
            Journal(path, again).close()
            assert [t.params for t in again.trials] == [t.params for t in wanted.trials]
            assert told(again) == told(search)


def test_that_test_catches_a_journal_that_does_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(Journal, "_cut", lambda self, size: None)
    with pytest.raises(AssertionError):
        test_cut_off_anywhere_it_resumes_to_the_same_search(tmp_path, monkeypatch)


def test_everything_of_a_trial_comes_back(tmp_path):
    path = tmp_path / "j"
    written(path)
    search = RandomSearch(SPACE, rng(9))
    with Journal(path, search) as journal:
        assert [t.number for t in journal.unfinished] == [3]
    assert [t.state for t in search.trials] == ["complete", "failed", "pruned", "running"]
    assert [t.value for t in search.trials] == [1.5, None, 2, None]
    assert search.trials[1].error == "no \ud800 memory\n"
    assert search.trials[2].intermediate == {1: 0.5, 2: math.inf}
    for line in path.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM"])
def test_every_generator_of_numpy_goes_on_where_it_was(kind, tmp_path):
    def search(seed):
        return RandomSearch(SPACE, np.random.Generator(getattr(np.random, kind)(seed)))

    whole, first, second = search(0), search(0), search(1)
    minimize(value_of, whole, 9)
    minimize(value_of, first, 4, journal=tmp_path / "j")
    minimize(value_of, second, 9, journal=tmp_path / "j")
    assert told(second) == told(whole)


def test_choices_that_json_has_no_word_for(tmp_path):
    space = {
        "float": Categorical([math.inf, 1, 2.5, True and "true", None, False]),
        "x": Float(0, 1),
    }
    search, again = RandomSearch(space, rng()), RandomSearch(space, rng(1))
    minimize(lambda p: 0, search, 40, journal=tmp_path / "j")
    Journal(tmp_path / "j", again).close()
    assert [(t.params, type(t.params["float"])) for t in again.trials] == [
        (t.params, type(t.params["float"])) for t in search.trials
    ]
    assert {str(t.params["float"]) for t in again.trials} == {
        "inf",
        "1",
        "2.5",
        "true",
        "None",
        "False",
    }


def test_the_same_search_goes_on_and_counts_what_it_has(tmp_path):
    search, calls = RandomSearch(SPACE, rng()), []

    def objective(params):
        calls.append(params)
        return value_of(params)

    for n, total in ((3, 3), (7, 7), (5, 7)):
        minimize(objective, search, n, journal=tmp_path / "j")
        assert len(calls) == len(search.trials) == total
    other = RandomSearch(SPACE, rng(5))
    minimize(objective, other, 2)
    with pytest.raises(ValueError, match="search must be without trials other than those"):
        minimize(objective, other, 9, journal=tmp_path / "j")


def test_trials_before_the_journal_are_written_too(tmp_path):
    search, again = RandomSearch(SPACE, rng()), RandomSearch(SPACE, rng(3))
    minimize(value_of, search, 3)
    minimize(value_of, search, 5, journal=tmp_path / "j")
    Journal(tmp_path / "j", again).close()
    assert told(again) == told(search)
    assert len(again.trials) == 5
