"""Wrong memories of batch norm that the comparison with PyTorch must catch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from harness import relative

from dlcourse.scratch.normalization import BatchNorm, batch


def biased(var, count):
    return var


def by_the_batch(var, count):
    """Bessel's correction with the samples for the values of a channel: right for features."""
    return var * (4 / 3)


def the_other_way_round(running, value, momentum):
    return momentum * running + (1 - momentum) * value


class Wrong(BatchNorm):
    """Layers with one error in how they remember."""

    def __init__(self, error: str) -> None:
        super().__init__(6, momentum=0.3)
        self.error = error

    def forward(self, x, training=False):
        if self.error == "batch statistics in evaluation":
            kept = {name: a.copy() for name, a in self.buffers.items()}
            y = super().forward(x, training=True)
            if not training:
                for name, a in self.buffers.items():
                    a[...] = kept[name]
            return y
        y = super().forward(x, training)
        if self.error == "statistics updated in evaluation" and not training:
            kept, self.training = (self.cache, self.shape, self.dtypes), True
            self.pair(x)
            self.cache, self.shape, self.dtypes = kept
        return y

    def remember(self, mean, var, count):
        if self.error == "the deviation for the variance":
            var = np.sqrt(var)
        if self.error == "replaced instead of changed in place":
            self.buffers = {name: a.copy() for name, a in self.buffers.items()}
        super().remember(mean, var, count)
        if self.error == "batches counted twice":
            self.buffers["num_batches_tracked"] += 1
        if self.error == "only the first batch" and self.buffers["num_batches_tracked"] > 1:
            self.buffers["running_mean"] *= 0.5


ERRORS = [
    "batch statistics in evaluation",
    "statistics updated in evaluation",
    "the deviation for the variance",
    "replaced instead of changed in place",
    "batches counted twice",
    "only the first batch",
]


def same_as_pytorch(layer: BatchNorm, shape: tuple[int, ...]) -> bool:
    """Three steps and two evaluations, its state as a model that shares it sees it."""
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    theirs, rng = kind(6, momentum=layer.momentum).double(), np.random.default_rng(3)
    held = dict(layer.buffers)
    for training in (True, True, False, True, False):
        theirs.train(training)
        x = rng.standard_normal(shape) + 1
        y, right = layer.forward(x, training), theirs(torch.tensor(x)).detach()
        state = theirs.state_dict()
        found = [relative(held[name], state[name]) for name in held]
        if max(relative(y, right), *found) > 1e-12:
            return False
    return True


@pytest.mark.parametrize("error", ERRORS)
def test_a_wrong_memory_is_caught(error: str) -> None:
    assert not same_as_pytorch(Wrong(error), (5, 6))
    assert same_as_pytorch(Wrong("none"), (5, 6))


@pytest.mark.parametrize(
    ("name", "wrong", "shape"),
    [
        ("unbiased", biased, (4, 6)),
        ("unbiased", by_the_batch, (4, 6, 3, 2)),
        ("update_running", the_other_way_round, (4, 6)),
    ],
)
def test_wrong_statistics_are_caught(
    name: str, wrong: Any, shape: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert same_as_pytorch(BatchNorm(6, momentum=0.3), shape)
    monkeypatch.setattr(batch, name, wrong)
    assert not same_as_pytorch(BatchNorm(6, momentum=0.3), shape)
