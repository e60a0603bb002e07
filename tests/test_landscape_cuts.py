"""Lines, planes and barriers: by hand, along one another, and equal to the twin's."""

from __future__ import annotations

import numpy as np
import pytest
from geometric import GEOMETRY, Quadratic, convolutional, mlp, objective, rng, same

from dlcourse.scratch import landscape
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm

ALPHAS = np.array([0.0, 0.25, 0.5, 1.0])


def test_objective_is_the_models_loss_and_leaves_it_alone() -> None:
    f = landscape.Objective
    for model, images in ((mlp(), False), (convolutional(), True), (mlp(runs=2), False)):
        loss = objective(model=model, images=images)
        loss = f(model, loss.loss, loss.x, loss.y)
        theta, grad = model.theta.copy(), model.grad.copy()
        other = theta + 0.1
        value, slope = loss(other), loss.grad(other)
        np.testing.assert_array_equal(model.theta, theta)
        np.testing.assert_array_equal(model.grad, grad)
        model.theta[...] = other
        expected = loss.loss.forward(model.forward(loss.x), loss.y)
        model.backward(loss.loss.backward())
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        np.testing.assert_allclose(slope, model.grad, rtol=1e-13)
        model.theta[...] = theta


def test_objective_takes_many_points_and_blocks_do_not_show(monkeypatch):
    f = landscape.Objective
    made = objective()
    loss = f(made.model, made.loss, made.x, made.y)
    points = made.model.theta + 0.1 * rng().standard_normal((5, 83))
    for what in (loss, loss.grad):
        together, alone = what(points), np.stack([what(one) for one in points])
        np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-15)
        with monkeypatch.context() as patched:
            patched.setattr("dlcourse.scratch.landscape.objective.BLOCK", 1)
            np.testing.assert_allclose(what(points), alone, rtol=1e-12, atol=1e-15)


def test_objective_in_training_keeps_the_statistics() -> None:
    f = landscape.Objective
    model = Sequential(Linear(4, 6, rng=rng()), BatchNorm(6), Linear(6, 3, rng=rng(1)))
    made = objective(model=model)
    before = {name: a.copy() for name, a in model.buffers.items()}
    modes = [f(model, made.loss, made.x, made.y, training=t)(model.theta) for t in (True, False)]
    for name, a in model.buffers.items():
        np.testing.assert_array_equal(a, before[name])
    expected = made.loss.forward(model.forward(made.x, True), made.y)
    assert modes[0] == pytest.approx(expected, rel=1e-14)
    assert abs(modes[0] - modes[1]) > 0.01


def test_the_line_between() -> None:
    """A parabola with its ends where they belong; beyond them it goes on."""
    f = landscape.interpolate
    q = Quadratic("scratch", [2.0, 1.0])
    a, b = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 2.0], [1.0, 1.0]])
    found = f(q, a, b, [0, 0.5, 1, 2])
    np.testing.assert_allclose(found, [[1, 4.5, 11, 33], [0, 0.375, 1.5, 6]])
    np.testing.assert_allclose(f(q, b, a, [1, 0.5, 0]), found[:, :3])
    np.testing.assert_allclose(f(q, a[0], b[0], [0, 0.5, 1, 2]), found[0])


def test_the_barrier() -> None:
    f = landscape.loss_barrier
    hill = np.array([1.0, 2.0, 4.0, 3.0])
    np.testing.assert_allclose(f(hill, ALPHAS), 2.0)
    np.testing.assert_allclose(f(hill, ALPHAS, "mean"), 2.0)
    slope = np.array([[1.0, 1.5, 2.0, 3.0], [3.0, 0.0, 1.0, 1.0]])
    np.testing.assert_allclose(f(slope, ALPHAS), [0.0, 0.0])
    np.testing.assert_allclose(f(slope, ALPHAS, "mean"), [1.0, 1.0])


def test_a_convex_loss_has_no_barrier() -> None:
    f = landscape.loss_barrier
    q = Quadratic("scratch", rng().random(5), rng(1).normal(size=5))
    a, b = rng(2).normal(size=(2, 7, 5))
    alphas = np.linspace(0, 1, 21)
    found = f(landscape.interpolate(q, a, b, alphas), alphas)
    assert found.shape == (7,)
    assert (abs(found) < 1e-12).all()
    hill = Quadratic("scratch", -rng().random(5))
    assert (f(landscape.interpolate(hill, a, b, alphas), alphas) > 1e-3).all()


@pytest.mark.parametrize("runs", [None, 2])
def test_rows_of_the_direction_are_as_long_as_those_of_the_weights(runs: int | None) -> None:
    f = landscape.filter_normalized_direction
    model = convolutional(runs=runs)
    d = model.unflatten(f(model, rng(3)))
    for name, w in model.params.items():
        lead = w.ndim - len(model.shapes[name])
        if len(model.shapes[name]) == 1:
            assert not d[name].any()
            continue
        rows = (a.reshape(*a.shape[: lead + 1], -1) for a in (d[name], w))
        lengths = [np.linalg.norm(one, axis=-1) for one in rows]
        np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-12)
        assert abs(d[name] - w).min() > 0


def test_its_pictures_are_those_of_the_rescaled_network() -> None:
    """What Li et al. want of it. One factor a layer: a row keeps its proportions."""
    f = landscape.filter_normalized_direction
    model = mlp()
    other = mlp()
    other.theta[...] = landscape.rescale_units(
        model, model.theta, [np.full(6, 7.0), np.full(5, 3.0)]
    )
    biases = [n for n in model.slices if n.endswith("bias")]
    for one in (model, other):
        for name in biases:  # they are held, so that only weights are rescaled
            one.params[name][...] = 0
    pictures = [
        landscape.loss_line(objective(model=m), m.theta, f(m, rng(4)), [-1, -0.3, 0, 0.5])
        for m in (model, other)
    ]
    np.testing.assert_allclose(pictures[0], pictures[1], rtol=1e-12)
    assert np.ptp(pictures[0]) > 1e-3


def test_lines_and_planes() -> None:
    line = landscape.loss_line
    plane = landscape.loss_plane
    q = Quadratic("scratch", [2.0, 10.0, 1.0])
    theta, a, b = rng().normal(size=(3, 2, 3))
    s, t = np.array([-1.0, 0.0, 2.0]), np.array([0.0, 0.5])
    found = plane(q, theta, (a, b), s, t)
    assert found.shape == (2, 3, 2)
    for i, si in enumerate(s):
        for j, tj in enumerate(t):
            np.testing.assert_allclose(found[:, i, j], q(theta + si * a + tj * b), rtol=1e-13)
    np.testing.assert_allclose(line(q, theta, a, s), found[:, :, 0], rtol=1e-13)


@pytest.mark.parametrize("runs", [None, 2])
def test_twins(runs: int | None) -> None:
    def found(room: str):
        kind, model, other = GEOMETRY[room], mlp(room, runs), mlp(room, runs, seed=1)
        f = objective(room, model)
        d = [kind.filter_normalized_direction(model, rng(i)) for i in range(2)]
        line = kind.interpolate(f, model.theta, other.theta, ALPHAS)
        images = convolutional(room, runs)
        return [
            f(other.theta),
            f.grad(other.theta),
            objective(room, images, True).grad(images.theta),
            kind.filter_normalized_direction(images, rng(2)),
            line,
            kind.loss_barrier(line, ALPHAS),
            kind.loss_barrier(line, ALPHAS, "mean"),
            kind.loss_line(f, model.theta, d[0], [-1, 0, 2]),
            kind.loss_plane(f, model.theta, tuple(d), [-1, 0, 2], [0, 0.5]),
        ]

    for one, other in zip(found("scratch"), found("reference"), strict=True):
        same(one, other)
