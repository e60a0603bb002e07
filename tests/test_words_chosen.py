"""A setting is chosen by other messages than those on which it is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcourse.problems import Words, draw_labels, draw_messages
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import try_all

OFTEN = np.array([0.5, 0.3, 0.1, 0.02])


@pytest.fixture
def words():
    rng = np.random.default_rng(3)
    truth = rng.choice([-2.0, 2.0], size=(3, 4))
    x = draw_messages(rng, OFTEN, (50, 3, 8))
    x_new, x_val = (draw_messages(rng, OFTEN, (3, 200)) for _ in range(2))
    batches = list(zip(x, draw_labels(rng, x, truth), strict=True))
    return Words(truth, batches, x_new, x_val)


def losses(words):
    return try_all(words.trial(SGD), seeds=3, lr=[0.1, 1.0])


def test_the_validation_loss_is_the_excess_on_its_own_messages(words):
    both = losses(words)
    swapped = losses(replace(words, x_new=words.x_val, x_val=words.x_new))
    assert (both["val_loss"] == swapped["new_loss"]).all()
    assert (both["new_loss"] == swapped["val_loss"]).all()
    assert (both["val_loss"] != both["new_loss"]).all()


def test_choosing_messages_change_nothing_that_is_reported(words):
    alone = losses(replace(words, x_val=None))
    assert "val_loss" not in alone
    assert (alone["new_loss"] == losses(words)["new_loss"]).all()
