"""The whole bank through both doors, in this process and in the sandbox: the same verdicts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from standalone import source
from tools_available import need

from dlcourse.grading.bank import exercises
from dlcourse.grading.judge import judge, judge_subject
from dlcourse.grading.sandbox import Limits, Sandbox

ALL = list(exercises().values())
SEED = (2, 7, 1)
# The machine may be busy with other tests: a slow answer is not what is asked about here.
LIMITS = Limits(call=30.0, total=60.0, cpu=60)


@pytest.fixture(scope="module")
def sandbox():
    need("bubblewrap")
    return Sandbox(limits=LIMITS)


def answers(exercise):
    """Every answer of the bank to an exercise."""
    wrong = [mistake.answer for mistake in exercise.mistakes]
    return [exercise.reference, *wrong, *(variant.answer for variant in exercise.variants)]


def told(report):
    """All that a verdict says."""
    said = repr(report), report.status, report.cause, report.lines, report.passed
    return *said, report.points, report.hint_id


def isolated(sandbox, exercise, text):
    with sandbox.answer(text, exercise.entry) as subject:
        return judge_subject(exercise, subject, SEED)


def differences(sandbox, exercise, functions):
    """The answers about which the two doors say different things."""
    texts = [source(answer, exercise.entry) for answer in functions]  # ast is not for threads
    with ThreadPoolExecutor(2) as pool:
        there = pool.map(lambda text: isolated(sandbox, exercise, text), texts)
        pairs = zip(functions, list(there), strict=True)
    return [
        (answer.__name__, here, report)
        for answer, report in pairs
        if told(here := judge(exercise, answer, SEED, own=False)) != told(report)
    ]


@pytest.mark.parametrize("exercise", ALL, ids=[exercise.id for exercise in ALL])
def test_the_bank_gets_the_same_verdicts_in_the_sandbox(exercise, sandbox):
    functions = answers(exercise)
    assert len(functions) >= 6
    assert differences(sandbox, exercise, functions) == []


def test_a_planted_difference_is_noticed(sandbox):
    """An answer that behaves differently in the sandbox, where its file is not that of the bank."""
    exercise = exercises()["sgd"]

    def epoch(w, X, y, lr, batch_size, order):
        import sys

        right = exercise.reference if "pytest" in sys.modules else lambda *args: args[0]
        return right(w, X, y, lr, batch_size, order)

    planted = differences(sandbox, exercise, [epoch])
    assert [name for name, *_ in planted] == ["epoch"]
    assert planted[0][1].score == 100 and planted[0][2].score == 0


def test_a_cell_gets_the_same_words_either_way(sandbox):
    """Exceptions, exits, stubs, odd results: what is said does not depend on where it ran."""
    exercise = exercises()["sgd"]
    for body in ODD:
        text = f"def epoch(w, X, y, lr, batch_size, order):\n    {body}\n"
        namespace = {}
        exec(compile(text, "<answer>", "exec"), namespace)
        with sandbox.answer(text, exercise.entry) as subject:
            there = judge_subject(exercise, subject, SEED)
        assert told(judge(exercise, namespace["epoch"], SEED)) == told(there), body


ODD = [
    "...",
    "return None",
    "raise NotImplementedError",
    "raise KeyError('w')",
    "raise SystemExit(3)",
    "return w[:-1]",
    "return {'w': w}",
    "return [w, w]",
    "return 'w'",
    "return w * float('nan')",
    "return w * 1j",
    "return w.astype(int)",
    "return lambda: w",
    "w += 1; return w",
    "return undefined",
    "helper = lambda: (\n        1 / 0)\n    return helper()",
    "import torch; return w",
]
