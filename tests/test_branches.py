"""Branches of a transformer's blocks: how strong they are, and what is left of the tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse.problems.branches import (
    Times,
    apart,
    damped_transformer,
    shares,
    without_way_back,
)
from dlcourse.problems.leaks import one_by_one, swapped_ends
from dlcourse.problems.transformers import block_activations, block_gradients, transformer
from dlcourse.scratch.losses import SequenceCrossEntropy
from dlcourse.scratch.optimizers import SGD

SMALL: Any = {"blocks": 2, "width": 8, "heads": 1, "length": 4, "dtype": np.float64}
X = np.random.default_rng(5).integers(0, 32, size=(6, 4))


def rngs(n: int) -> list[np.random.Generator]:
    return [np.random.default_rng((9, i)) for i in range(n)]


def test_damped_for_good_or_at_first_is_one_function_before_training_and_two_after() -> None:
    models = [damped_transformer(rngs(3), 3, **{k: 0.1}, **SMALL) for k in ("always", "at_first")]
    always, at_first = (model.forward(X) for model in models)
    np.testing.assert_allclose(always, at_first, rtol=1e-10)
    plain = damped_transformer(rngs(3), 3, **SMALL).forward(X)
    assert abs(plain - always).max() > 1e-3
    y, loss = np.roll(X, -1, axis=1), SequenceCrossEntropy()
    for model in models:
        optimizer = SGD(model.theta, lr=0.5)
        for _ in range(3):
            loss.forward(model.forward(X, True), y)
            model.backward(loss.backward(), input_grad=False)
            optimizer.step(model.grad)
    assert abs(models[0].forward(X) - models[1].forward(X)).max() > 1e-3


def test_without_factors_it_is_the_transformer() -> None:
    plain = transformer(rngs(2), 2, **SMALL).forward(X)
    np.testing.assert_array_equal(damped_transformer(rngs(2), 2, **SMALL).forward(X), plain)


@pytest.mark.parametrize("place", ["pre", "post"])
def test_the_gradient_goes_through_the_factor(place: str) -> None:
    model = damped_transformer(rngs(1)[0], always=0.3, place=place, **SMALL)
    y, loss = np.roll(X, -1, axis=1), SequenceCrossEntropy()
    loss.forward(model.forward(X, True), y)
    model.backward(loss.backward(), input_grad=False)
    for i in (40, 400, len(model.theta) - 300):
        kept, sides = model.theta[i], []
        for step in (1e-5, -1e-5):
            model.theta[i] = kept + step
            sides.append(loss.forward(model.forward(X, True), y))
        model.theta[i] = kept
        np.testing.assert_allclose(model.grad[i], (sides[0] - sides[1]) / 2e-5, atol=1e-8)


def test_a_damped_branch_is_weaker_by_its_factor() -> None:
    whole = shares(damped_transformer(rngs(2), 2, place="pre", **SMALL), X)
    tenth = shares(damped_transformer(rngs(2), 2, place="pre", always=0.1, **SMALL), X)
    assert whole.shape == (4, 2)
    np.testing.assert_allclose(tenth[0], whole[0] / 10, rtol=1e-10)  # the first has the same input
    assert (tenth < 0.2 * whole).all()


def test_apart_is_one_for_unlike_tokens_and_zero_for_equal_ones() -> None:
    model = transformer(rngs(2), 2, place="pre", **SMALL)
    found = apart(model, X)
    assert found.shape == block_activations(model, X).shape == (3, 2)
    assert ((found > 0) & (found < 1)).all()
    model.params["1.weight"][...] = 0  # no positions
    np.testing.assert_allclose(apart(model, np.zeros((6, 4), int)), 0, atol=1e-12)


def test_a_factor_is_a_positive_number() -> None:
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="factor must be"):
            Times(bad)


def test_windows_that_come_alone_are_what_they_are_together() -> None:
    model = transformer(rngs(2), 2, **SMALL)
    np.testing.assert_allclose(one_by_one(model, X, True), model.forward(X), rtol=1e-10)
    model = transformer(rngs(2), 2, norm="batch", **SMALL)
    model.forward(X, True)
    np.testing.assert_allclose(one_by_one(model, X, False), model.forward(X, False), rtol=1e-10)
    assert abs(one_by_one(model, X, True) - model.forward(X, True)).max() > 1e-3


def test_swapped_ends_keep_what_was_read() -> None:
    other = swapped_ends(X, 1)
    np.testing.assert_array_equal(other[:, :2], X[:, :2])
    np.testing.assert_array_equal(other[1:, 2:], X[:-1, 2:])


def test_without_a_way_back_the_function_stays_and_only_the_last_blocks_gradient() -> None:
    y, loss = np.roll(X, -1, axis=1), SequenceCrossEntropy()
    whole, cut = (transformer(rngs(2), 2, place="none", **SMALL) for _ in range(2))
    cut = without_way_back(cut)
    np.testing.assert_array_equal(cut.forward(X), whole.forward(X))
    with_it, without = (block_gradients(model, loss, (X, y)) for model in (whole, cut))
    np.testing.assert_allclose(
        cut.grads["4.weight"], whole.grads["4.weight"], err_msg="behind the blocks"
    )
    assert (abs(without[0] / with_it[0] - 1) > 1e-3).all()
    loss.forward(cut.forward(X, True), y)
    dy = cut.layers[4].backward(loss.backward())
    for block in reversed(cut.layers[2:4]):
        np.testing.assert_array_equal(block.backward(dy), dy)
