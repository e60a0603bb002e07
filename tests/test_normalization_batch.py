"""Batch, group and instance norm: PyTorch's numbers over a training, and exact ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cases.kinds import PairCase
from cases.normalization import NORMALIZATION, SHARED
from harness import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from test_normalization_sample import both

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import BatchNorm, batch, core, group

ids = {"ids": lambda case: case.id}


@pytest.mark.parametrize("case", [*NORMALIZATION, *SHARED], **ids)
def test_pairs_are_pytorchs(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(2))):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", SHARED, **ids)
def test_what_runs_share_gets_one_gradient_a_run(case: PairCase) -> None:
    for a, _ in both(case, case.inputs(np.random.default_rng(2))):
        assert a.shape[0] == 2
        assert abs(a[0] - a[1]).max() > 0.1, "the runs are alike"


@pytest.mark.parametrize("case", NORMALIZATION, **ids)
def test_backward_is_the_derivative(case: PairCase) -> None:
    rng = np.random.default_rng(7)
    forward = getattr(normalization, case.name)
    backward = getattr(normalization, f"{case.name}_backward")
    check_vjp(lambda *a: forward(*a, **case.kwargs), backward, case.inputs(rng), rng)


@pytest.mark.parametrize("axes", [(-1,), (-2,), (-3, -1)])
def test_the_arithmetic_that_they_share(axes: tuple[int, ...]) -> None:
    rng, ends = np.random.default_rng(8), tuple(range(-len(axes), 0))
    x, dy = rng.standard_normal((2, 5, 4, 3))
    xhat, cache = core.standardize(x, axes, 0.3)
    leaf = torch.tensor(x, requires_grad=True)
    last = leaf.movedim(axes, ends)
    right = torch.nn.functional.layer_norm(last, last.shape[-len(axes) :], eps=0.3)
    right = right.movedim(ends, axes)
    right.backward(torch.tensor(dy))
    assert relative(xhat, right.detach()) < 1e-13
    assert relative(core.standardize_backward(dy, cache), leaf.grad) < 1e-13
    pair = (lambda a: core.standardize(a, axes, 0.3)), core.standardize_backward
    check_vjp(*pair, [x], rng)


@pytest.mark.parametrize("case", [c for c in NORMALIZATION if len(c.shapes[1]) == 1], **ids)
def test_runs_that_only_the_cotangent_has(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(5)), (3,))[1:]:
        assert a.shape[0] == 3
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("runs", [(), (2,)])
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5)])
def test_inference_is_pytorchs_and_its_backward_the_derivative(shape: tuple, runs: tuple) -> None:
    rng = np.random.default_rng(3)
    x, mean, weight, bias = (rng.standard_normal((*runs, *s)) for s in (shape, *[(4,)] * 3))
    var = rng.uniform(0.1, 2, mean.shape)
    for gamma, beta in ((weight, bias), (weight, None), (None, bias), (None, None)):
        given = [x, mean, var, gamma, beta, 0.3]
        y, cache = normalization.batch_norm_inference(*given)
        ty, tcache = twins.batch_norm_inference(*map(tensor, given))
        assert relative(y, ty) < 1e-14
        dy = rng.standard_normal(y.shape)
        ours = normalization.batch_norm_inference_backward(dy, cache)
        theirs = twins.batch_norm_inference_backward(torch.tensor(dy), tcache)
        for a, b, p in zip(ours, theirs, (x, gamma, beta), strict=True):
            assert a is b is None if p is None else relative(a, b) < 1e-13
    for shared in (x, mean, var), (x[:1] if runs else x, mean, var):
        y, _ = normalization.batch_norm_inference(shared[0], mean, var, weight, bias)
        assert y.shape == (*runs, *shape)
    check_vjp(
        lambda x, w, b: normalization.batch_norm_inference(x, mean, var, w, b, 0.3),
        normalization.batch_norm_inference_backward,
        [x, weight, bias],
        rng,
    )


def tensor(value: Any) -> Any:
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("given", [(0, 0), (0, 1), (1, 0)])
@pytest.mark.parametrize("case", NORMALIZATION, **ids)
def test_without_one_parameter_or_both(case: PairCase, given: tuple[int, int]) -> None:
    x, *params = case.inputs(np.random.default_rng(6))
    params = [p if there else None for p, there in zip(params, given, strict=True)]
    pairs = both(case, [x, *params])
    assert len(pairs) == 2 + sum(given)
    for a, b in pairs:
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", [*NORMALIZATION, *SHARED], **ids)
def test_float32_stays_float32_and_inputs_stay_as_they_are(case: PairCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 2e-5
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("case", NORMALIZATION, **ids)
def test_the_order_in_memory_and_the_parts_do_not_show(
    case: PairCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As convolutions leave their images: the sample last; and any other."""
    inputs = case.inputs(np.random.default_rng(5))
    whole = both(case, inputs)
    x, *params = inputs
    sample = x.ndim - (2 if x.ndim < 4 else 4)
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, sample, -1)), -1, sample)
    for turned in (np.asfortranarray(x), last, np.repeat(x, 2, axis=-1)[..., ::2], x[::-1][::-1]):
        for (a, _), (b, _) in zip(whole, both(case, [turned, *params]), strict=True):
            assert relative(a, b) < 1e-14
    monkeypatch.setattr(core, "BLOCK", 1 / 8)
    monkeypatch.setattr(core, "LONGEST", 2)
    assert len(list(core.parts(x, sample - x.ndim))) > 1
    for (a, _), (b, _) in zip(whole, both(case, inputs), strict=True):
        assert relative(a, b) < 1e-14


def test_statistics_and_their_update_by_hand() -> None:
    x = np.array([[1.0, 10.0], [2.0, 10.0], [6.0, 40.0]])
    mean, var = normalization.batch_statistics(x)
    assert_allclose([mean, var], [[3.0, 20.0], [14 / 3, 200.0]], rtol=1e-15)
    assert_allclose(normalization.unbiased(var, 3), [7.0, 300.0], rtol=1e-15)
    layer = BatchNorm(2, momentum=0.25)
    layer.forward(x, training=True)
    assert_allclose(layer.running_mean, [0.75, 5.0], rtol=1e-15)
    assert_allclose(layer.running_var, [0.75 + 7 / 4, 0.75 + 75], rtol=1e-15)
    assert layer.buffers["num_batches_tracked"] == 1
    layer = BatchNorm(2, momentum=None)
    for part in (x, x + 1, x + 5):
        layer.forward(part, training=True)
    assert_allclose(layer.running_mean, [5.0, 22.0], rtol=1e-15)
    assert_allclose(layer.running_var, [7.0, 300.0], rtol=1e-15)
    kept = layer.state_dict()
    layer.backward(layer.forward(x))
    for name, a in layer.state_dict().items():
        assert_array_equal(a, kept[name], "evaluation has changed something")
    images = np.stack([x, x + 1], axis=-1)[..., None]  # two pixels each
    for room, number in ((normalization, np.asarray), (twins, torch.tensor)):
        for a, b in zip(
            room.batch_statistics(number(images)), (mean + 0.5, var + 0.25), strict=True
        ):
            assert_allclose(a, b, rtol=1e-15)
        assert_allclose(
            room.update_running(number(mean), number(var), 0.25), mean + (var - mean) / 4
        )
        assert_allclose(room.unbiased(number(var), 3), 1.5 * var)
        runs = number(np.stack([x, x[::-1] * 2]))
        assert room.batch_statistics(runs)[1].shape == (2, 2)


def test_every_pair_of_these_modules_has_a_case() -> None:
    found = {
        name.removesuffix("_backward")
        for module in (batch, group)
        for name, value in vars(module).items()
        if name.endswith("_backward") and value.__module__ == module.__name__
    }
    assert found - {"batch_norm_inference"} == {case.name for case in NORMALIZATION}
    assert len(found) == 4


@settings(max_examples=60, deadline=None)
@given(
    lead=st.sampled_from([(), (1,), (3,)]),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
    images=st.booleans(),
    single=st.booleans(),
    groups=st.integers(1, 3),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**32 - 1),
)
def test_properties(lead, sizes, images, single, groups, scale, seed) -> None:
    """Mean 0 and variance 1, blind to shift and scale, a backward pass at right angles to both."""
    n, c, *pixels = sizes
    shape = (*lead, n + 1, groups * c, *(pixels if images else ()))
    rng, kind = np.random.default_rng(seed), np.float32 if single else np.float64
    x, dy = rng.standard_normal((2, *shape)).astype(kind) + kind(0.1)
    digits, axes = (3e-4 if single else 1e-10), core.batch_axes(x)
    y, cache = normalization.batch_norm(x, None, None, 1e-12)
    dx = normalization.batch_norm_backward(dy, cache)[0]
    assert y.shape == x.shape == dx.shape and y.dtype == dx.dtype == kind
    assert_array_equal(y, normalization.batch_norm(x.copy(), None, None, 1e-12)[0])
    assert abs(y.mean(axes)).max() < digits
    spread = x.std(axes) > 0.05
    assert_allclose((y**2).mean(axes)[spread], 1, atol=1e-3 if single else 1e-7)
    moved = normalization.batch_norm(kind(scale) * x + kind(3 * scale), None, None, 0.0)[0]
    assert abs((moved - y).std(axes)[spread]).max(initial=0) < (1e-3 if single else 1e-7)
    size = 1 + abs(dx).max()
    assert abs(dx.sum(axes) / size).max() < 30 * digits
    g, _ = normalization.group_norm(x, None, None, groups, 1e-5)
    split = g.reshape(*lead, n + 1, groups, -1)
    assert abs(split.mean(-1)).max() < digits
    assert (split.var(-1) < 1 + digits).all()
