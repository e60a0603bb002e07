"""Twins of penalties, stopping and calibration: their doors, their kinds, nothing left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from dlcourse.lesson import parity
from dlcourse.lesson.regularizers import RECIPES
from dlcourse.reference import losses, models, optimizers
from dlcourse.reference import regularization as room
from dlcourse.scratch import regularization as scratch
from dlcourse.training import fit

MODULES = ("penalties", "proximal", "around", "paths", "stopping", "labels", "calibration")
W, P, LABELS = (
    torch.ones(4).double(),
    torch.tensor([[0.75, 0.25], [0.5, 0.5]]),
    torch.tensor([0, 1]),
)


def test_nothing_of_the_room_is_left_out() -> None:
    here = {
        name
        for name in scratch.__all__
        if getattr(scratch, name).__module__.rpartition(".")[2] in MODULES
    }
    assert len(here) == 20
    assert here <= set(RECIPES)


def test_it_says_what_was_compared(capsys: pytest.CaptureFixture[str]) -> None:
    parity("SmoothedCrossEntropy", alpha=0.25, steps=3)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "SmoothedCrossEntropy(alpha=0.25): 3 draws,"
    assert second == "  values, gradients equal to F.cross_entropy within 1e-10"
    assert last.startswith("  largest relative difference: ≈")
    with pytest.raises(
        KeyError, match=r"name must be one of .*l1_penalty.*; got 'dropout_backward'"
    ):
        parity("dropout_backward")


def sgd(*shape: int) -> optimizers.SGD:
    return optimizers.SGD(torch.ones(shape or 4))


def rejected(y: torch.Tensor, target: torch.Tensor) -> None:
    room.SmoothedCrossEntropy(0.1).forward(y, target)


def penalized(penalty, *shape: int) -> None:
    room.Penalized(sgd(*shape), penalty).step(torch.ones(4))


def watching(many) -> None:
    """Early stopping in ``fit``, by so many samples, or by none given."""
    data = torch.ones(3, 2), torch.zeros(3).long()
    model = models.MLP([2, 2], np.random.default_rng(0))
    fit(
        model, optimizers.SGD(model.theta, lr=0.1), losses.SoftmaxCrossEntropy(), data,
        None if many is None else [a[:many] for a in data], epochs=1, batch_size=3,
        rng=np.random.default_rng(0), progress=False,
        callbacks=[room.EarlyStopping(1).callback()],
    )  # fmt: skip


ONES = torch.ones(3, 2)
DOORS = [
    (lambda: room.l1_penalty(np.ones(3), 0.1), TypeError, "theta must be a tensor of floats"),
    (lambda: room.l1_penalty(W, -0.1), ValueError, r"coef must be finite and >= 0; got -0\.1"),
    (lambda: room.l2_penalty(W, torch.ones(2, 1)), ValueError, r"coef must be .* to \(4,\)"),
    (lambda: room.elastic_net(W, 0.1, 1.5), ValueError, r"l1_ratio must be in \[0, 1\]; got 1\.5"),
    (lambda: room.soft_threshold(W.half(), 1.0), TypeError, "theta must be of float64 or float32"),
    (lambda: room.elastic_net_prox(W, 0.1, np.nan, 1.0), ValueError, "coef must be finite"),
    (lambda: room.Decayed(W, 0.1), TypeError, "optimizer must be an optimizer"),
    (lambda: room.Proximal(sgd(), -0.1), ValueError, "coef must be finite and >= 0"),
    (lambda: room.Penalized(sgd(), None), TypeError, "penalty must be a function of theta"),
    (lambda: penalized(lambda w: w), ValueError, r"returns \(value, grad\)"),
    (lambda: penalized(lambda w: (0.0, w), 2, 4), ValueError, r"grads\[0\] must be shaped"),
    (
        lambda: room.elastic_net_path(ONES, ONES[0], [0.1], 1.0),
        ValueError,
        r"y must be shaped \(3,",
    ),
    (lambda: room.ridge(ONES, ONES[:, 0], 0.0), ValueError, "coef must be > 0 where x has rank 1"),
    (lambda: room.EarlyStopping(0), ValueError, "patience must be >= 1; got 0"),
    (lambda: watching(0), ValueError, "val must be as many targets as samples, at least one"),
    (lambda: watching(None), ValueError, r"got 'val_loss'\. Pass val=\(x, y\) to fit"),
    (lambda: room.early_stop([1.0], 1, -1.0), ValueError, "min_delta must be finite and >= 0"),
    (lambda: room.early_stop([], 1), ValueError, "losses must be shaped"),
    (
        lambda: room.EarlyStopping(1).update(np.ones(2), W),
        ValueError,
        r"theta must be shaped \(2, ",
    ),
    (lambda: room.smooth_labels(2 * P, 0.1), ValueError, "onehot must be .* add up to 1"),
    (lambda: room.SmoothedCrossEntropy(2.0), ValueError, r"alpha must be in \[0, 1\]"),
    (lambda: rejected(P, LABELS + 1), ValueError, r"labels must be in 0 \.\. 1; got 2"),
    (lambda: rejected(P, 2 * P), ValueError, "target must be probabilities"),
    (
        lambda: room.calibration_error(P, LABELS[:1]),
        ValueError,
        r"labels must be shaped \(2,\), one",
    ),
    (lambda: room.reliability(P, LABELS, bins=0), ValueError, "bins must be >= 1"),
    (lambda: room.nll(P.log(), P), TypeError, "labels must be a tensor of integers"),
    (lambda: room.fit_temperature(P[:1], LABELS[:1]), ValueError, "logits must be wrong for some"),
]


@pytest.mark.parametrize(("call", "error", "message"), DOORS)
def test_the_twins_say_the_same(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_best_network_comes_back_in_the_twins_room() -> None:
    model = models.MLP([2, 3, 1], np.random.default_rng(0))
    start, stopping = model.theta.clone(), room.EarlyStopping(1)
    with pytest.raises(RuntimeError, match="restore must be called after update"):
        stopping.restore(model)
    stopping.update(1.0, model.theta)
    with torch.no_grad():
        model.theta.mul_(2)
    assert stopping.update(2.0, model.theta)
    stopping.restore(model)
    assert torch.equal(model.theta, start)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_kinds_stay(kind: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    w, x = (torch.tensor(rng.normal(size=s), dtype=kind) for s in ((2, 5), (9, 3)))
    found = [
        *room.elastic_net(w, 0.1, 0.5),
        room.soft_threshold(w, 0.3),
        room.ridge(x, x[:, 0], 0.1),
    ]
    found += [
        room.elastic_net_path(x, x[:, 0], [0.1], 0.5),
        room.smooth_labels(torch.softmax(w, -1), 0.1),
    ]
    logits, labels = x, torch.tensor(rng.integers(0, 3, 9))
    found += [*room.reliability(torch.softmax(logits, -1), labels)[:2]]
    found += [room.SmoothedCrossEntropy(0.1).forward(logits, labels), room.nll(logits, labels)]
    assert {a.dtype for a in found} == {kind}


def test_coefficients_may_be_tensors() -> None:
    model = models.MLP([2, 3, 1], np.random.default_rng(0), runs=2)
    coef = room.coefficients(model, 0.5, **{"0": np.array([[0.1], [0.2]])})
    assert coef.shape == model.theta.shape
    value, _ = room.l2_penalty(model.theta, coef)
    assert_allclose(value, scratch.l2_penalty(model.theta.numpy(), coef.numpy())[0], rtol=1e-14)
    before = model.theta.clone()
    decayed = room.Decayed(optimizers.SGD(model.theta, lr=0.1), coef)
    decayed.step(torch.zeros_like(before))
    assert_allclose(model.theta, before * (1 - 0.1 * coef), rtol=1e-14)
