"""REINFORCE: a controller that draws cells, and learns from what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.nas.cells import EDGES, OPERATIONS, all_cells
from dlcourse.scratch.hpo.nas.mixing import softmax

Reward = Callable[[Array], npt.ArrayLike]
"""Cells (batch, [runs,] edges) to what each is worth, (batch, [runs]); larger is better."""


def draw_cells(logits: Array, n: int, rng: np.random.Generator) -> Array:
    """n cells from the controller, ([runs,] edges, operations) to (n, [runs,] edges).

    >>> draw_cells(np.log([[1e-9, 1.0], [1.0, 1e-9]]), 2, np.random.default_rng(0))
    array([[1, 0],
           [1, 0]])
    """
    edges = softmax(logits).cumsum(-1)[..., :-1]
    u = rng.random((n, *logits.shape[:-1]))
    return (u[..., None] >= edges).sum(-1)


def reinforce_gradient(
    logits: Array, cells: Array, rewards: Array, baseline: Array | float = 0.0
) -> Array:
    r"""An estimate of the gradient of the expected reward, from cells the controller has drawn.

    .. math:: \frac1m \sum_{k=1}^{m} (R_k - b)\, \nabla_α \log π_α(a_k), \qquad
        \nabla_{α_e} \log π_α(a) = \mathbf{1}_{a_e} - \operatorname{softmax}(α_e)

    Parameters
    ----------
    logits : α, ([runs,] edges, operations)
    cells : a, (m, [runs,] edges)
    rewards : R, (m, [runs])
    baseline : b, a number or (runs,): from before these rewards, else the mean is another

    Examples
    --------
    >>> reinforce_gradient(np.zeros((1, 2)), np.array([[0]]), np.array([0.9]), baseline=0.5)
    array([[ 0.2, -0.2]])

    References
    ----------
    Williams (1992), theorem 1; Zoph and Le (2017).
    """
    p, advantage = softmax(logits), rewards - baseline
    chosen = np.eye(logits.shape[-1])[cells]
    return (advantage[..., None, None] * (chosen - p)).mean(0)


def expected_reward(logits: Array, rewards: Array) -> tuple[float, Array]:
    r"""The expected reward of a controller and its exact gradient, by visiting every cell.

    .. math:: J(α) = \sum_a π_α(a) R(a), \qquad
        \nabla J = \sum_a π_α(a) R(a) \nabla_α \log π_α(a)

    Parameters
    ----------
    logits : (edges, operations)
    rewards : (cells,), in the order of ``all_cells()``
    """
    shape = (len(EDGES), len(OPERATIONS))
    checks.shaped("logits", logits, shape)
    cells, p = all_cells(), softmax(logits)
    checks.shaped("rewards", rewards, (len(cells),), "One a cell, as of all_cells().")
    chosen = np.eye(shape[1])[cells]
    weighted = p[np.arange(shape[0]), cells].prod(-1) * rewards
    value = float(weighted.sum())
    return value, np.einsum("c,ceo->eo", weighted, chosen) - value * p


@dataclass(eq=False)
class Found:
    """What a search over cells tried, in order.

    Attributes
    ----------
    cells : (trials, [runs,] edges)
    rewards : (trials, [runs])
    logits : of the controller at the end, ([runs,] edges, operations); zeros for a random search
    """

    cells: Array
    rewards: Array
    logits: Array

    def incumbents(self) -> Array:
        """The best cell so far after each trial, the first of equals: (trials, [runs,] edges)."""
        record = self.rewards == np.maximum.accumulate(self.rewards)
        before = np.maximum.accumulate(self.rewards)[:-1]
        record[1:] &= self.rewards[1:] > before
        times = np.arange(len(record)).reshape(-1, *[1] * (record.ndim - 1))
        last = np.maximum.accumulate(np.where(record, times, 0))
        return np.take_along_axis(self.cells, last[..., None], axis=0)

    @property
    def best(self) -> Array:
        """The cell with the highest reward, ([runs,] edges)."""
        return self.incumbents()[-1]


class Controller:
    """Logits, and the moving mean of the rewards that rewards are measured against."""

    def __init__(
        self, rng: np.random.Generator, runs: int | None, lr: float, baseline_decay: float
    ) -> None:
        self.logits = start(rng, runs)
        self.baseline: Any = None
        self.lr = checks.scalar("lr", lr, low_open=True)
        self.decay = checks.number("baseline_decay", baseline_decay, 0, 1, high_open=True)

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """n cells."""
        return draw_cells(self.logits, n, rng)

    def learn(self, cells: Array, rewards: Array) -> None:
        """One step of REINFORCE; the baseline of the first is its own mean."""
        mean = rewards.mean(0)
        before = mean if self.baseline is None else self.baseline
        step = reinforce_gradient(self.logits, cells, rewards, before)
        self.logits = self.logits + self.lr * step
        self.baseline = self.decay * before + (1 - self.decay) * mean


def reinforce_nas(
    reward: Reward,
    rng: np.random.Generator,
    n_steps: int,
    batch: int = 1,
    lr: float = 10.0,
    baseline_decay: float = 0.9,
    runs: int | None = None,
) -> Found:
    r"""Draw cells, see what they are worth, and draw the better ones more often.

    .. math:: α \leftarrow α + \text{lr}\, \widehat{\nabla J}, \qquad
        b \leftarrow β\, b + (1 - β)\, \bar R

    Parameters
    ----------
    reward : function of cells (batch, [runs,] 5), the dear part: each is a network to be trained
    n_steps : updates of the controller; ``n_steps * batch`` trials in all
    batch : m, cells an update
    lr : > 0, of plain gradient ascent; as large as rewards are alike, here some hundredths apart
    baseline_decay : β, in [0, 1): the weight of what was before
    runs : None for one search, or how many to make side by side

    Notes
    -----
    The controller holds one logit for every operation of every edge, drawn independently: the
    smallest there is, where Zoph and Le have an LSTM. Without a baseline every reward is positive,
    and whatever is drawn becomes likelier. The baseline of the first step is its own mean.

    Examples
    --------
    >>> likes_tanh = lambda cells: (cells == 2).mean(-1)
    >>> found = reinforce_nas(likes_tanh, np.random.default_rng(0), n_steps=500, lr=1.0)
    >>> found.logits.argmax(-1)
    array([2, 2, 2, 2, 2])

    References
    ----------
    Zoph and Le (2017). Lesson: architectures.
    """
    steps, m = checks.integer("n_steps", n_steps, 1), checks.integer("batch", batch, 1)
    controller = Controller(rng, runs, lr, baseline_decay)
    cells, rewards = [], []
    for _ in range(steps):
        cells.append(controller.draw(m, rng))
        rewards.append(worth(reward, cells[-1]))
        controller.learn(cells[-1], rewards[-1])
    return Found(np.concatenate(cells), np.concatenate(rewards), controller.logits)


def random_nas(
    reward: Reward, rng: np.random.Generator, n_trials: int, runs: int | None = None
) -> Found:
    """Draw cells from all alike: what every cleverer search has to beat at equal cost.

    >>> found = random_nas(lambda cells: cells.sum(-1), np.random.default_rng(0), 50)
    >>> found.cells.shape, int(found.best.sum()) == int(found.rewards.max())
    ((50, 5), True)
    """
    trials = checks.integer("n_trials", n_trials, 1)
    logits = start(rng, runs)
    cells = draw_cells(logits, trials, rng)
    return Found(cells, worth(reward, cells), logits)


def start(rng: Any, runs: int | None) -> Array:
    """The logits of a controller that knows nothing."""
    checks.generator("rng", rng)
    lead = () if runs is None else (checks.integer("runs", runs, 1),)
    return np.zeros((*lead, len(EDGES), len(OPERATIONS)))


def worth(reward: Any, cells: Array) -> Array:
    """What a reward function says, held to one finite number a cell."""
    if not callable(reward):
        checks.fail("reward", "a function of cells", reward, error=TypeError)
    found = np.asarray(checks.number("reward", reward(cells.copy())))
    checks.shaped("reward", found, cells.shape[:-1], "One number a cell.")
    return found
