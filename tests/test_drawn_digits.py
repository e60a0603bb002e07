"""Digits of each run's own draw: what is drawn, which labels are wrong, what is learned."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.drawn_digits import (
    TEST,
    VAL,
    draw_digits,
    learn_digits,
    misread,
    pool,
    trained_on_digits,
)

Rngs = list[np.random.Generator]


def rngs(*seeds: int) -> Rngs:
    return [np.random.default_rng(seed) for seed in seeds]


def rows(x: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in x}


def test_no_image_is_in_two_parts_of_a_run_and_runs_draw_differently() -> None:
    drawn = draw_digits(rngs(0, 1), 896)
    distinct = len(rows(pool()[0]))  # a few digits are in the pool twice
    for run in range(2):
        parts = [rows(x[run]) for x, _ in drawn[:3]]
        assert len(set.union(*parts)) == distinct
        assert sum(map(len, parts)) <= 896 + VAL + TEST
    assert (drawn.train[1][0] != drawn.train[1][1]).any()


def test_more_images_are_the_same_first_and_the_held_out_ones_stay() -> None:
    few, many = (draw_digits(rngs(3), n, wrong=0.3) for n in (50, 200))
    np.testing.assert_array_equal(few.train[0], many.train[0][:, :50])
    np.testing.assert_array_equal(few.train[1], many.train[1][:, :50])
    for part in ("val", "test"):
        np.testing.assert_array_equal(getattr(few, part)[1], getattr(many, part)[1])


def test_wrong_labels_are_wrong_and_test_labels_are_not() -> None:
    right, wrong = (draw_digits(rngs(4, 5), 800, wrong=share) for share in (0.0, 0.3))
    changed = right.train[1] != wrong.train[1]
    np.testing.assert_array_equal(changed, wrong.wrong)
    assert abs(changed.mean() - 0.3) < 0.04
    assert abs((right.val[1] != wrong.val[1]).mean() - 0.3) < 0.06
    np.testing.assert_array_equal(right.test[1], wrong.test[1])
    others = (wrong.train[1] - right.train[1])[changed] % 10
    assert set(others.tolist()) == set(range(1, 10))


def test_labels_at_nine_tenths_know_nothing_of_the_image() -> None:
    right, drawn = (draw_digits(rngs(*range(8)), 896, wrong=share) for share in (0.0, 0.9))
    assert abs((drawn.train[1] == right.train[1]).mean() - 0.1) < 0.015
    assert abs(np.bincount(drawn.train[1].ravel(), minlength=10) / 716.8 - 1).max() < 0.15


def test_a_run_alone_learns_what_it_learns_among_others() -> None:
    three = learn_digits(rngs(1, 2, 3), 3, lr=0.01, n=100, wrong=0.3, epochs=10)
    alone = learn_digits(rngs(2), 1, lr=0.01, n=100, wrong=0.3, epochs=10)
    for name, values in alone.items():
        np.testing.assert_allclose(three[name][1], values[0], rtol=2e-3, atol=2e-3)
    assert np.ptp(three["test_loss"]) > 0.01


def test_what_is_measured_is_of_the_networks_that_were_trained() -> None:
    how = {"n": 100, "wrong": 0.3, "width": 16, "epochs": 30}
    found = learn_digits(rngs(7, 8), 2, lr=0.02, decay=0.1, **how)
    net, drawn = trained_on_digits(rngs(7, 8), 2, lr=0.02, decay=0.1, **how)  # type: ignore[arg-type]
    lost = misread(net, *drawn.train)
    np.testing.assert_allclose(found["train_error"], lost.mean(-1))
    given_back = [(~lost[i])[drawn.wrong[i]].mean() for i in range(2)]
    np.testing.assert_allclose(found["train_fooled"], given_back)
    np.testing.assert_allclose(found["test_error"], misread(net, *drawn.test).mean(-1))


def test_a_start_ten_times_as_large_and_a_decay_are_heard() -> None:
    plain, large, held = (
        learn_digits(rngs(0, 1), 2, lr=0.01, n=100, epochs=20, **more)
        for more in ({}, {"scale": 10.0}, {"decay": 20.0})
    )
    assert (large["test_loss"] > 1.5 * plain["test_loss"]).all()
    assert (held["train_loss"] > plain["train_loss"] + 0.1).all()


@pytest.mark.parametrize(("n", "wrong", "words"), [(897, 0.0, "at most 896"), (10, 1.1, "wrong")])
def test_what_cannot_be_drawn_is_refused(n: int, wrong: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_digits(rngs(0), n, wrong)
