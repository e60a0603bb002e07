"""REINFORCE, weight sharing and DARTS: their gradients, and what each finds beside chance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.reference.hpo import nas as twins
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.hpo.nas.mixing import softmax
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
CELLS, TABLE = nas.all_cells(), nas.digits_cells()


def enumerated(logits: np.ndarray, reward) -> tuple[float, np.ndarray]:
    """Expected reward and gradient, cell by cell in plain Python and central differences."""

    def expected(a):
        total, p = 0.0, np.exp(a) / np.exp(a).sum(-1, keepdims=True)
        for cell in itertools.product(range(a.shape[-1]), repeat=len(a)):
            total += np.prod([p[e, o] for e, o in enumerate(cell)]) * reward(np.array(cell))
        return total

    grad, h = np.zeros_like(logits), 1e-5
    for at in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[at] = h
        grad[at] = (expected(logits + step) - expected(logits - step)) / (2 * h)
    return expected(logits), grad


def test_the_exact_gradient_is_that_of_differences_and_of_autograd() -> None:
    logits, rewards = RNG.normal(size=(5, 4)), TABLE.reward(CELLS)
    value, grad = nas.expected_reward(logits, rewards)
    theirs = twins.expected_reward(torch.tensor(logits), torch.tensor(rewards))
    assert_allclose(value, float(theirs[0]), atol=1e-12)
    assert_allclose(grad, theirs[1].numpy(), atol=1e-10)
    small = lambda cell: rewards[nas.cell_index(cell)]  # noqa: E731
    part = np.array([(0, 1), (4, 3), (2, 2)])
    by_hand = enumerated(logits, small)
    assert_allclose(value, by_hand[0], atol=1e-12)
    for e, o in part:
        assert_allclose(grad[e, o], by_hand[1][e, o], atol=1e-8)


def estimates(gradient, n: int, baseline: float) -> np.ndarray:
    """n single-sample estimates at the same logits."""
    logits, rewards = np.linspace(-1, 1, 20).reshape(5, 4), TABLE.reward(CELLS)
    cells = nas.draw_cells(logits, n, np.random.default_rng(1))
    r = rewards[nas.cell_index(cells)]
    return np.array([gradient(logits, cells[i : i + 1], r[i : i + 1], baseline) for i in range(n)])


def unbiased(gradient, baseline: float) -> float:
    """All 20 entries within 4.5 standard errors of the exact one: a false alarm in 7,000."""
    logits, rewards = np.linspace(-1, 1, 20).reshape(5, 4), TABLE.reward(CELLS)
    exact = nas.expected_reward(logits, rewards)[1]
    found = estimates(gradient, 6000, baseline)
    error = found.std(0, ddof=1) / len(found) ** 0.5
    assert (abs(found.mean(0) - exact) < 4.5 * error).all()
    return float(error.mean())


def test_the_estimate_is_right_on_average_and_a_baseline_makes_it_sharper() -> None:
    without = unbiased(nas.reinforce_gradient, 0.0)
    rewards = TABLE.reward(CELLS)
    logits = np.linspace(-1, 1, 20).reshape(5, 4)
    level = nas.expected_reward(logits, rewards)[0]
    assert unbiased(nas.reinforce_gradient, level) < 0.5 * without


def descends(logits, cells, rewards, baseline=0.0):
    return -nas.reinforce_gradient(logits, cells, rewards, baseline)


def baseline_on_the_score(logits, cells, rewards, baseline=0.0):
    p = softmax(logits)
    return (rewards[:, None, None] * (np.eye(4)[cells] - p) - baseline * p).mean(0)


def unscored(logits, cells, rewards, baseline=0.0):
    """The chosen operation alone goes up, none goes down."""
    return ((rewards - baseline)[:, None, None] * np.eye(4)[cells]).mean(0)


def softmax_over_edges(logits, cells, rewards, baseline=0.0):
    p = np.exp(logits) / np.exp(logits).sum(0)
    return ((rewards - baseline)[:, None, None] * (np.eye(4)[cells] - p)).mean(0)


@pytest.mark.parametrize("wrong", [descends, baseline_on_the_score, unscored, softmax_over_edges])
def test_a_wrong_estimate_is_caught(wrong) -> None:
    with pytest.raises(AssertionError):
        unbiased(wrong, 0.5)


def baseline_added(logits, cells, rewards, baseline=0.0):
    return nas.reinforce_gradient(logits, cells, rewards, -np.asarray(baseline))


def estimates_agree(ours) -> None:
    for lead in ((), (3,)):
        logits, baseline = RNG.normal(size=(*lead, 5, 4)), RNG.normal(size=lead)
        cells, rewards = RNG.integers(4, size=(6, *lead, 5)), RNG.normal(size=(6, *lead))
        theirs = twins.reinforce_gradient(*map(torch.tensor, (logits, cells, rewards, baseline)))
        assert_allclose(ours(logits, cells, rewards, baseline), theirs.numpy(), atol=1e-10)


def test_the_estimate_is_autograds() -> None:
    """Also what an unbiased estimate cannot show: the sign of the baseline."""
    estimates_agree(nas.reinforce_gradient)
    with pytest.raises(AssertionError):
        estimates_agree(baseline_added)


def test_cells_are_drawn_as_often_as_the_controller_says() -> None:
    logits = np.log(np.tile([0.1, 0.2, 0.3, 0.4], (5, 1)))
    cells = nas.draw_cells(logits, 20_000, np.random.default_rng(0))
    shares = np.array([(cells == o).mean(0) for o in range(4)])
    assert_allclose(shares, np.tile([[0.1], [0.2], [0.3], [0.4]], 5), atol=0.015)
    together = nas.draw_cells(np.zeros((7, 5, 4)), 3, np.random.default_rng(0))
    assert together.shape == (3, 7, 5) and len(np.unique(together[0], axis=0)) > 1
    corners = nas.draw_cells(
        np.array([[0, -np.inf, -np.inf, 0.0]] * 5), 500, np.random.default_rng(0)
    )
    assert set(corners.ravel().tolist()) == {0, 3}


def test_the_baseline_is_a_moving_mean_of_what_was_before() -> None:
    controller = nas.Controller(np.random.default_rng(0), None, 1.0, 0.75)
    cell = np.array([[1, 1, 1, 1, 1]])
    controller.learn(cell, np.array([0.8]))
    assert_array_equal(controller.logits, np.zeros((5, 4)))  # nothing to compare with yet
    assert controller.baseline == pytest.approx(0.8)
    controller.learn(cell, np.array([0.4]))
    assert controller.baseline == pytest.approx(0.75 * 0.8 + 0.25 * 0.4)
    assert_allclose(controller.logits[0], -0.4 * np.array([-0.25, 0.75, -0.25, -0.25]))


def noisy(seed: int):
    rng = np.random.default_rng(seed)
    return lambda cells: TABLE.reward(cells, rng)


def test_reinforce_learns_what_the_table_knows_and_beats_chance_at_equal_cost() -> None:
    told = {"n_steps": 600, "runs": 40}
    found = nas.reinforce_nas(noisy(0), np.random.default_rng(0), **told)
    chance = nas.random_nas(noisy(1), np.random.default_rng(1), 600, runs=40)
    assert found.cells.shape == chance.cells.shape == (600, 40, 5)
    after, level = found.rewards[-100:].mean(), chance.rewards.mean()
    assert after > found.rewards[:20].mean() + 0.02 > level + 0.03
    mode = TABLE.regret(found.logits.argmax(-1)).mean()
    assert mode < 0.85 * TABLE.regret(chance.best).mean()
    again = nas.reinforce_nas(noisy(0), np.random.default_rng(0), **told)
    assert_array_equal(again.cells, found.cells)


def learns(learn, monkeypatch) -> None:
    monkeypatch.setattr(nas.Controller, "learn", learn)
    test_reinforce_learns_what_the_table_knows_and_beats_chance_at_equal_cost()


def test_a_controller_that_does_not_learn_is_caught(monkeypatch) -> None:
    real = nas.Controller.learn
    with pytest.raises(AssertionError):
        learns(lambda self, cells, rewards: None, monkeypatch)
    with pytest.raises(AssertionError):
        learns(lambda self, cells, rewards: real(self, cells, -rewards), monkeypatch)


def test_the_incumbent_is_the_best_so_far_the_first_of_equals() -> None:
    found = nas.Found(CELLS[:6], np.array([2.0, 1, 3, 3, 0, 4]), np.zeros((5, 4)))
    assert nas.cell_index(found.incumbents()).tolist() == [0, 0, 2, 2, 2, 5]
    both = np.stack([found.cells, found.cells[::-1]], 1)
    two = nas.Found(both, np.stack([found.rewards, found.rewards[::-1]], 1), np.zeros((2, 5, 4)))
    assert nas.cell_index(two.incumbents()).tolist() == [
        [0, 5], [0, 5], [2, 5], [2, 5], [2, 5], [5, 5]
    ]  # fmt: skip
    assert_array_equal(two.best, two.incumbents()[-1])


def small():
    """A network in both rooms, with a batch to train on and one to validate on."""
    rng = np.random.default_rng(7)
    net = nas.cell_network(5, rng, features=6, classes=3)
    net.layers[1].alpha = rng.normal(size=(5, 4))
    batches = [(rng.normal(size=(12, 6)), rng.integers(3, size=12)) for _ in range(2)]
    other = torch.nn.Sequential(
        torch.nn.Linear(6, 5), twins.Cell(nas.EDGES, 5), torch.nn.Linear(5, 3)
    ).double()
    with torch.no_grad():
        for name, p in other.named_parameters():
            p.copy_(torch.tensor(net.layers[1].alpha if name == "1.alpha" else net.params[name]))
    return net, batches, other, [tuple(map(torch.tensor, b)) for b in batches]


def first_order_agrees(gradient) -> None:
    net, batches, other, theirs = small()
    exact = twins.darts_gradient(other, F.cross_entropy, *theirs)
    assert_allclose(gradient(net, SoftmaxCrossEntropy(), *batches), exact.numpy(), atol=1e-10)


def second_order_agrees(gradient) -> None:
    """The difference quotient goes to the exact product of second derivatives as ε²."""
    net, batches, other, theirs = small()
    before, loss, errors = net.theta.copy(), SoftmaxCrossEntropy(), []
    exact = twins.darts_gradient(other, F.cross_entropy, *theirs, xi=2.0).numpy()
    first = twins.darts_gradient(other, F.cross_entropy, *theirs).numpy()
    assert abs(exact - first).max() > 0.01, "the second order must matter"
    for eps in (1e-3, 1e-4):
        found = gradient(net, loss, *batches, xi=2.0, eps=eps)
        errors.append(abs(found - exact).max())
    assert errors[1] < 1e-7 and (errors[1] < errors[0] / 30 or errors[0] < 1e-8)
    assert_array_equal(net.theta, before)


def test_first_order_is_autograds() -> None:
    first_order_agrees(nas.darts_gradient)


def test_second_order_goes_to_the_exact_one() -> None:
    second_order_agrees(nas.darts_gradient)


def alpha_on_training_data(net, loss, train, validation, xi=0.0, eps=0.01):
    return nas.darts_gradient(net, loss, train, train, xi, eps)


def plus_for_minus(net, loss, train, validation, xi=0.0, eps=0.01):
    first = nas.darts_gradient(net, loss, train, validation)
    return 2 * first - nas.darts_gradient(net, loss, train, validation, xi, eps)


def no_second_term(net, loss, train, validation, xi=0.0, eps=0.01):
    kept = net.theta.copy()
    net.forward(train[0])
    loss.forward(net.forward(train[0]), train[1])
    net.backward(loss.backward())
    net.theta[...] = kept - xi * net.grad
    found = nas.darts_gradient(net, loss, train, validation)
    net.theta[...] = kept
    return found


@pytest.mark.parametrize(
    ("wrong", "check"),
    [(alpha_on_training_data, first_order_agrees), (alpha_on_training_data, second_order_agrees),
     (plus_for_minus, second_order_agrees), (no_second_term, second_order_agrees)],
)  # fmt: skip
def test_a_wrong_bilevel_gradient_is_caught(wrong, check) -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_second_order_of_many_runs_is_that_of_each() -> None:
    runs = 3
    net = nas.cell_network(5, np.random.default_rng(0), runs, features=6, classes=3)
    net.layers[1].alpha = RNG.normal(size=(runs, 5, 4))
    batches = [(RNG.normal(size=(12, 6)), RNG.integers(3, size=12)) for _ in range(2)]
    loss = SoftmaxCrossEntropy()
    together = nas.darts_gradient(net, loss, *batches, xi=0.3)
    for r in range(runs):
        one = nas.cell_network(5, np.random.default_rng(0), features=6, classes=3)
        one.theta[...], one.layers[1].alpha = net.theta[r], net.layers[1].alpha[r]
        assert_allclose(nas.darts_gradient(one, loss, *batches, xi=0.3), together[r], atol=1e-12)


def parts():
    digits = data.load()
    return [*map(nas.odd_digits, (digits.train, digits.validation))]


def adam(theta):
    return Adam(theta, lr=0.01)


def alpha_adam(alpha):
    return Adam(alpha, lr=0.03, betas=(0.5, 0.999))


@pytest.mark.parametrize("xi", [0.0, 0.01])
def test_darts_trains_logits_and_weights(xi: float) -> None:
    told = *parts(), adam, alpha_adam
    found = nas.darts(*told, np.random.default_rng(0), epochs=3, xi=xi, runs=3)
    assert found.alpha.shape == (4, 3, 5, 4) and found.cells.shape == (3, 5)
    assert (found.cells > 0).all()
    assert_allclose(found.shares.sum(-1), 1)
    moved = abs(np.diff(found.alpha, axis=0)).max((1, 2, 3))
    assert (moved > 0.05).all()
    net, (x, y) = found.net, parts()[1]
    assert ((net.forward(x).argmax(-1) == y).mean(-1) > 0.8).all()
    again = nas.darts(*told, np.random.default_rng(0), epochs=3, xi=xi, runs=3)
    assert_array_equal(again.alpha, found.alpha)


def test_sharing_trains_weights_that_serve_many_cells() -> None:
    told = *parts(), adam
    found = nas.weight_sharing_nas(
        *told, np.random.default_rng(0), epochs=8, controller_steps=10, candidates=12, runs=2
    )
    assert found.cells.shape == (12, 2, 5) and found.rewards.shape == (12, 2)
    assert_array_equal(found.rewards, nas.shared_accuracy(found.net, found.cells, parts()[1]))
    assert (found.rewards.max(0) > 0.85).all() and abs(found.logits).max() > 0.1
    never = nas.weight_sharing_nas(
        *told, np.random.default_rng(0), epochs=1, controller_steps=0, candidates=3
    )
    assert_array_equal(never.logits, np.zeros((5, 4)))
    assert never.best.shape == (5,)


ONE = np.zeros((8, 3)), np.arange(8) % 2
NAN = float("nan")


def reinforce(reward=lambda cells: cells.sum(-1), rng=None, n=2, **told):
    return nas.reinforce_nas(reward, rng or np.random.default_rng(0), n, **told)


def relaxed(train=ONE, validation=ONE, rng=None, **told):
    make = lambda a: SGD(a)  # noqa: E731
    rng = rng or np.random.default_rng(0)
    return nas.darts(train, validation, make, make, rng, **{"epochs": 1, "batch_size": 4, **told})


def shared(train=ONE, validation=ONE, **told):
    told = {"epochs": 1, "batch_size": 4, **told}
    return nas.weight_sharing_nas(train, validation, SGD, np.random.default_rng(0), **told)


ERRORS = [
    (lambda: reinforce(3), TypeError, r"^reward must be a function of cells; got 3\.$"),
    (lambda: reinforce(lambda c: 0.5), ValueError, r"^reward must be shaped \(1,\); got"),
    (lambda: reinforce(lambda c: [NAN]), ValueError, r"^reward must be finite; got nan"),
    (lambda: reinforce(rng=3), TypeError, r"^rng must be a numpy\.random\.Generator; got 3\."),
    (lambda: reinforce(n=0), ValueError, r"^n_steps must be >= 1; got 0\.$"),
    (lambda: reinforce(batch=0), ValueError, r"^batch must be >= 1; got 0\.$"),
    (lambda: reinforce(lr=0), ValueError, r"^lr must be finite and > 0; got 0"),
    (lambda: reinforce(baseline_decay=1), ValueError, r"^baseline_decay must be in \[0, 1\); got "),
    (lambda: reinforce(runs=0), ValueError, r"^runs must be >= 1; got 0\.$"),
    (lambda: nas.random_nas(len, np.random.default_rng(0), 0), ValueError, r"^n_trials must be >="),
    (lambda: nas.expected_reward(np.zeros((4, 4)), 0), ValueError, r"^logits must be shaped \(5, "),
    (lambda: nas.expected_reward(np.zeros((5, 4)), np.zeros(3)), ValueError, r"^rewards must be s"),
    (lambda: relaxed(epochs=0), ValueError, r"^epochs must be >= 1; got 0\.$"),
    (lambda: relaxed(xi=-1), ValueError, r"^xi must be finite and >= 0; got -1"),
    (lambda: relaxed(batch_size=9), ValueError, r"^batch_size must be <= 8, the samples there are"),
    (lambda: relaxed(validation=3), TypeError, r"^validation must be a pair \(x, y\); got 3\.$"),
    (lambda: relaxed(runs=0), ValueError, r"^runs must be >= 1; got 0\.$"),
    (lambda: shared(controller_steps=-1), ValueError, r"^controller_steps must be >= 0; got -1\.$"),
    (lambda: shared(candidates=0), ValueError, r"^candidates must be >= 1; got 0\.$"),
    (lambda: shared(lr=-1.0), ValueError, r"^lr must be finite and > 0; got -1\.0"),
    (lambda: shared(train=(1, 2, 3)), TypeError, r"^train must be a pair \(x, y\); got \(1, 2, 3"),
    (lambda: nas.shared_accuracy(twins_less(), CELLS[:1], ONE), ValueError, r"^net must be a netw"),
]  # fmt: skip


def twins_less():
    from dlcourse.scratch.models import MLP

    return MLP([3, 2], np.random.default_rng(0))


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
