"""Random matrices and functions: what theory says of them, and what the counting must not miss."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems.random_surfaces import (
    Bent,
    PeriodicFields,
    bent_functions,
    kind_by_values,
    level_places,
    minima_among_level,
    periodic_fields,
    symmetric,
)
from dlcourse.scratch.landscape import classify_critical_point


def rng(seed=0):
    return np.random.default_rng(seed)


def test_matrices_are_symmetric_and_have_the_variances_of_the_ensemble() -> None:
    m = symmetric(rng(), 40_000, 3)
    assert_array_equal(m, m.mT)
    assert_allclose(m.var(0), np.ones((3, 3)) + np.eye(3), rtol=0.03)
    q = np.linalg.qr(rng(1).standard_normal((3, 3)))[0]
    assert_allclose((q @ m @ q.T).var(0), np.ones((3, 3)) + np.eye(3), rtol=0.03)


@pytest.mark.parametrize(("d", "share"), [(1, 1 / 2), (2, (2 - np.sqrt(2)) / 4)])
def test_shares_of_positive_matrices_known_on_paper(d, share) -> None:
    low = np.linalg.eigvalsh(symmetric(rng(2), 100_000, d))[:, 0]
    assert_allclose((low > 0).mean(), share, atol=4 * np.sqrt(share / 100_000))


@pytest.mark.parametrize(
    ("d", "share"),
    [(1, 1 / 2), (2, 1 / 4), (3, (29 * np.sqrt(15) - 18 * np.sqrt(10)) / (116 * np.sqrt(15)))],
)
def test_minima_among_level_places_known_in_closed_form(d, share) -> None:
    """One by turning upside down, two by Euler's number, three by Bardeen et al. (1986)."""
    found = np.mean([minima_among_level(rng(s), 20_000, d) for s in range(4)])
    assert_allclose(found, share, rtol=0.02)


def test_without_the_weight_of_the_determinant_it_is_another_number() -> None:
    values = np.linalg.eigvalsh(symmetric(rng(), 100_000, 2)) + rng(1).standard_normal((100_000, 1))
    assert abs((values > 0).all(1).mean() - 1 / 4) > 0.03


def test_gradients_and_curvatures_of_fields_are_differences() -> None:
    fields, x = periodic_fields(rng(), 4), rng(1).uniform(0, 6, (4, 2))

    def value(x):
        phase = x @ fields.waves.T
        return (fields.a * np.cos(phase) + fields.b * np.sin(phase)).sum(1)

    for i, step in enumerate(1e-5 * np.eye(2)):
        assert_allclose((value(x + step) - value(x - step)) / 2e-5, fields.grad(x)[:, i], atol=1e-7)
        bend = (fields.grad(x + step) - fields.grad(x - step)) / 2e-5
        assert_allclose(bend, fields.curvature(x)[:, i], atol=1e-7)
    assert_allclose(fields.grad(x + 2 * np.pi), fields.grad(x), atol=1e-12)


def test_no_level_place_is_missed_and_a_coarse_search_is_seen_to_miss() -> None:
    fields = periodic_fields(rng(3), 6)
    counts = level_places(fields, 10)
    assert_array_equal(counts @ [1, -1, 1], 0)
    assert (counts.min(1) >= 1).all()
    missed = level_places(fields, 2)  # planted: four starts for up to sixteen places
    assert (missed @ [1, -1, 1] != 0).any() and missed.sum() < counts.sum()


def test_places_of_a_shifted_function_are_as_many() -> None:
    one = PeriodicFields(np.array([[1.0, 0.0], [0.0, 2.0]]), np.ones((1, 2)), np.zeros((1, 2)))
    assert_array_equal(level_places(one, 7), [[2, 4, 2]])


def test_values_tell_the_kind_and_a_curvature_of_zero_they_tell_otherwise() -> None:
    bent = bent_functions(rng(4), 40)
    assert kind_by_values(bent, rng(5)) == classify_critical_point(bent.hessian)
    assert len(set(kind_by_values(bent, rng(5)))) == 3
    flat = Bent(np.diag([1.0, 1.0, 0.0])[None], np.zeros((1, 3, 3, 3)))
    flat.cubic[0, 2, 2, 2] = 1e7  # planted: x² + y² + z³, steep enough to be seen at 0.001
    assert kind_by_values(flat, rng(6)) == ["saddle"]
    assert classify_critical_point(flat.hessian) == ["degenerate"]
