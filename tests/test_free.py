"""What an answer is free to choose: judged as if it had chosen as we did, and nothing else is."""

import numpy as np
import pytest

from dlcourse.grading.bank import exercises
from dlcourse.grading.judge import judge
from dlcourse.grading.report import CORRECT

PCA = exercises()["pca_whitening"]


def with_signs(train, test):
    def whiten(Xtr, Xte, eps=0.0):
        Ztr, Zte = PCA.reference(Xtr, Xte, eps)
        return Ztr * np.array(train), Zte * np.array(test)

    return whiten


def judged(answer):
    return judge(PCA, answer, own=False)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_each_component_may_have_either_sign(signs):
    assert judged(with_signs(signs, signs)).status == CORRECT


@pytest.mark.parametrize(("train", "test"), [((1, 1, 1), (-1, 1, 1)), ((-1, -1, 1), (1, 1, 1))])
def test_but_the_same_in_both_parts(train, test):
    report = judged(with_signs(train, test))
    assert (report.status != CORRECT) and report.cause == "value"


def test_a_known_mistake_is_known_with_other_signs():
    mistake = next(m for m in PCA.mistakes if m.id == "pca_whitening/no_root")

    def whiten(Xtr, Xte, eps=0.0):
        return [-Z for Z in mistake.answer(Xtr, Xte, eps)]

    assert judged(whiten).hint_id == mistake.id


@pytest.mark.parametrize(
    ("odd", "cause"),
    [
        (lambda Ztr, Zte: (Ztr, "no"), "type"),
        (lambda Ztr, Zte: (Ztr,), "length"),
        (lambda Ztr, Zte: (Ztr[:, :2], Zte[:, :2]), "shape"),
        (lambda Ztr, Zte: (Ztr, Zte[:, 0]), "shape"),
        (lambda Ztr, Zte: (Ztr, np.full_like(Zte, np.nan)), "nan"),
        (lambda Ztr, Zte: None, "none"),
        (lambda Ztr, Zte: np.float64(3.0), "type"),
        (lambda Ztr, Zte: {"train": Ztr, "test": Zte}, "type"),
    ],
)
def test_an_odd_result_keeps_its_own_message(odd, cause):
    report = judged(lambda Xtr, Xte, eps=0.0: odd(*PCA.reference(Xtr, Xte, eps)))
    assert report.cause == cause, report.lines


def test_planted_where_signs_are_not_free_they_count():
    zca = exercises()["zca_whitening"]
    turned = lambda Xtr, Xte, eps=0.0: [-Z for Z in zca.reference(Xtr, Xte, eps)]  # noqa: E731
    assert judge(zca, turned, own=False).status != CORRECT
