"""The task of memory: its gradient, its guessing level, and that memory is what it needs."""

from __future__ import annotations

from functools import partial

import numpy as np

from dlcourse.problems.recall import (
    KINDS,
    TOLD,
    UNITS,
    learn_to_recall,
    parts,
    recall_loss,
    recall_network,
)
from dlcourse.scratch.initialization import normal, orthogonal


def generators(runs, seed=0):
    return [np.random.default_rng((seed, i)) for i in range(runs)]


def test_the_gradient_is_that_of_the_loss_for_every_run():
    theta = recall_network(generators(3), 3, 1.2, orthogonal).astype(float)
    rng = np.random.default_rng(1)
    told, way = rng.integers(0, KINDS, (3, 4, TOLD)), rng.normal(size=theta.shape)
    _, grad, _ = recall_loss(theta, told, 6)
    ahead, behind = (recall_loss(theta + e * way, told, 6)[0] for e in (1e-6, -1e-6))
    along = (grad * way).sum(axis=1)
    np.testing.assert_allclose((ahead - behind) / 2e-6, along, rtol=1e-6)
    swapped = (grad[::-1] * way).sum(axis=1)  # planted: the runs exchanged
    assert abs(swapped - along).max() > 1e-3


def test_a_network_that_cannot_tell_guesses():
    theta = recall_network(generators(2), 2, 1.0, orthogonal)
    V = parts(theta)[2]
    V[...] = 0
    told = np.random.default_rng(0).integers(0, KINDS, (2, 500, TOLD))
    loss, _, right = recall_loss(theta, told, 3)
    np.testing.assert_allclose(loss, np.log(KINDS), rtol=1e-6)
    assert abs(right - 1 / KINDS).max() < 0.05


def test_the_order_of_the_symbols_matters_and_the_wait_is_silent():
    theta = recall_network(generators(1), 1, 1.0, orthogonal).astype(float)
    one = np.array([[[0, 1, 2]]])
    there, back = (recall_loss(theta, told, 5)[0] for told in (one, one[..., ::-1]))
    assert abs(there - back) > 1e-3
    W, U, _ = parts(theta)
    h = np.zeros(UNITS)
    for t in range(TOLD + 5):
        h = np.tanh(W[0] @ h + (U[0][:, one[0, 0, t]] if t < TOLD else 0))
    said = (parts(theta)[2][0] @ h).reshape(TOLD, KINDS)
    p = np.exp(said) / np.exp(said).sum(axis=1, keepdims=True)
    expected = -np.log(p[np.arange(TOLD), one[0, 0]]).mean()
    np.testing.assert_allclose(there[0], expected)


def test_parts_are_views_and_only_w_hangs_on_init_and_gain():
    theta, other = (recall_network(generators(2), 2, g, orthogonal) for g in (1.0, 3.0))
    for i, (mine, its) in enumerate(zip(parts(theta), parts(other), strict=True)):
        np.testing.assert_allclose(its, (3 if i == 0 else 1) * mine, rtol=1e-6)
    parts(theta)[0][...] = 7
    assert (theta[:, : UNITS**2] == 7).all() and not (theta[:, UNITS**2 :] == 7).any()
    several = recall_network(generators(2), 2, np.array([[1.0], [3.0]]), orthogonal)
    np.testing.assert_allclose(several[1], other[1], rtol=1e-6)


def test_it_is_learned_with_a_memory_and_not_without():
    learn = partial(learn_to_recall, wait=6, steps=60)
    lr = np.full((3, 1), 0.005)
    remembers = learn(generators(3), 3, 1.0, lr, init=orthogonal)
    nothing = learn(generators(3), 3, 1.0, 1e-6 * lr, init=partial(normal, std=0.01))
    assert remembers["error"].max() < 0.3
    assert nothing["error"].min() > 0.6
    assert remembers["spread"].max() < 0.3
