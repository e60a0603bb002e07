"""The inputs of an answer: drawn for a student, an exercise and a text; the same every time."""

import json

import pytest
from cohort import cell, right
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading.bank import exercises
from dlcourse.grading.batch import Task, grade_one, seed_for
from dlcourse.grading.submissions import Answer

SECRET = b"the secret of this cohort"


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def graded(text, student="anna"):
    return grade_one(Task(student, {"sgd": Answer(text, "a.ipynb")}, SECRET))[0]


def test_seeds_differ_by_all_they_are_of_and_come_again():
    keys = [(s, u, e, t) for s in (b"1" * 32, b"2" * 32) for u in "ab" for e in "xy" for t in "12"]
    seeds = [seed_for(*key) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert seeds == [seed_for(*key) for key in keys]
    assert all(0 <= number < 2**32 for number in seeds[0])
    assert seed_for(SECRET, "ab", "c", "") != seed_for(SECRET, "a", "bc", "")
    assert seed_for(SECRET, "a", "b", "c") != seed_for(SECRET, "a", "bc", "")
    assert seed_for(SECRET, "\udcff", "x", "\udcff")


@pytest.mark.parametrize("added", [" ", "\n", "\r\n", "\t\n", "# 1", "\f", "\0", "\u200b"])
def test_a_text_that_differs_at_all_is_another(added):
    """Whatever is added could tell the answer which round this is: it can read its own text."""
    assert seed_for(SECRET, "a", "sgd", "x = 1") != seed_for(SECRET, "a", "sgd", "x = 1" + added)


def memory(known):
    """An answer that has only what it was told: for the inputs it knows, the results."""
    table = dict(known)
    return (
        f"known = {table!r}\ndef epoch(w, *args):\n"
        "    return np.array(known.get(w.tobytes(), w.tolist()))\n"
    )


def told(text):
    """What the inputs of an answer are, and the results: more than its feedback says."""
    spec = exercises()["sgd"]
    seed = seed_for(SECRET, "anna", "sgd", text)
    cases = [spec.case(probe, seed) for probe in spec.probes]
    return [(case.args[0].tobytes(), spec.reference(*case.args).tolist()) for case in cases]


def test_what_is_learned_from_one_version_is_of_no_use_to_the_next():
    known = []
    for _ in range(6):
        text = memory(known)
        record = graded(text)
        assert (record["points"], record["passed"]) == (0, [])
        known += told(text)
    assert len(known) == 6 * len(exercises()["sgd"].probes)


def test_a_text_that_stays_is_graded_on_the_same_inputs():
    wrong = right("sgd").replace("return w", "return 2 * w")
    first, again, other = graded(wrong), graded(wrong), graded(wrong, "bert")
    assert first["lines"] == again["lines"] != other["lines"]


def test_a_student_s_verdict_is_found_again_by_check(tmp_path, capsys):
    """In the words of the page, numbers included; from the notebook, of which it is the cell."""
    wrong = right("sgd").replace("return w", "return 2 * w") + "\r\n  \n"
    cells = [cell("sgd", wrong.splitlines(keepends=True))]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "key").write_bytes(SECRET + b"\n")
    words = ["check", "sgd", str(tmp_path / "a.ipynb"), "--json"]
    assert main([*words, "--student", "anna", "--seed-file", str(tmp_path / "key")]) == 1
    assert json.loads(capsys.readouterr().out)["lines"] == graded(wrong)["lines"]
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out)["lines"] != graded(wrong)["lines"]
