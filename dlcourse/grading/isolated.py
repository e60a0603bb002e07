"""One answer of one's own, judged in a process of its own: exactly as in an instructor's run."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Sequence

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
    if WINDOWS:
        fix = "Use the Windows Subsystem for Linux; check without it works everywhere."
        fail("isolated", "left out on Windows", True, fix)
    try:
        return Sandbox()
    except SandboxError:
        warnings.warn(WEAKER, UserWarning, stacklevel=3)
        return Sandbox("rlimits")
