"""What the text of a cell says: which exercise it checks, how much of an answer it is."""

import time
import timeit

import pytest

from dlcourse.grading.attempts import COMMAND, PARSED, called, parsed, weight

# A cell that asks check about sgd, and how it does so.
CHECKS = {
    "alone": 'check("sgd", run)',
    "single quotes": "check('sgd', run)",
    "kept": 'report = check("sgd", run)',
    "printed": 'print(check("sgd", run))',
    "timed": '%time check("sgd", run)',
    "kept and timed": '%time report = check("sgd", run)',
    "timed often": 'times = %timeit -o -n 1 -r1 check("sgd", run)',
    "profiled": '%lprun -f run check("sgd", run)',
    "a cell timed": '%%time\ncheck("sgd", run)',
    "by names": 'check(answer=run, exercise="sgd")',
    "by a name": 'check(exercise="sgd", answer=run, isolated=True)',
    "over lines": 'check(\n    "sgd",\n    run,\n)',
    "over lines below a magic": '%matplotlib inline\nreport = check(\n    "sgd", run)',
    "behind a command over lines": '!pip install \\\n  numpy\ncheck("sgd", run)',
    "beside help": 'run?\n??run\ncheck("sgd", run).score',
    "of a module": 'grading.check("sgd", run)',
    "of a package": 'dlcourse.grading.check("sgd", run)',
    "indented": '    check("sgd", run)',
    "pasted with prompts": '>>> check(\n...     "sgd", run)',
    "pasted from IPython": 'In [3]: check("sgd", run)',
    "in a condition": 'if True:\n    assert check("sgd", run).score == 100',
    "in a loop": 'for id, answer in {"sgd": run}.items():\n    check(id, answer)',
    "in a comprehension": '[check(id, run) for id in ("sgd",)]',
    "handed on": 'list(map(check, ["sgd"], [run]))',
    "in two pieces": 'check("s" "gd", run)',
    "made up": 'check(f"sgd", run)',
    "named before": 'id = "sgd"\ncheck(id, run)',
    "in a text": "f\"{check('sgd', run)}\"",
    "by another name": 'from dlcourse.grading import check as verify\nverify("sgd", run)',
    "after the answer": 'def run(params): ...\ncheck("sgd", run)',
    "with an escape": "x = '\\d'\ncheck(\"sgd\", run)",
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_seen(name):
    assert [*called(parsed(CHECKS[name]), {"check"})] == ["sgd"]


NO_CHECKS = {
    "a comment": '# check("sgd", run)',
    "a text": "'''\ncheck(\"sgd\", run)\n'''",
    "another function": 'recheck("sgd", run); check.sgd("sgd")',
    "a hint": 'hint("sgd"); progress("sgd")',
    "no call": 'check, "sgd"',
    "nothing": "",
    "no Python": 'This is my check("sgd", run) of it',
    "a number": "check(3, run)",
}


@pytest.mark.parametrize("name", NO_CHECKS)
def test_what_is_no_check_is_not_seen(name):
    assert [*called(parsed(NO_CHECKS[name]), {"check"})] == []


# A cell, and what it is of an answer called run.
WEIGHTS = {
    "": 0,
    " \n\t\n": 0,
    "# to do": 0,
    "'''Nothing yet.'''": 0,
    "pass": 0,
    "import numpy as np": 0,
    "def run(params): ...": 0,
    "def run(params):\n    '''Steps.'''\n    # to do": 0,
    "def run(params):\n    '''Steps.'''\n    pass": 0,
    "def run(params):\n    return None": 0,
    "def run(params):\n    raise NotImplementedError('to do')": 0,
    "import numpy as np\n\n\ndef run(params): ...": 0,
    "%matplotlib inline\ndef run(params): ...": 0,
    "run(3)": 1,
    "check('sgd', run)": 1,
    "def step(params):\n    return 1": 1,
    "my old answer": 1,
    "def run(:": 1,
    "def run(params):\n    return 0": 2,
    "run = lambda params: 0": 2,
    "class run:\n    def __call__(self): return 1": 2,
    "if True:\n    def run(params): return 1": 2,
    "%%time\ndef run(params): return 1": 2,
    "    def run(params): return 1": 2,
    ">>> def run(params):\n...     return 1": 2,
    "#" * (PARSED + 1): 2,  # too long to be looked into
}


@pytest.mark.parametrize("source", WEIGHTS, ids=lambda source: repr(source[:40]))
def test_how_much_of_an_answer_a_cell_is(source):
    assert weight(source, "run") == WEIGHTS[source]


HALF = PARSED // 2
HOSTILE = {
    "brackets": "(" * PARSED,
    "signs": "-" * PARSED,
    "attributes": "a" + ".b" * (HALF - 1),
    "calls": "f" + "()" * (HALF - 1),
    "sums": "1" + "+1" * (HALF - 1),
    "conditions": "1 if 1 else " * (PARSED // 12) + "1",
    "branches": "if a: pass\n" + "elif a: pass\n" * (PARSED // 14),
    "nothing": "\0" * PARSED,
    "half a character": "\ud800" * PARSED,
    "blanks": "x\n" + " " * (PARSED - 3) + "%",
    "a name without end": "a " * (HALF - 1) + "=",
    "magics": "%time f(\n" * (PARSED // 9),
    "words of a magic": "%time " + "a " * (HALF - 10) + "(",
    "backslashes": "!" + "\\\n" * (HALF - 1),
    "questions": "?" * PARSED,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long_or_ends_the_grader(name):
    """Not longer than ten cells of the same length that are harmless."""
    harmless = [f"x = {number}; " * (PARSED // 8) for number in range(10)]
    once = {"timer": time.process_time, "number": 1}  # timeit collects no garbage of other tests
    usual = timeit.timeit(lambda: [*map(parsed, harmless)], **once)
    assert timeit.timeit(lambda: parsed(HOSTILE[name]), **once) < usual
    tree = parsed(HOSTILE[name])
    assert [*called(tree, {"check"})] == [] and weight(HOSTILE[name], "run") in (0, 1)


@pytest.mark.parametrize("filler", [" ", "a ", "a", "\\", "?", "% ", "="])
def test_commands_are_found_in_a_time_that_grows_with_the_text(filler):
    """Eight times the text takes eight times as long, not sixty-four."""

    def seconds(length):
        text = "x\n" + filler * (length // len(filler)) + "%"
        began = time.process_time()
        COMMAND.sub("", text)
        return time.process_time() - began

    assert min(seconds(80_000) for _ in range(3)) < 30 * max(seconds(10_000) for _ in range(3))
