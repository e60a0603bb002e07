"""Records of a small class, for tests of what is made from them."""

from dlcourse.grading import batch
from dlcourse.grading.bank import exercises
from dlcourse.grading.report import CORRECT, NOT_YET, Report
from dlcourse.grading.spec import GROUPS


def record(student, exercise, points=100, mistake=None, flags=(), lines=("Said.",)):
    spec = exercises()[exercise]
    groups = GROUPS if points == 100 else dict.fromkeys(GROUPS, 0) | {"core": points}
    status, cause = (CORRECT, "correct") if points == 100 else (NOT_YET, "value")
    hint_id = spec.mistakes[mistake].id if mistake is not None else None
    report = Report(spec, status, cause, tuple(lines), (), dict(groups), hint_id)
    return {**batch._record(student, report), "flags": list(flags), "seconds": 0.25}


RECORDS = [
    record("anna", "sgd"),
    record("anna", "clipping"),
    record("bert", "sgd", 60, 0),
    batch.missing("bert", "clipping"),
    record("carl", "sgd", 0, 1, ["a.ipynb: two"]),
    record("carl", "clipping", 0, 2),
    record("dora", "sgd", 0, 1),
    record("dora", "clipping", 60),
]
