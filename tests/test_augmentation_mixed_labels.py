"""Mix and MixedCrossEntropy: labels are mixed as images are, and the gradients are right."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from test_augmentation_training import DIGITS, KINDS, strong

from dlcourse.gradcheck import check_vjp
from dlcourse.scratch.augmentation import Mix, MixedCrossEntropy
from dlcourse.scratch.layers import Linear, Tanh
from dlcourse.scratch.losses import softmax_cross_entropy
from dlcourse.scratch.models import Sequential


def check_labels(kind: str, each: bool, loss_of: Callable[[Any], Any], runs: int | None) -> None:
    """Labels written into the images: what is seen of each class is what its label must count."""
    rng = np.random.default_rng(3)
    layer = Mix(kind, 0.8, rng=np.random.default_rng(0), runs=runs, each=each)
    loss = loss_of(layer)
    for _ in range(5):
        labels = rng.integers(4, size=9)
        x = np.eye(4)[labels][..., None, None] * np.ones((8, 8))  # a channel a class
        seen = layer.forward(x, True).mean((-2, -1))  # (..., n, 4)
        logits = rng.normal(size=seen.shape)
        value = loss.forward(logits, labels)
        assert_allclose(value, softmax_cross_entropy(logits, seen)[0], rtol=1e-12)
        check_vjp(
            lambda z, labels=labels: (loss.forward(z, labels), None),
            lambda dv, _: (dv[..., None, None] * loss.backward(),),
            [logits],
            rng,
        )
        soft = rng.dirichlet(np.ones(3), labels.shape)
        x = soft[..., None, None] * np.ones((8, 8))
        seen = layer.forward(x, True).mean((-2, -1))
        logits = rng.normal(size=seen.shape)
        right = softmax_cross_entropy(logits, seen)[0]
        assert_allclose(loss.forward(logits, soft), right, rtol=1e-12)


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_labels_are_mixed_as_the_images(kind: str, each: bool, runs: int | None) -> None:
    check_labels(kind, each, MixedCrossEntropy, runs)


def check_gradient(layer: Any, x: Any) -> None:
    """dx by central differences, every time with the draws of the first pass."""
    states = [g.bit_generator.state for g in layer.generators]

    def forward(x: Any) -> Any:
        for g, state in zip(layer.generators, states, strict=True):
            g.bit_generator.state = state
        return layer.forward(x, True), None

    def backward(dy: Any, _: Any) -> Any:
        dx = layer.backward(dy)
        return (dx.sum(0) if dx.ndim > x.ndim else dx,)

    check_vjp(forward, backward, [x], np.random.default_rng(1))


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@pytest.mark.parametrize("lead", [(), (3,), "shared"])
def test_the_gradient_goes_through_what_is_mixed(kind: str, each: bool, lead: Any) -> None:
    rng, runs = np.random.default_rng(2), None if lead == () else 3
    mix = partial(Mix, kind, 0.9, rng=rng, runs=runs, each=each)
    before = () if lead == "shared" else lead
    check_gradient(mix(), rng.normal(size=(*before, 7, 2, 6, 5)))
    check_gradient(mix(shape=(2, 4, 4)), rng.normal(size=(*before, 7, 32)))


def test_behind_a_layer_it_is_manifold_mixup() -> None:
    rng = np.random.default_rng(4)
    mix = Mix("mixup", 1.0, rng=rng)
    model = Sequential(Linear(5, 4, rng=rng), Tanh(), mix, Linear(4, 3, rng=rng))
    loss, x, y = MixedCrossEntropy(mix), rng.normal(size=(8, 5)), rng.integers(3, size=8)
    state = mix.generators[0].bit_generator.state

    def forward(theta: Any) -> Any:
        mix.generators[0].bit_generator.state = state
        model.theta[...] = theta
        return loss.forward(model.forward(x, True), y), None

    def backward(dv: Any, _: Any) -> Any:
        model.backward(loss.backward())
        return (dv * model.grad,)

    check_vjp(forward, backward, [model.theta.copy()], rng)


def test_nothing_before_an_augmentation_has_a_gradient() -> None:
    for room, make in (("scratch", np.array), ("reference", torch.tensor)):
        layer = KINDS[room].Augment(strong, rng=np.random.default_rng(0))
        x = make(DIGITS.train.x[:4])
        layer.forward(x, True)
        assert layer.backward(x) is None
        layer.forward(x, False)
        assert_array_equal(layer.backward(x), x)


def test_a_single_sample_is_mixed_with_itself() -> None:
    for kind in ("mixup", "cutmix"):
        layer = Mix(kind, 1.0, rng=np.random.default_rng(0), shape=(1, 8, 8))
        x = DIGITS.train.x[:1]
        assert_allclose(layer.forward(x, True), x, atol=1e-15)


def test_parts_copies_and_pickles() -> None:
    rngs = np.random.default_rng(0).spawn(3)
    loss = MixedCrossEntropy()
    model = Sequential(
        loss.follow(Mix("mixup", [0.1, 1.0, 9.0], rng=rngs, runs=3)),
        Linear(64, 3, rng=rngs, runs=3),
    )
    twin = copy.deepcopy(model)
    x, y = DIGITS.train.x[:8], DIGITS.train.y[:8] % 3
    whole = model.forward(x, True)
    value = loss.forward(whole, y)
    parts = [twin.rows(slice(0, 2)), twin.rows(2)]
    assert_allclose(parts[0].forward(x, True), whole[:2], rtol=1e-13)
    assert_allclose(parts[1].forward(x, True), whole[2], rtol=1e-13)
    with pytest.raises(RuntimeError, match="the labels of the batch"):
        loss.forward(whole, (y + 1) % 3)
    assert_array_equal(loss.forward(whole, y), value)
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(restored.forward(x, True), model.forward(x, True))
    single = twin.rows(1).repeat(4)
    drawn = single.forward(x, True)
    assert_array_equal(drawn, np.broadcast_to(drawn[0], drawn.shape))
