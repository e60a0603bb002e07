"""What an answer prints, and what it can do to the pipes it was given: all of it stays its own."""

import time

import pytest
from attacks import RIGHT
from cohort import right
from tools_available import need

from dlcourse.grading.bank import find
from dlcourse.grading.batch import Task, grade_one
from dlcourse.grading.judge import judge_subject
from dlcourse.grading.sandbox import Limits, Sandbox
from dlcourse.grading.submissions import Answer

LIMITS = Limits(call=2.0, total=6.0)
KINDS = ["bubblewrap", "rlimits"]


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def before(body):
    """The right answer, which first runs BODY in each of its calls."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return RIGHT.replace("order):\n", f"order):\n{lines}", 1)


def judged(kind, text):
    with Sandbox(kind, LIMITS).answer(text, "epoch") as subject:
        return judge_subject(find("sgd"), subject), subject.child.output()


# What is set on a descriptor, which is set for everybody who shares it.
FLAGS = {
    "O_DIRECT": "fcntl.fcntl(fd, fcntl.F_SETFL, os.O_DIRECT)",
    "O_APPEND, O_ASYNC": "fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND | os.O_ASYNC)",
    "O_NONBLOCK": "os.set_blocking(fd, False)",
    "a place in it": "os.lseek(fd, 5, 0)",
    "its length": "os.ftruncate(fd, 1 << 20)",
    "a lock": "fcntl.flock(fd, fcntl.LOCK_EX)",
    "a room of one page": "fcntl.fcntl(fd, 1031, 4096)",
    "its end": "os.close(fd)",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FLAGS)
def test_nothing_that_is_set_on_the_output_reaches_the_grader(name, kind):
    body = f"import fcntl, os\nfor fd in 1, 2:\n    try: {FLAGS[name]}\n    except OSError: pass"
    report, _ = judged(kind, before(body))
    assert report.score == 100, report


@pytest.mark.parametrize("fd", [3, 4, 5, "range(20)"])
def test_what_is_set_on_the_pipes_costs_the_answer_and_no_other(fd):
    numbers = fd if isinstance(fd, str) else f"[{fd}]"
    body = f"import fcntl, os\nfor fd in {numbers}:\n    try: {FLAGS['O_DIRECT']}\n"
    texts = {"sgd": before(body + "    except OSError: pass"), "momentum": right("momentum")}
    answers = {id: Answer(text, "a.ipynb") for id, text in texts.items()}
    _, other = grade_one(Task("anna", answers, b"secret", limits=LIMITS))
    assert other["points"] == 100


# How thirty million bytes are printed, some more in each call: the beginning is kept.
LOUD = {
    "at once": "print('x' * 30_000_000)",
    "line by line": "for n in range(30): print('x' * 1_000_000)",
    "to standard error": "import sys\nsys.stderr.write('x' * 30_000_000)",
    "by descriptor": "import os\nfor n in range(60): os.write(1 + n % 2, b'x' * 500_000)",
    "when the cell is run": "",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LOUD)
def test_what_is_printed_costs_nothing_however_much_it_is(name, kind):
    loud = LOUD[name] or "pass"
    text = before(loud) if LOUD[name] else f"{RIGHT}\nprint('x' * 30_000_000)\n"
    report, printed = judged(kind, text)
    assert report.score == 100, report
    assert printed == "x" * LIMITS.output


def test_printing_without_end_is_a_loop_without_end():
    report, printed = judged("bubblewrap", before("while True: print('x' * 10_000)"))
    assert (report.score, report.cause) == (0, "exception")
    assert report.lines[0].startswith("TimeoutError")
    assert printed == f"{'x' * 10_000}\n{'x' * 9_999}"


def test_an_output_that_was_closed_is_not_waited_for():
    """Its end is ready all the time: who asked again and again would compute all the while."""
    text = before("import os, time\nos.closerange(1, 3)\ntime.sleep(0.2)")
    wall, computed = time.monotonic(), time.process_time()
    assert judged("bubblewrap", text)[0].score == 100
    assert time.process_time() - computed < (time.monotonic() - wall) / 2
