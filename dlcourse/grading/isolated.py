"""One answer of one's own, judged in a process of its own: exactly as in an instructor's run."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from dlcourse.checks import fail
from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import Report
from dlcourse.grading.sandbox import Sandbox, SandboxError
from dlcourse.grading.spec import PUBLIC_SEED, Exercise

WINDOWS = os.name == "nt"
WEAKER = (
    "There is no sandbox on this machine, so the answer runs under limits of time and memory only. "
    "That is fine for an answer of your own."
)
# ``python -m dlcourse``, of the same package as here, wherever that is.
ALONE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from dlcourse.__main__ import main; sys.exit(main())"
)


def afresh(spec: Exercise, source: str) -> Report:
    """The verdict of a judge who has not met this session: a Python that has run no cell.

    Whatever a cell has done to NumPy here, that one has it as an instructor has.

    Raises
    ------
    ValueError
        On Windows.
    RuntimeError
        If there is no verdict, with what the other process said.
    """
    _refuse_windows()
    with tempfile.TemporaryDirectory(prefix="dlcourse-") as folder:
        file = Path(folder, "answer.py")
        file.write_text(source, encoding="utf-8", errors="backslashreplace")
        words = [sys.executable, "-P", "-c", ALONE, str(Path(__file__).parents[2])]
        words += ["check", spec.id, str(file), "--json"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"The isolated check did not run: {done.stderr.strip()}") from None
    if WEAKER in done.stderr:
        warnings.warn(WEAKER, UserWarning, stacklevel=4)
    lines, passed = tuple(said["lines"]), tuple(said["passed"])
    groups, hint_id = said["groups"], said["hint_id"]
    return Report(spec, said["status"], said["cause"], lines, passed, groups, hint_id)


def judged(
    spec: Exercise, source: str, sandbox: Sandbox, seed: int | Sequence[int] = PUBLIC_SEED
) -> Report:
    """The verdict on an answer's source."""
    with sandbox.answer(source, spec.entry) as subject:
        return judge_subject(spec, subject, seed)


@functools.lru_cache(maxsize=1)
def own_sandbox() -> Sandbox:
    """The grader's sandbox where this machine can have it, else limits alone, and a warning.

    Raises
    ------
    ValueError
        Where there is neither, which is on Windows.
    """
    _refuse_windows()
    try:
        return Sandbox()
    except SandboxError:
        warnings.warn(WEAKER, UserWarning, stacklevel=3)
        return Sandbox("rlimits")


def _refuse_windows() -> None:
    if WINDOWS:
        fix = "Use the Windows Subsystem for Linux; check without it works everywhere."
        fail("isolated", "left out on Windows", True, fix)
