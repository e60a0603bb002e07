"""The grid of the momentum lesson, by hand, by ``sweep`` and as it is stored."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

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


def labels(dtype: type) -> tuple[Any, list[str]]:
    """The lesson's grid in this precision, and its means as the picture has them."""
    digits, net = data.load("digits"), partial(MLP, [64, 32, 10], dtype=dtype)
    train, val = ((x.astype(dtype), y) for x, y in (digits.train, digits.validation))
    trials = sweep(
        (net, SGD), SoftmaxCrossEntropy(), train, val, epochs=10, batch_size=32, seeds=3,
        momentum=BETAS, lr=RATES, block=50, progress=False,
    )  # fmt: skip
    return trials, [f"≈{mean:.2f}" for mean in trials["val_accuracy"].mean(axis=-1).ravel()]


def unlike(stored: list[str], single: list[str], double: list[str]) -> list[int]:
    """Cells that are not what is stored, where the digits of the precision decide nothing."""
    return [i for i, label in enumerate(single) if label == double[i] != stored[i]]


def test_the_sweep_is_the_fit_by_hand_and_what_is_stored() -> None:
    trials, double = labels(np.float64)
    history = by_hand()
    for name in history:
        expected = history[name][-1].reshape(4, 6, 3)
        assert len(np.unique(expected)) > 36
        np.testing.assert_allclose(trials[name], expected, rtol=1e-10, atol=0)
    _, single = labels(np.float32)  # as the lesson runs it
    stored = stored_labels()
    assert len(stored) == 24 and sum(a == b for a, b in zip(single, double, strict=True)) >= 20
    assert unlike(stored, single, double) == []
    assert unlike(["≈0.94" if x == "≈0.95" else x for x in stored], single, double)  # planted
