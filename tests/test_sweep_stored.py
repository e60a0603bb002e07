"""The grid of the momentum lesson, by hand, by ``sweep`` and as it is stored."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import nbformat
import numpy as np

from dlcourse import data
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import fit, sweep

LESSON = Path(__file__).parents[1] / "lessons" / "2-optimizers" / "momentum.ipynb"
RATES, BETAS = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0], [0.0, 0.5, 0.9, 0.99]


def by_hand():
    """Six rates times four momenta times three seeds, laid out along the runs axis."""
    digits = data.load("digits")
    grid = np.stack(np.meshgrid(BETAS, RATES, range(3), indexing="ij"))
    beta, lr, _ = grid.reshape(3, 72, 1)
    seeds = [np.random.default_rng(i) for i in range(3)] * 24
    nets = MLP([64, 32, 10], seeds, runs=72)
    return fit(
        nets,
        SGD(nets.theta, lr=lr, momentum=beta),
        SoftmaxCrossEntropy(),
        digits.train,
        digits.validation,
        epochs=10,
        batch_size=32,
        rng=seeds,
        nonfinite="freeze",
        progress=False,
    )


def stored_labels() -> list[str]:
    cells = {cell.id: cell for cell in nbformat.read(LESSON, as_version=4).cells}
    assert "sweep(" in cells["grid-run"].source
    return re.findall(r"≈[\d.]+", cells["grid-picture"].outputs[0].data["image/svg+xml"])


def test_the_sweep_is_the_fit_by_hand_and_what_is_stored() -> None:
    digits, net = data.load("digits"), partial(MLP, [64, 32, 10])
    trials = sweep(
        (net, SGD), SoftmaxCrossEntropy(), digits.train, digits.validation, epochs=10,
        batch_size=32, seeds=3, momentum=BETAS, lr=RATES, block=50, progress=False,
    )  # fmt: skip
    history = by_hand()
    for name in history:
        expected = history[name][-1].reshape(4, 6, 3)
        assert len(np.unique(expected)) > 36
        np.testing.assert_allclose(trials[name], expected, rtol=1e-10, atol=0)
    means = trials["val_accuracy"].mean(axis=-1).ravel()
    apart = np.abs(means - [float(label.removeprefix("≈")) for label in stored_labels()])
    assert len(apart) == 24 and apart.max() < 0.05  # as far as the lesson lets its picture move:
    assert (apart < 0.0051).sum() >= 20  # it is in float32; the edge of ruin differs
