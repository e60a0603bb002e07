"""Few digits with wrong labels: what is drawn, and that a seed is a run whatever runs beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse import data
from dlcourse.problems.mislabelled import draw_few, learn_few, noisy_mlp
from dlcourse.scratch.regularization import Dropout, GaussianDropout

DIGITS = data.load("digits")
SETS = [(x.astype(np.float32), y) for x, y in (DIGITS.train, DIGITS.validation, DIGITS.test)]


def rngs(*seeds: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in seeds]


def test_as_many_labels_are_wrong_as_asked_for_and_these_only() -> None:
    drawn = draw_few(rngs(1, 2), 2, SETS[0], 96, 0.25)
    truth = {x.tobytes(): y for x, y in zip(*SETS[0], strict=True)}
    for x, y in zip(drawn.x, drawn.y, strict=True):
        right = np.array([truth[one.tobytes()] for one in x])
        np.testing.assert_array_equal(right != y, drawn.wrong)
        assert len({one.tobytes() for one in x}) == 96
    assert drawn.wrong.sum() == 24
    assert (drawn.x[0] != drawn.x[1]).any()


def test_the_noise_is_where_it_is_said() -> None:
    net = noisy_mlp(rngs(0), 1, 0.5, width=7, depth=2, p_input=0.2, noise="gaussian")
    rates = [float(layer.p) for layer in net.layers if isinstance(layer, GaussianDropout)]
    assert rates == [0.2, 0.5, 0.5]
    behind = noisy_mlp(rngs(0), 1, 0.5, p_output=0.1).layers
    assert isinstance(behind[-1], Dropout) and not isinstance(behind[0], Dropout)
    with pytest.raises(ValueError, match="noise must be one of"):
        noisy_mlp(rngs(0), 1, 0.5, noise="uniform")


def test_a_run_alone_is_the_run_among_others() -> None:
    plan: Any = {"sets": SETS, "looks": [4, 8], "few": 64, "width": 12}
    three = learn_few(rngs(3, 4, 5), 3, 0.01, 0.5, **plan)
    alone = learn_few(rngs(4), 1, 0.01, 0.5, **plan)
    assert three["test_nll"].shape == (3, 2)
    for name, value in alone.items():
        np.testing.assert_allclose(three[name][1], value[0], rtol=2e-4, atol=2e-3)
    assert abs(three["test_nll"][0] - three["test_nll"][1]).max() > 1e-3


def test_stopped_is_the_test_value_at_the_best_validation_look() -> None:
    found = learn_few(rngs(6), 1, 0.02, 0.0, sets=SETS, looks=[8, 64, 160], few=64, width=16)
    look = found["val_nll"][0].argmin()
    assert look < 2 and found["stopped_nll"][0] == found["test_nll"][0, look]


def test_a_batch_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="few must be a multiple of 32"):
        learn_few(rngs(0), 1, 0.01, 0.0, sets=SETS, looks=[2], few=100)
    with pytest.raises(ValueError, match="few must be at most 896"):
        learn_few(rngs(0), 1, 0.01, 0.0, sets=SETS, looks=[2], few=928)
