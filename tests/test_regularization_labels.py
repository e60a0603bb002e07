"""Soft labels, calibration and temperature, beside PyTorch, scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import relative
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.calibration import calibration_curve

from dlcourse import data, training
from dlcourse.gradcheck import check_vjp
from dlcourse.lesson import parity
from dlcourse.reference import regularization as twins
from dlcourse.scratch import models, optimizers
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.regularization import (
    SmoothedCrossEntropy,
    calibration_error,
    fit_temperature,
    nll,
    reliability,
    smooth_labels,
    softmax,
)

NAMES = ["smooth_labels", "SmoothedCrossEntropy", "softmax", "nll", "reliability"]
NAMES += ["calibration_error", "fit_temperature"]


@pytest.mark.parametrize("name", NAMES)
def test_both_rooms_are_equal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=10)
    assert "within 1e-10" in capsys.readouterr().out


def scores(*lead: int, n: int = 300, k: int = 4, seed: int = 0, sure: float = 3.0):
    """Logits that know something and say too much, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, (*lead, n))
    z = rng.standard_normal((*lead, n, k)) + 1.5 * (np.arange(k) == labels[..., None])
    return sure * z, labels


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.73, 1.0])
@pytest.mark.parametrize("soft", [False, True])
def test_the_loss_is_pytorchs(alpha: float, soft: bool) -> None:
    z, labels = scores(sure=30.0)
    target = np.random.default_rng(1).dirichlet(np.ones(4), 300) if soft else labels
    loss, leaf = SmoothedCrossEntropy(alpha), torch.tensor(z, requires_grad=True)
    theirs = torch.nn.CrossEntropyLoss(label_smoothing=alpha)(leaf, torch.tensor(target))
    theirs.backward()
    assert relative(loss.forward(z, target), theirs.detach()) < 1e-12
    assert relative(loss.backward(), leaf.grad) < 1e-12


def test_the_losss_gradient_is_its_own() -> None:
    def forward(z: np.ndarray):
        loss = SmoothedCrossEntropy(0.3)
        return loss.forward(z, scores(n=5)[1]), loss

    def backward(dvalue, loss):
        return dvalue[..., None, None] * loss.backward()

    check_vjp(forward, backward, [scores(2, n=5)[0]], np.random.default_rng(2))


def test_runs_may_share_the_logits_or_the_labels() -> None:
    z, labels = scores(3)
    loss = SmoothedCrossEntropy(0.2)
    for y, t in ((z, labels), (z, labels[0]), (z[0], labels)):
        value = loss.forward(y, t)
        grad = loss.backward()
        assert (value.shape, grad.shape) == ((3,), z.shape)
        for run in range(3):
            one = SmoothedCrossEntropy(0.2)
            a, b = (x[run] if x.ndim > d else x for x, d in ((y, 2), (t, 1)))
            assert_allclose(value[run], one.forward(a, b), rtol=1e-14)
            assert_allclose(grad[run], one.backward(), rtol=1e-12, atol=1e-16)


def test_without_smoothing_it_is_cross_entropy() -> None:
    z, labels = scores(2)
    ours, plain = SmoothedCrossEntropy(0.0), SoftmaxCrossEntropy()
    assert_allclose(ours.forward(z, labels), plain.forward(z, labels), rtol=1e-14)
    assert_allclose(ours.backward(), plain.backward(), atol=1e-16)


@pytest.mark.parametrize("alpha", [0.1, 0.5])
def test_the_loss_is_least_where_the_network_says_the_soft_labels(alpha: float) -> None:
    """There it is their entropy, and the right logit is log((1 - α + α/C) / (α/C)) ahead."""
    onehot = np.eye(4)
    target = smooth_labels(onehot, alpha)
    loss = SmoothedCrossEntropy(alpha)
    least = loss.forward(np.log(target), np.arange(4))
    assert abs(loss.backward()).max() < 1e-16
    assert_allclose(least, -(target * np.log(target)).sum(-1).mean(), rtol=1e-14)
    gap = np.log((1 - alpha + alpha / 4) / (alpha / 4))
    for ahead in (gap - 0.5, gap + 0.5):
        assert loss.forward(ahead * onehot, np.arange(4)) > least + 1e-3
    assert_allclose(loss.forward(gap * onehot, np.arange(4)), least, rtol=1e-14)


def test_soft_labels_of_words() -> None:
    assert_allclose(smooth_labels(np.eye(5)[[3]], 0.1), [[0.02, 0.02, 0.02, 0.92, 0.02]])
    assert_allclose(smooth_labels(np.eye(5, dtype=int), 1.0), np.full((5, 5), 0.2))
    per_run = smooth_labels(
        np.broadcast_to(np.eye(2), (3, 2, 2)), np.array([0, 0.5, 1])[:, None, None]
    )
    assert_allclose(per_run[:, 0], [[1, 0], [0.75, 0.25], [0.5, 0.5]])


def test_smoothing_holds_the_network_back_in_training() -> None:
    """The logits stop where the soft labels are; those of plain cross-entropy go on growing."""
    digits = data.load("digits")
    x, y = digits.train[0][:100], digits.train[1][:100]
    largest = {}
    for alpha in (0.0, 0.1):
        model = models.MLP([64, 32, 10], np.random.default_rng(0))
        training.fit(
            model, optimizers.Adam(model.theta, 0.01), SmoothedCrossEntropy(alpha), (x, y),
            epochs=300, batch_size=100, rng=np.random.default_rng(1), progress=False,
        )  # fmt: skip
        largest[alpha] = softmax(model.forward(x)).max(-1)
    assert largest[0.0].min() > 0.99
    assert_allclose(largest[0.1].mean(), 0.91, atol=0.02)
    assert largest[0.1].max() < 0.97


def by_hand(p: np.ndarray, labels: np.ndarray, bins: int) -> tuple[list, float]:
    """Sample by sample into its bin (a, b]."""
    found: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for row, label in zip(p, labels, strict=True):
        place = next(m for m in range(bins) if row.max() <= (m + 1) / bins or m == bins - 1)
        found[place].append((row.max(), row.argmax() == label))
    means = [np.mean(b, axis=0) if b else (np.nan, np.nan) for b in found]
    total = sum(len(b) * abs(m[0] - m[1]) for b, m in zip(found, means, strict=True) if b)
    return [(*m, len(b)) for b, m in zip(found, means, strict=True)], total / len(p)


@pytest.mark.parametrize("bins", [1, 4, 10, 15])
def test_bins_and_error_are_those_of_a_plain_loop(bins: int) -> None:
    z, labels = scores(2)
    p = softmax(z)
    p[0, :4] = [[0.25] * 4, [0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.7, 0.1, 0.1, 0.1]]  # on the edges
    parts, error = reliability(p, labels, bins), calibration_error(p, labels, bins)
    for run in range(2):
        rows, expected = by_hand(p[run], labels[run], bins)
        assert_allclose(np.stack([part[run] for part in parts], -1), rows, rtol=1e-12)
        assert_allclose(error[run], expected, rtol=1e-12)


def test_bins_are_those_of_scikit_learn() -> None:
    """Of two classes, for the probability of the guess, which is never on an edge here."""
    z, labels = scores(k=2)
    p = softmax(z)
    right = p.argmax(-1) == labels
    share, mean = calibration_curve(right, p.max(-1), n_bins=15)
    confidence, accuracy, count = reliability(p, labels)
    assert_allclose(confidence[count > 0], mean, rtol=1e-12)
    assert_allclose(accuracy[count > 0], share, rtol=1e-12)
    assert count[:7].sum() == 0
    assert np.isnan(confidence[:7]).all()


def test_who_says_what_is_true_has_hardly_an_error_and_who_exaggerates_has() -> None:
    rng = np.random.default_rng(7)
    p = softmax(1.5 * rng.standard_normal((40_000, 4)))
    labels = (rng.random((40_000, 1)) > p.cumsum(-1)).sum(-1)
    error = calibration_error(p, labels)
    assert error < 0.02
    sharper = softmax(3 * np.log(p))
    assert calibration_error(sharper, labels) > 0.2
    said = sharper.max(-1).mean() - (sharper.argmax(-1) == labels).mean()
    assert_allclose(calibration_error(sharper, labels), said, atol=0.01)  # too sure in every bin
    assert_allclose(fit_temperature(np.log(sharper), labels), 3.0, rtol=0.05)
    assert_allclose(fit_temperature(np.log(p), labels), 1.0, rtol=0.05)


@pytest.mark.parametrize("sure", [1e-3, 0.3, 1.0, 30.0, 1e4])
def test_the_temperature_is_where_scipy_finds_the_minimum(sure: float) -> None:
    z, labels = scores(3, n=60, sure=sure)
    found = fit_temperature(z, labels)
    for run in range(3):

        def value(u: float, run: int = run) -> float:
            return -log_softmax(z[run] * np.exp(-u), -1)[np.arange(60), labels[run]].mean()

        least = minimize_scalar(value, (np.log(sure) - 1, np.log(sure) + 1), tol=1e-10)
        assert_allclose(np.log(found[run]), least.x, atol=1e-6)
        assert value(np.log(found[run])) <= least.fun + 1e-15
    assert_allclose(nll(z / found[:, None, None], labels), [
        -log_softmax(z[r] / found[r], -1)[np.arange(60), labels[r]].mean() for r in range(3)
    ], rtol=1e-12)  # fmt: skip


def test_at_the_best_temperature_logits_are_right_on_average() -> None:
    z, labels = scores(3)
    t = fit_temperature(z, labels)[:, None, None]
    said = (softmax(z / t) * z).sum(-1).mean(-1)
    true = np.take_along_axis(z, labels[..., None], -1).mean((-2, -1))
    assert_allclose(said, true, rtol=1e-12)
    assert_allclose(fit_temperature(5 * z + 7, labels), 5 * t[:, 0, 0], rtol=1e-12)
    assert_allclose(fit_temperature(z / t, labels), 1.0, rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_hard_cases_of_the_temperature(seed: int) -> None:
    """One sample of many wrong, by a hair or by far; the NLL must not fall on either side."""
    rng = np.random.default_rng(seed)
    z, labels = scores(n=30, seed=seed, sure=10.0 ** rng.uniform(-3, 3))
    labels = z.argmax(-1)
    labels[0] = np.argsort(z[0])[-2]
    gap = np.diff(np.sort(z[0])[-2:])[0]
    z[0, labels[0]] += gap * (1 - 10.0 ** rng.uniform(-6, 0))
    t = float(fit_temperature(z, labels))
    values = [float(nll(z / (t * f), labels)) for f in (0.99, 1.0, 1.01)]
    assert np.argmin(values) == 1
    assert_allclose(
        t, float(twins.fit_temperature(torch.tensor(z), torch.tensor(labels))), rtol=1e-9
    )


def test_shared_labels_and_narrow_kinds() -> None:
    z, labels = scores(2)
    shared = labels[0]
    p = softmax(z)
    for f, a in (
        (nll, z),
        (fit_temperature, np.stack([z[0], z[0] + z[1]])),
        (calibration_error, p),
    ):
        found = f(a, shared)
        assert_allclose(found, [f(one, shared) for one in a], rtol=1e-12)
        narrow = f(a.astype(np.float32), shared.astype(np.uint8))
        assert narrow.dtype == np.float32
        assert_allclose(narrow, found, rtol=2e-4)
    parts = reliability(p.astype(np.float32), labels)
    assert [part.dtype for part in parts] == [np.float32, np.float32, np.int64]
    assert_array_equal(parts[2].sum(-1), [300, 300])
    assert smooth_labels(np.eye(3, dtype=np.float32), 0.1).dtype == np.float32
    loss = SmoothedCrossEntropy(0.1)
    assert loss.forward(z.astype(np.float32), labels).dtype == np.float32
    assert loss.backward().dtype == np.float32
