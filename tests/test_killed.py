"""A grader that is killed: its answers end with it, and what it had laid out is cleared away."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from cohort import environment
from processes import alive, descendants
from tools_available import need

from dlcourse.grading.sandbox import Sandbox, launch

ASKED = """
import sys
from dlcourse.grading.sandbox import Sandbox, wire
with Sandbox(sys.argv[1]).answer("", "") as subject:
    subject.child._send(wire.frame({"source": sys.argv[2], "entry": ""}))
    print("sent", flush=True)
    input()
"""
UNTIE = "import ctypes\nctypes.CDLL(None).prctl(1, 0)\n"
SLEEP = "import time\ntime.sleep(3600)"
ENDLESS = {
    "computes": "while True: pass",
    "sleeps": SLEEP,
    "sleeps in a thread": f"import threading\nthreading.Thread(target=print).start()\n{SLEEP}",
    "sleeps, and will not be ended": UNTIE + SLEEP,
    "deaf to signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, "
    f"signal.SIG_IGN)\n    except (OSError, ValueError): pass\n{SLEEP}",
}


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def killed(kind, text, folder):
    """The processes of a grader that was killed while an answer was running."""
    words = [sys.executable, "-c", ASKED, kind, text]
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, env=environment(TMPDIR=folder), **quiet) as grader:
        assert grader.stdout.readline() == b"sent\n"
        time.sleep(0.2)  # it is under way, and has done what it does first
        processes = descendants(grader.pid)
        grader.kill()
    assert len(processes) > 1
    return processes


@pytest.mark.parametrize("kind", ["bubblewrap", "rlimits"])
@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_ends_with_its_grader(name, kind, tmp_path):
    """It reads what was sent even if the grader is gone by then."""
    assert alive(killed(kind, ENDLESS[name], tmp_path)) == set()


def test_what_was_laid_out_is_cleared_away_by_the_next(tmp_path, monkeypatch):
    killed("rlimits", SLEEP, tmp_path)
    (left,) = tmp_path.iterdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Sandbox("rlimits")
    assert left.exists(), "it is young: somebody may be about to hold it"
    os.utime(left, (0, 0))
    Sandbox("rlimits")
    assert not left.exists()


def test_only_our_own_folders_that_nobody_holds_are_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held = launch.bare(launch.Limits())
    (tmp_path / "other").mkdir()
    (tmp_path / "dlcourse-1").mkdir()
    (tmp_path / f"{launch.STAGE}file").touch()
    (tmp_path / f"{launch.STAGE}link").symlink_to(tmp_path / "other")
    (tmp_path / f"{launch.STAGE}left").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    launch.sweep()
    gone = tmp_path / f"{launch.STAGE}left"
    assert not gone.exists() and len(list(tmp_path.iterdir())) == 5
    held.clear()
    held.clear()
    assert not Path(held.folder).parent.exists()
