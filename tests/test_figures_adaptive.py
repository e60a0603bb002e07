"""What the lesson on adaptive steps measures while networks train."""

import numpy as np
import pytest

from dlcourse.figures.optimizers.adaptive import rate_left
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adagrad, RMSprop
from dlcourse.training import sweep


def trained(x, rate, kind=Adagrad, **plan):
    make = (lambda rng, runs: MLP([x.shape[1], 2], rng, runs=runs), kind)
    plan = {"seeds": 2, "batch_size": len(x), "lr": rate, "measure": rate_left} | plan
    trials = sweep(make, SoftmaxCrossEntropy(), (x, np.arange(len(x)) % 2), **plan)
    return trials.curve("train_rate") if "curves" in plan else trials["train_rate"]


X = np.random.default_rng(0).normal(size=(12, 3))


def test_all_of_the_rate_is_left_where_it_is_first_measured():
    assert (trained(X, 0.1, epochs=1) == 1).all()


def test_under_a_steady_gradient_adagrads_rate_falls_with_the_root_of_the_steps():
    """A rate of nothing: the weights stay, so every step has the same gradient."""
    left = trained(X, 0.0, epochs=9, curves=[1, 4, 9])
    assert left[..., [0, 3, 8]] == pytest.approx(np.tile([1, 1 / 2, 1 / 3], (2, 1)), rel=1e-12)


def test_weights_that_never_met_a_gradient_do_not_count():
    """Six inputs of eight are never lit: the median over all weights would be one of theirs."""
    x = np.zeros((12, 8))
    x[:, :2] = X[:, :2]
    left = trained(x, 0.0, epochs=4, curves=[1, 4])
    assert left[..., 3] == pytest.approx(np.full(2, 1 / 2), rel=1e-12)


def test_rmsprops_rate_comes_to_rest_under_a_steady_gradient():
    """Its average starts at 0.01 g² and ends at g²: a tenth is left."""
    left = trained(X, 0.0, RMSprop, epochs=1500, curves=[1, 1500])
    assert left[..., -1] == pytest.approx(np.full(2, 0.1), rel=1e-6)
