"""``make gpu`` without a GPU: which tests it would run, what it says, and that it can fail."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu

ROOT = Path(__file__).resolve().parents[1]
OUTCOMES = {
    "passes": ("pass", True),
    "fails": ("assert not 1", False),
    "is left out": ("pytest.skip('no reason')", False),
    "is not there": (None, False),
}


def test_every_cuda_test_is_chosen() -> None:
    """A file that names the device without tests/devices.py would not be run on a GPU."""
    names = {path.name for path in gpu.test_files()}
    assert "test_parity.py" in names
    for path in sorted((ROOT / "tests").glob("*.py")):
        alone = re.search(r"mark\.cuda|cuda\.is_available", path.read_text(encoding="utf-8"))
        assert path.name in {"devices.py", "test_gpu.py"} or not alone, path
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "cuda", "-W", "error"]
    done = subprocess.run(
        [*command, *map(str, gpu.test_files())], cwd=ROOT, capture_output=True, text=True
    )
    chosen = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(chosen) >= 41, done.stdout
    assert all("cuda" in line for line in chosen)


def test_without_a_gpu_it_says_so_in_one_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(gpu, "unavailable", lambda: "PyTorch sees none")
    monkeypatch.setattr(gpu, "passed", lambda files: pytest.fail("tests were run"))
    assert gpu.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("No GPU: PyTorch sees none. Nothing was run; with one, ")
    assert "tests/test_parity.py" in line


@pytest.mark.parametrize("case", OUTCOMES)
def test_a_test_that_fails_or_is_left_out_is_an_exit_code(tmp_path, capsys, case) -> None:
    body, right = OUTCOMES[case]
    mark = "" if body is None else "@pytest.mark.cuda\n"
    test = f"import pytest\n\n{mark}def test_one():\n    {body or 'pass'}\n"
    (tmp_path / "test_planted.py").write_text(test)
    assert gpu.passed([str(tmp_path / "test_planted.py")]) == right
    assert len(capsys.readouterr().out.splitlines()) < 26, "one page"


def test_tests_that_hang_are_ended(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "test_planted.py").write_text(
        "import pytest, time\n\n@pytest.mark.cuda\ndef test_one():\n    time.sleep(600)\n"
    )
    monkeypatch.setattr(gpu, "TESTS_SECONDS", 2)
    assert not gpu.passed([str(tmp_path / "test_planted.py")])
    assert capsys.readouterr().out == "The tests were not through after 2 s.\n"


@pytest.fixture
def twins():
    return pytest.importorskip("benchmarks.twins", exc_type=ImportError)


def test_a_time_is_that_of_a_call(twins, monkeypatch) -> None:
    now, calls = [0.0], []

    def job() -> None:
        calls.append(now[0])
        now[0] += 0.003 if len(calls) > 1 else 5.0  # the first one loads what it needs

    monkeypatch.setattr(twins.time, "perf_counter", lambda: now[0])
    assert twins.seconds(job, "cpu") == pytest.approx(0.003)
    assert len(calls) == 1 + (1 + 2 + 4 + 8) + 7 * 8, "rounds of 20 ms or more"


def test_the_times_are_printed_on_one_page(twins, monkeypatch, capsys) -> None:
    ticks = itertools.count(1)
    monkeypatch.setattr(twins, "seconds", lambda job, device: job() or 1e-3 * next(ticks))
    twins.report("cpu", sizes=(100, 200), runs=20)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 35
    figures = [line for line in lines if " ms" in line]
    assert len(figures) == 2 * len(twins.OPTIMIZERS) + 1 + 2
    for line in figures:
        time, *ratios = line[34:].replace(" ms", "").split()
        assert all(value == "-" or float(value) > 0 for value in (time, *ratios))
    assert sum(line.count("-") for line in figures if line.startswith("RMSprop")) == 2, "no fused"
