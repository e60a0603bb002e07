"""A function that an answer is handed: asked at one point a call, so that no question is free."""

import textwrap

import numpy as np
import pytest
from tools_available import need

from dlcourse.grading.bank import exercises, find
from dlcourse.grading.judge import judge, judge_subject
from dlcourse.grading.sandbox import Sandbox
from dlcourse.grading.spec import Case, one_at_a_time

# More gradients than allowed, by as many calls as allowed: each body gives the gradient at w + μv.
STACKED = {
    "as columns": "g = grad(np.stack([w + mu * v, w], axis=-1))[..., 0]",
    "as rows": "g = grad(np.stack([w + mu * v, w]))[0]",
    "end to end": "g = grad(np.concatenate([w + mu * v, w]))[: len(w)]",
    "in a list": "g = np.asarray(grad([list(w + mu * v), list(w)]))[0]",
    "alone in a row": "g = grad((w + mu * v)[None])[0]",
    "as a column": "g = grad((w + mu * v)[:, None])[:, 0]",
}
ONE = {
    "an array": "g = grad(w + mu * v)",
    "a list": "g = np.asarray(grad(list(w + mu * v)))",
    "float32": "g = grad((w + mu * v).astype(np.float32))",
    "by name": "g = grad(point=w + mu * v)",
}


def nag(body):
    text = f"""
    def run(w0, grad, T, lr, mu):
        w, v, path = np.array(w0), 0 * np.array(w0), []
        for _ in range(T):
            {body}
            v = mu * v - lr * g
            w = w + v
            path.append(w)
        return np.array(path)
    """
    return textwrap.dedent(text)


def by_both_doors(text):
    """The verdict in this process, and that in the sandbox."""
    need("bubblewrap")
    spec, names = find("nag"), {"np": np}
    exec(text, names)
    with Sandbox().answer(text, spec.entry) as subject:
        return judge(spec, names["run"]), judge_subject(spec, subject)


@pytest.mark.parametrize("name", STACKED)
def test_points_that_are_stacked_are_no_question(name):
    for report in by_both_doors(nag(STACKED[name])):
        assert report.score == 0 and report.cause == "exception"
        assert "point must be an array of shape" in report.lines[0]


@pytest.mark.parametrize("name", ONE)
def test_one_point_is_one_however_it_is_written(name):
    assert [report.score for report in by_both_doors(nag(ONE[name]))] == [100, 100]


# One question to each function that is handed over, made of the case's other inputs.
QUESTIONS = {
    "hvp": lambda case: case.args[1:2],
    "nag": lambda case: case.args[:1],
    "random_vs_grid": lambda case: [np.array([lo for lo, *_ in case.args[1]])],
    "successive_halving": lambda case: [*case.args[1][:1], np.float64(case.args[2])],
}


def served():
    """Every function that an exercise hands over, with one question to it."""
    for spec in exercises().values():
        for probe in spec.probes:
            case = spec.case(probe)
            given = dict(zip(spec.parameters, case.args, strict=False)) | dict(case.kwargs)
            yield from ((spec.id, given[name], QUESTIONS[spec.id](case)) for name in case.calls)


def stacked(point):
    """Several points in one, or one in another shape."""
    several = [np.stack([point, point]), np.stack([point, point], -1), point[None]]
    return [*several, point[0]] if np.ndim(point) else several


def test_every_function_that_is_handed_over_takes_one_point():
    found = list(served())
    assert {id for id, *_ in found} == set(QUESTIONS)
    for id, function, question in found:
        assert np.shape(function(*question)) == (question[0].shape if id in ("nag", "hvp") else ())
        for i, point in enumerate(question):
            for odd in stacked(point):
                with pytest.raises(ValueError, match=r"one (point|training) a call"):
                    function(*question[:i], odd, *question[i + 1 :])


def test_a_function_without_that_would_be_found():
    free = Case((np.ones(2), lambda point: point), calls={"grad": 1}).args[1]
    assert free(np.ones((2, 2))).shape == (2, 2)
    with pytest.raises(ValueError, match=r"^point must be an array of shape \(2,\), one point a"):
        one_at_a_time(free, np.ones(2))(np.ones((2, 2)))
