"""Methods crossed: effects that were planted are found, each under its own name."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.crossed import effects, ended_and_stopped, in_rows
from dlcourse.training import Trials, try_all

NAMES = ["a", "b", "c"]


def planted() -> np.ndarray:
    a, b, c = np.indices((2, 2, 2))
    return (9.0 - 2 * a - b + 5 * a * b + 0.5 * c)[..., None] + np.array([0.0, 0.25])


def test_effects_are_those_that_were_planted() -> None:
    found = effects(planted(), NAMES)
    said = {kind: {k: v.tolist() for k, v in found[kind].items()} for kind in found}
    assert said["alone"] == {"a": [-2] * 2, "b": [-1] * 2, "c": [0.5] * 2}
    assert said["average"] == {"a": [0.5] * 2, "b": [1.5] * 2, "c": [0.5] * 2}
    assert said["last"] == {"a": [3] * 2, "b": [4] * 2, "c": [0.5] * 2}
    assert said["pairs"] == {("a", "b"): [5] * 2, ("a", "c"): [0] * 2, ("b", "c"): [0] * 2}


def test_an_interaction_in_one_surrounding_counts_by_its_share() -> None:
    values = planted()
    values[1, 1, 1] += 4  # where all three are used
    pairs = effects(values, NAMES)["pairs"]
    assert [float(pairs[pair][0]) for pair in (("a", "b"), ("a", "c"), ("b", "c"))] == [7, 2, 2]


def test_rows_are_settings_and_what_is_not_named_is_zero() -> None:
    run = in_rows(
        lambda rng, runs, a, b: {"sum": (a + 10 * b)[:, 0]}, [{"a": 1.0}, {"b": 2.0}, {"a": 3.0}]
    )
    found = try_all(run, row=range(3), seeds=2, progress=False)
    assert found["sum"].tolist() == [[1, 1], [20, 20], [3, 3]]


def test_stopped_is_where_validation_was_best_not_where_the_test_was() -> None:
    curves = {
        "val_nll": np.array([[[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]]]),
        "error": np.array([[[0.1, 0.5, 0.3], [0.4, 0.2, 0.6]]]),
    }
    axes = {"alpha": [0.0], "seed": [0, 1]}
    one = Trials(axes, {k: c[..., -1] for k, c in curves.items()}, curves)
    assert ended_and_stopped(one).tolist() == [[[0.3, 0.6], [0.5, 0.4]]]
