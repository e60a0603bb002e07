"""Chosen on some seeds, reported on others, never at the edge of what was tried."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from dlcourse.problems.best_on_fresh import best_on_fresh, chosen
from dlcourse.training import try_all

fit = partial(try_all, progress=False)


def bowl(rng: Any, runs: int, lr: Any, *, least: float) -> dict[str, np.ndarray]:
    luck = np.array([g.random() for g in rng])
    off = np.abs(np.broadcast_to(np.asarray(lr, float).ravel(), runs) - least)
    return {"val_error": off + 0.01 * luck, "test_error": off + luck}


METHODS = {"a": partial(bowl, least=0.2), "b": partial(bowl, least=0.3)}


def test_each_method_has_its_own_value_and_the_fresh_seeds() -> None:
    found, best = best_on_fresh(fit, METHODS, [70, 71, 72], lr=[0.1, 0.2, 0.3, 0.4])
    assert best == {"a": 0.2, "b": 0.3}
    luck = [np.random.default_rng(s).random() for s in (70, 71, 72)]
    for one in found.values():
        np.testing.assert_allclose(one["test_error"], luck)


def test_methods_may_have_grids_of_their_own() -> None:
    grids = {"a": [0.1, 0.2, 0.4], "b": [0.2, 0.3, 0.4]}
    assert best_on_fresh(fit, METHODS, [70], lr=grids)[1] == {"a": 0.2, "b": 0.3}


@pytest.mark.parametrize("values", [[0.2, 0.3], [0.1, 0.2], [0.2, 0.25, 0.3]])
def test_a_winner_at_the_edge_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="lr must be tried on both sides of the best of 'a'"):
        chosen(fit({"a": METHODS["a"]}, seeds=2, lr=values), "lr")


def test_nothing_at_all_may_win_for_nothing_is_smaller() -> None:
    tried = fit({"a": partial(bowl, least=-1.0)}, seeds=2, lr=[0.0, 0.1, 0.2])
    assert chosen(tried, "lr") == {"a": 0.0}


def test_seeds_that_chose_do_not_report() -> None:
    with pytest.raises(ValueError, match=r"fresh must be free of the seeds that chose; got \[1\]"):
        best_on_fresh(fit, METHODS, [1, 70], lr=[0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ValueError, match="grid must be one setting"):
        best_on_fresh(fit, METHODS, [70], lr=[0.1, 0.2], least=[0.1])
