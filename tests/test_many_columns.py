"""Tables with many columns: what they are made of, and what is said about weights on them."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.many_columns import (
    along,
    choose,
    directions,
    draw_tables,
    reliance,
    shrunk_along,
    slope,
    squared_error,
)
from dlcourse.scratch.regularization import elastic_net_path, ridge


def test_neighbours_and_copies_are_as_alike_as_asked() -> None:
    (chain, _), *_ = draw_tables([0], 20_000, 6, alike=0.7)
    found = np.corrcoef(chain[0].T)
    distance = abs(np.subtract.outer(range(6), range(6)))
    np.testing.assert_allclose(found, 0.7**distance, atol=0.03)
    (groups, _), *_ = draw_tables([0], 20_000, 6, relevant=1, copies=3, alike=0.9)
    same = np.kron(np.eye(2), np.ones((3, 3)))
    np.testing.assert_allclose(np.corrcoef(groups[0].T), 0.1 * np.eye(6) + 0.9 * same, atol=0.03)


def test_answers_are_the_columns_times_the_weights_and_noise() -> None:
    tables = draw_tables([1, 2], 4_000, 8, relevant=3, size=0.5, noise=2.0)
    assert (np.sort(abs(tables.weights)) == [0] * 5 + [0.5] * 3).all()
    assert (tables.weights[0] != tables.weights[1]).any()
    for part in (tables.train, tables.validation, tables.test):
        np.testing.assert_allclose(squared_error(part, tables.weights), 4.0, rtol=0.3)
    silent = draw_tables([1], 30, 8, noise=0.0)
    np.testing.assert_allclose(squared_error(silent.test, silent.weights), 0.0, atol=1e-20)
    assert (draw_tables([1], 30, 8, relevant=None).weights != 0).all()


def test_a_seed_has_its_table_whoever_is_beside_it() -> None:
    both, alone = draw_tables([5, 6], 9, 4, relevant=2), draw_tables([6], 9, 4, relevant=2)
    np.testing.assert_array_equal(both.train[0][1], alone.train[0][0])
    np.testing.assert_array_equal(both.test[1][1], alone.test[1][0])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="copies must be a divisor of d = 10"):
        draw_tables([0], 5, 10, copies=3)
    with pytest.raises(ValueError, match=r"relevant must be None or in \[0, 4\]; got 5"):
        draw_tables([0], 5, 8, copies=2)
    with pytest.raises(ValueError, match="alike must be in"):
        draw_tables([0], 5, 10, alike=1.5)


def test_the_choice_is_by_validation_and_inside_the_grid() -> None:
    tables = draw_tables(range(6), 30, 20)
    coefs = [0.001, 0.03, 0.1, 0.3, 30.0]
    path = ridge(*tables.train, coefs)
    fit = choose(tables, coefs, path)
    best = squared_error(tables.validation, path).mean(axis=0).argmin()
    assert fit.coef == coefs[best] and 0 < best < 4
    np.testing.assert_array_equal(fit.weights, path[:, best])
    np.testing.assert_allclose(fit.error, squared_error(tables.test, fit.weights))
    with pytest.raises(ValueError, match="coefs must be wide enough; got 10"):
        choose(tables, [10.0, 30.0, 90.0], ridge(*tables.train, [10.0, 30.0, 90.0]))


def test_all_directions_shrunk_are_ridge_and_none_are_least_squares() -> None:
    train = draw_tables([3, 4], 25, 6, alike=0.8).train
    np.testing.assert_allclose(shrunk_along(train, 0.4, slice(None)), ridge(*train, 0.4))
    np.testing.assert_allclose(shrunk_along(train, 0.4, slice(0)), ridge(*train, 0.0))
    some = along(train[0], shrunk_along(train, 0.4, slice(2)))
    np.testing.assert_allclose(some[:, 2:], along(train[0], ridge(*train, 0.0))[:, 2:])
    vary, _ = directions(train[0])
    assert (np.diff(vary) > 0).all()


def test_reliance_is_the_rise_without_the_weight_that_is_missed_most() -> None:
    train = draw_tables([7, 8], 25, 6).train
    weights = ridge(*train, 0.1)
    rises = []
    for j in range(6):
        without = weights.copy()
        without[:, j] = 0
        rises.append(squared_error(train, without) - squared_error(train, weights))
    np.testing.assert_allclose(reliance(train, weights), np.max(rises, axis=0))
    assert (np.max(rises, axis=0) > np.median(rises, axis=0) + 0.1).all()


def test_the_slope_is_the_derivative_and_zero_at_the_minimum() -> None:
    train = draw_tables([9], 25, 4, relevant=2).train
    w, step = np.array([[0.3, -0.2, 0.1, 0.5]]), 1e-5
    for j in range(4):
        move = np.eye(4)[[j]] * step
        rise = squared_error(train, w + move) - squared_error(train, w - move)
        np.testing.assert_allclose(slope(train, w)[:, j], rise / (4 * step), rtol=1e-6)
    np.testing.assert_allclose(slope(train, ridge(*train, 0.0)), 0.0, atol=1e-12)
    free = elastic_net_path(*train, [0.0], 1.0)[:, 0]
    np.testing.assert_allclose(slope(train, free), 0.0, atol=1e-8)
