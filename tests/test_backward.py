"""Every backward is the derivative of its forward, by differences and a random cotangent."""

from __future__ import annotations

import cases
import numpy as np
import pytest
import torch

from dlcourse.gradcheck import VacuousCheck, check_vjp
from dlcourse.reference import layers as twin_layers
from dlcourse.reference import models as twin_models
from dlcourse.scratch import layers, losses, models


def layer_pairs() -> set[str]:
    return {name.removesuffix("_backward") for name in vars(layers) if name.endswith("_backward")}


def test_every_backward_of_the_room_is_checked() -> None:
    assert layer_pairs() == {case.name for case in cases.LAYERS}


@pytest.mark.parametrize("case", cases.LAYERS, ids=lambda case: case.id)
def test_layers(case: cases.PairCase) -> None:
    rng = np.random.default_rng(7)
    forward, backward = getattr(layers, case.name), getattr(layers, f"{case.name}_backward")
    check_vjp(lambda *a: forward(*a, **case.kwargs), backward, case.inputs(rng), rng)


@pytest.mark.parametrize("runs", [(), (3,)])
def test_losses(runs: tuple[int, ...]) -> None:
    rng = np.random.default_rng(8)
    logits = rng.standard_normal((*runs, 5, 4))
    soft = rng.dirichlet(np.ones(4), size=(*runs, 5))
    labels = rng.integers(0, 4, (*runs, 5))
    for target in (soft, labels):
        check_vjp(
            lambda z, t=target: losses.softmax_cross_entropy(z, t),
            losses.softmax_cross_entropy_backward,
            [logits],
            rng,
        )
    check_vjp(lambda y: losses.mse(y, soft), losses.mse_backward, [logits], rng)


@pytest.mark.parametrize("runs", [None, 2])
def test_the_flat_gradient_of_a_model(runs: int | None) -> None:
    rng = np.random.default_rng(9)
    model = models.MLP([4, 6, 3], rng, "tanh", runs)
    x = rng.standard_normal((5, 4))

    def forward(theta: np.ndarray) -> tuple[np.ndarray, None]:
        model.theta[...] = theta
        return model.forward(x), None

    def backward(dy: np.ndarray, _: None) -> np.ndarray:
        model.theta[...] = start
        model.forward(x)
        model.backward(dy)
        return model.grad

    start = model.theta.copy()
    check_vjp(forward, backward, [start], rng)


@pytest.mark.parametrize("room", [(layers, models), (twin_layers, twin_models)])
@pytest.mark.parametrize("runs", [None, 2])
def test_a_gradient_does_not_depend_on_whether_that_of_the_input_is_wanted(room, runs) -> None:
    """Not when the first layer has no parameters, either."""
    kinds, models = room
    rng = np.random.default_rng(12)
    x, dy = rng.standard_normal((5, 2, 2)), rng.standard_normal((5, 3))
    if runs:
        x, dy = np.stack([x, -x]), np.stack([dy, dy**2])
    if kinds is twin_layers:
        x, dy = torch.tensor(x), torch.tensor(dy)
    one, two = (kinds.Linear(*sizes, rng=rng, runs=runs) for sizes in ((4, 6), (6, 3)))
    model = models.Sequential(kinds.Flatten(-2), one, kinds.Tanh(), two)
    model.forward(x, True)
    assert model.backward(dy).shape == x.shape
    whole = model.grad + 0
    model.grad[...] = 0
    model.forward(x, True)
    assert model.backward(dy, input_grad=False) is None
    assert (model.grad == whole).all()
    assert (whole != 0).all(), "a layer left out would be seen"


def test_the_product_that_nobody_reads_is_not_made() -> None:
    rng = np.random.default_rng(13)
    x, weight, bias, dy = (rng.standard_normal(shape) for shape in ((5, 4), (3, 4), 3, (5, 3)))
    for room, number in (layers, np.asarray), (twin_layers, torch.tensor):
        for given in (x, weight, bias), (x, weight):
            _, cache = room.linear(*map(number, given))
            dx, *grads = room.linear_backward(number(dy), cache, input_grad=False)
            assert dx is None
            for grad, right in zip(grads, (dy.T @ x, dy.sum(0)), strict=True):
                np.testing.assert_allclose(grad, right, rtol=1e-12)
            memory = 0 * number(weight)
            _, dweight, _ = room.linear_backward(number(dy), cache, out=memory)
            assert dweight is memory
            np.testing.assert_allclose(memory, dy.T @ x, rtol=1e-12)
    model, made = models.MLP([4, 6, 3], np.random.default_rng(0)), []
    first, last = model.layers[0], model.layers[-1]
    for layer in first, last:
        backward = layer.backward
        layer.backward = lambda dy, wanted, backward=backward: (
            made.append(wanted) or backward(dy, wanted)
        )
    model.forward(np.ones((5, 4)))
    model.backward(np.ones((5, 3)), input_grad=False)
    assert made == [True, False]


WRONG = {
    "dx without the slope": (layers.tanh, lambda dy, y: dy * (1 - y)),
    "sigmoid without 1 - y": (layers.sigmoid, lambda dy, y: dy * y),
    "relu that lets everything through": (layers.relu, lambda dy, y: dy),
    "leaky slope lost": (layers.leaky_relu, lambda dy, slope: dy * (slope == 1)),
    "a gradient off by eight in ten thousand": (
        layers.tanh,
        lambda dy, y: 1.0008 * dy * (1 - y**2),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_planted_wrong_backwards_are_caught(name: str) -> None:
    rng = np.random.default_rng(10)
    with pytest.raises(AssertionError, match="off by"):
        check_vjp(*WRONG[name], [rng.standard_normal((4, 5))], rng)


def test_planted_wrong_linear_and_loss_are_caught() -> None:
    rng = np.random.default_rng(11)
    inputs = [rng.standard_normal(s) for s in ((5, 4), (3, 4), (3,))]

    def mean_bias(dy: np.ndarray, cache: object) -> tuple[np.ndarray, ...]:
        dx, dweight, _ = layers.linear_backward(dy, cache)
        return dx, dweight, dy.mean(-2)

    with pytest.raises(AssertionError, match="gradient 2 is off"):
        check_vjp(layers.linear, mean_bias, inputs, rng)

    def transposed(dy: np.ndarray, cache: object) -> tuple[np.ndarray, ...]:
        dx, dweight, dbias = layers.linear_backward(dy, cache)
        return dx, dweight.T, dbias

    with pytest.raises(AssertionError, match="gradient 1 has shape"):
        check_vjp(layers.linear, transposed, inputs, rng)

    target = rng.dirichlet(np.ones(4), size=5)
    with pytest.raises(AssertionError, match="off by"):
        check_vjp(
            lambda z: losses.softmax_cross_entropy(z, target),
            lambda dy, c: 5 * losses.softmax_cross_entropy_backward(dy, c),
            [rng.standard_normal((5, 4))],
            rng,
        )


def test_a_backward_that_is_no_number_is_caught() -> None:
    rng = np.random.default_rng(13)
    with pytest.raises(AssertionError, match="off by nan"):
        check_vjp(layers.tanh, lambda dy, y: dy * np.nan, [rng.standard_normal(4)], rng)


def test_a_check_that_could_not_fail_refuses_itself() -> None:
    rng = np.random.default_rng(12)
    constant = (lambda x: (0 * x, None), lambda dy, _: 0 * dy)
    with pytest.raises(VacuousCheck, match="about zero"):
        check_vjp(*constant, [rng.standard_normal(4)], rng)
