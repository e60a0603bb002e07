"""Few digits with wrong labels: what each method does to the training is what it says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from dlcourse.problems.doubtful_labels import (
    clusters,
    drawn,
    learn,
    relabelled,
    shifted,
)
from dlcourse.scratch.augmentation import translate
from dlcourse.training import try_all

RNG = np.random.default_rng(5)
Y = np.arange(120) % 10
X = (np.eye(64)[Y] * 3 + 0.5 * RNG.normal(size=(120, 64))).astype(np.float32)
HELD = [(X[:40] + RNG.normal(0, 0.9, (40, 64)).astype(np.float32), Y[:40])] * 2
SETS = [(X, Y), *HELD]
run: Any = partial(try_all, partial(learn, sets=SETS, few=50, steps=60), progress=False)


def rngs(n: int) -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(n)]


def test_the_share_of_labels_that_is_said_to_be_wrong_is_wrong() -> None:
    x, labels = drawn(SETS, rngs(3), 50, 0.2)
    true = x.argmax(-1)
    assert ((labels != true).sum(-1) == 10).all() and (labels[:, :40] == true[:, :40]).all()
    others = drawn(SETS, rngs(3), 50, 0.0)[1]
    assert (others == true).all() and (others[0] != others[1]).any()


def test_more_images_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="few must be at most 120"):
        drawn(SETS, rngs(1), 121, 0.0)


@pytest.mark.parametrize("pixels", [0.3, 1.0, 1.6])
def test_shifts_are_those_of_translate(pixels: float) -> None:
    draw, apply = shifted(pixels)
    x = RNG.random((7, 1, 8, 8))
    dy, dx = draw(x.shape, np.random.default_rng(0))
    np.testing.assert_allclose(
        apply(x, dy, dx), translate(x, pixels * dy, pixels * dx), rtol=0, atol=1e-6
    )
    assert abs(apply(x, dy, dx) - translate(x, pixels * dx, pixels * dy)).max() > 0.1


def test_a_column_of_shifts_moves_each_run_by_its_own() -> None:
    _, apply = shifted(np.array([[0.0], [1.0]]))
    x, one = RNG.random((2, 3, 1, 8, 8)), np.ones((2, 3))
    moved = apply(x, one, one)
    np.testing.assert_array_equal(moved[0], x[0])
    np.testing.assert_array_equal(moved[1, ..., 1:, 1:], x[1, ..., :-1, :-1])


def test_relabelling_replaces_so_many_and_leaves_the_rest() -> None:
    labels = np.full((2, 20_000), 3)
    new = relabelled(labels, np.array([[0.0], [0.6]]), rngs(2))
    assert (new[0] == 3).all() and abs((new[1] != 3).mean() - 0.54) < 0.02
    assert len(np.unique(new[1])) == 10


def test_no_method_at_strength_zero_changes_anything() -> None:
    plain = run(seeds=2, lr=[0.1])
    for off in ({"alpha": 0.0}, {"decay": 0.0}, {"drop": 0.0}, {"sparse": 0.0}, {"shift": 0.0}):
        np.testing.assert_array_equal(run(seeds=2, lr=[0.1], **off)["nll"], plain["nll"])
    for on in ({"alpha": 0.2}, {"decay": 0.01}, {"drop": 0.2}, {"sparse": 0.01}, {"shift": 0.5},
               {"norm": "batch"}):  # fmt: skip
        assert (run(seeds=2, lr=[0.1], **on)["nll"] != plain["nll"]).all()


def test_a_seed_sees_the_same_alone_and_among_other_settings() -> None:
    among = run(seeds=2, alpha=[0.0, 0.3], drop=0.2, shift=0.5, wrong=0.2)
    alone = run(seeds=2, alpha=[0.3], drop=0.2, shift=0.5, wrong=0.2)
    np.testing.assert_allclose(among["nll"][1], alone["nll"][0], rtol=1e-3)
    bare = run(seeds=2, drop=[0.0, 0.2], shift=0.5)["nll"][0]  # beside masks, and without any
    np.testing.assert_allclose(run(seeds=2, shift=0.5)["nll"], bare, rtol=1e-3)


def test_smoothing_makes_less_sure_and_a_temperature_mends_it() -> None:
    found = run(seeds=3, alpha=[0.0, 0.3], detail=True)
    assert (found["sure"][1] < found["sure"][0]).all()
    assert (found["temperature"][1] < found["temperature"][0]).all()
    assert (found["val_scaled_nll"] <= found["val_nll"] + 1e-6).all()


def test_curves_have_as_many_looks_and_end_in_the_value() -> None:
    found = run(seeds=2, lr=[0.1], looks=3)
    assert found.curve("error").shape == (1, 2, 3)
    np.testing.assert_array_equal(found.curve("error")[..., -1], found["error"])


def test_wide_and_uneven_clusters_are_told() -> None:
    labels = np.array([[0, 0, 1, 1, 2, 2]])
    x = np.array([[[0.0], [2.0], [10.0], [12.0], [40.0], [42.0]]])
    found = clusters(x, labels)
    apart = np.array([10, 40, 30])
    np.testing.assert_allclose(found["spread"], 1 / (apart**2).mean())
    np.testing.assert_allclose(found["uneven"], apart.std() / apart.mean())
