"""All masks of few units: probabilities, cut networks, and the mean that the full network is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_mislabelled import SETS, rngs

from dlcourse.problems.all_masks import (
    all_masks,
    apart,
    learn_and_average,
    means,
    of_all_masks,
    outputs_under,
)
from dlcourse.problems.mislabelled import noisy_mlp


def test_the_probabilities_are_those_of_coins() -> None:
    masks, chance = all_masks(6, 0.3)
    assert masks.shape == (64, 6) and chance.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(chance @ masks, np.full(6, 0.7))
    np.testing.assert_allclose(chance @ (masks[:, 0] * masks[:, 1]), 0.49)


def test_a_masked_network_is_the_layers_with_that_mask() -> None:
    net: Any = noisy_mlp(rngs(1), 1, 0.5, width=3, depth=2).rows(0)
    x = SETS[2][0][:4]
    seen = net.forward(x, True)
    drops = [layer.mask for layer in net.layers[2:-1:3]]
    for i in range(4):
        mask = np.concatenate([m[i] for m in drops])[None]
        np.testing.assert_allclose(outputs_under(net, x, mask, 0.5)[0, i], seen[i], atol=1e-5)


@pytest.mark.parametrize(("depth", "exact"), [(1, True), (2, False)])
def test_one_softmax_layer_is_the_geometric_mean(depth: int, exact: bool) -> None:
    net = noisy_mlp(rngs(2), 1, 0.4, width=4, depth=depth).rows(0)
    net.theta[...] *= 3
    found = of_all_masks(net, SETS[2][0][:5], SETS[2][1][:5], 0.4)
    assert (found["geometric"] < 1e-12) == exact
    assert found["geometric"] < found["arithmetic"] and found["single"] > 0.001


def test_means_and_distance_by_hand() -> None:
    out = np.log(np.array([[[0.5, 0.5]], [[0.9, 0.1]]]))
    geometric, arithmetic = means(out, np.array([0.5, 0.5]))
    np.testing.assert_allclose(arithmetic, [[0.7, 0.3]])
    np.testing.assert_allclose(geometric, [[0.75, 0.25]])
    assert apart(geometric, arithmetic) == pytest.approx(0.05)


def test_learning_leaves_one_number_a_run() -> None:
    found = learn_and_average(rngs(3, 4), 2, sets=SETS, depth=1, width=4, p=0.3, seen=6)
    assert {value.shape for value in found.values()} == {(2,)}
    assert found["error"].mean() < found["error_single"].mean()
