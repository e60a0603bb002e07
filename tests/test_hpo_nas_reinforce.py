"""REINFORCE: its estimate beside the exact gradient, its baseline, and what it finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems.architectures import Splits
from dlcourse.reference.hpo import nas as twins
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.hpo.nas.mixing import softmax

RNG = np.random.default_rng(0)
CELLS, TABLE = nas.all_cells(), nas.digits_cells()
EVERY = Splits(TABLE)


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
    """One training, of the four that a search may ask for; the four others judge it."""
    rng = np.random.default_rng(seed)
    return lambda cells: EVERY.reward(cells, rng)


def test_reinforce_learns_what_the_table_knows_by_trainings_that_it_was_not_told_of() -> None:
    told = {"n_steps": 600, "runs": 70}
    found = nas.reinforce_nas(noisy(0), np.random.default_rng(0), **told)
    chance = nas.random_nas(noisy(1), np.random.default_rng(1), 600, runs=70)
    assert found.cells.shape == chance.cells.shape == (600, 70, 5)
    after, level = found.rewards[-100:].mean(), chance.rewards.mean()
    assert after > found.rewards[:20].mean() + 0.02 > level + 0.03
    mode = EVERY.judged(found.logits.argmax(-1)).mean()
    living = TABLE.accuracy(CELLS)[TABLE.accuracy(CELLS) > 0.51]
    assert mode > living.mean() + 0.005
    again = nas.reinforce_nas(noisy(0), np.random.default_rng(0), **told)
    assert_array_equal(again.cells, found.cells)


def learns(learn, monkeypatch) -> None:
    monkeypatch.setattr(nas.Controller, "learn", learn)
    test_reinforce_learns_what_the_table_knows_by_trainings_that_it_was_not_told_of()


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


NAN = float("nan")


def reinforce(reward=lambda cells: cells.sum(-1), rng=None, n=2, **told):
    return nas.reinforce_nas(reward, rng or np.random.default_rng(0), n, **told)


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
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
