"""The cost of the lessons: all processes are counted, and a dear lesson is an exit code."""

from __future__ import annotations

import re
import time
from itertools import accumulate

import pytest
from nbformat import v4, write

from benchmarks import lessons

BURN = "import time\nwhile time.process_time() < 1: pass"
START = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"


def lesson(path, source):
    write(v4.new_notebook(cells=[v4.new_code_cell(source, id="one-two")]), path)
    return str(path)


def test_what_a_kernel_and_its_children_use_is_counted(tmp_path, capsys) -> None:
    assert lessons.main([lesson(tmp_path / "burn.ipynb", START)]) == 0
    _, line, total = capsys.readouterr().out.splitlines()
    costs = [float(re.search(r"([0-9.]+) s$", told)[1]) for told in (line, total)]
    assert 1 < costs[0] < lessons.AT_MOST
    assert costs[0] == costs[1]


def test_a_lesson_that_does_not_run_is_an_exit_code(tmp_path, capsys) -> None:
    assert lessons.main([lesson(tmp_path / "bad.ipynb", "1 / 0")]) == 1
    assert "DOES NOT RUN: ZeroDivisionError: division by zero" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pace", "costs", "status", "said"),
    [
        (1, [19.9, 1.0], 0, [False, False]),
        (1, [20.1, 1.0], 1, [True, False]),
        (2, [39.0, 41.0], 1, [False, True]),  # at half the speed everything takes twice as long
        (0.5, [19.9, 20.1], 1, [False, True]),  # a faster processor: as they were
    ],
)
def test_a_dear_lesson_is_an_exit_code(
    monkeypatch, capsys, tmp_path, pace, costs, status, said
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.ipynb").touch()
    job = pace * lessons.UNDISTURBED
    measured = [cost + job for cost in costs]  # the job's own time is no lesson's
    clock = accumulate([3.0, measured[0], 0.5, measured[1]])  # nor is what lies between two
    monkeypatch.setattr(lessons, "cpu_seconds", lambda: next(clock))
    monkeypatch.setattr(lessons, "execute", lambda path: None)
    monkeypatch.setattr(lessons.Yardstick, "__enter__", lambda self: self.times.append(job) or self)
    monkeypatch.setattr(lessons.Yardstick, "__exit__", lambda *_: None)
    assert lessons.main([str(tmp_path)]) == status
    _, *lines, total = capsys.readouterr().out.splitlines()
    assert ["TOO LONG" in line for line in lines] == said
    judged = sum(costs) / max(1, pace)
    assert total.split() == ["all", "2", f"{judged:.1f}", "s", f"{sum(costs):.1f}", "s"]


def test_the_fixed_job_is_timed_beside_a_lesson_until_it_ends(monkeypatch) -> None:
    monkeypatch.setattr(lessons, "job", lambda: sum(range(100_000)))
    with lessons.Yardstick() as yardstick:
        time.sleep(1.2)
    assert 2 <= len(yardstick.times) <= 4
    assert not yardstick.thread.is_alive()
    assert all(0 < one < 0.5 for one in yardstick.times)


@pytest.mark.parametrize(
    ("word", "said"),
    [("--help", "usage: python -m"), ("--other", "unrecognized"), ("no/such.ipynb", "must be a")],
)
def test_what_is_no_lesson_is_not_run(monkeypatch, capsys, word, said) -> None:
    monkeypatch.setattr(lessons, "execute", lambda path: pytest.fail("it was run"))
    with pytest.raises(SystemExit) as stopped:
        lessons.main([word])
    written = capsys.readouterr()
    assert said in written.out + written.err + str(stopped.value)
    assert "kernel included" not in written.out
