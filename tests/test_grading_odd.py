"""Results and answers too odd to be read, and errors planted in the grader itself."""

import dataclasses
import sys
import tracemalloc

import cells
import numpy as np
import pytest

from dlcourse.grading import check, compare, judge
from dlcourse.grading.bank import exercises
from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.quality import quality
from dlcourse.grading.report import NOT_YET
from dlcourse.grading.spec import Case
from dlcourse.grading.subjects import Reply, asked

home = cells.home


class Equal:
    """Claims to equal everything."""

    __array__ = None

    def __eq__(self, other):
        return True

    __hash__ = None

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


class EqualArray(np.ndarray):
    """An array that claims to be close to everything."""

    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(self.shape, bool)


class Moody(list):
    """A list that will not be counted."""

    def __len__(self):
        raise RuntimeError("no")


class Unspeakable(Exception):
    """An error whose message cannot be read."""

    def __str__(self):
        raise ValueError("no")


def circle():
    loop = []
    loop.append(loop)
    return loop


def unspeakable():
    raise Unspeakable


ODD = {
    "equals everything": Equal,
    "close to everything": lambda: [{"W": np.ones((2, 3)).view(EqualArray)}],
    "list of such": lambda: [
        {"W": np.ones((2, 3)).view(EqualArray), "b": np.ones(2).view(EqualArray)}
    ],
    "moody list": Moody,
    "a circle": circle,
    "objects": lambda: [{"W": np.full((2, 3), Equal()), "b": np.full(2, None)}],
    "ragged": lambda: [{"W": [[1, 2, 3], [4]], "b": [1, 2]}],
    "complex": lambda: [{"W": np.full((2, 3), 1j), "b": np.full(2, 1j)}],
    "huge integers": lambda: [{"W": [[10**400] * 3] * 2, "b": [10**400] * 2}],
    "keys of all kinds": lambda: [{1: 2, None: 3, (): 4}],
    "a class": lambda: dict,
    "unspeakable": unspeakable,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_results_earn_nothing_and_break_nothing(name):
    report = check("momentum", lambda params, grads, lr, mu: ODD[name]())
    assert report.status == NOT_YET
    assert report.score == 0
    assert 1 <= len(repr(report).splitlines()) <= 3
    assert report._repr_html_().startswith("<div")


def test_an_array_that_lies_is_read_as_what_it_holds():
    found = compare.compare(np.zeros((2, 3)) + 5, np.ones((2, 3)).view(EqualArray))
    assert found is not None and found.kind == "value"


def test_odd_answers_break_nothing():
    for odd in (Equal(), 3, "run", [1.0], int, print, np.add):
        report = check("momentum", odd)
        assert report.status == NOT_YET
        assert report.score == 0
    assert "Hand over the function without calling it" in repr(check("momentum", [{"w": 1.0}]))


# ----------------------------------------------------------- errors planted in the grader


def test_planted_a_grader_that_accepts_everything_is_noticed(monkeypatch):
    monkeypatch.setattr("dlcourse.grading.judge.compare", lambda expected, came: None)
    counts = quality(exercises()["momentum"])
    assert len(counts.accepted_mistakes) == counts.mistakes
    assert len(counts.surviving_mutants) > counts.mutants / 2


def test_planted_a_grader_that_rejects_everything_is_noticed(monkeypatch):
    wrong = compare.Difference("value", (), np.ones(1), np.zeros(1))
    monkeypatch.setattr("dlcourse.grading.judge.compare", lambda expected, came: wrong)
    assert len(quality(exercises()["momentum"]).rejected_variants) == 5


def test_planted_a_hint_from_the_first_probe_alone_is_noticed(monkeypatch):
    from dlcourse.grading import judge as module

    whole = module.matching_mistake
    monkeypatch.setattr(module, "matching_mistake", lambda e, o, s: whole(e, o[:1], s))
    assert quality(exercises()["adam"]).wrong_hints, "on one probe several mistakes look alike"


def test_planted_the_hint_of_another_mistake_is_noticed(monkeypatch):
    monkeypatch.setattr(judge, "matching_mistake", lambda exercise, *rest: exercise.mistakes[0])
    counts = quality(exercises()["momentum"])
    assert len(counts.wrong_hints) == counts.mistakes - 1


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("expected", "came", "kind"),
    [
        ([1.0, INF], [1.0, INF], None),
        ([1.0, INF], [1.0, -INF], "nan"),
        ([1.0, NAN], [1.0, INF], "nan"),
        ([1.0, 2.0], [1.0, NAN], "nan"),
        ([1.0, NAN], [2.0, NAN], "value"),
        ([0.0, 0.0], [0.0, 1e-300], "value"),
        ([1.0], [1.00030005], "value"),  # of the expected entry, not of the one that came
        ([1.0, 0.0], [True, False], "type"),
        ([1.0, 1e4], [1.0 + 2.9, 1e4], None),
        ([1.0, 1e4], [1.0 + 3.1, 1e4], "value"),
        (np.r_[1.0, np.zeros(99)], np.r_[1.0, np.zeros(98), 0.01], "value"),
    ],
)
def test_what_two_arrays_may_differ_by(expected, came, kind):
    """By the norm: 3e-4 of the largest entry, in the worst entry; nothing where none is finite."""
    found = compare.compare(np.array(expected), np.array(came))
    assert (found.kind if found else None) == kind


def test_words_in_a_list_are_not_made_an_array():
    """NumPy would make every entry as long as the longest: of 20 kB, 80 MB here."""
    tracemalloc.start()
    found = compare.compare(np.zeros(3), [["x" * 10_000], *[[""]] * 2000])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.kind == "type" and peak < 1 << 20
    itself: list = []
    itself.append(itself)
    assert compare.plain(itself) is None and compare.plain([[b"1"]]) is None


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (np.zeros(2), np.zeros(2), True),
        (np.zeros(2), np.array([0.0, -0.0]), False),
        (np.zeros(2), np.zeros(2, dtype=np.int64), False),
        (np.zeros((1, 2)), np.zeros((2, 1)), False),
        ({"w": 1.0, "b": 2.0}, {"b": 2.0, "w": 1.0}, False),
        ([1.0], (1.0,), False),
        ([float("nan")], [float("nan")], True),
        ([float("nan")], [1.0], False),
        ([np.ones(1)], [np.ones(1), np.ones(1)], False),
    ],
)
def test_an_input_is_untouched_only_if_nothing_of_it_changed(before, after, same):
    assert compare.untouched(before, after) is same


def test_asking_our_own_functions_leaves_standard_output_alone():
    """Threads grade side by side and share it."""
    seen = []
    asked(lambda: seen.append(sys.stdout), Case())
    assert seen[0] is sys.stdout


def test_a_hint_that_two_mistakes_would_give_is_not_given():
    adam = exercises()["adam"]
    known = adam.mistakes[0]
    outcomes = [judge.run_probe(adam, probe, InProcess(known.answer)) for probe in adam.probes]
    assert judge.matching_mistake(adam, outcomes) is known
    twin = dataclasses.replace(known, id="adam/also")
    two = dataclasses.replace(adam, mistakes=[*adam.mistakes, twin])
    assert judge.matching_mistake(two, outcomes) is None


def test_no_points_before_the_core():
    adam = exercises()["adam"]
    wrong = compare.Difference("value", (), np.ones(1), np.zeros(1))

    def points(core, edge):
        made = []
        for probe in adam.probes:
            right = core if probe.group == "core" else edge
            outcome = judge.Outcome(probe, adam.case(probe), None, Reply())
            outcome.difference = None if right else wrong
            made.append(outcome)
        return judge._points(made, True)

    assert points(True, True) == {"core": 60, "edge": 25, "interface": 15}
    assert points(True, False) == {"core": 60, "edge": 0, "interface": 15}
    assert points(False, True) == {"core": 0, "edge": 0, "interface": 0}


@pytest.mark.parametrize("value", ["0", "3.5", "'later'", "[]", "()"])
def test_a_constant_is_an_answer_though_a_wrong_one(value):
    source = f"def run(params, grads, lr, mu):\n    return {value}"
    assert check("momentum", cells.answer(source)).status == NOT_YET


def test_an_answer_that_leaves_one_case_open_has_been_attempted():
    """It is told where it stops, not that nothing is there."""
    source = """
def run(params, grads, lr, mu):
    if len(grads) > 1:
        raise NotImplementedError
    return [{name: p - lr * grads[0][name] for name, p in params.items()}]
"""
    report = check("momentum", cells.answer(source))
    assert (report.status, report.cause) == (NOT_YET, "exception")
    assert "NotImplementedError in line 4" in repr(report)
