"""Each convention of the optimizers: our code follows it, and the other form differs measurably."""

import numpy as np
import pytest
from harness import differs, run
from numpy.testing import assert_allclose

from dlcourse.scratch.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    RMSprop,
    clip_grad_norm,
)
from dlcourse.scratch.regularization import Decayed

EXACT = {"rtol": 1e-12, "atol": 1e-14}


def gradients(steps, dim=3, scale=1.0, seed=0):
    return scale * np.random.default_rng(seed).normal(size=(steps, dim))


def test_momentum_keeps_the_rate_outside_the_velocity():
    grads, mu = gradients(40), 0.9
    rates = np.where(np.arange(40) < 20, 0.1, 0.01)

    def paths(rates):
        outer, inner, v, u = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
        for rate, g in zip(rates, grads, strict=True):
            v = mu * v + g
            outer = outer - rate * v
            u = mu * u - rate * g
            inner = inner + u
        return outer, inner

    outside, inside = paths(rates)
    ours = run(SGD(np.zeros(3), lr=lambda step: rates[step], momentum=mu), grads)[-1]
    assert_allclose(ours, outside, **EXACT)
    assert differs(ours, inside, by=0.05)
    same, also = paths(np.full(40, 0.1))
    assert_allclose(same, also, **EXACT)  # as long as the rate stands still they are one method


def test_dampening_spares_the_first_step():
    grads, mu, tau = gradients(5), 0.9, 0.9
    ours = run(SGD(np.zeros(3), lr=1.0, momentum=mu, dampening=tau), grads)
    v = grads[0]
    assert_allclose(ours[0], -v, **EXACT)
    v = mu * v + (1 - tau) * grads[1]
    assert_allclose(ours[1] - ours[0], -v, **EXACT)
    averaged = -(1 - tau) * grads[0]
    assert_allclose(ours[0] / averaged, 10.0, **EXACT)


def test_nesterov_stores_the_look_ahead_point():
    curvature, eta, mu = np.array([1.0, 10.0]), 0.05, 0.9
    point, v = np.ones(2), np.zeros(2)  # theirs: the point before looking ahead
    x = np.ones(2)
    optimizer = SGD(x, lr=eta, momentum=mu, nesterov=True)
    apart = []
    for _ in range(30):
        v = mu * v + curvature * (point - eta * mu * v)
        point = point - eta * v
        optimizer.step(curvature * x)
        assert_allclose(x, point - eta * mu * v, **EXACT)
        apart.append(np.abs(x - point).max())
    assert max(apart) > 0.1


def adam_by_hand(grads, lr=0.1, betas=(0.9, 0.999), eps=1e-8, denominator=None):
    b1, b2 = betas
    theta, m, v, path = np.zeros(grads.shape[1]), 0.0, 0.0, []
    for t, g in enumerate(grads, 1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        root = denominator(v, 1 - b2**t, eps)
        theta = theta - lr * m / (1 - b1**t) / root
        path.append(theta)
    return np.array(path)


def test_adam_adds_epsilon_outside_the_root():
    grads = gradients(20, scale=1e-6)
    ours = run(Adam(np.zeros(3), lr=0.1), grads)

    def outside(v, c, eps):
        return np.sqrt(v / c) + eps

    def inside(v, c, eps):
        return np.sqrt(v / c + eps)

    def before_the_correction(v, c, eps):
        return (np.sqrt(v) + eps) / np.sqrt(c)

    assert_allclose(ours, adam_by_hand(grads, denominator=outside), **EXACT)
    assert differs(ours, adam_by_hand(grads, denominator=inside), by=0.9)
    assert differs(ours, adam_by_hand(grads, denominator=before_the_correction), by=0.01)
    # What the page says of |g| = 1e-6: one percent shorter, and a hundred times shorter.
    tiny = np.full((1, 1), 1e-6)
    assert run(Adam(np.zeros(1), lr=1.0), tiny)[0, 0] == pytest.approx(-1 / 1.01, rel=1e-6)
    assert adam_by_hand(tiny, lr=1.0, denominator=inside)[0, 0] == pytest.approx(-0.01, rel=1e-3)


def test_amsgrad_keeps_the_maximum_of_the_uncorrected_moment():
    grads = gradients(60)
    grads[:2] *= 30
    ours = run(Adam(np.zeros(3), lr=0.1, amsgrad=True), grads)

    def maximum(corrected):
        largest = np.zeros(3)

        def denominator(v, c, eps):
            np.maximum(largest, v / c if corrected else v, out=largest)
            return np.sqrt(largest if corrected else largest / c) + eps

        return denominator

    assert_allclose(ours, adam_by_hand(grads, denominator=maximum(corrected=False)), **EXACT)
    assert differs(ours, adam_by_hand(grads, denominator=maximum(corrected=True)), by=0.1)


def test_adagrad_adds_epsilon_outside_the_root():
    grads = gradients(20, scale=1e-6)
    ours = run(Adagrad(np.zeros(3), lr=0.1), grads)
    total = np.cumsum(grads**2, axis=0)
    outside = -0.1 * np.cumsum(grads / (np.sqrt(total) + 1e-10), axis=0)
    assert_allclose(ours, outside, **EXACT)
    inside = -0.1 * np.cumsum(grads / np.sqrt(total + 1e-8), axis=0)
    assert differs(ours, inside, by=0.9)
    # What the page says of a first gradient of 1e-6: a whole step, and a hundredth of one.
    tiny = np.full((1, 1), 1e-6)
    assert run(Adagrad(np.zeros(1), lr=1.0), tiny)[0, 0] == pytest.approx(-1, rel=1e-3)
    assert 1e-6 / np.sqrt(1e-12 + 1e-8) == pytest.approx(0.01, rel=1e-3)


def rmsprop_by_hand(grads, lr=0.1, alpha=0.99, denominator=lambda v, t: np.sqrt(v) + 1e-8):
    v, path, theta = 0.0, [], 0.0
    for t, g in enumerate(grads, 1):
        v = alpha * v + (1 - alpha) * g**2
        theta = theta - lr * g / denominator(v, t)
        path.append(theta)
    return np.array(path)


def test_rmsprop_adds_epsilon_outside_and_remembers_long():
    grads = gradients(40, scale=1e-6)
    ours = run(RMSprop(np.zeros(3), lr=0.1), grads)
    assert_allclose(ours, rmsprop_by_hand(grads), **EXACT)
    inside = rmsprop_by_hand(grads, denominator=lambda v, t: np.sqrt(v + 1e-8))
    assert differs(ours, inside, by=0.9)
    assert differs(ours, rmsprop_by_hand(grads, alpha=0.9), by=0.3)  # the lecture's memory
    assert differs(ours, rmsprop_by_hand(grads, alpha=0.01), by=0.5)  # 0.99 for the new square
    first = {a: run(RMSprop(np.zeros(1), lr=1.0, alpha=a), np.ones((1, 1))) for a in (0.99, 0.9)}
    assert abs(first[0.99][0, 0]) == pytest.approx(10, rel=1e-6)
    assert abs(first[0.9][0, 0]) == pytest.approx(np.sqrt(10), rel=1e-6)


def test_rmsprop_does_not_correct_its_start():
    grads = gradients(30)
    ours = run(RMSprop(np.zeros(3), lr=0.1), grads)
    assert_allclose(ours, rmsprop_by_hand(grads), **EXACT)
    corrected = rmsprop_by_hand(grads, denominator=lambda v, t: np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    assert_allclose(ours[0] / corrected[0], 10.0, rtol=1e-5)  # ten rates, as the page says
    from_one = rmsprop_by_hand(grads, denominator=lambda v, t: np.sqrt(v + 0.99**t) + 1e-8)
    assert differs(ours, corrected, by=0.5)
    assert differs(ours, from_one, by=0.5)


def test_rmsprop_gathers_steps_already_divided():
    grads = gradients(40)
    grads[20] *= 100
    rates = np.where(np.arange(40) < 10, 0.1, 0.01)
    optimizer = RMSprop(np.zeros(3), lr=lambda t: rates[t], alpha=0.9, momentum=0.9)
    ours = run(optimizer, grads)
    forms = {"divided": [], "rate inside": [], "divided today": []}
    places = dict.fromkeys(forms, 0.0)
    v, b, inner, raw = 0.0, 0.0, 0.0, 0.0
    for rate, g in zip(rates, grads, strict=True):
        v = 0.9 * v + 0.1 * g**2
        root = np.sqrt(v) + 1e-8
        b, inner, raw = 0.9 * b + g / root, 0.9 * inner + rate * g / root, 0.9 * raw + g
        steps = {"divided": rate * b, "rate inside": inner, "divided today": rate * raw / root}
        for name, step in steps.items():
            places[name] = places[name] - step
            forms[name].append(places[name])
    assert_allclose(ours, forms["divided"], **EXACT)
    assert differs(ours, np.array(forms["rate inside"]), by=0.1)
    assert differs(ours, np.array(forms["divided today"]), by=0.1)


def test_adadelta_adds_epsilon_inside_both_roots():
    grads, rho, eps = gradients(50), 0.9, 1e-6
    ours = run(Adadelta(np.zeros(3)), grads)

    def path(above, below):
        u, v, theta, points = 0.0, 0.0, 0.0, []
        for g in grads:
            v = rho * v + (1 - rho) * g**2
            delta = above(u) / below(v) * g
            u = rho * u + (1 - rho) * delta**2
            theta = theta - delta
            points.append(theta)
        return np.array(points)

    def inside(a):
        return np.sqrt(a + eps)

    def outside(a):
        return np.sqrt(a) + eps

    assert_allclose(ours, path(inside, inside), **EXACT)
    slow = path(outside, inside)
    assert differs(ours, slow, by=0.9)
    assert np.median(np.abs(ours[0] / slow[0])) == pytest.approx(1000, rel=1e-6)
    small = gradients(50, scale=1e-3)
    grads = small
    assert differs(run(Adadelta(np.zeros(3)), small), path(inside, outside), by=0.1)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_weight_decay_is_coupled_in_sgd_and_adam(kind):
    grads, lam, lr = gradients(30), 0.5, 0.05

    def path(decay_of, optimizer, x):
        points = []
        for g in grads:
            shrunk = decay_of(x)
            optimizer.step(g + lam * x if shrunk is None else g)
            x -= 0 if shrunk is None else shrunk
            points.append(x.copy())
        return np.array(points)

    x, y, z = np.ones(3), np.ones(3), np.ones(3)
    ours = run(kind(x, lr=lr, weight_decay=lam), grads)
    coupled = path(lambda x: None, kind(y, lr=lr), y)
    decoupled = path(lambda x: lr * lam * x, kind(z, lr=lr), z)
    assert_allclose(ours, coupled, **EXACT)
    if kind is Adam:
        assert differs(ours, decoupled, by=0.1)
    else:
        assert_allclose(ours, decoupled, **EXACT)  # "in plain SGD never", as the page says


def test_adamw_multiplies_the_decay_by_the_rate():
    lam, rate = 0.1, 0.01
    still = np.zeros((10, 1))
    ours = run(AdamW(np.ones(1), lr=rate, weight_decay=lam), still)[-1, 0]
    times_the_rate, without_it = (1 - rate * lam) ** 10, (1 - lam) ** 10
    assert ours == pytest.approx(times_the_rate, rel=1e-12)
    assert abs(ours - without_it) > 0.5
    around = run(Decayed(SGD(np.ones(1), lr=rate), lam), still)[-1, 0]
    assert around == pytest.approx(times_the_rate, rel=1e-12)


def test_clipping_takes_one_norm_over_all_arrays():
    grads = [np.array([30.0, 40.0]), np.array([[1.0]]), np.array([2.0])]
    whole, c = np.concatenate([g.ravel() for g in grads]), 1.0
    ours, norm = clip_grad_norm(grads, c)
    factor = c / (np.sqrt(2505.0) + 1e-6)
    assert norm == pytest.approx(np.sqrt(2505.0), rel=1e-15)
    assert_allclose(np.concatenate([g.ravel() for g in ours]), factor * whole, **EXACT)
    each = [g * min(1, c / (np.linalg.norm(g) + 1e-6)) for g in grads]
    each = np.concatenate([g.ravel() for g in each])
    assert whole @ each / np.linalg.norm(whole) / np.linalg.norm(each) < 0.65
    assert np.linalg.norm(each) == pytest.approx(np.sqrt(3), rel=1e-5)  # as the page says, √k
    assert np.linalg.norm(factor * whole) == pytest.approx(c, rel=1e-7)
    tiny = clip_grad_norm(np.array([1e-6]), 1e-6)[0]  # where the 1e-6 is felt
    assert tiny[0] == pytest.approx(0.5e-6)
