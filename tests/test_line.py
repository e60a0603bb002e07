"""Processes started before their turn: each answer gets a fresh one, whole, and none is left."""

import os
import signal
import tempfile
import time

import pytest
from cohort import right
from processes import alive, descendants
from tools_available import need

from dlcourse.grading import batch
from dlcourse.grading.bank import find
from dlcourse.grading.batch import Task, grade_one
from dlcourse.grading.sandbox import Limits, Line, Sandbox, StartError, child, launch
from dlcourse.grading.submissions import Answer

NAMED = "def look(value):\n    return value\n"
SPOILT = "import sys\nnp.spoilt = sys.spoilt = 1\ndef look(value):\n    return value\n"
ASKED = "import sys\ndef look(value):\n    return [hasattr(np, 'spoilt'), hasattr(sys, 'spoilt')]\n"
NAP = "import time\ndef look(value):\n    time.sleep(value)\n    return 0\n"


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where processes without a sandbox have their files laid out."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(params=["bubblewrap", "rlimits"])
def kind(request):
    return request.param


def value(subject, given=1):
    subject.facts()
    return subject.child.ask({"names": ["value"], "given": {"value": given}, "over": None})["value"]


def of(child):
    """The processes that ``child`` consists of, the innermost last."""
    return sorted(descendants(child.process.pid), key=lambda process: int(process[1]))


def test_the_next_process_comes_up_while_one_is_asked(kind):
    with Sandbox(kind).line(2) as line:
        with line.answer(NAMED, "look") as first:
            (ahead,) = line._waiting
            assert value(first) == 1 and ahead.process.poll() is None
        with line.answer(NAMED, "look") as second:
            assert second.child is ahead is not first.child
            assert not line._waiting, "it is the last"
            assert value(second) == 1


def test_what_one_answer_did_to_its_process_the_next_does_not_find(kind):
    with Sandbox(kind).line(3) as line:
        found = []
        for text in SPOILT, ASKED, ASKED:
            with line.answer(text, "look") as subject:
                found.append(value(subject))
    assert found == [1, [False, False], [False, False]]


def test_no_process_is_started_that_no_answer_needs(monkeypatch):
    started = []
    popen = child.subprocess.Popen
    made = Sandbox()
    monkeypatch.setattr(batch, "sandbox_of", lambda kind, limits: made)
    monkeypatch.setattr(
        child.subprocess, "Popen", lambda *args, **how: started.append(1) or popen(*args, **how)
    )
    texts = {"sgd": right("sgd"), "clipping": " \n", "momentum": right("momentum")}
    answers = {name: Answer(text, "a.ipynb") for name, text in texts.items()}
    records = grade_one(Task("s", answers, b"secret"))
    assert [record["points"] for record in records] == [100, 0, 100]
    assert len(started) == 2


@pytest.mark.parametrize("how", ["at the end", "by an exception"])
def test_the_process_that_nobody_asked_ends_with_the_line(how, kind, folder):
    try:
        with Sandbox(kind).line(5) as line, line.answer(NAMED, "look"):
            waiting = of(line._waiting[0])
            assert waiting and (kind == "rlimits") == any(folder.iterdir())
            if how == "by an exception":
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert how == "by an exception"
    assert alive(waiting) == set()
    assert not any(folder.iterdir())


def test_processes_that_were_killed_before_their_turn_cost_their_answers_nothing(monkeypatch):
    made, killed, next_ = Sandbox(), [], Line._next

    def killing(line):
        child = next_(line)
        for waiting in line._waiting:
            waiting.process.kill()
            waiting.process.wait()
            killed.append(waiting)
        return child

    monkeypatch.setattr(batch, "sandbox_of", lambda kind, limits: made)
    monkeypatch.setattr(Line, "_next", killing)
    answers = {name: Answer(right(name), "a.ipynb") for name in ("sgd", "clipping", "momentum")}
    records = grade_one(Task("s", answers, b"secret"))
    assert [record["points"] for record in records] == [100, 100, 100]
    assert len(killed) == 1, "then they are started one at a time"


@pytest.mark.parametrize("which", ["bubblewrap", "the answer's own"])
def test_one_that_was_killed_a_moment_before_its_turn_is_not_handed_out(which):
    """The one within may live a moment longer, and bubblewrap takes its time to miss it."""
    with Sandbox().line(3) as line:
        with line.answer(NAMED, "look"):
            waiting = line._waiting[0]
            until(lambda: len(of(waiting)) == 3)
            time.sleep(0.5)  # it has come up
            *_, within = of(waiting)
        if which == "bubblewrap":
            waiting.process.kill()
            waiting.process.wait()
        else:
            os.kill(within[0], signal.SIGKILL)
        with line.answer(NAMED, "look") as subject:
            assert subject.child is not waiting
            assert value(subject) == 1


def test_a_machine_that_fails_is_not_asked_for_two_at_a_time():
    with Sandbox().line(4) as line:
        with line.answer(NAMED, "look"):
            line._waiting[0].process.kill()
            line._waiting[0].process.wait()
        for _ in range(2):
            with line.answer(NAMED, "look") as subject:
                assert value(subject) == 1 and not line._waiting


def until(true):
    """Wait for it, some seconds at most."""
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it has not come to pass")


def test_one_that_another_answer_kept_waiting_for_long_is_still_good(monkeypatch):
    """Longer than a process may take to come up: that time is over, and it has."""
    clock, later = time.monotonic, 0.0
    monkeypatch.setattr(time, "monotonic", lambda: clock() + later)
    with Sandbox().line(2) as line:
        with line.answer(NAMED, "look"):
            waiting = line._waiting[0]
            later = 100.0
        with line.answer(NAMED, "look") as subject:
            assert subject.child is waiting and value(subject) == 1


def test_waiting_takes_nothing_from_the_time_of_an_answer():
    """The limit is for the answer, not for how long another one was judged before it."""
    limits = Limits(call=60.0, total=1.5)
    with Sandbox(limits=limits).line(2) as line:
        with line.answer(NAP, "look") as subject:
            assert value(subject, 0.0) == 0
            time.sleep(2)
        with line.answer(NAP, "look") as subject:
            assert value(subject, 0.5) == 0
            with pytest.raises(child.ChildError, match=r"limit of 1.5 s in all"):
                value(subject, 2.0)


def test_one_that_cannot_be_started_ahead_is_tried_again_in_its_turn(monkeypatch):
    made, failures = Sandbox(), iter([False, True, False])
    popen = child.subprocess.Popen

    def failing(*args, **how):
        if next(failures):
            raise OSError("no process to be had")
        return popen(*args, **how)

    monkeypatch.setattr(child.subprocess, "Popen", failing)
    with made.line(2) as line:
        for _ in range(2):
            with line.answer(NAMED, "look") as subject:
                assert value(subject) == 1
    assert next(failures, None) is None


def test_what_was_laid_out_for_a_process_that_did_not_start_is_removed(monkeypatch, folder):
    def failing(*args, **how):
        raise OSError("no more to be had")

    monkeypatch.setattr(child.subprocess, "Popen", failing)
    command = launch.bare(Limits())
    assert any(folder.iterdir())
    with pytest.raises(StartError, match="no more to be had"):
        child.Child(command, Limits())
    assert not any(folder.iterdir())


def test_a_filter_that_cannot_be_handed_over_is_a_fault_of_the_machine(monkeypatch):
    def failing():
        raise OSError("no more descriptors")

    made = Sandbox()
    monkeypatch.setattr(os, "pipe", failing)
    with pytest.raises(StartError, match="no more descriptors"), made.answer(NAMED, "look"):
        raise AssertionError("it was handed out")


DEEP = """
import os
def {entry}(*args, **kwargs):
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    return 0.0
"""


def test_folders_in_folders_cost_no_other_answer_and_are_removed(monkeypatch, folder):
    """Limits alone let an answer write; it can nest deeper than Python's own removal can follow."""
    texts = {"sgd": DEEP.format(entry=find("sgd").entry), "momentum": right("momentum")}
    answers = {name: Answer(text, "a.ipynb") for name, text in texts.items()}
    records = grade_one(Task("s", answers, b"secret", sandbox="rlimits"))
    assert [record["points"] for record in records] == [0, 100]
    assert not any(folder.iterdir())
