"""The figure of the lesson on models: its search is one, and the wrong length scale misleads it."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.hpo.model_based import (
    LINE,
    RULES,
    judged,
    known,
    objective,
    posterior_picture,
    searched,
)
from dlcourse.plots.labels import title_of
from dlcourse.scratch.hpo import Matern52


def test_the_objective_has_its_deep_valley_where_the_text_says():
    assert abs(LINE[np.argmin(objective(LINE))] - 0.76) < 0.011
    left = LINE < 0.5
    assert abs(LINE[left][np.argmin(objective(LINE[left]))] - 0.14) < 0.011


@pytest.mark.parametrize("rule", RULES)
def test_longer_searches_continue_shorter_ones_without_repeats(rule):
    nine = searched(rule, 0.15, 9)
    assert len(set(nine)) == 9
    assert searched(rule, 0.15, 5) == nine[:5]


def test_expected_improvement_is_misled_by_a_long_length_scale_alone():
    best = {ell: known(searched("EI", ell, 9)).min() for ell in (0.05, 0.15, 0.5)}
    assert best[0.05] < -0.9 and best[0.15] < -0.9 < best[0.5]
    assert known(searched("Thompson", 0.5, 9)).min() < -0.9
    assert known(searched("LCB", 0.5, 9)).min() > -0.5


def test_the_worth_is_nothing_where_a_trial_was():
    places = searched("EI", 0.15, 5)
    worth, gp = judged("EI", 0.15, places)
    assert worth[[*places]].max() < 0.01 * worth.max()
    assert isinstance(gp.kernel, Matern52)


def test_the_title_says_what_is_best_and_what_comes_next():
    fig = posterior_picture("LCB", 0.15, 5)
    words = title_of(fig)
    assert f"{known(searched('LCB', 0.15, 5)).min():.2f}" in words
    assert f"{LINE[searched('LCB', 0.15, 6)[5]]:.2f}" in words
    with pytest.raises(ValueError, match="rule must be"):
        posterior_picture("UCB", 0.15, 5)
