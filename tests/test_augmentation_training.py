"""Augment, Mix and their loss in ``fit`` and ``sweep``: runs, blocks, evaluation, gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from devices import DEVICES
from harness import relative
from networks import ROOMS
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.lesson.parity import parity
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours
from dlcourse.scratch.augmentation import Augment, Mix, MixedCrossEntropy, rand_augment
from dlcourse.scratch.losses import SoftmaxCrossEntropy, softmax_cross_entropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import evaluate, fit, loop, sweep

KINDS = {"scratch": ours, "reference": twins}
SHAPE = (1, 8, 8)
DIGITS = data.load()
TRAIN = DIGITS.train.x[:96], DIGITS.train.y[:96]
VAL = DIGITS.validation.x[:60], DIGITS.validation.y[:60]
CHANGES: dict[str, dict[str, Any]] = {
    "augment": {},
    "augment, drawn apart": {},
    "mixup": {"kind": "mixup", "alpha": 0.7},
    "mixup each": {"kind": "mixup", "alpha": 1.0, "each": True},
    "cutmix": {"kind": "cutmix", "alpha": 1.0},
    "cutmix each": {"kind": "cutmix", "alpha": 0.6, "each": True},
}


def strong(x: Any, rng: np.random.Generator) -> Any:
    """Noise: no two draws look alike."""
    noise = rng.normal(size=tuple(x.shape))
    return x + (
        noise.astype(x.dtype) if isinstance(x, np.ndarray) else torch.as_tensor(noise).to(x)
    )


def drawn(room: Any, shape: Any, rng: np.random.Generator) -> Any:
    """The same noise, drawn apart from the addition."""
    noise = rng.normal(size=shape)
    return noise if room is ours else torch.as_tensor(noise)


def plus(x: Any, noise: Any) -> Any:
    return x + (noise.astype(x.dtype) if isinstance(x, np.ndarray) else noise.to(x))


def front(change: str, room: Any = ours, **told: Any) -> tuple[Any, Any]:
    """The layer, and the loss that goes with it."""
    settings = CHANGES[change]
    if settings:
        mix = room.Mix(**{**settings, **told}, shape=SHAPE)
        return mix, room.MixedCrossEntropy(mix)
    losses = ROOMS["scratch" if room is ours else "reference"].losses
    transform = (lambda shape, rng: drawn(room, shape, rng), plus) if "apart" in change else strong
    return room.Augment(transform, **told, shape=SHAPE), losses.SoftmaxCrossEntropy()


Make = Callable[..., tuple[Any, Any]]


def fitted(make: Make, rng: Any, runs: int | None, epochs: int = 2, **more: Any) -> tuple[Any, Any]:
    """Weights and history of a small network that has the layer in front."""
    layer, loss = make(rng=rng, runs=runs)
    model = Sequential(layer, *MLP([64, 6, 10], rng, "tanh", runs=runs).layers)
    told = {"epochs": epochs, "batch_size": 32, "rng": rng, "progress": False} | more
    history = fit(model, SGD(model.theta, 0.1, 0.9), loss, TRAIN, VAL, **told)
    return model.theta, history


def check_runs(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four runs at once, in blocks of one, two and three, and each alone: all the same."""
    runs = 4
    seeds = [100 + run for run in range(runs)]
    fresh = lambda: [np.random.default_rng(seed) for seed in seeds]  # noqa: E731
    alone = [fitted(make, np.random.default_rng(seed), None) for seed in seeds]
    thetas, losses = [], []
    for size in (1, 2, 3, 4):
        with monkeypatch.context() as patch:
            cut = lambda model, x, n, size=size: [  # noqa: E731
                (slice(i, min(i + size, runs)), model.rows(slice(i, min(i + size, runs))))
                for i in range(0, runs, size)
            ]
            patch.setattr(loop, "_parts", cut)
            theta, history = fitted(make, fresh(), runs)
        thetas.append(theta)
        losses.append(history["val_loss"])
    for theta, loss in zip(thetas, losses, strict=True):
        for run, (single, one) in enumerate(alone):
            assert relative(theta[run], single) < 1e-12
            assert relative(loss[:, run], one["val_loss"]) < 1e-12
    for other in thetas[0][1:]:
        assert abs(other - thetas[0][0]).max() > 1e-3


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_sees_alone_what_it_sees_among_many(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_runs(partial(front, change), monkeypatch)


def check_draws_differ(make: Make) -> None:
    """Runs, passes and samples: no two are shown the same change of the same picture."""
    layer, _ = make(rng=np.random.default_rng(0), runs=3)
    x = np.tile(DIGITS.train.x[:8], (2, 1)) + np.linspace(0, 1, 16)[:, None]
    passes = np.stack([layer.forward(x, True) for _ in range(4)])  # (passes, runs, n, d)
    assert passes.shape == (4, 3, 16, 64)
    change = (passes - x).reshape(12, -1)
    apart = abs(change[:, None] - change[None]).max(-1)
    assert apart[~np.eye(12, dtype=bool)].min() > 1e-3


@pytest.mark.parametrize("change", CHANGES)
def test_runs_and_passes_differ(change: str) -> None:
    check_draws_differ(partial(front, change))


@pytest.mark.parametrize("change", ["augment", "mixup", "cutmix"])
def test_the_cache_that_fit_itself_cuts_by(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = fitted(partial(front, change), np.random.default_rng(0), 5)
    monkeypatch.setattr(loop, "CACHE_BYTES", 1)
    cut, _ = fitted(partial(front, change), np.random.default_rng(0), 5)
    assert_allclose(cut, whole, rtol=0, atol=1e-13)


def mixed(rng: Any, runs: int, alpha: Any, loss: Any, kind: str = "mixup") -> Any:
    layer = loss.follow(Mix(kind, alpha, rng=rng, runs=runs, shape=SHAPE))
    turn = Augment(lambda x, g: rand_augment(x, 1, 6, g), rng=rng, runs=runs, shape=SHAPE)
    model = Sequential(turn, layer, *MLP([64, 6, 10], rng, "tanh", runs=runs).layers)
    return model, SGD(model.theta, 0.1, 0.9)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_sweeps_over_alpha_in_blocks_of_any_size(kind: str) -> None:
    told: Any = {"epochs": 2, "batch_size": 32, "seeds": 3, "progress": False}
    found = []
    for block in (1, 6, 256):
        loss = MixedCrossEntropy()
        build = partial(mixed, loss=loss, kind=kind)
        trials = sweep(build, loss, TRAIN, VAL, alpha=[0.0, 0.3, 2.0], block=block, **told)
        found.append(trials["val_loss"])
    assert_allclose(found[1], found[0], rtol=1e-12)
    assert_allclose(found[2], found[0], rtol=1e-12)
    assert abs(found[0][1:] - found[0][0]).min() > 1e-3
    one = MixedCrossEntropy()
    single = sweep(partial(mixed, loss=one, kind=kind), one, TRAIN, VAL, alpha=0.3, **told)
    assert_allclose(single["val_loss"], found[0][1], rtol=1e-12)


def test_the_network_without_the_layer_has_the_same_weights_and_batches() -> None:
    """With α = 0, and with a transform that changes nothing, it is the plain network."""
    told: Any = {"epochs": 2, "batch_size": 32, "seeds": 3, "progress": False}

    def plain(rng: Any, runs: int) -> Any:
        model = MLP([64, 6, 10], rng, "tanh", runs=runs)
        return model, SGD(model.theta, 0.1, 0.9)

    def idle(rng: Any, runs: int) -> Any:
        layers = MLP([64, 6, 10], rng, "tanh", runs=runs).layers
        still = Augment(lambda x, g: x + 0 * g.normal(), rng=rng, runs=runs)
        model = Sequential(still, loss.follow(Mix("mixup", 0, rng=rng, runs=runs)), *layers)
        return model, SGD(model.theta, 0.1, 0.9)

    loss = MixedCrossEntropy()
    mine = sweep(idle, loss, TRAIN, VAL, **told)
    right = sweep(plain, SoftmaxCrossEntropy(), TRAIN, VAL, **told)
    assert_allclose(mine["val_loss"], right["val_loss"], rtol=1e-12)
    both = sweep({"plain": plain, "idle": idle}, loss, TRAIN, VAL, **told)
    assert_allclose(both["val_loss"][0], right["val_loss"], rtol=1e-12)


def check_plain_evaluation(make: Make) -> None:
    """Inputs pass, the loss is cross-entropy, and training goes on as if nobody had looked."""
    looked, alone = [], []
    for thetas, look in ((looked, True), (alone, False)):
        rng = np.random.default_rng(0)
        layer, loss = make(rng=rng, runs=3)
        model = Sequential(layer, *MLP([64, 6, 10], rng, runs=3).layers)
        sgd = SGD(model.theta, 0.1)
        for step in range(4):
            rows = slice(20 * step, 20 * step + 20)
            x, y = TRAIN[0][rows], TRAIN[1][rows]
            loss.forward(model.forward(x, True), y)
            model.backward(loss.backward(), input_grad=False)
            sgd.step(model.grad)
            if look:
                assert_array_equal(layer.forward(VAL[0], False), VAL[0])
                logits = model.forward(VAL[0], False)
                right, _ = softmax_cross_entropy(logits, VAL[1])
                assert_array_equal(loss.forward(logits, VAL[1]), right)
                assert_array_equal(evaluate(model, loss, VAL)["loss"], right)
        thetas.append(model.theta)
    assert_array_equal(looked[0], alone[0])


@pytest.mark.parametrize("change", CHANGES)
def test_evaluation_is_plain(change: str) -> None:
    check_plain_evaluation(partial(front, change))


@pytest.mark.parametrize("name", ["Augment", "Mix", "MixedCrossEntropy"])
def test_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=5)
    assert "equal to its PyTorch twin" in capsys.readouterr().out


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("change", CHANGES)
def test_both_rooms_fit_alike(change: str, device: str) -> None:
    thetas, runs = {}, 3
    for name, room in ROOMS.items():
        there: Any = {"device": device} if name == "reference" else {}
        rngs = [np.random.default_rng(seed) for seed in range(runs)]
        layer, loss = front(change, KINDS[name], rng=rngs, runs=runs)
        mlp = room.models.MLP([64, 6, 10], rngs, runs=runs, **there)
        net = room.models.Sequential(layer, *mlp.layers)
        sets = [[room.number(a, **there) for a in pair] for pair in (TRAIN, VAL)]
        sgd = room.optimizers.SGD(net.theta, 0.1, 0.9)
        told: Any = {"epochs": 2, "batch_size": 32, "rng": rngs, "progress": False}
        history = fit(net, sgd, loss, *sets, **told)
        thetas[name] = loop.as_numpy(net.theta), history["val_loss"]
    for a, b in zip(*thetas.values(), strict=True):
        assert relative(a, b) < 1e-10


@pytest.mark.parametrize("change", CHANGES)
def test_float32_stays_and_inputs_are_left_alone(change: str) -> None:
    layer, loss = front(change, rng=np.random.default_rng(0), runs=2)
    x = DIGITS.train.x[:9].astype(np.float32)
    kept = x.copy()
    y = layer.forward(x, True)
    assert y.dtype == np.float32
    assert y.shape == (2, 9, 64)
    assert_array_equal(x, kept)
    value = loss.forward(y[..., :10].copy(), DIGITS.train.y[:9])
    assert value.dtype == loss.backward().dtype == np.float32


def test_a_transform_may_write_into_what_it_is_given() -> None:
    def spoil(x: Any, rng: np.random.Generator) -> Any:
        x[:] = rng.random()
        return x

    x = DIGITS.train.x[:3].copy()
    for room, make in ((ours, np.array), (twins, torch.tensor)):
        given = make(x)
        layer = room.Augment(spoil, rng=np.random.default_rng(0), runs=2)
        y = np.asarray(layer.forward(given, True))
        assert_array_equal(given, x)
        assert (y[0] != y[1]).all()


def test_accumulated_batches_and_frozen_runs() -> None:
    make = partial(front, "cutmix")
    one, _ = fitted(make, np.random.default_rng(0), 3, accumulate=2, batch_size=16)
    two, _ = fitted(make, np.random.default_rng(0), 3, accumulate=2, batch_size=16)
    assert_array_equal(one, two)
    other, _ = fitted(make, np.random.default_rng(0), 3)
    assert abs(one - other).max() > 1e-4


def test_a_run_that_is_lost_leaves_the_others_their_draws() -> None:
    found = []
    for lost in (True, False):
        rngs, loss = np.random.default_rng(0).spawn(3), MixedCrossEntropy()
        model, sgd = mixed(rngs, 3, 1.0, loss)
        model.theta[1] = np.nan if lost else model.theta[1]
        told: Any = {"epochs": 2, "batch_size": 32, "progress": False, "nonfinite": "freeze"}
        history = fit(model, sgd, loss, TRAIN, VAL, rng=rngs, **told)
        assert_array_equal(np.isnan(history["val_loss"][-1]), [False, lost, False])
        found.append(model.theta[::2])
    assert_array_equal(*found)
