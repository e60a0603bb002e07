"""``parity`` of the dropout family: what it says, and what it must catch."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dlcourse.lesson import parity
from dlcourse.lesson.drops import DROPS
from dlcourse.scratch import regularization
from dlcourse.scratch.regularization import blocks, connections, masks, recurrent, units

LARGEST = re.compile(r"  largest relative difference: ≈\d+e[+-]\d+")
MODULES = ("masks", "units", "blocks", "connections", "recurrent", "monte_carlo")


@pytest.mark.parametrize("name", DROPS)
def test_every_member_has_its_parity(name: str, capsys) -> None:
    parity(name, steps=3)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == f"{name}(): 3 draws,"
    assert second.endswith("within 1e-10")
    assert LARGEST.fullmatch(last)


def test_no_member_is_left_out() -> None:
    here = {
        name
        for name in regularization.__all__
        if getattr(regularization, name).__module__.rpartition(".")[2] in MODULES
    }
    assert here - {name for name in here if name.endswith("_backward")} == set(DROPS)
    for name in here:
        if name.endswith("_backward"):
            assert name.removesuffix("_backward") in DROPS


def test_it_takes_what_the_members_take(capsys) -> None:
    parity("Dropout", p=0.2)
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == "Dropout(p=0.2): 50 draws,"
    assert second.startswith("  outputs, gradients, parameters equal to its PyTorch twin")
    parity("DropBlock", block_size=3, steps=5)
    parity("DroppedRNN", each_step=True, nonlinearity="relu", steps=5)
    parity("draw_block_mask", p=0.1, block_size=4, steps=5)
    parity("mc_dropout_predict", transform=None, steps=5)


right_scaled, right_each, right_rate = units.scaled, units.Dropping.each, blocks.block_rate


def keep_for_p(mask, p, ndim, dtype):
    return right_scaled(mask, 1 - np.asarray(p), ndim, dtype)


def one_generator_for_all(self, shape, p):
    self.generators = [self.generators[0]] * len(self.generators)
    return right_each(self, shape, p)


def still_dropping(self, x, training=False):
    self.training = True
    return super(units.Dropping, self).forward(x, training)


WRONG = [
    (units, "scaled", keep_for_p, "dropout", "seed 0, outputs"),
    (units, "scaled", keep_for_p, "Dropout", "seed 0, outputs"),
    (connections, "scaled", keep_for_p, "DropConnect", "seed 0, outputs"),
    (recurrent, "scaled", keep_for_p, "DroppedRNN", "seed 0, outputs"),
    (units.Dropping, "each", one_generator_for_all, "Dropout", "seed 0, outputs"),
    (units.Dropping, "forward", still_dropping, "SpatialDropout", "seed 0, outputs"),
    (blocks, "block_rate", lambda p, b, size: p / b**2, "draw_block_mask", "masks"),
    (masks, "rate", lambda p: 1.0 - p, "draw_dropout_mask", "masks"),
    (masks, "rate", lambda p: p / 2, "draw_gaussian_noise", "noise"),
    (regularization, "drop_block_backward", lambda dy, c: dy * (c > 0), "drop_block", "gradients"),
]


@pytest.mark.parametrize(("place", "name", "wrong", "of", "message"), WRONG)
def test_a_member_that_differs_is_caught(place, name, wrong, of, message, monkeypatch) -> None:
    monkeypatch.setattr(place, name, wrong)
    with pytest.raises(AssertionError, match=message):
        parity(of, steps=20)
