"""Products with the Hessian: differences of their order, exact ones as torch.func has them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from harness import relative
from landscapes import NETWORKS, ROOMS, batch, criterion, digits_net, told_of, torch_hessian

from dlcourse.reference import landscape as twin
from dlcourse.scratch import landscape as room
from dlcourse.scratch import layers, losses, models
from dlcourse.scratch.normalization import BatchNorm

CASES = [(name, told) for name in NETWORKS for told in told_of(name)]


def problem(name: str, told: str, kind: str = "scratch", runs: Any = None, own: Any = None) -> Any:
    one = ROOMS[kind]
    x, y = batch(name, told, own)
    return NETWORKS[name](one, runs), criterion(one, name, told), one.array(x), one.array(y)


def directions(shape: tuple[int, ...], seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def check_exact(name: str, told: str, runs: int | None) -> None:
    whole = torch_hessian(*problem(name, told, "reference", runs))
    model, loss, x, y = problem(name, told, runs=runs)
    x = x[None] if runs and name == "sequences" else x  # else their first axis would be the runs
    hvp = room.ExactHessian(model, loss, x, y)
    for seed in range(2):  # what is remembered is not used up
        v = directions(model.theta.shape, seed)
        expected = (whole @ v[..., None])[..., 0]
        assert abs(expected).max() > 1e-3
        assert relative(hvp(v), expected) < 1e-10
    assert (hvp.dim, hvp.runs) == (model.theta.shape[-1], runs)


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize(("name", "told"), CASES)
def test_exact_products_equal_torch_func(name: str, told: str, runs: int | None) -> None:
    check_exact(name, told, runs)


@pytest.mark.parametrize("name", ["tanh", "max pool"])
def test_runs_with_batches_of_their_own_are_the_runs_alone(name: str) -> None:
    model, loss, x, y = problem(name, "labels", runs=3, own=3)
    v = directions(model.theta.shape)
    together = room.exact_hvp(model, loss, x, y, v)
    for run in range(3):
        alone = room.exact_hvp(model.rows(run), loss, x[run], y[run], v[run])
        assert relative(together[run], alone) < 1e-13
    assert relative(together[0], together[1]) > 1e-2


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("name", ["tanh", "residual", "mean pool"])
def test_the_twins_products_are_the_same(name: str, runs: int | None) -> None:
    ours, theirs = problem(name, "labels", runs=runs), problem(name, "labels", "reference", runs)
    v = directions(ours[0].theta.shape)
    expected = room.exact_hvp(*ours, v)
    leaf = torch.as_tensor(v)
    assert relative(twin.exact_hvp(*theirs, leaf), expected) < 1e-12
    assert relative(twin.ExactHessian(*theirs)(leaf), expected) < 1e-12
    gradient, at = twin.loss_gradient(*theirs), theirs[0].theta
    assert relative(twin.hessian_vector_product(gradient, at, leaf), expected) < 1e-12
    assert relative(gradient(at), room.loss_gradient(*ours)(ours[0].theta)) < 1e-13
    whole = room.hessian(room.loss_gradient(*ours), ours[0].theta)
    assert relative(twin.hessian(gradient, at), whole) < 1e-8
    by_products = twin.hessian_from_products(twin.ExactHessian(*theirs), v.shape[-1], runs)
    assert relative(by_products, whole) < 1e-8


def test_products_are_linear_and_symmetric() -> None:
    model, loss, x, y = problem("residual", "soft")
    hvp, (u, v) = room.ExactHessian(model, loss, x, y), directions((2, *model.theta.shape))
    assert relative(hvp(2 * u - 3 * v), 2 * hvp(u) - 3 * hvp(v)) < 1e-13
    assert float(u @ hvp(v)) == pytest.approx(float(v @ hvp(u)), rel=1e-12)
    assert abs(u @ hvp(v)) > 1e-2


def test_float32_stays_float32_and_close() -> None:
    model = models.MLP([3, 4, 3], np.random.default_rng(0), "tanh", dtype=np.float32)
    x, y = batch("tanh", "labels")
    v = directions(model.theta.shape)
    single = room.exact_hvp(
        model, losses.SoftmaxCrossEntropy(), x.astype(np.float32), y, v.astype(np.float32)
    )
    assert single.dtype == np.float32
    double = models.MLP([3, 4, 3], np.random.default_rng(0), "tanh")
    expected = room.exact_hvp(double, losses.SoftmaxCrossEntropy(), x, y, v)
    assert relative(single, expected) < 1e-6


def test_nothing_of_the_callers_is_touched() -> None:
    model, loss, x, y = problem("tanh", "labels")
    loss.forward(model.forward(x), y)
    model.backward(loss.backward())
    theta, grad, kept = model.theta.copy(), model.grad.copy(), loss.cache
    hvp, v = room.ExactHessian(model, loss, x, y), directions(model.theta.shape)
    first, mine = hvp(v), v.copy()
    away = room.loss_gradient(model, loss, x, y)(theta + 1)
    for now, before in ((model.theta, theta), (model.grad, grad), (v, mine)):
        np.testing.assert_array_equal(now, before)
    assert loss.cache is kept and relative(away, grad) > 1e-2
    model.theta += 1.0
    np.testing.assert_array_equal(hvp(v), first)  # at the parameters of then


def test_the_gradient_is_the_models_own() -> None:
    model, loss, x, y = problem("relu", "labels", runs=2)
    gradient = room.loss_gradient(model, loss, x, y)(model.theta)
    loss.forward(model.forward(x), y)
    model.backward(loss.backward())
    np.testing.assert_array_equal(gradient, model.grad)
    one = problem("relu", "labels")  # a model without runs, asked about three points at once
    points = directions((3, one[0].theta.size))
    gradient = room.loss_gradient(*one)
    alone = np.stack([gradient(point) for point in points])
    np.testing.assert_allclose(gradient(points), alone, atol=1e-14)


def normed() -> Any:
    plan: Any = {"rng": np.random.default_rng(0)}
    net = models.Sequential(
        layers.Linear(3, 4, **plan), BatchNorm(4), layers.Tanh(), layers.Linear(4, 3, **plan)
    )
    return net, losses.SoftmaxCrossEntropy(), *batch("tanh", "labels")


def test_batch_statistics_are_used_in_training_and_leave_no_trace() -> None:
    model, loss, x, y = normed()
    before = copy.deepcopy(model.buffers)
    by_mode = [room.loss_gradient(model, loss, x, y, mode)(model.theta) for mode in (False, True)]
    assert relative(*by_mode) > 1e-2
    for name, a in model.buffers.items():
        np.testing.assert_array_equal(a, before[name])
    loss.forward(model.forward(x, True), y)
    model.backward(loss.backward())
    np.testing.assert_array_equal(by_mode[1], model.grad)
    assert any((a != before[name]).any() for name, a in model.buffers.items())


def test_a_layer_without_a_rule_is_named_and_the_difference_serves() -> None:
    model, loss, x, y = normed()
    with pytest.raises(ValueError, match=r"got 'BatchNorm'\. Use hessian_vector_product"):
        room.ExactHessian(model, loss, x, y)
    v = directions(model.theta.shape)
    gradient = room.loss_gradient(model, loss, x, y, training=True)
    product = room.hessian_vector_product(gradient, model.theta, v)
    coarse = room.hessian_vector_product(gradient, model.theta, v, reach=1e-4)
    assert relative(product, coarse) < 1e-5 and abs(product).max() > 1e-3


def errors_of_the_difference() -> np.ndarray:
    model, loss, x, y = problem("tanh", "labels")
    v, gradient = directions(model.theta.shape), room.loss_gradient(model, loss, x, y)
    exact = room.exact_hvp(model, loss, x, y, v)
    products = [
        room.hessian_vector_product(gradient, model.theta, v, reach) for reach in (0.04, 0.02, 0.01)
    ]
    return np.array([np.linalg.norm(one - exact) for one in products])


def check_order() -> None:
    falls = np.log2(errors_of_the_difference()[:-1] / errors_of_the_difference()[1:])
    np.testing.assert_allclose(falls, 2, atol=0.05)


def test_the_error_of_the_difference_is_of_second_order() -> None:
    check_order()


@pytest.mark.parametrize("runs", [None, 2])
def test_the_difference_is_close_however_long_the_direction_is(runs: int | None) -> None:
    model, loss, x, y = problem("gelu", "labels", runs=runs)
    gradient = room.loss_gradient(model, loss, x, y)
    exact = room.ExactHessian(model, loss, x, y)
    for size in (1e-8, 1.0, 1e8):
        v = size * directions(model.theta.shape)
        found = room.hessian_vector_product(gradient, model.theta, v)
        assert relative(found / size, exact(v) / size) < 2e-9
    zero = np.zeros_like(model.theta)
    assert not room.hessian_vector_product(gradient, model.theta, zero).any()


def test_a_column_of_reaches_is_one_a_run() -> None:
    model, loss, x, y = problem("tanh", "labels", runs=2)
    gradient, v = room.loss_gradient(model, loss, x, y), directions(model.theta.shape)
    both = room.hessian_vector_product(gradient, model.theta, v, np.array([[0.1], [1e-5]]))
    each = [room.hessian_vector_product(gradient, model.theta, v, r) for r in (0.1, 1e-5)]
    np.testing.assert_allclose(both, np.stack([each[0][0], each[1][1]]), atol=1e-14)
    assert relative(each[0], each[1]) > 1e-4


@pytest.mark.parametrize("runs", [None, 2])
def test_whole_hessians_equal_torch_func(runs: int | None) -> None:
    expected = torch_hessian(*problem("tanh", "labels", "reference", runs))
    model, loss, x, y = problem("tanh", "labels", runs=runs)
    dim = expected.shape[-1]
    by_products = room.hessian_from_products(room.ExactHessian(model, loss, x, y), dim, runs)
    assert relative(by_products, expected) < 1e-12
    by_difference = room.hessian(room.loss_gradient(model, loss, x, y), model.theta)
    assert relative(by_difference, expected) < 2e-9
    np.testing.assert_array_equal(by_difference, by_difference.swapaxes(-1, -2))


def test_a_larger_net_too() -> None:
    model, loss, x, y = digits_net()
    whole = room.hessian_from_products(room.ExactHessian(model, loss, x, y), model.theta.size)
    by_difference = room.hessian(room.loss_gradient(model, loss, x, y), model.theta)
    assert relative(by_difference, whole) < 1e-8 and whole.shape == (93, 93)
