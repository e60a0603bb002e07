"""What holds for every optimizer, layer and loss, whatever the shape: searched by hypothesis."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from dlcourse import arrays
from dlcourse.scratch import layers, losses
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop, base

MAKERS: dict[str, Any] = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "Adam": lambda p: Adam(p, lr=0.1, weight_decay=0.1, amsgrad=True),
    "AdamW": lambda p: AdamW(p, lr=0.1),
    "Adagrad": lambda p: Adagrad(p, lr=0.1),
    "RMSprop": lambda p: RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "Adadelta": lambda p: Adadelta(p, eps=1e-3),
}
SAME_STATE: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 0.5},
    "Adam": {"amsgrad": True},
    "RMSprop": {"momentum": 0.1, "centered": True},
}
makers = st.sampled_from(sorted(MAKERS))
shapes = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
seeds = st.integers(0, 2**32 - 1)


def walk(make: Any, p: np.ndarray, grads: list[np.ndarray]) -> np.ndarray:
    optimizer = make(p)
    for g in grads:
        optimizer.step(g)
    return p


def draw(seed: int, shape: tuple[int, ...], n: int = 3) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    return np.array(rng.standard_normal(shape)), [
        np.array(rng.standard_normal(shape)) for _ in range(n)
    ]


@given(makers, shapes, seeds, st.sampled_from([np.float32, np.float64]))
@settings(max_examples=60, deadline=None)
def test_any_shape_and_precision_steps_alike(name, shape, seed, dtype) -> None:
    p, grads = draw(seed, shape)
    p, grads = p.astype(dtype), [g.astype(dtype) for g in grads]
    flat = walk(MAKERS[name], p.reshape(-1).copy(), [g.reshape(-1) for g in grads])
    before = [g.copy() for g in grads]
    walk(MAKERS[name], p, grads)
    assert p.dtype == dtype
    np.testing.assert_array_equal(p.reshape(-1), flat)
    for g, kept in zip(grads, before, strict=True):
        np.testing.assert_array_equal(g, kept)


@given(makers, seeds, st.integers(1, 7))
@settings(max_examples=30, deadline=None)
def test_blocks_do_not_show(name, seed, size) -> None:
    p, grads = draw(seed, (3, 11))
    whole = walk(MAKERS[name], p.copy(), grads)
    with mock.patch.multiple(arrays, BLOCK=size, ROW=1):
        np.testing.assert_array_equal(walk(MAKERS[name], p.copy(), grads), whole)


@given(makers, seeds)
@settings(max_examples=30, deadline=None)
def test_a_gradient_may_be_strided_though_a_parameter_may_not(name, seed) -> None:
    p, grads = draw(seed, (4, 3))
    views = [np.asfortranarray(g) for g in grads]
    np.testing.assert_array_equal(
        walk(MAKERS[name], p.copy(), views), walk(MAKERS[name], p.copy(), grads)
    )


@given(makers, seeds, st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_saved_state_goes_on_bit_for_bit(name, seed, stop) -> None:
    p, grads = draw(seed, (5,), n=6)
    whole = walk(MAKERS[name], p.copy(), grads)
    first = MAKERS[name](q := p.copy())
    for g in grads[:stop]:
        first.step(g)
    saved = first.state_dict()
    ahead = MAKERS[name](q.copy())
    ahead.load_state_dict(saved)
    second = type(first)(r := q.copy(), lr=123.0, **SAME_STATE.get(name, {}))
    for g in grads[stop:]:
        first.step(g)  # the saved copy must not move with the original,
        ahead.step(g)  # nor with one that has taken it over
    second.load_state_dict(saved)
    for g in grads[stop:]:
        second.step(g)
    np.testing.assert_array_equal(r, whole)
    np.testing.assert_array_equal(q, whole)


@given(makers, seeds)
@settings(max_examples=20, deadline=None)
def test_two_instances_share_nothing(name, seed) -> None:
    p, grads = draw(seed, (5,))
    alone = walk(MAKERS[name], p.copy(), grads)
    a, b = p.copy(), p.copy()
    one, two = MAKERS[name](a), MAKERS[name](b)
    for g in grads:
        one.step(g)
        two.step(-g)
    np.testing.assert_array_equal(a, alone)


@given(seeds, st.integers(1, 4), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_runs_axis_is_that_many_single_runs(seed, runs, nesterov) -> None:
    rng = np.random.default_rng(seed)
    lr, mu = rng.uniform(0.01, 0.2, (runs, 1)), rng.uniform(0.1, 0.9, (runs, 1))
    p, grads = draw(seed, (runs, 7))
    both = walk(lambda x: SGD(x, lr=lr, momentum=mu, nesterov=nesterov), p.copy(), grads)
    for r in range(runs):
        one = walk(
            lambda x, r=r: SGD(x, lr=lr[r, 0], momentum=mu[r, 0], nesterov=nesterov),
            p[r].copy(),
            [g[r] for g in grads],
        )
        np.testing.assert_allclose(both[r], one, rtol=1e-14, atol=1e-15)
    both = walk(lambda x: AdamW(x, lr=lr, betas=(mu, 0.99), weight_decay=mu), p.copy(), grads)
    for r in range(runs):
        one = walk(
            lambda x, r=r: AdamW(x, lr=lr[r, 0], betas=(mu[r, 0], 0.99), weight_decay=mu[r, 0]),
            p[r].copy(),
            [g[r] for g in grads],
        )
        np.testing.assert_allclose(both[r], one, rtol=1e-14, atol=1e-15)


@given(seeds, st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_layers_leave_their_inputs_alone_and_never_mix_runs(seed, runs, n, d, k) -> None:
    rng = np.random.default_rng(seed)
    x, w, b = (rng.standard_normal(s) for s in ((runs, n, d), (runs, k, d), (runs, k)))
    kept = [a.copy() for a in (x, w, b)]
    y, cache = layers.linear(x, w, b)
    dy = rng.standard_normal(y.shape)
    grads = layers.linear_backward(dy, cache)
    for a, before in zip((x, w, b), kept, strict=True):
        np.testing.assert_array_equal(a, before)
    for r in range(runs):
        one, one_cache = layers.linear(x[r], w[r], b[r])
        np.testing.assert_allclose(y[r], one, rtol=1e-13, atol=1e-14)
        for a, g in zip(grads, layers.linear_backward(dy[r], one_cache), strict=True):
            np.testing.assert_allclose(a[r], g, rtol=1e-13, atol=1e-14)


@given(seeds, st.floats(-1e3, 1e3))
@settings(max_examples=30, deadline=None)
def test_cross_entropy_ignores_a_shift_of_the_logits(seed, shift) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.standard_normal((5, 4)), rng.integers(0, 4, 5)
    a, cache = losses.softmax_cross_entropy(logits, labels)
    b, _ = losses.softmax_cross_entropy(logits + shift, labels)
    assert a == pytest.approx(b, abs=1e-10)
    np.testing.assert_allclose(
        losses.softmax_cross_entropy_backward(1.0, cache).sum(-1), 0, atol=1e-15
    )


@given(seeds, st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_a_model_is_its_vector(seed, runs) -> None:
    model = MLP([3, 5, 2], np.random.default_rng(seed), runs=runs)
    assert sum(s.stop - s.start for s in model.slices.values()) == model.theta.shape[-1]
    model.theta[...] = np.arange(model.theta.size).reshape(model.theta.shape)
    for i, layer in enumerate(model.layers):
        for name, p in layer.params.items():
            np.testing.assert_array_equal(p, model.unflatten(model.theta)[f"{i}.{name}"])
            assert np.shares_memory(p, model.theta)
            assert np.shares_memory(layer.grads[name], model.grad)


def test_one_generator_object_is_one_draw() -> None:
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    model = MLP([3, 2], [rng, rng, np.random.default_rng(1)], runs=3)
    np.testing.assert_array_equal(model.theta[0], model.theta[1])
    assert (model.theta[0] != model.theta[2]).any()
    np.testing.assert_array_equal(model.theta[0], MLP([3, 2], other).theta)


def test_blocks_cover_every_entry_once() -> None:
    cases = (0, 1), (1, 1), (24_576, 1), (36_865, 1), (40_000, 7), (40_000, 70), (5, 10**6)
    for size, rows in cases:
        covered = [i for block in arrays.blocks(size, rows) for i in range(size)[block]]
        assert covered == list(range(size))
        widths = [block.stop - block.start for block in arrays.blocks(size, rows)]
        assert all(w * rows <= 1.5 * arrays.BLOCK or w < 2 * arrays.ROW for w in widths)
        assert len(widths) < 2 or min(widths) >= arrays.ROW, "long rows"
        assert not widths or max(widths) - min(widths) <= 1, "blocks of one size"
    assert base.blocks is arrays.blocks
