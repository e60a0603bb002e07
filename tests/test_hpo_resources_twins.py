"""Halving, Hyperband and ASHA beside their twins, which see every curve to its end."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.reference.hpo import resources as twins
from dlcourse.scratch import hpo as room
from dlcourse.scratch.hpo import halving

SPACE = {"x": room.Float(0, 1)}
values = st.lists(
    st.one_of(st.integers(0, 6).map(float), st.sampled_from([math.nan, math.inf, -math.inf])),
    min_size=1,
    max_size=20,
)


@given(st.integers(1, 5000), st.integers(1, 5), st.integers(2, 7), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_tables(n: int, r: int, eta: int, more: int) -> None:
    assert room.rungs(n, r, eta) == twins.rungs(n, r, eta)
    assert room.rungs(n, r, eta, r + more) == twins.rungs(n, r, eta, r + more)
    assert room.brackets(1 + more, eta) == twins.brackets(1 + more, eta)


@given(values, st.integers(1, 20), st.integers(2, 5), st.sets(st.integers(0, 19), max_size=6))
@settings(max_examples=150, deadline=None)
def test_choices(seen, n: int, eta: int, gone) -> None:
    assert room.survivors(seen, n) == twins.survivors(torch.tensor(seen), n)
    assert room.promote(seen, eta, gone) == twins.promote(torch.tensor(seen), eta, gone)


def curves(seed: int, n: int, most: int) -> np.ndarray:
    """Curves that cross, some of which end in NaN."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, most)).cumsum(1).round(1)
    for row in np.flatnonzero(rng.random(n) < 0.2):
        found[row, rng.integers(most) :] = np.nan
    return found


def halvings_agree(seed: int) -> None:
    table, every = room.rungs(20, 1, 2), curves(seed, 20, 16)
    order: dict[float, int] = {}

    def objective(params, t):
        return every[order.setdefault(params["x"], len(order)), t - 1]

    found = room.successive_halving(objective, SPACE, np.random.default_rng(seed), 20, 1, 2)
    expected = twins.successive_halving(torch.tensor(every), table)
    played = [rung.numbers for rung in found.history]
    assert played == expected[: len(played)] and not any(expected[len(played) :])


@pytest.mark.parametrize("seed", range(8))
def test_halving(seed: int) -> None:
    halvings_agree(seed)


def test_a_wrong_rung_is_caught(monkeypatch) -> None:
    def one_too_many(values, n):
        return real(values, n + 1)

    real = halving.survivors
    monkeypatch.setattr(halving, "survivors", one_too_many)
    with pytest.raises(AssertionError):
        halvings_agree(0)
