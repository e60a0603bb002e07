"""Threads of an answer: a number that is stated, the same whoever grades; no processes."""

import pytest
from tools_available import need

from dlcourse.grading import alone
from dlcourse.grading.sandbox import Limits, Sandbox
from dlcourse.grading.sandbox.child import tasks

HOLD = """
import threading, time
def hold(count):
    threading.stack_size(1 << 15)
    threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return count
"""
KINDS = ["bubblewrap", "rlimits"]


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def hold(sandbox, *counts, text=HOLD):
    """What comes back for each count: the count itself, or why not."""
    with sandbox.answer(text, "hold") as subject:
        subject.facts()
        asked = ({"names": ["count"], "given": {"count": n}, "over": None} for n in counts)
        return [said(subject._ask(request)) for request in asked]


def said(reply):
    if isinstance(reply, dict):
        return reply["failure"][2] if "failure" in reply else reply["value"]
    return reply.message


# The grader looks now and then; the kernel knows at once, but it does not count root's.
REFUSED = {"can't start new thread", "the answer has more threads than 32 at a time"}


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_threads_as_stated_and_no_more(kind):
    most = Limits().threads
    assert most == 32, "the manuals say so"
    assert hold(Sandbox(kind), most, most) == [most, most], "at a time, not in all"
    assert hold(Sandbox(kind), most + 1)[0] in REFUSED


def test_what_prints_all_the_time_is_looked_at_all_the_same():
    loud = HOLD.replace("for thread in threads: thread.join()", "while True: print('x' * 10**5)")
    assert hold(Sandbox(), 60, text=loud)[0] in REFUSED


def test_the_processes_of_a_sandbox_are_counted_with_their_threads():
    with Sandbox().answer(HOLD, "hold") as subject:
        subject.facts()
        process = subject.child.process.pid
        assert tasks(process) == 3  # two of bubblewrap's, and one that waits for a question
    assert tasks(process) == 0


def test_a_check_lets_go_as_many_as_the_sandbox():
    assert Limits().threads == alone.THREADS
