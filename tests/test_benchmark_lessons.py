"""The cost of the lessons: all processes are counted, and a dear lesson is an exit code."""

from __future__ import annotations

import sys

import pytest

from benchmarks import lessons

BURN = "import time\nwhile time.process_time() < 1: pass"
START = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"


def test_what_a_kernel_uses_is_counted() -> None:
    """The process that executes a lesson waits for the kernel, which does the work."""
    seconds, status = lessons.cpu_seconds([sys.executable, "-c", START])
    assert seconds >= 1
    assert status == 0
    assert lessons.cpu_seconds([sys.executable, "-c", "raise SystemExit(3)"])[1] == 3


@pytest.mark.parametrize(
    ("costs", "status", "said"),
    [
        ([(19.9, 0), (1.0, 0)], 0, []),
        ([(20.1, 0), (1.0, 0)], 1, ["TOO LONG"]),
        ([(0.1, 1), (21.0, 0)], 1, ["DOES NOT RUN", "TOO LONG"]),
    ],
)
def test_a_dear_lesson_is_an_exit_code(monkeypatch, capsys, tmp_path, costs, status, said) -> None:
    for name in "ab":
        (tmp_path / f"{name}.ipynb").touch()
    left = iter(costs)
    monkeypatch.setattr(lessons, "cpu_seconds", lambda command: next(left))
    assert lessons.main([str(tmp_path)]) == status
    _, *lines, total = capsys.readouterr().out.splitlines()
    assert [word for line in lines for word in ("DOES NOT RUN", "TOO LONG") if word in line] == said
    assert total.split() == ["all", "2", f"{sum(seconds for seconds, _ in costs):.1f}", "s"]


@pytest.mark.parametrize(("word", "status"), [("--help", 0), ("--other", 2), ("no/such.ipynb", 2)])
def test_what_is_no_lesson_is_not_run(monkeypatch, capsys, word, status) -> None:
    monkeypatch.setattr(lessons, "cpu_seconds", lambda command: pytest.fail("it was run"))
    with pytest.raises(SystemExit) as stopped:
        lessons.main([word])
    assert stopped.value.code == status
    said = capsys.readouterr()
    assert said.out.startswith("usage: python -m benchmarks.lessons") or word in said.err
