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
from networks import ROOMS, SCRATCH
from numpy.testing import assert_allclose, assert_array_equal
from test_normalization_sample import ROOM, both

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import BatchNorm, GroupNorm, InstanceNorm, batch, core, group

ids = {"ids": lambda case: case.id}
SEVERAL = [case for case in NORMALIZATION if case.name != "standardize"]


@pytest.mark.parametrize("case", [*NORMALIZATION, *SHARED], **ids)
def test_pairs_are_pytorchs(case: PairCase) -> None:
    if case.name == "standardize":
        x, dy = np.random.default_rng(2).standard_normal((2, *case.shapes[0]))
        y, cache = normalization.standardize(x, **case.kwargs)
        ty, tcache = twins.standardize(torch.tensor(x), **case.kwargs)
        dx = normalization.standardize_backward(dy, cache)
        pairs = [(y, ty), (dx, twins.standardize_backward(torch.tensor(dy), tcache))]
    else:
        pairs = both(case, case.inputs(np.random.default_rng(2)))
    for a, b in pairs:
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


@pytest.mark.parametrize("case", [c for c in SEVERAL if len(c.shapes[1]) == 1], **ids)
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
@pytest.mark.parametrize("case", SEVERAL, **ids)
def test_without_one_parameter_or_both(case: PairCase, given: tuple[int, int]) -> None:
    x, *params = case.inputs(np.random.default_rng(6))
    params = [p if there else None for p, there in zip(params, given, strict=True)]
    pairs = both(case, [x, *params])
    assert len(pairs) == 2 + sum(given)
    for a, b in pairs:
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", [*SEVERAL, *SHARED], **ids)
def test_float32_stays_float32_and_inputs_stay_as_they_are(case: PairCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 2e-5
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("case", SEVERAL, **ids)
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
    monkeypatch.setattr(core, "BLOCK", 2)
    monkeypatch.setattr(core, "LONGEST", 2)
    assert len(list(core.parts(x, sample - x.ndim, 8))) > 1
    for (a, _), (b, _) in zip(whole, both(case, inputs), strict=True):
        assert relative(a, b) < 1e-14


MODULES = {
    "1d": (torch.nn.BatchNorm1d, (7, 6)),
    "2d": (torch.nn.BatchNorm2d, (4, 6, 3, 2)),
    "group": (torch.nn.GroupNorm, (4, 6, 3, 2)),
    "group of features": (torch.nn.GroupNorm, (7, 6)),
    "instance": (torch.nn.InstanceNorm2d, (4, 6, 3, 2)),
}


def network(kind: str, ours: Any, affine: bool) -> tuple[Any, torch.nn.Module]:
    """Something to learn before a norm and after it, in NumPy and of PyTorch's own modules.

    Without a bias before the norm, which takes it away: Adam would walk along its rounding errors.
    """
    rng, layers = np.random.default_rng(1), SCRATCH.layers
    module, shape = MODULES[kind]
    more = [1] if len(shape) == 4 else []
    kinds = [layers.Conv2d, torch.nn.Conv2d] if more else [layers.Linear, torch.nn.Linear]
    before, after = (kinds[0](6, out, *more, bias=out < 6, rng=rng) for out in (6, 3))
    theirs = [kinds[1](6, out, *more, bias=out < 6) for out in (6, 3)]
    given = {"eps": ours.eps, "affine": affine}
    given |= {"momentum": ours.momentum} if isinstance(ours, BatchNorm) else {}
    norm = module(*([2] if module is torch.nn.GroupNorm else []), 6, **given)
    model = SCRATCH.models.Sequential(before, ours, layers.Tanh(), after)
    their = torch.nn.Sequential(theirs[0], norm, torch.nn.Tanh(), theirs[1]).double()
    state = {k: torch.tensor(v) for k, v in model.state_dict().items()}
    their.load_state_dict(state)  # by PyTorch's names, all of them
    return model, their


CHOICES = [
    *(("1d", m, a) for m in (0.1, 0.3, None) for a in (True, False)),
    *(("2d", m, a) for m in (0.3, None) for a in (True, False)),
    *((kind, 0.1, a) for kind in ("group", "group of features", "instance") for a in (True, False)),
]


@pytest.mark.parametrize(("kind", "momentum", "affine"), CHOICES)
def test_fifty_steps_beside_pytorchs_module(kind: str, momentum: Any, affine: bool) -> None:
    if kind.endswith("d"):
        ours: Any = BatchNorm(6, 0.01, momentum, affine)
    elif kind == "instance":
        ours = InstanceNorm(6, 0.01, affine)
    else:
        ours = GroupNorm(2, 6, 0.01, affine)
    model, their = network(kind, ours, affine)
    adam = SCRATCH.optimizers.Adam(model.theta, lr=0.02)
    theirs, start = torch.optim.Adam(their.parameters(), lr=0.02), model.state_dict()
    rng = np.random.default_rng(2)
    for step in range(50):
        n, *rest = MODULES[kind][1]
        x = 2 * rng.standard_normal((n - step % 2, *rest)) + 0.5 + step / 50
        tx = torch.tensor(x, requires_grad=True)
        y, ty = model.forward(x, training=True), their(tx)
        assert relative(y, ty.detach()) < 1e-10
        (torch.log(torch.cosh(ty - 1)) * torch.sin(3 * ty.detach())).sum().backward()
        assert relative(model.backward(np.tanh(y - 1) * np.sin(3 * y)), tx.grad) < 1e-10
        for (name, grad), p in zip(model.grads.items(), their.parameters(), strict=True):
            assert relative(grad, p.grad) < 1e-10, name
        adam.step(model.grad)
        theirs.step()
        theirs.zero_grad()
        for name, value in their.state_dict().items():
            assert relative(model.state_dict()[name], value) < 1e-10, name
    their.eval()
    x = np.random.default_rng(3).standard_normal(x.shape)
    assert relative(model.forward(x), their(torch.tensor(x)).detach()) < 1e-10
    for name, value in model.state_dict().items():
        assert (value != start[name]).all(), f"{name} never moved"


@pytest.mark.parametrize("momentum", [0.3, None])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (3, 4, 2, 2)])
def test_fifty_steps_of_runs_in_both_rooms(shape: tuple, affine: bool, momentum: Any) -> None:
    """And each run, with its own state, is the model that it would be alone."""
    models, steps, rng = {}, {}, np.random.default_rng(4)
    settings = {"momentum": momentum, "affine": affine}

    def made(room: str, runs: int | None, rngs: Any) -> Any:
        one, norm = ROOMS[room], ROOM[room].BatchNorm(4, runs=runs, **settings)
        kind = one.layers.Linear if len(shape) == 2 else one.layers.Conv2d
        more = [] if len(shape) == 2 else [1]
        given = {"rng": rngs, "runs": runs}
        first, last = (kind(4, 4, *more, bias=b, **given) for b in (False, True))
        return one.models.Sequential(first, norm, one.layers.Tanh(), last)

    for room in ROOMS:
        models[room] = made(room, 3, [np.random.default_rng(s) for s in range(3)])
    models["alone"] = made("scratch", None, np.random.default_rng(1))
    rooms = {**ROOMS, "alone": SCRATCH}
    for name, model in models.items():
        steps[name] = rooms[name].optimizers.Adam(model.theta, lr=0.02)
    for _ in range(50):
        x = rng.standard_normal((3, *shape)) + np.arange(3).reshape(3, *[1] * len(shape))
        for name, model in models.items():
            y = model.forward(rooms[name].number(x[1] if name == "alone" else x), training=True)
            model.backward(y - 1 / (1 + y * y))
            steps[name].step(model.grad)
    states = {name: model.state_dict() for name, model in models.items()}
    for name, ours in states["scratch"].items():
        assert relative(ours, states["reference"][name]) < 1e-10, name
        assert relative(ours[1], states["alone"][name]) < 1e-10, name
        if "tracked" not in name:
            assert abs(np.diff(ours, axis=0)).max() > 0.01, "the runs are alike"
    for x in (rng.standard_normal(shape), rng.standard_normal((3, *shape))):
        y, ty = (models[k].forward(ROOMS[k].number(x)) for k in ROOMS)
        assert y.shape == (3, *shape)
        assert relative(y, ty) < 1e-10


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (1, 5, 4), (3, 4, 2, 2), (1, 3, 4, 2, 2)])
def test_inputs_that_all_runs_share(shape: tuple, affine: bool, training: bool) -> None:
    x = np.random.default_rng(5).standard_normal(shape)
    found = []
    for room in ROOMS:
        layer = ROOM[room].BatchNorm(4, affine=affine, runs=3)
        mean, var = np.random.default_rng(6).uniform(1, 2, (2, 3, 4))
        layer.load_state_dict({**layer.state_dict(), "running_mean": mean, "running_var": var})
        y = layer.forward(ROOMS[room].number(x), training)
        assert y.shape == (3, *shape[-2 if len(shape) < 4 else -4 :])
        dy = np.random.default_rng(7).standard_normal(y.shape)
        dx = np.asarray(layer.backward(ROOMS[room].number(dy)))
        dx = dx.sum(0).reshape(shape) if dx.shape != shape else dx
        found.append([y, dx, *layer.grads.values(), *layer.buffers.values()])
    for a, b in zip(*found, strict=True):
        assert relative(a, b) < 1e-13


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
        for module in (batch, group, core)
        for name, value in vars(module).items()
        if name.endswith("_backward") and value.__module__ == module.__name__
    }
    assert found - {"batch_norm_inference"} == {case.name for case in NORMALIZATION}
    assert len(found) == 5


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
