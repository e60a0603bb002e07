"""Hostile answers in the sandbox: no marks, no harm, no survivor, and nobody waits for long."""

import os
import socket
import time
from pathlib import Path

import pytest
from attacks import ATTACKS, RIGHT, SLOW
from tools_available import need

from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import CORRECT
from dlcourse.grading.sandbox import Limits, Sandbox
from dlcourse.grading.spec import find

SEED = (3, 1, 4)
# The number of bytes, no other test's, is in the command line: by it our processes are known.
LIMITS = Limits(call=1.0, total=4.0, cpu=4, memory=(1 << 30) + os.getpid())


@pytest.fixture(scope="module")
def sandbox():
    need("bubblewrap")
    return Sandbox(limits=LIMITS)


@pytest.fixture
def marker(tmp_path):
    """A file of the grader's, and a port on which somebody listens."""
    path = tmp_path / "results.json"
    path.write_text("untouched")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield path, server


def survivors():
    """The processes of our sandboxes that are still there, after a moment to disappear."""
    for _ in range(50):
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(LIMITS.memory).encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                continue
        if not found:
            return []
        time.sleep(0.02)
    return found


def judged(sandbox, source):
    spec = find("sgd")
    with sandbox.answer(source, spec.entry) as subject:
        return judge_subject(spec, subject, SEED)


def test_the_right_answer_earns_full_marks(sandbox):
    report = judged(sandbox, RIGHT)
    assert report.status == CORRECT and report.score == 100


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_leaves_nothing(name, sandbox, marker):
    path, server = marker
    source = ATTACKS[name].replace("MARKER", str(path))
    source = source.replace("PORT", str(server.getsockname()[1]))
    began = time.monotonic()
    report = judged(sandbox, source)
    seconds = time.monotonic() - began
    assert report.score == 0, report
    assert report.status != CORRECT
    assert seconds < (2 * LIMITS.total if name in SLOW else LIMITS.total), f"{seconds:.1f} s"
    assert path.read_text() == "untouched"
    assert os.listdir(path.parent) == [path.name]
    with pytest.raises(BlockingIOError):
        server.accept()
    assert survivors() == []


def test_a_survivor_would_be_found(sandbox):
    with sandbox.answer(RIGHT, "epoch"):
        assert survivors() != []
    assert survivors() == []


def test_after_all_attacks_the_next_answer_is_graded_as_before(sandbox):
    for source in ATTACKS["a fork bomb"], ATTACKS["eight gigabytes"], RIGHT:
        report = judged(sandbox, source)
    assert report.score == 100
