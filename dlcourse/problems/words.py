"""Languages whose words speak for yes or for no: logistic regression on words, rare or common.

A message holds some of ``d`` words; the odds of its label are what its words say together, so that
nobody can be right always. What a learner loses beyond one who knows the language is its *excess*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dlcourse.arrays import Array


def draw_messages(rng: np.random.Generator, often: Array, shape: tuple[int, ...]) -> Array:
    """Messages (*shape, d) of zeros and ones: word j is in a share ``often[j]`` of them.

    Examples
    --------
    >>> draw_messages(np.random.default_rng(0), np.array([1.0, 0.5, 0.0]), (2,))
    array([[1., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    return (rng.random((*shape, len(often))) < often).astype(np.float32)


def draw_labels(rng: np.random.Generator, x: Array, truth: Array) -> Array:
    """Labels (…, n) of messages x (…, n, d): yes with probability σ(x · truth)."""
    return rng.random(x.shape[:-1]) < chance(x, truth)


def chance(x: Array, w: Array) -> Array:
    """The probability of yes that weights w (…, d) give to messages x (…, n, d): (…, n).

    Examples
    --------
    >>> chance(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([-np.log(3), np.log(3)])).round(2)
    array([0.5 , 0.75])
    """
    return 1 / (1 + np.exp(-_score(x, w)))


def word_slope(w: Array, x: Array, y: Array) -> Array:
    """Gradient (…, d) of the mean logistic loss of w (…, d) on messages x (…, n, d), labels y.

    Examples
    --------
    >>> word_slope(np.zeros(2), np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([1, 1]))
    array([-0.25, -0.5 ])
    """
    miss = chance(x, w) - y
    return (miss[..., None, :] @ x)[..., 0, :] / x.shape[-2]


def excess_loss(w: Array, truth: Array, x: Array) -> Array:
    """Mean logistic loss of w (…, d) on messages x (…, n, d) above that of the true weights: (…).

    The labels are averaged over, not drawn.

    Examples
    --------
    >>> excess_loss(np.zeros(1), np.array([np.log(3)]), np.ones((5, 1))).round(4)  # ln 2 - 0.5623
    np.float64(0.1308)
    """
    likely = chance(x, truth)

    def cost(w: Array) -> Array:
        z = _score(x, w)
        return (np.logaddexp(0, z) - likely * z).mean(axis=-1)

    return cost(w) - cost(truth)


@dataclass(frozen=True)
class Words:
    """Some languages, one a seed, and the messages to learn each of them from.

    Attributes
    ----------
    truth : (seeds, d), what the words say
    batches : (x, y) for each step: messages (seeds, n, d) and their labels (seeds, n)
    x_new : (seeds, m, d), the messages on which a learner is judged
    x_val : (seeds, m', d), other messages to choose a setting by; None where nothing is chosen
    """

    truth: Array
    batches: Iterable[tuple[Array, Array]]
    x_new: Array
    x_val: Array | None = None

    @cached_property
    def untaught(self) -> dict[str, Array]:
        """The excess of no weights at all (seeds,), on "new" messages and on "val"."""
        sets = {"new": self.x_new, "val": self.x_val}
        none = 0 * self.truth
        return {k: excess_loss(none, self.truth, x) for k, x in sets.items() if x is not None}

    def learn(self, make: Callable[[Array], Any], runs: int | None = None) -> tuple[Array, Any]:
        """Weights (runs, d) after one step a batch from zero, and the optimizer that found them.

        Parameters
        ----------
        make : function of the weights that returns their optimizer
        runs : a multiple of the seeds, which lie next to each other; None: one run a seed
        """
        w = np.zeros((runs or len(self.truth), self.truth.shape[1]))
        optimizer, by_seed = make(w), w.reshape(-1, *self.truth.shape)
        for x, y in self.batches:
            slope = word_slope(by_seed, x.astype(float), y)  # kept in half the memory
            optimizer.step(slope.reshape(w.shape))
        return w, optimizer

    def trial(self, make: Callable[..., Any]) -> Callable[..., dict[str, Array]]:
        """What ``try_all`` tries: ``make(w, **settings)`` learns, new messages judge.

        Its metrics are ``new_loss``, the excess, and ``new_share`` of it in that of no weights at
        all, 1 for whoever ends above; with ``x_val`` also ``val_loss`` and ``val_share`` there.
        """

        def run(rng: Any, runs: int, **settings: Any) -> dict[str, Array]:
            w, _ = self.learn(lambda w: make(w, **settings), runs)
            found: dict[str, Array] = {}
            for name, x in {"new": self.x_new, "val": self.x_val}.items():
                if x is not None:
                    loss = excess_loss(w.reshape(-1, *self.truth.shape), self.truth, x)
                    share = np.fmin(loss / self.untaught[name], 1)
                    found |= {f"{name}_loss": loss.ravel(), f"{name}_share": share.ravel()}
            return found

        return run


def _score(x: Array, w: Array) -> Array:
    return np.asarray((x @ w[..., None])[..., 0])
