"""Scratch equals PyTorch: optimizers over 300 steps with state, layers, losses, models, fit."""

from __future__ import annotations

import cases
import numpy as np
import pytest
import torch
from devices import DEVICES
from harness import assert_same_path, relative

from dlcourse import data, training
from dlcourse.reference import layers as twin_layers
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.reference import optimizers as twin_optimizers
from dlcourse.scratch import layers, losses, models, optimizers


def to_torch(device: str = "cpu", dtype: torch.dtype | None = None):
    return lambda a: torch.tensor(np.asarray(a), device=device, dtype=dtype)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", cases.OPTIMIZERS, ids=lambda case: case.id)
def test_optimizers_follow_torch(case: cases.OptimizerCase, device: str) -> None:
    assert_same_path(
        lambda params: getattr(optimizers, case.name)(params, **case.kwargs),
        lambda params: getattr(twin_optimizers, case.name)(params, **case.kwargs),
        runs=case.runs,
        compare_state=case.compare_state,
        to_twin=to_torch(device),
        from_twin=lambda t: t.detach().cpu().numpy(),
        tolerance=1e-12 if device == "cpu" else 1e-10,
    )


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW"])
def test_float32_stays_float32_and_close(name: str) -> None:
    settings = {"SGD": {"momentum": 0.9}, "RMSprop": {"momentum": 0.9, "centered": True}}
    kwargs = settings.get(name, {})
    rng = np.random.default_rng(0)
    p = rng.standard_normal(40_000).astype(np.float32)
    q = torch.tensor(p)
    one = getattr(optimizers, name)(p, lr=np.float64(0.01), **kwargs)
    two = getattr(twin_optimizers, name)(q, lr=0.01, **kwargs)
    for _ in range(100):
        g = rng.standard_normal(p.shape).astype(np.float32)
        one.step(g)
        two.step(torch.tensor(g))
    delta = one.update(p[:4], g[:4], *(s[:4] for s in one.state[0].values()))
    assert delta.dtype == np.float32, "a float64 scalar crept into the formula"
    assert relative(p, q.numpy()) < 1e-5


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", cases.LAYERS, ids=lambda case: case.id)
def test_layer_pairs_equal_torch(case: cases.PairCase, device: str) -> None:
    rng = np.random.default_rng(1)
    inputs = case.inputs(rng)
    y, cache = getattr(layers, case.name)(*inputs, **case.kwargs)
    ty, tcache = getattr(twin_layers, case.name)(*map(to_torch(device), inputs), **case.kwargs)
    assert relative(y, ty.cpu()) < 1e-12
    dy = rng.standard_normal(y.shape)
    ours = getattr(layers, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twin_layers, f"{case.name}_backward")(to_torch(device)(dy), tcache)
    ours, theirs = ((g,) if not isinstance(g, tuple) else g for g in (ours, theirs))
    for a, b in zip(ours, theirs, strict=True):
        assert (a is b is None) or relative(a, b.cpu()) < 1e-12


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_the_slope_at_the_kink_is_torchs(name: str) -> None:
    x, dy = np.array([[-1.0, 0.0, -0.0, 2.0]]), np.ones((1, 4))
    ours = getattr(layers, f"{name}_backward")(dy, getattr(layers, name)(x)[1])
    _, cache = getattr(twin_layers, name)(torch.tensor(x))
    theirs = getattr(twin_layers, f"{name}_backward")(torch.tensor(dy), cache)
    np.testing.assert_array_equal(ours, theirs)


def test_a_shared_weight_gets_one_gradient_a_run() -> None:
    rng = np.random.default_rng(2)
    x, w, b = (rng.standard_normal(s) for s in ((3, 5, 4), (2, 4), (2,)))
    y, cache = layers.linear(x, w, b)
    _, tcache = twin_layers.linear(*map(to_torch(), (x, w, b)))
    dy = rng.standard_normal(y.shape)
    for a, t in zip(
        layers.linear_backward(dy, cache),
        twin_layers.linear_backward(torch.tensor(dy), tcache),
        strict=True,
    ):
        assert a.shape[0] == 3
        assert relative(a, t) < 1e-12


@pytest.mark.parametrize("shape", [(6, 4), (3, 6, 4)])
@pytest.mark.parametrize("kind", ["labels", "soft", "weights", "mse"])
def test_losses_equal_torch(shape: tuple[int, ...], kind: str) -> None:
    rng = np.random.default_rng(3)
    y = 30 * rng.standard_normal(shape)
    if kind == "labels":
        name, target = "softmax_cross_entropy", rng.integers(0, 4, shape[:-1])
    elif kind == "soft":
        name, target = "softmax_cross_entropy", rng.dirichlet(np.ones(4), shape[:-1])
    elif kind == "weights":  # soft targets need not add up to 1
        name, target = "softmax_cross_entropy", rng.uniform(0, 2, shape)
    else:
        name, target = "mse", rng.standard_normal(shape)
    value, cache = getattr(losses, name)(y, target)
    twin, tcache = getattr(twin_losses, name)(torch.tensor(y), torch.tensor(target))
    assert value.shape == shape[:-2]
    assert relative(value, twin) < 1e-12
    weight = rng.standard_normal(shape[:-2])
    ours = getattr(losses, f"{name}_backward")(weight, cache)
    theirs = getattr(twin_losses, f"{name}_backward")(torch.tensor(weight), tcache)
    assert relative(ours, theirs) < 1e-12
    assert (
        relative(
            losses.accuracy(y, y.argmax(-1)),
            twin_losses.accuracy(torch.tensor(y), torch.tensor(y.argmax(-1))),
        )
        == 0
    )


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_activations_survive_inputs_of_a_thousand(name: str) -> None:
    x = np.array([[-1e3, -30.0, 0.0, 30.0, 1e3]])
    y, cache = getattr(layers, name)(x)
    assert relative(y, getattr(twin_layers, name)(torch.tensor(x))[0]) < 1e-15
    assert np.isfinite(getattr(layers, f"{name}_backward")(np.ones_like(y), cache)).all()


def test_losses_survive_logits_of_a_thousand() -> None:
    value, cache = losses.softmax_cross_entropy(np.array([[1e3, 0.0, -1e3]]), np.array([2]))
    assert value == 2e3
    np.testing.assert_allclose(losses.softmax_cross_entropy_backward(1.0, cache), [[1, 0, -1]])


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid"])
def test_models_equal_torch(activation: str, runs: int | None) -> None:
    one = models.MLP([5, 7, 3], np.random.default_rng(4), activation, runs)
    two = twin_models.MLP([5, 7, 3], np.random.default_rng(4), activation, runs)
    assert relative(one.theta, two.theta) < 1e-15
    assert one.slices == two.slices
    rng = np.random.default_rng(5)
    x = rng.standard_normal((6, 5))
    y = one.forward(x)
    assert relative(y, two.forward(torch.tensor(x))) < 1e-12
    dy = rng.standard_normal(y.shape)
    dx = one.backward(dy)
    tdx = two.backward(torch.tensor(dy))
    assert relative(one.grad, two.grad) < 1e-12
    assert relative(one.grad_norm(), two.grad_norm()) < 1e-12
    assert relative(dx if runs is None else dx.sum(0), tdx) < 1e-12


@pytest.mark.parametrize("device", DEVICES)
def test_one_fit_for_both_rooms(device: str) -> None:
    digits = data.load("digits")
    histories = []
    for room in ("scratch", "reference"):
        rngs = [[np.random.default_rng((seed, k)) for seed in range(3)] for k in range(2)]
        lr = np.array([1e-3, 1e-2, 3e-2])[:, None]
        if room == "scratch":
            model = models.MLP([64, 16, 10], rngs[0], runs=3)
            optimizer, loss = optimizers.Adam(model.theta, lr=lr), losses.SoftmaxCrossEntropy()
            train, val = digits.train, digits.validation
        else:
            model = twin_models.MLP([64, 16, 10], rngs[0], runs=3, device=device)
            optimizer = twin_optimizers.Adam(model.theta, lr=lr)
            loss = twin_losses.SoftmaxCrossEntropy()
            train, val = (
                tuple(map(to_torch(device), p)) for p in (digits.train, digits.validation)
            )
        histories.append(
            training.fit(
                model,
                optimizer,
                loss,
                train,
                val,
                epochs=2,
                batch_size=64,
                rng=rngs[1],
                progress=False,
            )
        )
    for name in histories[0]:
        assert relative(histories[0][name], histories[1][name]) < 1e-10
