"""Norms of a sample, the normalized Elman network, gates: PyTorch's numbers, and exact ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from cases.kinds import ErrorCase, PairCase
from cases.normalization_sample import ERRORS, NORMALIZATION_SAMPLE, SAMPLES, SHARED
from harness import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ROOMS, SCRATCH, TWIN
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import (
    LayerNorm,
    RMSNorm,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
    rows,
)

ROOM = {"scratch": normalization, "reference": twins}
ids = {"ids": lambda case: case.id}


def both(case: PairCase, inputs: list, lead: tuple[int, ...] = ()) -> list[tuple]:
    """Outputs and gradients of a pair, in NumPy and by autograd."""
    y, cache = getattr(normalization, case.name)(*inputs, **case.kwargs)
    given = [a if a is None else torch.tensor(a) for a in inputs]
    ty, tcache = getattr(twins, case.name)(*given, **case.kwargs)
    dy = np.random.default_rng(4).standard_normal((*lead, *y.shape)).astype(y.dtype)
    ours = getattr(normalization, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twins, f"{case.name}_backward")(torch.tensor(dy), tcache)
    assert [a is None for a in ours] == [b is None for b in theirs]
    return [(a, b.numpy()) for a, b in [(y, ty), *zip(ours, theirs, strict=True)] if a is not None]


@pytest.mark.parametrize("case", [*NORMALIZATION_SAMPLE, *SHARED], **ids)
def test_pairs_are_pytorchs(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(2))):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", SHARED, **ids)
def test_what_runs_share_gets_one_gradient_a_run(case: PairCase) -> None:
    for a, _ in both(case, case.inputs(np.random.default_rng(2))):
        assert a.shape[0] == 2
        assert abs(a[0] - a[1]).max() > 0.1, "the runs are alike"


@pytest.mark.parametrize("case", NORMALIZATION_SAMPLE, **ids)
def test_backward_is_the_derivative(case: PairCase) -> None:
    rng = np.random.default_rng(7)
    forward = getattr(normalization, case.name)
    backward = getattr(normalization, f"{case.name}_backward")
    check_vjp(lambda *a: forward(*a, **case.kwargs), backward, case.inputs(rng), rng)


@pytest.mark.parametrize("case", [c for c in NORMALIZATION_SAMPLE if len(c.shapes[1]) == 1], **ids)
def test_runs_that_only_the_cotangent_has(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(5)), (3,))[1:]:
        assert a.shape[0] == 3
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", NORMALIZATION_SAMPLE, **ids)
def test_float32_stays_float32_and_inputs_stay_as_they_are(case: PairCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 2e-5
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("given", [(0, 0), (0, 1), (1, 0)])
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 5, 4)])
def test_without_one_parameter_or_both(shape, given) -> None:
    rng = np.random.default_rng(6)
    x, *params = (rng.standard_normal(s) for s in (shape, shape[-1:], shape[-1:]))
    params = [p if there else None for p, there in zip(params, given, strict=True)]
    pairs = both(PairCase("layer_norm", ()), [x, *params])
    assert len(pairs) == 2 + sum(given)
    pairs += both(PairCase("rms_norm", ()), [x, params[0]])
    for a, b in pairs:
        assert relative(a, b) < 1e-13


def test_two_precisions_give_the_wider_one() -> None:
    x, w = np.random.default_rng(8).standard_normal((2, 4, 4))
    for room, number in ((normalization, np.asarray), (twins, torch.tensor)):
        layer = room.LayerNorm(4, dtype=np.float64)
        layer.params["weight"][...] = number(w[0])
        y = layer.forward(number(x.astype(np.float32)))
        assert "float64" in str(y.dtype)
        assert "float32" in str(layer.backward(y).dtype)


@pytest.mark.parametrize("case", ERRORS, **ids)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message) as raised:
        case.call()
    assert type(raised.value) is case.error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.LayerNorm(0), r"normalized_shape\[0\] must be >= 1; got 0"),
        (lambda t: t.LayerNorm(3, eps=-1.0), r"eps must be finite and >= 0"),
        (lambda t: t.LayerNorm(3).forward(torch.ones(5, 4)), r"x must be shaped \(n, 3\); got"),
        (lambda t: t.LayerNorm(3).forward(torch.ones(3)), r"x must be shaped \(n, 3\); got"),
        (
            lambda t: t.RMSNorm(3, runs=2).forward(torch.ones(4, 5, 3)),
            r"x must be shaped \(n, 3\) or \(2, n, 3\), one entry a run",
        ),
        (
            lambda t: t.Gate(runs=2).forward(torch.ones(3, 5, 4)),
            r"x must be shaped \(n, 4\) or \(2, n, 4\)",
        ),
        (lambda t: t.DynamicTanh(3).forward(torch.ones(5, 4)), r"x must be shaped \(n, 3\)"),
        (lambda t: t.Tokens().forward(torch.ones(5, 3)), r"x must be shaped \(\.\.\., n, t, d\)"),
        (
            lambda t: t.LayerNormRNN(3, 2, rng=np.random.default_rng(0)).forward(torch.ones(5, 3)),
            r"x must be shaped \(n, t, 3\)",
        ),
    ],
)
def test_the_twins_say_the_same(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(twins)


def exact_layer_norm(x: np.ndarray, eps: float) -> np.ndarray:
    """x̂ of each row, by fractions up to the root."""
    out = []
    for row in x:
        values = [Fraction(float(v)) for v in row]
        mu = sum(values) / len(values)
        var = sum((v - mu) ** 2 for v in values) / len(values) + Fraction(eps)
        out.append([float(v - mu) / float(var) ** 0.5 for v in values])
    return np.array(out)


@pytest.mark.parametrize("eps", [1e-5, 0.0])
@pytest.mark.parametrize("shift", [1e6, -3e4, 1.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_large_mean_costs_no_digits(dtype, shift: float, eps: float) -> None:
    x = (shift + np.random.default_rng(9).standard_normal((4, 37))).astype(dtype)
    assert relative(layer_norm(x, None, None, eps)[0], exact_layer_norm(x, eps)) < (
        4 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("value", [0.1, -7.3e5, 1e30, 3e-7])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_features_become_exactly_beta(dtype, value: float) -> None:
    for d in (1, 2, 3, 10, 77, 1000):
        weight, bias = np.random.default_rng(d).standard_normal((2, d)).astype(dtype)
        y, cache = layer_norm(np.full((3, d), value, dtype), weight, bias)
        assert_array_equal(y, np.broadcast_to(bias, y.shape))
        assert not layer_norm(np.full((3, d), value, dtype), None, None)[0].any()
        assert np.isfinite(layer_norm_backward(y, cache)[0]).all()


@pytest.mark.parametrize("factor", [1e30, 1e-12])
def test_no_square_overflows_in_float32(factor: float) -> None:
    x = (factor * np.random.default_rng(10).standard_normal((4, 37))).astype(np.float32)
    x[1] = 1.0 + np.arange(37)  # a row that needs no care
    eps = 0.0 if factor > 1 else 1e-26
    assert relative(layer_norm(x, None, None, eps)[0], exact_layer_norm(x, eps)) < 1e-6
    wide = x.astype(float)
    right = wide / np.sqrt((wide**2).mean(-1, keepdims=True) + eps)
    assert relative(rms_norm(x, None, eps)[0], right) < 1e-6


def test_a_tiny_eps_in_float32_counts_still() -> None:
    x = (1e-6 * np.random.default_rng(11).standard_normal((4, 9))).astype(np.float32)
    y = layer_norm(x, None, None, 1e-12)[0]
    assert relative(y, exact_layer_norm(x, 1e-12)) < 1e-6
    assert 0.5 < y.std() < 0.9


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sample_is_alone_to_the_last_digit(dtype) -> None:
    """Whoever else is in the batch, and however it is cut into parts."""
    rng = np.random.default_rng(12)
    x, dy = rng.standard_normal((2, 37, 50)).astype(dtype)
    x[3] += 1e6  # of this row the mean is taken off twice
    x[5] *= 1e30 if dtype == np.float32 else 1e200
    weight, bias = rng.standard_normal((2, 50)).astype(dtype)
    for forward, backward, params in (
        (layer_norm, layer_norm_backward, (weight, bias)),
        (rms_norm, rms_norm_backward, (weight,)),
    ):
        y, cache = forward(x, *params)
        dx = backward(dy, cache)[0]
        for i in range(37):
            one, cache = forward(x[i : i + 1], *params)
            assert_array_equal(one[0], y[i])
            assert_array_equal(backward(dy[i : i + 1], cache)[0][0], dx[i])


@pytest.mark.parametrize("case", SAMPLES, **ids)
def test_parts_do_not_show(case: PairCase, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = case.inputs(np.random.default_rng(13))
    whole = both(case, inputs)
    monkeypatch.setattr(rows, "BLOCK", 2)
    assert len(list(rows.parts(np.zeros((1, 5, 4))))) > 1
    for (a, _), (b, _) in zip(whole, both(case, inputs), strict=True):
        assert relative(a, b) < 1e-14


@settings(max_examples=60, deadline=None)
@given(
    lead=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    last=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    scale=st.floats(1e-3, 1e3),
    order=st.sampled_from(["C", "F", "every second"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_properties(lead, last, scale, order, seed) -> None:
    """Mean 0 and variance 1, blind to shift and scale, a backward pass at right angles to both."""
    rng, axes = np.random.default_rng(seed), len(last)
    x, dy = rng.standard_normal((2, *lead, *last)) + 0.1
    given = {"C": x, "F": np.asfortranarray(x), "every second": np.repeat(x, 2, axis=0)[::2]}[order]
    over = tuple(range(-axes, 0))
    eps = 0.0 if np.prod(last) > 1 else 1e-5
    y, cache = layer_norm(given, None, None, eps, axes)
    dx = layer_norm_backward(dy, cache)[0]
    assert_array_equal(y, layer_norm(x, None, None, eps, axes)[0])
    assert y.shape == x.shape == dx.shape
    assert_allclose(y.mean(over), 0, atol=1e-13)
    if np.prod(last) > 1:
        assert_allclose((y**2).mean(over), 1, rtol=1e-12)
        moved = layer_norm(scale * x + 3 * scale, None, None, 0.0, axes)[0]
        assert_allclose(moved, y, atol=1e-9)
    size = 1 + abs(dx).max()
    assert_allclose(dx.sum(over) / size, 0, atol=1e-9)
    assert_allclose((dx * y).sum(over) / size, 0, atol=1e-9)
    r, cache = rms_norm(given, None, 0.0, axes)
    assert_allclose((r**2).mean(over), 1, rtol=1e-12)
    assert_allclose(rms_norm(scale * x, None, 0.0, axes)[0], r, rtol=1e-12)
    dx = rms_norm_backward(dy, cache)[0]
    assert_allclose((dx * r).sum(over) / (1 + abs(dx).max()), 0, atol=1e-9)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm"])
def test_fifty_steps_beside_pytorchs_module(kind: str, shape: tuple, affine: bool) -> None:
    ours = getattr(normalization, kind)(shape, 0.01, affine)
    theirs = getattr(torch.nn, kind)(shape, 0.01, affine).double()
    model = SCRATCH.models.Sequential(ours)
    step = SCRATCH.optimizers.Adam(model.theta, lr=0.03) if affine else None
    their = torch.optim.Adam(theirs.parameters(), lr=0.03) if affine else None
    rng = np.random.default_rng(14)
    for _ in range(50):
        x = 2 * rng.standard_normal((7, *shape)) + 0.5
        tx = torch.tensor(x, requires_grad=True)
        y, ty = model.forward(x, training=True), theirs(tx)
        assert relative(y, ty.detach()) < 1e-10
        loss = (torch.tanh(ty) * torch.sin(3 * tx.detach())).sum()
        loss.backward()
        dx = model.backward((1 - np.tanh(y) ** 2) * np.sin(3 * x))
        assert relative(dx, tx.grad) < 1e-10
        if affine:
            step.step(model.grad)
            their.step()
            their.zero_grad()
    for name, p in theirs.state_dict().items():
        assert relative(ours.params[name], p) < 1e-10
        assert abs(ours.params[name] - (name == "weight")).min() > 1e-3
    theirs.eval()
    assert relative(model.forward(x), theirs(torch.tensor(x)).detach()) < 1e-10


def network(name: str, room, kinds, runs: int | None):
    """Linear or recurrent, the layer, and more to learn after it."""
    made = {"runs": runs, "rng": np.random.default_rng(15)}
    if name == "LayerNormRNN":
        first = [kinds.LayerNormRNN(4, 6, eps=0.01, **made)]
    else:
        settings = {"Gate": (0.3,), "DynamicTanh": (6, 0.7)}.get(name, (6,))
        first = [room.layers.Linear(4, 6, **made), getattr(kinds, name)(*settings, runs=runs)]
    return room.models.Sequential(*first, room.layers.Tanh(), room.layers.Linear(6, 3, **made))


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "LayerNormRNN", "Gate", "DynamicTanh"])
def test_fifty_steps_in_both_rooms(name: str, runs: int | None) -> None:
    models = {k: network(name, room, ROOM[k], runs) for k, room in ROOMS.items()}
    first = models["scratch"].theta.copy()
    steps = {k: ROOMS[k].optimizers.Adam(m.theta, lr=0.02) for k, m in models.items()}
    rng = np.random.default_rng(16)
    for _ in range(50):
        x = rng.standard_normal((5, 7, 4) if runs is None else (runs, 5, 7, 4)) + 0.5
        for k, model in models.items():
            y = model.forward(ROOMS[k].number(x), training=True)
            model.backward(y - 1 / (1 + y * y))
            steps[k].step(model.grad)
    a, b = models["scratch"].theta, models["reference"].theta.numpy()
    assert relative(a, b) < 1e-10
    assert np.median(abs(a - first)) > 0.05 and (a != first).all(), "all of them learn"
    if runs:
        assert abs(np.diff(a, axis=0)).max() > 0.1, "the runs are alike"
    x = rng.standard_normal((1, 2, 7, 4) if runs else (2, 7, 4))
    y, ty = (models[k].forward(ROOMS[k].number(x)) for k in models)
    assert relative(y, ty) < 1e-10


@pytest.mark.parametrize("runs", [None, 2])
def test_the_normalized_network_starts_from_the_numbers_of_the_plain_one(runs) -> None:
    for room in (SCRATCH, TWIN):
        kinds = ROOM["scratch" if room is SCRATCH else "reference"]
        one = room.layers.RNN(4, 6, rng=np.random.default_rng(17), runs=runs)
        two = kinds.LayerNormRNN(4, 6, rng=np.random.default_rng(17), runs=runs)
        *same, gain = two.params
        assert same == list(one.params) and gain == "gain"
        for name in same:
            assert_array_equal(np.asarray(one.params[name]), np.asarray(two.params[name]))
        assert (np.asarray(two.params["gain"]) == 1).all()


def test_each_place_of_a_sequence_is_normalized_by_itself() -> None:
    """A second place a thousand times as large leaves the first as it is, and is no larger."""
    rng = np.random.default_rng(18)
    layer = normalization.LayerNormRNN(3, 50, rng=rng)
    x = rng.standard_normal((4, 2, 3))
    small = layer.forward(x)
    x[:, 1] *= 1000
    large = layer.forward(x)
    assert_array_equal(large[:, 0], small[:, 0])
    driven = np.arctanh(large) - layer.params["bias"]
    assert_allclose(driven.mean(-1), 0, atol=1e-12)
    assert_allclose((driven**2).mean(-1), 1, rtol=1e-3)


@pytest.mark.parametrize("room", ROOMS)
def test_a_shut_gate_learns_to_open_before_the_branch_learns(room: str) -> None:
    one, kinds = ROOMS[room], ROOM[room]
    linear = one.layers.Linear(3, 3, rng=np.random.default_rng(19))
    block = one.models.Residual(linear, kinds.Gate())
    x, dy = np.random.default_rng(20).standard_normal((2, 5, 3))
    assert_array_equal(np.asarray(block.forward(one.number(x), True)), x)
    assert_array_equal(np.asarray(block.backward(one.number(dy))), dy)
    grads = {name: np.asarray(g) for name, g in block.grads.items()}
    assert not grads["0.weight"].any() and not grads["0.bias"].any()
    right = dy * (x @ np.asarray(linear.params["weight"]).T + np.asarray(linear.params["bias"]))
    assert_allclose(grads["1.alpha"], [right.sum()], rtol=1e-12)
    assert abs(right.sum()) > 0.1


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_in_training_and_in_use_they_do_the_same(kind) -> None:
    x = np.random.default_rng(21).standard_normal((4, 3, 6))
    layer = kind(6)
    assert_array_equal(layer.forward(x, training=True), layer.forward(x))
    assert not layer.buffers
