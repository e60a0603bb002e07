"""The figure of the lesson on penalties: what is drawn is where loss and penalty are least."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.regularization.penalties import (
    FREE,
    PENALTIES,
    curvature,
    meeting_picture,
    optima,
    reach,
)
from dlcourse.scratch.regularization import elastic_net

CASES = [(p, s, a) for p in PENALTIES for s in (0.1, 0.6, 1.5) for a in (0.0, 0.9)]


def total(w: np.ndarray, penalty: str, strength: float, alike: float) -> float:
    away = w - FREE
    loss = 0.5 * away @ curvature(alike) @ away
    return float(loss + elastic_net(w, strength, PENALTIES[penalty])[0])


@pytest.mark.parametrize(("penalty", "strength", "alike"), CASES)
def test_no_neighbour_of_the_optimum_is_better(penalty: str, strength: float, alike: float) -> None:
    best = optima(penalty, alike, (strength,))[0]
    least = total(best, penalty, strength, alike)
    rng = np.random.default_rng(0)
    for step in 10.0 ** rng.uniform(-4, 0, 40)[:, None] * rng.normal(size=(40, 2)):
        assert total(best + step, penalty, strength, alike) > least - 1e-12
    assert total(best + 0.2, penalty, strength, alike) > least + 1e-3


def test_only_l1_and_its_mixture_have_zeros() -> None:
    zeros = {p: (optima(p, 0.0, (0.6, 1.0)) == 0).sum(axis=1).tolist() for p in PENALTIES}
    assert zeros == {"L1": [1, 1], "L1 + L2": [0, 1], "L2": [0, 0]}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_curve_has_everywhere_the_penalty_of_the_point(penalty: str) -> None:
    point = np.array([0.9, -0.4])
    curve = np.stack(reach(penalty, point), axis=-1)
    value = elastic_net(point, 1.0, PENALTIES[penalty])[0]
    np.testing.assert_allclose(elastic_net(curve, 1.0, PENALTIES[penalty])[0], value)
    other = np.stack(reach(penalty, 2 * point), axis=-1)
    assert (elastic_net(other, 1.0, PENALTIES[penalty])[0] > value + 0.1).all()


def test_the_title_says_where_the_optimum_lies_and_what_is_zero() -> None:
    title = lambda *choice: meeting_picture(*choice).axes[0].get_title(loc="left")  # noqa: E731
    assert title("L1", 0.6, 0.0) == "L1: (1.00, 0), one is 0"
    assert title("L2", 1.0, 0.0) == "L2: (0.80, 0.25)"
    assert title("L1", 2.0, 0.0) == "L1: both are 0"
