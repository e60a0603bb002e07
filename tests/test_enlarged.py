"""Many versions of few images: who sees what, for how many steps, and at whose rate."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from dlcourse.problems.enlarged import enlarged, learn_enlarged, looked, own_sets
from dlcourse.training import try_all
from dlcourse.training.kinds import each_tuned

RNG = np.random.default_rng(3)
Y = np.arange(60) % 10
X = (0.2 * RNG.normal(size=(60, 1, 4, 4))).astype(np.float32)
X.reshape(60, 16)[np.arange(60), Y] += 2
LOOKS = {"val_plain": (X[:30], Y[:30]), "test_plain": (X[30:], Y[30:])}
HOW: dict[str, Any] = {"train": (X, Y), "looks": LOOKS, "few": 40, "steps": 40, "batch_size": 8}


def generators(n: int = 3) -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(n)]


def test_originals_come_first_and_versions_keep_their_labels() -> None:
    hot = np.eye(10, dtype=np.float32)[Y]
    x, y = enlarged(X, hot, 3, lambda x, rng: x + rng.random((len(x), 1, 1, 1)), RNG)
    np.testing.assert_array_equal(x[:60], X)
    assert len(x) == len(y) == 240 and abs(x[60:120] - x[120:180]).min() > 0
    for i in range(4):
        np.testing.assert_array_equal(y[60 * i :][:60], hot)


def test_a_run_has_the_same_images_and_wrong_labels_whatever_is_made_of_them() -> None:
    told = {"train": (X, Y), "few": 20, "noise": 0.5}
    plain = own_sets(generators(), **told)
    changed = own_sets(generators(), **told, change=lambda x, rng: x * rng.random(), copies=2)
    mixed = own_sets(generators(), **told, blend=lambda x, y, rng: (x[::-1], y[::-1]), copies=2)
    for other in (changed, mixed):
        np.testing.assert_array_equal(plain["drawn"], other["drawn"])
        np.testing.assert_array_equal(plain["label"], other["label"])
    assert plain["x"].shape[1] == 20 and changed["x"].shape[1] == 60 and mixed["x"].shape[1] == 40
    assert abs(plain["drawn"][0] - plain["drawn"][1]).max() > 0
    own = np.array([[int(x.argmax()) for x in run] for run in plain["drawn"]])
    assert 0.2 < (plain["label"] != own).mean() < 0.8


def test_seeds_that_share_what_is_drawn_learn_as_they_would_alone() -> None:
    run = partial(learn_enlarged, **HOW, change=lambda x, rng: x + rng.random(x.shape), copies=2)
    both = try_all(run, seeds=3, lr=[0.01, 0.03], progress=False)
    for i, lr in enumerate((0.01, 0.03)):
        alone = try_all(run, seeds=3, lr=[lr], progress=False)
        for name in ("fit_loss", "test_plain_loss"):
            np.testing.assert_allclose(both[name][i], alone[name][0], rtol=1e-5)
    assert len(set(both["fit_loss"].ravel())) == 6


def test_no_label_is_wrong_without_noise() -> None:
    sets = own_sets(generators(), (X, Y), 20)
    own = sets["drawn"].reshape(3, 20, 16).argmax(-1)
    np.testing.assert_array_equal(sets["label"], own)


def test_an_easy_task_is_learned_and_a_change_that_hides_all_prevents_it() -> None:
    found = try_all(partial(learn_enlarged, **HOW), seeds=3, lr=[0.03], progress=False)
    assert (found["test_plain_error"] < 0.1).all()
    blind = partial(learn_enlarged, **HOW, blend=lambda x, y, rng: (0 * x, y))
    assert (try_all(blind, seeds=3, lr=[0.03], progress=False)["test_plain_error"] > 0.5).all()


def test_a_run_alone_learns_what_it_learns_among_others() -> None:
    told = {**HOW, "change": lambda x, rng: x + rng.normal(size=x.shape).astype(x.dtype)}
    three = learn_enlarged(generators(), 3, 0.01, **told)
    alone = learn_enlarged(generators()[1:2], 1, 0.01, **told)
    np.testing.assert_allclose(three["test_plain_loss"][1], alone["test_plain_loss"][0], rtol=1e-3)


def test_looked_counts_what_it_says() -> None:
    class Net:
        runs = 2

        def forward(self, x: np.ndarray) -> np.ndarray:
            return np.log(np.tile([0.7, 0.2, 0.1], (2, x.shape[1], 1)))

    found = looked(Net(), np.zeros((4, 1, 2, 2)), np.array([0, 0, 1, 0]))
    np.testing.assert_allclose(found["error"], 0.25)
    np.testing.assert_allclose(found["confidence"], 0.7)
    np.testing.assert_allclose(found["loss"], -(3 * np.log(0.7) + np.log(0.2)) / 4)


def fake(rng: Any, runs: int, lr: Any, part: str = "") -> dict[str, np.ndarray]:
    """Plain images like a rate of 0.1, turned ones one of 1."""
    off = {"plain": abs(np.log10(np.ravel(lr)) + 1), "turned": abs(np.log10(np.ravel(lr)))}
    return {f"{s}_{k}_error": 0.1 + v for s in ("val", "test") for k, v in off.items()}


def test_each_kind_of_images_has_its_own_rate() -> None:
    told: dict[str, Any] = {"rates": [0.01, 0.1, 1.0, 10.0], "tries": [0, 1], "fresh": [5, 6, 7]}
    found = each_tuned({"one": fake}, **told)["one"]
    np.testing.assert_allclose(found["test_plain_error"], [0.1] * 3)
    np.testing.assert_allclose(found["test_turned_error"], [0.1] * 3)
    same = each_tuned({"one": fake}, by="plain", **told)["one"]
    np.testing.assert_allclose(same["test_turned_error"], [1.1] * 3)


def test_a_rate_at_the_edge_and_a_seed_used_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="rates must be wide enough for 'one', turned images"):
        each_tuned({"one": fake}, rates=[0.01, 0.1, 1.0], tries=[0], fresh=[1])
    with pytest.raises(ValueError, match="fresh must be free of the seeds that chose"):
        each_tuned({"one": fake}, rates=[0.01, 0.1, 1.0], tries=[0, 1], fresh=[1])
