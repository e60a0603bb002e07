"""What the lesson on adaptive steps measures while networks train."""

import numpy as np
import pytest

from dlcourse.figures.optimizers.adaptive import typical_rate
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adagrad, RMSprop
from dlcourse.training import sweep


def test_the_typical_rate_has_no_end_where_most_gradients_are_zero():
    x = np.zeros((4, 8))
    x[:, 0] = np.arange(4)
    make = (lambda rng, runs: MLP([8, 2], rng, runs=runs), Adagrad)
    plan = {"seeds": 2, "epochs": 1, "batch_size": 4, "lr": 0.1, "measure": typical_rate}
    trials = sweep(make, SoftmaxCrossEntropy(), (x, np.arange(4) % 2), **plan)
    assert np.isinf(trials["train_rate"]).all()


@pytest.mark.parametrize(("kind", "share"), [(Adagrad, 1.0), (RMSprop, 0.01)])
def test_the_typical_rate_is_that_of_a_runs_own_median_weight(kind, share):
    """After one step the sum is g², the mean of RMSprop (1 − α) g²."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(12, 3)), np.arange(12) % 4
    plan = {"seeds": 3, "epochs": 1, "batch_size": 12, "lr": [0.1, 0.2]}
    trials = sweep(
        (lambda rng, runs: MLP([3, 4], rng, runs=runs), kind),
        SoftmaxCrossEntropy(), data, measure=typical_rate, **plan,
    )  # fmt: skip
    for seed in range(3):
        net, loss = MLP([3, 4], np.random.default_rng(seed)), SoftmaxCrossEntropy()
        loss.forward(net.forward(data[0], training=True), data[1])
        net.backward(loss.backward())
        median = np.median(net.grad**2)
        expected = np.full(2, 1 / np.sqrt(share * median))
        assert trials["train_rate"][:, seed] == pytest.approx(expected, rel=1e-12)
