"""The cost of the lessons: all processes are counted, and a dear lesson is an exit code."""

from __future__ import annotations

import re
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
    ("costs", "status", "said"),
    [([19.9, 1.0], 0, [False, False]), ([20.1, 1.0], 1, [True, False])],
)
def test_a_dear_lesson_is_an_exit_code(monkeypatch, capsys, tmp_path, costs, status, said) -> None:
    for name in "ab":
        (tmp_path / f"{name}.ipynb").touch()
    clock = accumulate([3.0, costs[0], 0.5, costs[1]])  # what lies between two is no lesson's
    monkeypatch.setattr(lessons, "cpu_seconds", lambda: next(clock))
    monkeypatch.setattr(lessons, "execute", lambda path: None)
    assert lessons.main([str(tmp_path)]) == status
    _, *lines, total = capsys.readouterr().out.splitlines()
    assert ["TOO LONG" in line for line in lines] == said
    assert total.split() == ["all", "2", f"{sum(costs):.1f}", "s"]
