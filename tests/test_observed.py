"""What is measured on networks in training: updates to a loss, noise, curvature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.scratch.landscape import gradient_noise
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import race, try_all
from dlcourse.training.observed import (
    critical_batch,
    fewest_updates,
    first_below,
    largest_curvature,
    noise_scale,
)


def test_each_run_is_read_where_its_own_curve_first_falls():
    curve = np.array([[8.0, 4.0, 1.0, 4.0], [8.0, 1.0, 0.5, 0.25], [8.0, 7.0, 6.0, 5.0]])
    other = np.array([[0.0, 1.0, 2.0, 3.0], [5.0, 2.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    # 2 lies half-way from 4 to 1 on a log axis, and two thirds of the way from 8 to 1
    assert_allclose(first_below(curve, 2.0, other), [1.5, 3.0, np.nan])


def test_a_later_rise_and_fall_does_not_count():
    curve = np.array([4.0, 1.0, 4.0, 1.0])
    assert first_below(curve, 2.0, np.arange(4.0)) == 0.5  # np.interp would not say


def test_first_below_at_the_door():
    with pytest.raises(ValueError, match="above the level at first"):
        first_below(np.array([1.0, 0.5]), 2.0, np.zeros(2))
    with pytest.raises(ValueError, match="of the shape of curve"):
        first_below(np.array([3.0, 0.5]), 2.0, np.zeros(3))


def test_the_largest_curvature_is_that_of_the_whole_hessian():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 3)), rng.integers(0, 2, size=12)
    generators = [np.random.default_rng(i) for i in range(2)]
    net, loss = MLP([3, 4, 2], generators, runs=2), SoftmaxCrossEntropy()
    theta = net.theta.copy()
    found = largest_curvature(net, loss, x, y, rounds=300)
    assert_array_equal(net.theta, theta)
    for run in range(2):
        hessian = np.zeros((theta.shape[1], theta.shape[1]))
        for i in range(theta.shape[1]):
            for sign in (1, -1):
                net.theta[...] = theta
                net.theta[run, i] += sign * 1e-4
                loss.forward(net.forward(x, True), y)
                net.backward(loss.backward())
                hessian[i] += sign * net.grad[run] / 2e-4
        values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        assert_allclose(found[run], values[np.abs(values).argmax()], rtol=1e-3)
    assert abs(found[0] / found[1] - 1) > 0.01  # two runs that differ


def test_the_law_is_found_again_for_each_start():
    sizes, samples = np.array([2, 8, 64, 448]), 448
    least, critical = np.array([40.0, 15.0]), np.array([20.0, 60.0])
    counts = least * (1 + critical * (1 / sizes - 1 / samples)[:, None])
    found = critical_batch(sizes, counts, samples)
    assert_allclose(found, [least, critical], rtol=1e-9)
    planted = critical_batch(sizes, counts, 10**9)  # the noise of draws with replacement
    assert abs(planted[1][0] / critical[0] - 1) > 0.01


def test_two_batch_sizes_tell_the_noise_scale():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)), rng.integers(0, 3, size=60)
    net, loss = MLP([5, 4, 3], np.random.default_rng(1)), SoftmaxCrossEntropy()
    exact = gradient_noise(net, loss, x, y).scale * 59 / 60  # variance of draws from the 60
    found = noise_scale(net, loss, x, y, sizes=(4, 32), draws=3000, rng=rng)
    assert_allclose(found, exact, rtol=0.15)
    planted = noise_scale(net, loss, x, y, sizes=(4, 4000), draws=300, rng=rng)
    assert abs(planted * 4 / exact - 1) > 0.15  # as if the size were forgotten


def test_each_size_is_reported_at_its_fastest_rate():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 3))
    y = (x[:, 0] > 0).astype(int)
    make = (lambda rng, runs: MLP([3, 2], rng, runs=runs)), SGD
    plan = {4: [0.1, 0.5], 32: [0.5, 0.1]}
    counts, best = fewest_updates(
        make, SoftmaxCrossEntropy(), (x, y), 0.4, plan, dict.fromkeys(plan, range(1, 200))
    )
    assert counts.shape == (2, 10)
    assert [one.setting["lr"] for one in best] == [0.5, 0.5]
    slow, _ = fewest_updates(
        make, SoftmaxCrossEntropy(), (x, y), 0.4, {4: [0.1]}, {4: range(1, 400)}
    )
    assert (slow.mean() > 3 * counts[0].mean()) and np.isfinite(slow).all()


def test_the_updates_are_those_of_other_starts_than_the_rate_was_chosen_on():
    x = np.random.default_rng(7).normal(size=(64, 3))
    data = x, (x[:, 0] > 0).astype(int)
    make, loss = ((lambda rng, runs: MLP([3, 2], rng, runs=runs)), SGD), SoftmaxCrossEntropy()
    looks = range(1, 200)
    found, _ = fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: looks}, [40, 41, 42])
    run = race(make, loss, data, 0.4, batch_size=8, looks=looks, seeds=3)
    assert_allclose(found, try_all(run, seeds=[40, 41, 42], lr=[0.5])["steps"])
    seen = try_all(run, seeds=3, lr=[0.5])["steps"]  # planted: the starts that chose
    assert (found != seen).any()
    with pytest.raises(ValueError, match="fresh must be seeds other than those of chosen_on"):
        fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: looks}, [9, 10])
    _, best = fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: looks}, [0, 1, 2], [40, 41, 42])
    assert best[0].average == pytest.approx(found.mean()) != pytest.approx(seen.mean())
    with pytest.raises(ValueError, match="fresh must be seeds other than those of chosen_on"):
        fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: looks}, [41, 50], [40, 41])


@pytest.mark.parametrize("name", ["chosen_on", "fresh"])
def test_no_seeds_are_refused_by_their_own_name(name):
    data = np.ones((8, 3)), np.zeros(8, int)
    make = (lambda rng, runs: MLP([3, 2], rng, runs=runs)), SGD
    with pytest.raises(ValueError, match=rf"^{name} must be one seed or more; got \(\)\."):
        fewest_updates(
            make, SoftmaxCrossEntropy(), data, 0.4, {8: [0.5]}, {8: range(9)}, **{name: ()}
        )


def test_a_start_that_no_look_saw_arrive_is_no_count():
    x = np.random.default_rng(7).normal(size=(64, 3))
    data = x, (x[:, 0] > 0).astype(int)
    make, loss = ((lambda rng, runs: MLP([3, 2], rng, runs=runs)), SGD), SoftmaxCrossEntropy()
    (found,), _ = fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: range(1, 200)})
    middle = int(np.median(found))
    assert found.min() < middle < found.max()
    with pytest.raises(ValueError, match="looks must be long enough for all with"):
        fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: range(1, middle)})
    with pytest.raises(
        ValueError, match="looks must be early enough for all with batches of 8; got"
    ):
        fewest_updates(make, loss, data, 0.4, {8: [0.5]}, {8: range(middle, 200)})
