"""Assignments: as cheap as SciPy's, proved by their prices, and by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import scipy.optimize
import torch
from geometric import host, rng, same

from dlcourse.reference import landscape as twin
from dlcourse.scratch import landscape

SIZES = (1, 2, 5, 30)


def costs(n: int) -> dict[str, np.ndarray]:
    """Numbers of any sign, many equal ones, all equal ones, one rank, far apart and huge."""
    draw, places = rng(n), np.arange(float(n))
    return {
        "normal": draw.standard_normal((n, n)),
        "few": draw.integers(-1, 2, (n, n)).astype(float),
        "equal": np.full((n, n), -3.0),
        "product": np.outer(places, places),
        "huge": 1e8 * draw.standard_normal((n, n)) - 1e9,
        "forbidden": np.where(draw.random((n, n)) < 0.5, 1e6, draw.random((n, n))),
    }


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_value_is_scipys(n: int, maximize: bool) -> None:
    f = landscape.linear_assignment
    for cost in costs(n).values():
        found = f(cost, maximize)
        rows, columns = scipy.optimize.linear_sum_assignment(cost, maximize)
        assert sorted(found.columns) == list(range(n))
        np.testing.assert_allclose(found.value, cost[rows, columns].sum(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.value, cost[rows, found.columns].sum(), rtol=1e-12)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_prices_prove_it(n: int, maximize: bool) -> None:
    """Weak duality: prices below every cost sum up to a bound, and this bound is attained."""
    f = landscape.linear_assignment
    for cost in costs(n).values():
        found = host(f(cost, maximize))
        unit = 1e-12 * max(abs(cost).max(), 1.0) * n
        slack = cost - found["u"][:, None] - found["v"]
        assert (-slack if maximize else slack).min() >= -unit
        np.testing.assert_allclose(
            found["u"].sum() + found["v"].sum(), found["value"], atol=n * unit
        )


def test_every_small_one_is_the_best_of_all() -> None:
    f = landscape.linear_assignment
    for seed in range(30):
        cost = rng(seed).standard_normal((4, 4))
        every = [sum(cost[i, j] for i, j in enumerate(p)) for p in permutations(range(4))]
        assert f(cost).value == pytest.approx(min(every), abs=1e-12)
        assert f(cost, True).value == pytest.approx(max(every), abs=1e-12)


def test_runs_do_not_mix() -> None:
    f = landscape.linear_assignment
    cost = rng(1).standard_normal((3, 7, 7))
    cost[1] *= -1e6
    together = host(f(cost))
    for i, one in enumerate(cost):
        for name, value in host(f(one)).items():
            np.testing.assert_array_equal(together[name][i], value)


def test_whole_numbers_stay_whole() -> None:
    f = landscape.linear_assignment
    found = f(np.array([[4, 1, 3], [2, 0, 5], [3, 2, 2]]))
    assert found.columns.tolist() == [1, 0, 2]
    assert found.value == 5 and found.value.dtype.kind == "i"


def test_the_cost_is_left_alone() -> None:
    f = landscape.linear_assignment
    cost = rng().standard_normal((6, 6))
    before = cost.copy()
    f(cost, True)
    np.testing.assert_array_equal(cost, before)


@pytest.mark.parametrize("maximize", [False, True])
def test_twin(maximize: bool) -> None:
    for n in (1, 2, 5, 12):
        for name, cost in costs(n).items():
            ours, theirs = (
                landscape.linear_assignment(cost, maximize),
                twin.linear_assignment(torch.tensor(cost), maximize),
            )
            if name in ("normal", "huge"):  # of the others there are several best ones
                same(ours.columns, theirs.columns)
            same(ours.value, theirs.value)
            slack = cost - host(theirs.u)[:, None] - host(theirs.v)
            unit = 1e-11 * max(abs(cost).max(), 1.0) * n
            assert (-slack if maximize else slack).min() >= -unit
