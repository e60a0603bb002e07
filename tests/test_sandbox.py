"""Hostile answers in the sandbox: no marks, no harm, no survivor, and nobody waits for long."""

import os
import resource
import socket
import textwrap
import time
from pathlib import Path

import pytest
from attacks import ATTACKS, RIGHT, SLOW
from standalone import source
from tools_available import need

from dlcourse.grading.bank import find
from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import CORRECT
from dlcourse.grading.sandbox import Limits, Sandbox

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


def judged(sandbox, text):
    spec = find("sgd")
    with sandbox.answer(text, spec.entry) as subject:
        return judge_subject(spec, subject, SEED)


def test_the_right_answer_earns_full_marks(sandbox):
    report = judged(sandbox, RIGHT)
    assert report.status == CORRECT and report.score == 100


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_leaves_nothing(name, sandbox, marker):
    path, server = marker
    text = ATTACKS[name].replace("MARKER", str(path))
    text = text.replace("PORT", str(server.getsockname()[1]))
    began = time.monotonic()
    report = judged(sandbox, text)
    seconds = time.monotonic() - began
    assert report.score == 0, report
    assert report.status != CORRECT
    assert seconds < (2 * LIMITS.total if name in SLOW else LIMITS.total), f"{seconds:.1f} s"
    assert path.read_text() == "untouched"
    assert os.listdir(path.parent) == [path.name]
    with pytest.raises(BlockingIOError):
        server.accept()
    assert survivors() == []


# What somebody may well write beside the answer, and no wall is meant for.
HARMLESS = """
import concurrent.futures, datetime, hashlib, logging, os, random, signal, sys, threading, time
import warnings
print("step", 1, flush=True)
logging.warning("step %d", 2)
warnings.warn("three")
assert open(os.__file__).read(9) and not sys.stdout.isatty() and os.cpu_count()
assert os.listdir(".") == [] and datetime.datetime.now().year and os.path.exists(sys.executable)
time.sleep(0.001)
random.SystemRandom().random(), hashlib.sha256(b"x").hexdigest(), os.urandom(4)
with threading.Lock(): signal.getsignal(signal.SIGINT)
with concurrent.futures.ThreadPoolExecutor() as pool: assert sum(pool.map(abs, range(99))) == 4851
threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(30)]
for thread in threads: thread.start()
for thread in threads: thread.join()
generator = np.random.default_rng()
np.linalg.svd(generator.normal(size=(60, 60))), np.fft.fft(np.ones(1000)), np.ones((300, 300)) @ w_
"""


def test_what_is_harmless_is_let_through(sandbox):
    for text in (f"w_ = np.ones(300)\n{HARMLESS}\n{RIGHT}", _inside(HARMLESS)):
        with sandbox.answer(text, "epoch") as subject:
            report = judge_subject(find("sgd"), subject, SEED)
            assert report.score == 100, report
            assert "step 1" in subject.child.output()


def _inside(text):
    return RIGHT.replace(
        "order):\n", "order):\n    w_ = np.ones(300)\n" + textwrap.indent(text, "    ")
    )


def test_a_grader_with_many_files_open_grades_as_before(sandbox):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    nothing = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert judged(sandbox, RIGHT).score == 100
    finally:
        for number in nothing:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_survivor_would_be_found(sandbox):
    with sandbox.answer(RIGHT, "epoch"):
        assert survivors() != []
    assert survivors() == []


def test_after_all_attacks_the_next_answer_is_graded_as_before(sandbox):
    for text in ATTACKS["a fork bomb"], ATTACKS["eight gigabytes"], RIGHT:
        report = judged(sandbox, text)
    assert report.score == 100


# What an answer does with the function it is handed, before it goes on as it should:
# (points, the cause, what is said).
CALLS = {
    "keeps it for later": ("kept.append(grad)\ngrad = kept[0]", 100, "correct", "All 6"),
    "changes what it gave": ("g = grad(w0)\ng[:] = 0", 85, "calls", "grad was called 3 times"),
    "hands over nonsense": (
        "for odd in (), (1, 2), ('x',), ({},), (print,), (None,), ([[1], []],), (10 ** 400,):\n"
        "    try: grad(*odd)\n"
        "    except RuntimeError: pass",
        *(85, "calls", "grad was called 10 times"),
    ),
    "never stops asking": ("while True: grad(w0)", 0, "exception", "TimeoutError: no reply"),
    "asks for more than crosses": (
        "import numpy as np\ngrad(np.ones((len(w0), 2 ** 20)))",
        *(0, "exception", "bytes is too long"),
    ),
    "answers in its place": (
        "import os, struct\nhead = b'[' * 99\n"
        "for fd in range(3, 8):\n"
        "    try: os.write(fd, struct.pack('<II', 99, 0) + head)\n"
        "    except OSError: pass",
        *(0, "exception", "ProtocolError: the answer's reply cannot be read"),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_that_is_handed_over_gives_away_nothing(name, sandbox):
    body, points, cause, said = CALLS[name]
    spec = find("nag")
    lines = textwrap.indent(body, "    ")
    right = source(spec.reference, "right")
    text = f"{right}\nkept = []\ndef run(w0, grad, T, lr, mu):\n{lines}\n"
    text += "    return right(w0, grad, T, lr, mu)\n"
    with sandbox.answer(text, spec.entry) as subject:
        report = judge_subject(spec, subject, SEED)
    assert (report.score, report.cause) == (points, cause) and said in report.lines[0], report


def test_an_answer_that_ends_half_way_is_not_said_to_remember(sandbox):
    """The second asking of the first probe fails then, too; but not for what the answer keeps."""
    loop = "    while batch_size > len(order): pass\n"
    report = judged(sandbox, RIGHT.replace("order):\n", "order):\n" + loop, 1))
    assert report.score == 60 and report.cause == "exception"
    assert report.lines[0].startswith("TimeoutError"), report
