"""Pairs of networks: what both learn, the mean of all copies, and that runs do not mix."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcourse.problems.copies import (
    apart,
    direction_of_length_one,
    draw_images,
    half_way,
    learn,
    mean_of_copies,
    misread,
    outputs,
    precise,
    said,
    trained_pairs,
    with_twins,
)
from dlcourse.scratch.landscape import permute_units
from dlcourse.scratch.models import MLP

RNG = np.random.default_rng(1)
POOL = (RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60))


def seeds(first, runs):
    return [np.random.default_rng(first + i) for i in range(runs)]


def net(width=3, runs=None, activation="relu"):
    return MLP([64, width, 10], np.random.default_rng(0), activation, runs)


def test_each_run_has_images_of_its_own_none_twice():
    x, y = draw_images(seeds(0, 2), 2, POOL, 50)
    assert x.shape == (2, 50, 64) and y.shape == (2, 50)
    assert len(np.unique(x[0], axis=0)) == 50 and not np.array_equal(x[0], x[1])


def test_both_of_a_pair_learn_the_same_images_from_two_starts():
    a, b, x, y = trained_pairs(seeds(0, 2), 2, 16, pool=POOL, n=50, epochs=200)
    for model in (a, b):
        assert (model.forward(x).argmax(-1) == y).mean() > 0.9
    assert (apart(a.theta, b.theta) > 0.3).all()


def test_a_run_alone_is_as_among_others():
    together = trained_pairs(seeds(0, 2), 2, 4, pool=POOL, n=30, epochs=2)
    alone = trained_pairs(seeds(1, 1), 1, 4, pool=POOL, n=30, epochs=2)
    for one, other in zip(together[:2], alone[:2], strict=True):
        np.testing.assert_allclose(one.theta[1], other.theta[0], rtol=1e-4, atol=1e-6)


def test_without_epochs_nothing_is_learned():
    model = net(runs=2)
    before = model.theta.copy()
    x, y = draw_images(seeds(0, 2), 2, POOL, 30)
    learn(model, x, y, seeds(0, 2), epochs=0)
    np.testing.assert_array_equal(model.theta, before)
    learn(model, x, y, seeds(0, 2), epochs=1)
    assert (model.theta != before).any(axis=-1).all()


def test_misread_is_the_share_of_other_classes_at_the_given_weights():
    model = net(runs=2)
    there = np.random.default_rng(3).normal(size=model.theta.shape)
    classes = said(model, there, POOL[0])
    right = np.broadcast_to(POOL[1], classes.shape)
    np.testing.assert_allclose(misread(model, there, POOL), (classes != right).mean(-1))
    assert not np.array_equal(classes, said(model, model.theta, POOL[0]))
    assert misread(model, there, (POOL[0], classes[0]))[0] == 0


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_precise_is_the_same_network(activation):
    model = MLP([64, 3, 10], np.random.default_rng(0), activation, 2, np.float32)
    twin = precise(model)
    assert twin.theta.dtype == np.float64
    np.testing.assert_array_equal(twin.theta, model.theta)
    np.testing.assert_allclose(twin.forward(POOL[0]), model.forward(POOL[0]), atol=1e-5)


def test_the_mean_of_copies_is_the_mean_over_all_orders():
    model = net()
    orders = itertools.permutations(range(3))
    copies = [permute_units(model, model.theta, [p]) for p in orders]
    np.testing.assert_allclose(mean_of_copies(model), np.mean(copies, axis=0), atol=1e-15)
    assert abs(np.mean(copies[:-1], axis=0) - mean_of_copies(model)).max() > 1e-3  # planted


def test_twins_can_be_exchanged_and_others_cannot():
    model = net()
    twins = with_twins(model, 0, 2)
    np.testing.assert_array_equal(permute_units(model, twins, [[2, 1, 0]]), twins)
    assert not np.array_equal(permute_units(model, twins, [[1, 0, 2]]), twins)


def test_outputs_at_several_weights():
    model = net()
    other = model.theta + 1
    found = outputs(model, np.array([model.theta, other]), POOL[0])
    np.testing.assert_allclose(found[0], model.forward(POOL[0]))
    model.theta[...] = other
    np.testing.assert_allclose(found[1], model.forward(POOL[0]))


def test_half_way_and_apart():
    a, b = np.array([[3.0, 4.0]], np.float32), np.array([[3.0, 0.0]], np.float32)
    assert half_way(a, b).dtype == np.float32
    np.testing.assert_array_equal(half_way(a, b), [[3.0, 2.0]])
    np.testing.assert_allclose(apart(a, b), [0.8])


@pytest.mark.parametrize("runs", [None, 3])
def test_a_direction_of_length_one_a_run(runs):
    model = net(runs=runs)
    d = direction_of_length_one(model, np.random.default_rng(0) if runs is None else seeds(0, 3))
    assert d.shape == model.theta.shape
    np.testing.assert_allclose(np.linalg.norm(d, axis=-1), 1)
