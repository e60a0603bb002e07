"""Weight normalization and local response normalization, against PyTorch and against exactness."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from cases.kinds import ErrorCase, PairCase
from cases.normalization_weights import ERRORS, NORMALIZATION_WEIGHTS
from harness import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ROOMS, SCRATCH, TWIN
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.layers import Conv2d, Linear
from dlcourse.scratch.normalization import WeightNorm, data_dependent_init, weight_norm

ROOM = {"scratch": normalization, "reference": twins}


def both(case: PairCase, inputs: list[np.ndarray], room=normalization):
    """Outputs and gradients of a pair, in NumPy and by autograd."""
    y, cache = getattr(room, case.name)(*inputs, **case.kwargs)
    ty, tcache = getattr(twins, case.name)(*map(torch.tensor, inputs), **case.kwargs)
    dy = np.random.default_rng(4).standard_normal(y.shape).astype(y.dtype)
    ours = getattr(room, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twins, f"{case.name}_backward")(torch.tensor(dy), tcache)
    ours, theirs = ((g,) if not isinstance(g, tuple) else g for g in (ours, theirs))
    return [(a, b.numpy()) for a, b in [(y, ty), *zip(ours, theirs, strict=True)]]


@pytest.mark.parametrize("case", NORMALIZATION_WEIGHTS, ids=lambda case: case.id)
def test_pairs_are_pytorchs(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(2))):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", NORMALIZATION_WEIGHTS, ids=lambda case: case.id)
def test_backward_is_the_derivative(case: PairCase) -> None:
    rng = np.random.default_rng(7)
    forward = getattr(normalization, case.name)
    backward = getattr(normalization, f"{case.name}_backward")
    check_vjp(lambda *a: forward(*a, **case.kwargs), backward, case.inputs(rng), rng)


@pytest.mark.parametrize("case", NORMALIZATION_WEIGHTS, ids=lambda case: case.id)
def test_float32_stays_float32_and_close(case: PairCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 1e-5
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.id)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message):
        case.call()


@pytest.mark.parametrize("case", NORMALIZATION_WEIGHTS, ids=lambda case: case.id)
def test_runs_that_only_the_cotangent_has(case: PairCase) -> None:
    inputs = case.inputs(np.random.default_rng(5))
    y, cache = getattr(normalization, case.name)(*inputs, **case.kwargs)
    _, tcache = getattr(twins, case.name)(*map(torch.tensor, inputs), **case.kwargs)
    dy = np.random.default_rng(6).standard_normal((3, *y.shape))
    ours = getattr(normalization, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twins, f"{case.name}_backward")(torch.tensor(dy), tcache)
    for a, b in zip(
        *((g,) if not isinstance(g, tuple) else g for g in (ours, theirs)), strict=True
    ):
        assert relative(a, b.numpy()) < 1e-13


def made(kind: str, room, runs: int | None = None, bias: bool = True, seed: int = 0):
    made = {"bias": bias, "rng": np.random.default_rng(seed), "runs": runs}
    if kind == "linear":
        return room.layers.Linear(5, 4, **made)
    return room.layers.Conv2d(2, 4, 3, stride=2, padding=1, **made)


def batches(kind: str, runs: int | None, count: int = 50):
    rng = np.random.default_rng(11)
    shape = (6, 5) if kind == "linear" else (6, 2, 5, 4)
    lead = () if runs is None else (runs,)
    for _ in range(count):
        yield 2 * rng.standard_normal((*lead, *shape)) + 0.5


def next_batch(kind: str) -> np.ndarray:
    return next(batches(kind, None))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_fifty_steps_beside_pytorchs_parametrization(kind: str, bias: bool) -> None:
    """By the module, its own names and its own gradients."""
    layer = WeightNorm(made(kind, SCRATCH, None, bias))
    w, b = layer.folded().params["weight"], layer.params.get("bias")
    size = (5, 4) if kind == "linear" else (2, 4, 3, 2, 1)
    module = (torch.nn.Linear if kind == "linear" else torch.nn.Conv2d)(*size, bias=bias).double()
    with torch.no_grad():
        module.weight.copy_(torch.tensor(w))
        if bias:
            module.bias.copy_(torch.tensor(b))
    torch.nn.utils.parametrizations.weight_norm(module)
    theirs = module.parametrizations.weight
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    model = SCRATCH.models.Sequential(layer)
    ours = SCRATCH.optimizers.SGD(model.theta, lr=0.05, momentum=0.9)
    for x in batches(kind, None):
        y, ty = model.forward(x, training=True), module(torch.tensor(x))
        assert relative(y, ty.detach().numpy()) < 1e-10
        model.backward(np.tanh(y))
        optimizer.zero_grad()
        ty.backward(torch.tanh(ty.detach()))
        ours.step(model.grad)
        optimizer.step()
    assert relative(layer.params["weight_g"], theirs.original0.detach().numpy().ravel()) < 1e-10
    assert relative(layer.params["weight_v"], theirs.original1.detach().numpy()) < 1e-10
    assert abs(layer.params["weight_g"] - np.linalg.norm(w.reshape(4, -1), axis=1)).min() > 1e-3
    torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
    assert relative(layer.folded().params["weight"], module.weight.detach().numpy()) < 1e-10


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_fifty_steps_in_both_rooms(kind: str, runs: int | None) -> None:
    models = {}
    for name, room in ROOMS.items():
        layer = ROOM[name].WeightNorm(made(kind, room, runs))
        first = room.number(next(batches(kind, runs, 1)))
        ROOM[name].data_dependent_init(layer, first)
        lrn = ROOM[name].LocalResponseNorm(3, alpha=0.4, k=2.0)
        models[name] = room.models.Sequential(layer, lrn)
    opts = {n: ROOMS[n].optimizers.SGD(m.theta, lr=0.1) for n, m in models.items()}
    for x in batches(kind, runs):
        for name, model in models.items():
            y = model.forward(ROOMS[name].number(x), training=True)
            model.backward(y - 1 / (1 + y * y))
            opts[name].step(model.grad)
    a, b = models["scratch"].theta, models["reference"].theta.numpy()
    assert relative(a, b) < 1e-10
    if runs:
        assert abs(np.diff(a, axis=0)).max() > 0.1, "the runs are alike"


def test_wrapping_changes_nothing_and_copies_the_weights() -> None:
    for kind in ("linear", "conv"):
        for runs in (None, 2):
            plain, x = made(kind, SCRATCH, runs), next(batches(kind, runs))
            layer = WeightNorm(plain)
            assert relative(layer.forward(x), plain.forward(x)) < 1e-15
            plain.params["weight"][...] = 0.0
            plain.params["bias"][...] = 0.0
            assert abs(layer.forward(x)).min() > 0


def test_folded_is_the_layer_without_the_cost() -> None:
    for kind in ("linear", "conv"):
        layer, x = WeightNorm(made(kind, SCRATCH, 2)), next(batches(kind, 2))
        layer.params["weight_g"] *= np.arange(1.0, 9.0).reshape(2, 4)
        folded = layer.folded()
        assert type(folded) in (Linear, Conv2d)
        assert relative(folded.forward(x), layer.forward(x)) < 1e-15
        folded.params["bias"][...] = 7.0
        assert abs(layer.params["bias"]).max() < 1.0, "the folded layer shares memory"
        folded.backward(np.ones_like(folded.forward(x)))


def test_models_of_some_runs_and_of_copies() -> None:
    model = SCRATCH.models.Sequential(WeightNorm(made("linear", SCRATCH, 3)))
    x = next(batches("linear", 3))
    whole, part = model.forward(x), model.rows(slice(1, 3))
    assert_array_equal(part.forward(x[1:]), whole[1:])
    model.backward(np.ones_like(whole))
    grad = model.grad.copy()
    part.backward(np.ones_like(whole[1:]))
    assert_allclose(model.grad, grad, rtol=1e-14)
    single = SCRATCH.models.Sequential(WeightNorm(made("linear", SCRATCH)))
    twice = single.repeat(2)
    assert_array_equal(twice.forward(x[0])[1], single.forward(x[0]))
    one, other = single.layers[0], copy.copy(single.layers[0])
    y = one.forward(x[0])
    other.forward(x[1][:2])
    one.backward(y)
    assert one.grads["weight_v"].any()


def test_no_square_leaves_the_range() -> None:
    for scale, kind in ((1e30, np.float32), (1e-30, np.float32), (1e200, np.float64)):
        v = np.random.default_rng(0).standard_normal((3, 8)).astype(kind)
        w, cache = weight_norm(v * kind(scale), np.ones(3, kind))
        assert_allclose(w, weight_norm(v, np.ones(3, kind))[0], rtol=1e-6)
        assert w.dtype == kind
        dv, dg = normalization.weight_norm_backward(v[::-1].copy(), cache)
        assert np.isfinite(dv).all() and np.isfinite(dg).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 9), st.floats(-3, 3))
def test_the_gradient_of_v_is_orthogonal_to_v(seed: int, k: int, d: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    v, g, dw = (rng.standard_normal(s) * 10**size for s in ((k, d), (k,), (k, d)))
    w, cache = weight_norm(v, g)
    assert_allclose(np.linalg.norm(w, axis=1), abs(g), rtol=1e-12)
    dv, _ = normalization.weight_norm_backward(dw, cache)
    along = abs(np.vecdot(v, dv)) / (np.linalg.norm(v, axis=1) * np.linalg.norm(dw, axis=1))
    assert (along * np.linalg.norm(v, axis=1) / abs(g) < 1e-14).all()
    longer = np.linalg.norm(v - 0.1 * dv, axis=1) ** 2
    grown = np.vecdot(v, v) + 0.01 * np.vecdot(dv, dv)
    assert_allclose(longer, grown, rtol=1e-12)


def test_the_data_dependent_start() -> None:
    for kind, axes in (("linear", 0), ("conv", (0, 2, 3))):
        layer, x = WeightNorm(made(kind, SCRATCH)), 1e3 + 40 * next(batches(kind, None))
        v = layer.params["weight_v"].copy()
        y = data_dependent_init(layer, x)
        assert abs(y.mean(axes)).max() < 1e-10 and abs(y.var(axes) - 1).max() < 1e-10
        assert_array_equal(layer.params["weight_v"], v)
        assert_array_equal(y, layer.forward(x))
        assert relative(twin_start(kind, x)[1], y) < 1e-9
    with_runs, x = WeightNorm(made("linear", SCRATCH, 3)), next(batches("linear", 3))
    y = data_dependent_init(with_runs, x)
    assert abs(y.mean(1)).max() < 1e-10 and abs(y.var(1) - 1).max() < 1e-10
    assert abs(np.diff(with_runs.params["weight_g"], axis=0)).min() > 0


def twin_start(kind: str, x: np.ndarray):
    layer = twins.WeightNorm(made(kind, TWIN))
    return layer, twins.data_dependent_init(layer, torch.tensor(x)).numpy()


def test_a_start_that_fails_changes_nothing() -> None:
    layer = WeightNorm(made("linear", SCRATCH))
    before = {name: p.copy() for name, p in layer.params.items()}
    with pytest.raises(ValueError, match="x must be a batch"):
        data_dependent_init(layer, np.full((4, 5), 0.1))
    for name, p in layer.params.items():
        assert_array_equal(p, before[name])
