"""Processes started before their turn: each answer gets a fresh one, whole, and none is left."""

import os
import select
import signal
import tempfile
import time

import pytest
from cohort import right
from processes import alive, descendants
from tools_available import need

from dlcourse.grading import batch
from dlcourse.grading.batch import Task, grade_one
from dlcourse.grading.sandbox import Limits, Sandbox, StartError, child, launch
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


def others(subject):
    """The processes started by this one that are not ``subject``'s."""
    found = descendants(os.getpid()) - descendants(subject.child.process.pid)
    return {process for process in found if process[0] != os.getpid()}


def come_up(waiting):
    """Wait until its sign of being ready lies in the pipe."""
    poll = select.poll()
    poll.register(waiting.source, select.POLLIN)
    assert poll.poll(20_000)


def test_the_next_process_comes_up_while_one_is_asked(kind):
    with Sandbox(kind).line(2) as line:
        with line.answer(NAMED, "look") as first:
            (ahead,) = line._waiting
            assert value(first) == 1 and ahead.process.poll() is None
        with line.answer(NAMED, "look") as second:
            assert second.child is ahead is not first.child
            assert not line._waiting, "it is the last"
            assert value(second) == 1


def test_what_one_answer_did_the_next_does_not_find(kind):
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
        with Sandbox(kind).line(5) as line, line.answer(NAMED, "look") as subject:
            waiting = others(subject)
            assert waiting and waiting <= descendants(os.getpid()), "it would be found"
            assert (kind == "rlimits") == any(folder.iterdir())
            if how == "by an exception":
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert how == "by an exception"
    assert alive(waiting) == set()
    assert not any(folder.iterdir())


def test_a_process_that_was_killed_before_its_turn_costs_its_answer_nothing(monkeypatch):
    """Its sign of being ready still lies in the pipe, so that sign alone is not enough."""
    made, killed = Sandbox(), []
    monkeypatch.setattr(batch, "sandbox_of", lambda kind, limits: made)
    judge = batch.judge_subject

    def killing(exercise, subject, seed):
        for process, _ in others(subject):
            time.sleep(1)  # it has come up
            os.kill(process, signal.SIGKILL)
            killed.append(process)
            break
        return judge(exercise, subject, seed)

    monkeypatch.setattr(batch, "judge_subject", killing)
    answers = {name: Answer(right(name), "a.ipynb") for name in ("sgd", "clipping", "momentum")}
    records = grade_one(Task("s", answers, b"secret"))
    assert [record["points"] for record in records] == [100, 100, 100]
    assert killed


def test_a_killed_one_is_refused_with_all_that_wait_and_the_next_is_new():
    with Sandbox().line(3) as line:
        with line.answer(NAMED, "look"):
            come_up(line._waiting[0])
            line._waiting[0].process.kill()
            line._waiting[0].process.wait()
        with pytest.raises(StartError), line.answer(NAMED, "look"):
            raise AssertionError("it was handed out")
        assert not line._waiting
        with line.answer(NAMED, "look") as subject:
            assert value(subject) == 1


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
        raise OSError("no process to be had")

    monkeypatch.setattr(child.subprocess, "Popen", failing)
    command = launch.bare(Limits())
    assert any(folder.iterdir())
    with pytest.raises(StartError, match="no process to be had"):
        child.Child(command, Limits())
    assert not any(folder.iterdir())
