"""Conventions of penalties, stopping, soft labels: ours, and the other form, which differs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from dlcourse.scratch import layers, models, normalization
from dlcourse.scratch import regularization as room
from dlcourse.scratch.optimizers import Adam, AdamW


def theta(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def regression() -> tuple[np.ndarray, np.ndarray]:
    x = theta(30, 4)
    return x, x @ [1.0, -0.5, 0.2, 0.0] + theta(30, seed=1)


def pytorch(kind, w: np.ndarray, g: np.ndarray, **settings) -> np.ndarray:
    """Where one step of PyTorch's optimizer leads."""
    leaf = torch.tensor(w, requires_grad=True)
    leaf.grad = torch.tensor(g)
    kind([leaf], **settings).step()
    return leaf.detach().numpy()


def test_l2_has_a_half_and_pulls_as_weight_decay():
    w, g = theta(4), theta(4, seed=1)
    value, grad = room.l2_penalty(w, 0.3)
    assert_allclose(value, 0.3 / 2 * (w @ w), rtol=1e-14)
    theirs = pytorch(torch.optim.SGD, w, g, lr=0.1, weight_decay=0.3)
    assert_allclose(w - 0.1 * (g + grad), theirs, rtol=1e-14)
    without_the_half = w - 0.1 * (g + 2 * grad)
    assert abs(without_the_half - theirs).max() > 0.01


def test_the_elastic_net_is_scikit_learns():
    x, y = regression()
    theirs = ElasticNet(0.2, l1_ratio=0.3, fit_intercept=False, tol=1e-14).fit(x, y).coef_

    def loss(w: np.ndarray, penalty: float) -> float:
        return ((y - x @ w) ** 2).mean() / 2 + penalty

    ours = [loss(w, room.elastic_net(w, 0.2, 0.3)[0]) for w in (theirs, 1.001 * theirs)]
    assert ours[0] < ours[1]
    assert_allclose(room.elastic_net_path(x, y, [0.2], 0.3)[0], theirs, atol=1e-6)
    textbook = [loss(w, 0.2 * (0.3 * abs(w).sum() + 0.7 * w @ w)) for w in (theirs, 0.99 * theirs)]
    assert textbook[1] < textbook[0]


def test_l1_does_not_pull_at_what_is_zero():
    w = np.array([0.0, 1.0])
    leaf = torch.tensor(w, requires_grad=True)
    leaf.abs().sum().backward()
    _, grad = room.l1_penalty(w, 1.0)
    assert_array_equal(grad, leaf.grad)
    assert grad[0] == 0
    assert np.where(w >= 0, 1.0, -1.0)[0] != grad[0]


def test_biases_and_gains_are_free():
    rng = np.random.default_rng(0)
    model = models.Sequential(
        layers.Linear(3, 2, rng=rng), normalization.BatchNorm(2), layers.Linear(2, 1, rng=rng)
    )
    found = room.coefficients(model, 0.1)
    penalized = [name for name, part in model.slices.items() if found[part].all()]
    assert penalized == ["0.weight", "2.weight"]
    assert (found != 0).sum() == 8 < model.theta.size
    still = np.zeros_like(model.theta)
    for make, spared in (
        (lambda w: room.Decayed(Adam(w, lr=0.1), found), found == 0),
        (
            lambda w: room.Penalized(Adam(w, lr=0.1), lambda v: room.l2_penalty(v, found)),
            found == 0,
        ),
        (lambda w: AdamW(w, lr=0.1, weight_decay=0.1), False),
        (lambda w: Adam(w, lr=0.1, weight_decay=0.1), False),
    ):
        make(w := np.ones_like(still)).step(still)
        assert_array_equal(w == 1, np.broadcast_to(spared, w.shape))


def test_the_weights_from_before_the_step_decay():
    w, g = theta(4), theta(4, seed=1)
    room.Decayed(Adam(ours := w.copy(), lr=0.1), 0.3).step(g)
    theirs = pytorch(torch.optim.AdamW, w, g, lr=0.1, weight_decay=0.3)
    assert_allclose(ours, theirs, rtol=1e-14)
    Adam(stepped := w.copy(), lr=0.1).step(g)
    assert abs((1 - 0.1 * 0.3) * stepped - ours).min() > 1e-3


def test_the_threshold_is_the_rate_times_the_coefficient():
    w, g = theta(50), theta(50, seed=1) * np.geomspace(1e-3, 1e3, 50)
    room.Proximal(Adam(ours := w.copy(), lr=0.1), 0.5).step(g)
    Adam(stepped := w.copy(), lr=0.1).step(g)
    assert_array_equal(ours, room.soft_threshold(stepped, 0.1 * 0.5))
    scaled = room.soft_threshold(stepped, 0.1 * 0.5 / (abs(g) + 1e-8))
    assert (abs(scaled - ours) > 1e-3).sum() > 25


def test_the_regressions_loss_is_half_a_mean():
    x, y = regression()
    lasso = Lasso(0.1, fit_intercept=False, tol=1e-14).fit(x, y).coef_
    assert_allclose(room.elastic_net_path(x, y, [0.1], 1.0)[0], lasso, atol=1e-6)
    ours = room.ridge(x, y, 0.1)
    assert_allclose(ours, Ridge(30 * 0.1, fit_intercept=False).fit(x, y).coef_, rtol=1e-10)
    assert abs(ours - Ridge(0.1, fit_intercept=False).fit(x, y).coef_).max() > 0.01


def reductions(losses, **settings) -> list[int]:
    """The epochs after which PyTorch's plateau schedule calls for a smaller rate."""
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, factor=0.1, eps=0.0, **settings)
    found, last = [], 1.0
    for epoch, loss in enumerate(losses):
        plateau.step(loss)
        if sgd.param_groups[0]["lr"] != last:
            found.append(epoch)
            last = sgd.param_groups[0]["lr"]
    return found


def test_patience_is_the_number_of_bad_epochs():
    losses = [3.0, 2.0, 2.5, 2.5, 2.5, 2.5]
    stop, best = room.early_stop(losses, patience=2)
    assert (stop, best) == (3, 1)
    assert reductions(losses, patience=2)[0] == 4


def test_an_improvement_is_absolute_and_strict():
    small = [1e-3, 0.9e-3, 0.8e-3, 0.7e-3]
    assert room.early_stop(small, 2, min_delta=1e-3)[1] == 0
    assert room.early_stop(small, 2, min_delta=0.0)[1] == 3
    assert reductions(small, patience=1, threshold=1e-3) == []  # a thousandth of each
    assert room.early_stop([1.0, 1.0, 1.0, np.nan, 0.5], 3) == (3, 0)


def test_the_best_weights_come_back_when_asked():
    model = models.Sequential(normalization.BatchNorm(2))
    stopping = room.EarlyStopping(1)
    for value in (1.0, 2.0):
        model.forward(theta(5, 2, seed=int(value)), training=True)
        model.theta[...] = value
        stopping.update(value, model.theta, model.buffers)
    assert (model.theta == 2).all()
    later = model.layers[0].running_mean.copy()
    stopping.restore(model)
    assert (model.theta == 1).all()
    assert_allclose(model.layers[0].running_mean, 0.1 * theta(5, 2, seed=1).mean(0), rtol=1e-14)
    assert abs(later - model.layers[0].running_mean).min() > 1e-3


def test_the_smoothed_share_goes_to_all_classes():
    onehot, z, labels = np.eye(4), theta(4, 4), np.arange(4)
    ours = room.smooth_labels(onehot, 0.2)
    assert_allclose(ours, 0.8 * onehot + 0.05, rtol=1e-14)
    smooth = torch.nn.CrossEntropyLoss(label_smoothing=0.2)
    theirs = smooth(torch.tensor(z), torch.tensor(labels))
    assert_allclose(room.SmoothedCrossEntropy(0.2).forward(z, labels), theirs, rtol=1e-14)
    wrong_ones = 0.8 * onehot + 0.2 / 3 * (1 - onehot)
    assert abs(ours - wrong_ones).min() > 0.01


def test_bins_are_closed_on_the_right():
    p = np.array([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]])
    *_, count = room.reliability(p, np.zeros(3, int), bins=4)
    assert_array_equal(count, [0, 1, 1, 1])
    left, _ = np.histogram(p.max(-1), np.linspace(0, 1, 5))
    assert_array_equal(left, [0, 0, 1, 2])
    assert room.reliability(p, np.zeros(3, int))[2].shape == (15,)


def test_a_temperature_divides():
    rng = np.random.default_rng(3)
    z = 2 * theta(500, 3)
    labels = (rng.random((500, 1)) > room.softmax(z).cumsum(-1)).sum(-1)
    t = room.fit_temperature(4 * z, labels)
    assert t > 2
    assert room.nll(4 * z / t, labels) < room.nll(4 * z, labels) < room.nll(4 * z * t, labels)
