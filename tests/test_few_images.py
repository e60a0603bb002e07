"""Very few training images for each network: each seed has its part, and nobody else's."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.few_images import learn_few
from dlcourse.training import try_all

RNG = np.random.default_rng(3)
Y = np.arange(60) % 10
X = (np.eye(64)[Y] * 3 + 0.3 * RNG.normal(size=(60, 64))).astype(np.float32)
HELD = [(X[:20] + np.float32(0.05), Y[:20]), (X[20:40] - np.float32(0.05), Y[20:40])]
HOW = {"epochs": 6, "batch_size": 5, "few": 20, "parts": 3}


def learn(x: np.ndarray, **more: object) -> object:
    how = {"lr": [0.003, 0.01], "norm": "layer", **HOW, **more}
    run = lambda rng, runs, lr: learn_few(  # noqa: E731
        rng, runs, lr, sets=[(x, Y), *HELD], **{k: v for k, v in how.items() if k != "lr"}
    )
    return try_all(run, seeds=3, lr=how["lr"], progress=False)


def test_a_seed_learns_from_its_own_part_alone() -> None:
    base = learn(X)
    changed = X.copy()
    changed[20:40] = RNG.normal(size=(20, 64))  # the second seed's
    other = learn(changed)
    same = np.asarray(base["train_loss"]) == np.asarray(other["train_loss"])
    np.testing.assert_array_equal(same, [[True, False, True]] * 2)


def test_settings_do_not_change_what_a_seed_sees() -> None:
    both, alone = learn(X), learn(X, lr=[0.01])
    np.testing.assert_allclose(both["train_loss"][1], alone["train_loss"][0], rtol=1e-3)


def test_an_easy_task_is_learned_and_errors_are_shares() -> None:
    found = learn(X, epochs=30)
    assert (found["train_loss"] < 0.2).all() and (found["test_error"] <= 0.2).all()
    wrong_labels = learn_few(
        [np.random.default_rng(i) for i in range(3)], 3, 0.01, norm="none",
        sets=[(X, Y), HELD[0], (HELD[1][0], (Y[20:40] + 1) % 10)], **HOW | {"epochs": 30},
    )  # fmt: skip
    assert (wrong_labels["test_error"] >= 0.8).all() and (wrong_labels["val_error"] <= 0.2).all()


def test_more_parts_than_images_are_refused() -> None:
    with pytest.raises(ValueError, match="parts must be at most 3, and one a seed; got 4"):
        learn(X, parts=4)
