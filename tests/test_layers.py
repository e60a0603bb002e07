"""The layers beyond their pairs: runs, kinds, memory, ties, PyTorch's modules, sequences."""

from __future__ import annotations

import math

import cases
import numpy as np
import pytest
import torch
from harness import relative
from networks import ROOMS

from dlcourse.reference import layers as twin_layers
from dlcourse.scratch import layers
from dlcourse.scratch.layers import convolution

CASES = [case for case in cases.LAYERS if case.name not in {"linear", "flatten"}]


def both(case: cases.PairCase, inputs: list[np.ndarray]):
    """Outputs and gradients of a pair in both rooms."""
    y, cache = getattr(layers, case.name)(*inputs, **case.kwargs)
    ty, tcache = getattr(twin_layers, case.name)(*map(torch.tensor, inputs), **case.kwargs)
    dy = np.random.default_rng(4).standard_normal(y.shape).astype(y.dtype)
    ours = getattr(layers, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twin_layers, f"{case.name}_backward")(torch.tensor(dy), tcache)
    ours, theirs = ((g,) if not isinstance(g, tuple) else g for g in (ours, theirs))
    pairs = [(y, ty), *zip(ours, theirs, strict=True)]
    return [(a, b.numpy()) for a, b in pairs if a is not None]


WITH_RUNS = [case for case in CASES if len(case.shapes) > 1 and len(case.shapes[0]) in (4, 5)]
WITH_RUNS = [c for c in WITH_RUNS if all(s[0] == 2 for s in c.shapes) and "dot" not in c.name]
WITH_RUNS += [c for c in CASES if c.name == "embedding" and len(c.shapes[0]) == 3]


@pytest.mark.parametrize("shared", ["inputs", "weights"])
@pytest.mark.parametrize("case", WITH_RUNS, ids=lambda case: case.id)
def test_what_runs_share_gets_one_gradient_a_run(case: cases.PairCase, shared: str) -> None:
    first, *rest = case.inputs(np.random.default_rng(2))
    inputs = [first[0], *rest] if shared == "inputs" else [first, *(a[0] for a in rest)]
    for a, b in both(case, inputs):
        assert a.shape[0] == 2
        assert relative(a, b) < 1e-12


def test_those_are_the_layers_with_parameters() -> None:
    names = {"conv2d", "embedding", "position_embedding", "rnn", "causal_self_attention"}
    assert {case.name for case in WITH_RUNS} == names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_float32_stays_float32_and_close(case: cases.PairCase) -> None:
    inputs = case.inputs(np.random.default_rng(3))
    inputs = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 1e-5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_inputs_in_any_order_in_memory_are_read_alike_and_left_alone(case: cases.PairCase) -> None:
    inputs = case.inputs(np.random.default_rng(5))
    turned = [np.asfortranarray(a) for a in inputs]
    for (a, _), (b, _) in zip(both(case, inputs), both(case, turned), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    for a, b in zip(inputs, case.inputs(np.random.default_rng(5)), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(inputs, turned, strict=True):
        np.testing.assert_array_equal(a, b)


def test_bands_of_a_convolution_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(c for c in CASES if c.name == "conv2d" and c.kwargs)
    inputs = case.inputs(np.random.default_rng(6))
    whole = both(case, inputs)
    monkeypatch.setattr(convolution, "BAND", 1)
    assert len(list(convolution.bands(4, 10))) == 4
    for (a, _), (b, _) in zip(whole, both(case, inputs), strict=True):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("kwargs", [{}, {"stride": 1}, {"stride": 2, "padding": 1}])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_first_of_equal_maxima_gets_the_gradient_as_in_torch(size: int, kwargs: dict) -> None:
    if kwargs.get("padding", 0) > size // 2:
        kwargs = {"stride": 2}
    images = np.random.default_rng(7).integers(0, 2, (40, 2, 6, 5)).astype(float)
    case = cases.PairCase("max_pool2d", (), {"kernel_size": size, **kwargs})
    for a, b in both(case, [images]):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


def test_the_normal_distribution_is_right_to_the_last_digit_also_in_its_tail() -> None:
    x = np.concatenate([np.linspace(-12, 12, 4001), [-1e3, -0.0, 1e3, 1e-9]])
    exact = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x])
    found = layers.normal_cdf(x)
    assert np.abs(found - exact).max() < 5e-16
    tail = x[(x < 0) & (x > -12)]
    np.testing.assert_allclose(found[(x < 0) & (x > -12)], exact[(x < 0) & (x > -12)], rtol=5e-14)
    assert tail.size > 1000
    assert relative(found, torch.special.ndtr(torch.tensor(x))) < 5e-16


def test_a_truncated_expansion_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlcourse.scratch.layers import activations

    monkeypatch.setattr(activations, "ERFC", activations.ERFC[:20])
    with pytest.raises(AssertionError):
        test_the_normal_distribution_is_right_to_the_last_digit_also_in_its_tail()


@pytest.mark.parametrize("room", ROOMS)
def test_the_weights_of_torchs_modules_give_the_outputs_of_torchs_modules(room: str) -> None:
    """By name and shape, so that a model of PyTorch can be taken over."""
    one, rng = ROOMS[room], np.random.default_rng(8)
    nn, kinds, made = torch.nn, one.layers, {"rng": rng}
    recurrent = nn.RNN(4, 6, batch_first=True)
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    images, sequences = rng.standard_normal((5, 3, 7, 6)), rng.standard_normal((5, 9, 4))
    pairs = [
        (kinds.Conv2d(3, 5, 3, 2, 1, **made), nn.Conv2d(3, 5, 3, 2, 1), images),
        (kinds.Conv2d(3, 5, 2, bias=False, **made), nn.Conv2d(3, 5, 2, bias=False), images),
        (kinds.Embedding(11, 4, **made), nn.Embedding(11, 4), rng.integers(0, 11, (5, 9))),
        (kinds.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, 1), images),
        (kinds.AvgPool2d(2), nn.AvgPool2d(2), images),
        (kinds.GELU("tanh"), nn.GELU("tanh"), images),
        (kinds.RNN(4, 6, **made), recurrent, sequences),
        (kinds.CausalSelfAttention(4, 2, **made), attention, sequences),
        (kinds.Linear(4, 3, **made), nn.Linear(4, 3), sequences),
    ]  # fmt: skip
    with torch.no_grad():
        recurrent.bias_hh_l0.zero_()  # ours is the sum of the two
        for ours, theirs, x in pairs:
            given = {k.replace("_l0", ""): p for k, p in theirs.double().state_dict().items()}
            if isinstance(theirs, nn.RNN):
                given["bias"] = given.pop("bias_ih") + given.pop("bias_hh")
            assert list(ours.params) == list(given)
            ours.params = {k: one.number(p.numpy()) for k, p in given.items()}
            y, t = ours.forward(one.number(x)), torch.tensor(x)
            if isinstance(theirs, nn.MultiheadAttention):
                mask = nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.double)
                right, _ = theirs(t, t, t, attn_mask=mask, need_weights=False)
            else:
                right = theirs(t)[0] if isinstance(theirs, nn.RNN) else theirs(t)
            assert relative(y, right) < 1e-12, type(theirs).__name__


def test_weights_are_drawn_as_torch_draws_them() -> None:
    nn, made = torch.nn, {"rng": np.random.default_rng(9)}
    torch.manual_seed(9)
    attention = layers.CausalSelfAttention(60, **made), nn.MultiheadAttention(60, 1)
    for ours, theirs in (
        (layers.Conv2d(20, 30, 3, **made), nn.Conv2d(20, 30, 3)),
        (layers.RNN(70, 50, **made), nn.RNN(70, 50)),
        (layers.Embedding(90, 60, **made), nn.Embedding(90, 60)),
        attention,
    ):
        for (name, p), q in zip(ours.params.items(), theirs.state_dict().values(), strict=False):
            p, q = p.ravel(), q.numpy().ravel()
            if p.size > 2000:
                assert p.std() == pytest.approx(q.std(), rel=0.03), name
                assert np.abs(p).max() == pytest.approx(np.abs(q).max(), rel=0.25), name
            assert (p == 0).all() == (q == 0).all(), name


@pytest.mark.parametrize("room", ROOMS)
def test_a_layer_begins_with_gradients_of_zero(room: str) -> None:
    layer = ROOMS[room].layers.Linear(3, 2, runs=2, rng=np.random.default_rng(0))
    assert {n: (tuple(g.shape), bool(abs(g).max())) for n, g in layer.grads.items()} == {
        "weight": ((2, 2, 3), False),
        "bias": ((2, 2), False),
    }


@pytest.mark.parametrize("room", ROOMS)
def test_a_bias_that_is_not_there_has_no_gradient(room: str) -> None:
    one = ROOMS[room]
    layer = one.layers.Conv2d(2, 3, 2, bias=False, rng=np.random.default_rng(10))
    y = layer.forward(one.number(np.random.default_rng(11).standard_normal((4, 2, 5, 5))))
    layer.backward(y)
    assert list(layer.grads) == ["weight"]
    assert abs(layer.grads["weight"]).max() > 0


def test_gradients_pass_layers_without_parameters_to_inputs_that_runs_share() -> None:
    """Such a layer sees one batch, and gets back one gradient a run."""
    rng = np.random.default_rng(12)
    x = rng.standard_normal((4, 2, 6, 6))
    kinds = [layers.MaxPool2d(2), layers.MaxPool2d(3, 1, 1), layers.AvgPool2d(2), layers.GELU()]
    for layer in (*kinds, layers.GlobalAvgPool2d(), layers.Flatten(), layers.Flatten(-3)):
        y = layer.forward(x)
        dy = rng.standard_normal((3, *y.shape))
        dx = layer.backward(dy)
        for i in range(3):
            assert relative(dx[i], layer.backward(dy[i])) == 0


def test_a_linear_layer_takes_the_places_of_sequences_for_samples() -> None:
    rng = np.random.default_rng(13)
    for runs in (None, 2):
        layer = layers.Linear(4, 3, rng=rng, runs=runs)
        lead = () if runs is None else (runs,)
        x, dy = rng.standard_normal((*lead, 5, 6, 4)), rng.standard_normal((*lead, 5, 6, 3))
        y, dx = layer.forward(x), layer.backward(dy)
        grads = {name: grad.copy() for name, grad in layer.grads.items()}
        flat = layer.forward(x.reshape(*lead, 30, 4))
        assert relative(y.reshape(flat.shape), flat) == 0
        assert relative(dx, layer.backward(dy.reshape(*lead, 30, 3)).reshape(dx.shape)) == 0
        for name, grad in layer.grads.items():
            np.testing.assert_array_equal(grad, grads[name])
