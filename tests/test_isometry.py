"""Chains of matrices: their derivatives, how linear ones learn, and what each check must catch."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems.isometry import (
    chain,
    crossing,
    decades,
    deep_network,
    flow,
    forward,
    isometric,
    learn_map,
    linear_loss,
    mode_strength,
    spread,
)
from dlcourse.scratch.initialization import kaiming_normal, orthogonal

GAUSSIAN = partial(kaiming_normal, nonlinearity="linear")


def generators(runs, seed=0):
    return [np.random.default_rng((seed, i)) for i in range(runs)]


def layers(count, runs=3, n=5, seed=0):
    rngs = generators(runs, seed)
    return [GAUSSIAN((n, n), rngs, runs=runs) for _ in range(count)], np.stack(
        [one.normal(size=n) for one in rngs]
    )


def numerical(weights, x, activation, drive=0.0):
    """The derivative by central differences, direction by direction."""
    columns = []
    for e in 1e-6 * np.eye(x.shape[-1]):
        ahead, behind = (forward(weights, x + d, activation, drive)[0][-1] for d in (e, -e))
        columns.append((ahead - behind) / 2e-6)
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
def test_the_jacobian_is_the_derivative_of_the_states(activation):
    weights, x = layers(6)
    drive = 0.3 * np.random.default_rng(1).normal(size=(6, *x.shape))
    h, J = chain(weights, x, activation, drive)
    assert h.shape == (7, 3, 5) and J.shape == (6, 3, 5, 5)
    assert (h[0] == x).all() and (h == forward(weights, x, activation, drive)[0]).all()
    np.testing.assert_allclose(J[-1], numerical(weights, x, activation, drive), atol=1e-6)
    wrong = numerical(weights, x, activation)  # planted: as if nothing came in from outside
    assert activation == "linear" or abs(J[-1] - wrong).max() > 1e-3


def test_runs_do_not_meet_and_one_network_takes_many_inputs():
    weights, x = layers(4)
    alone = chain([w[1:2] for w in weights], x[1:2], "tanh")[1]
    np.testing.assert_allclose(chain(weights, x, "tanh")[1][:, 1:2], alone, rtol=1e-12)
    shared = chain([w[:1] for w in weights], x, "tanh")
    assert shared[1].shape == (4, 3, 5, 5)
    np.testing.assert_allclose(shared[1][:, 0], chain(weights, x, "tanh")[1][:, 0], rtol=1e-12)


def test_an_unknown_activation_is_refused():
    weights, x = layers(1)
    with pytest.raises(
        ValueError, match=r"activation must be one of 'linear', 'tanh', 'relu'; got 'elu'"
    ):
        chain(weights, x, "elu")


def test_isometric_keeps_size_and_directions_and_drops_the_spread():
    w = GAUSSIAN((7, 7), np.random.default_rng(0), runs=4)
    even = isometric(w)
    values = np.linalg.svdvals(even)
    np.testing.assert_allclose(values, np.sqrt((w**2).sum((1, 2)) / 7)[:, None] * np.ones(7))
    np.testing.assert_allclose((even**2).mean(), (w**2).mean())
    u, s, vt = np.linalg.svd(w)
    np.testing.assert_allclose(u.mT @ even @ vt.mT, values[..., None] * np.eye(7), atol=1e-12)
    assert np.ptp(s, axis=1).min() > 0.5, "the control: as drawn they are far from equal"


def test_decades_are_those_of_the_root_mean_square_and_not_of_the_norm():
    J = 10.0 ** np.array([-3, 2])[:, None, None] * np.eye(6)
    np.testing.assert_allclose(decades(J), [-3, 2])
    assert abs(np.log10(np.linalg.norm(J[0])) + 3) > 0.3  # planted: the Frobenius norm itself


def test_gradients_of_the_linear_loss():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(2, *shape)) for shape in ((3, 4), (3, 3), (2, 3))]
    target, ways = rng.normal(size=(2, 2, 4)), [rng.normal(size=w.shape) for w in weights]
    _, grads = linear_loss(weights, target)
    ahead, behind = (
        linear_loss([w + e * d for w, d in zip(weights, ways, strict=True)], target)[0]
        for e in (1e-6, -1e-6)
    )
    along = sum((g * d).sum((1, 2)) for g, d in zip(grads, ways, strict=True))
    np.testing.assert_allclose((ahead - behind) / 2e-6, along, rtol=1e-7)
    wrong = sum((g * d).sum((1, 2)) for g, d in zip(grads[::-1][:1], ways[-1:], strict=True))
    assert abs(wrong - along).min() > 1e-3, "planted: the gradient of one layer only"


def test_the_flow_follows_the_closed_form_and_its_error_is_of_fourth_order():
    s = np.array([3.0, 1.0])
    start = [0.2 * np.eye(2), 0.2 * np.eye(2)]
    off = []
    for step in (0.04, 0.02):
        path = flow(start, np.diag(s), step, round(2 / step))
        now = np.diag(path[-1][1] @ path[-1][0])
        off.append(abs(now - mode_strength(2.0, s, 0.04)).max())
    assert off[1] < 1e-6
    assert 8 < off[0] / off[1] < 32
    euler = np.full(2, 0.2)  # planted: gradient descent with the same step
    for _ in range(100):
        euler = euler + 0.02 * euler * (s - euler**2)
    assert abs(euler**2 - mode_strength(2.0, s, 0.04)).max() > 1e-3


def test_orthogonal_layers_stay_alike_and_gaussian_ones_do_not():
    apart = {}
    for init in (orthogonal, GAUSSIAN):
        rngs = generators(4)
        weights = [0.5 * init((3, 3), rngs, runs=4) for _ in range(3)]
        target = GAUSSIAN((3, 3), rngs, runs=4)
        values = np.linalg.svdvals(np.array(flow(weights, target, 0.02, 100)))
        apart[init] = np.ptp(values, axis=1).max()
    assert apart[orthogonal] < 1e-8 < 1e-2 < apart[GAUSSIAN]


def test_learning_a_map_counts_its_steps_and_says_where_it_does_not_arrive():
    learn = partial(learn_map, init=orthogonal, depth=4, steps=60)
    found = learn(generators(3), 3, np.full((3, 1), 0.5))["steps"]
    assert ((found > 1) & (found < 30)).all()
    slow, far = (learn(generators(3), 3, np.full((3, 1), r))["steps"] for r in (0.01, 50.0))
    assert (slow == 60).all() and (far == 60).all()
    several = learn(generators(3), 3, np.array([[0.5], [50.0], [0.01]]))["steps"]
    np.testing.assert_allclose(several, [found[0], 60, 60])


def test_crossing_lies_between_two_steps_on_a_log_line():
    losses = np.array([[1.0, 4.0, 1.0], [0.3, 2.0, np.nan], [0.03, 1.0, np.nan]])
    at = crossing(losses, 0.1)
    np.testing.assert_allclose(at[0], 1 + np.log(3) / np.log(10))
    assert np.isnan(at[1:]).all()


def test_the_deep_network_is_drawn_by_init_and_gain_alone():
    net = deep_network(generators(2), 2, np.array([[1.0], [2.0]]), init=orthogonal, depth=3)
    w = net.params["2.weight"]
    np.testing.assert_allclose(w[0] @ w[0].T, np.eye(32), atol=1e-5)
    np.testing.assert_allclose(w[1] @ w[1].T, 4 * np.eye(32), atol=1e-5)
    assert not net.params["2.bias"].any() and len(net.layers) == 7
    with pytest.raises(ValueError, match="depth must be at least one hidden layer; got 0"):
        deep_network(generators(1)[0], init=orthogonal, depth=0)


def test_spread_is_zero_for_orthogonal_weights_alone():
    rngs = generators(5)
    assert spread([orthogonal((8, 8), rngs, runs=5)] * 2).max() < 1e-12
    assert spread([GAUSSIAN((8, 8), rngs, runs=5)]).min() > 0.3
