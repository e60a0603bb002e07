"""The figures of the lesson on momentum: what they draw is what the theory says."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.optimizers.momentum import BARS, bars, regimes
from dlcourse.problems import momentum_matrix


def moduli(lr, beta, curvature):
    return np.sort(np.abs(np.linalg.eigvals(momentum_matrix(lr, beta, curvature))))


def test_memory_alone_keeps_the_rate_and_puts_the_floor_at_the_edge_of_the_window() -> None:
    (plain, none), (same, critical), (longer, most) = bars(100.0)
    assert none == 0 and same == plain < longer
    for lr, beta in ((same, critical), (longer, most)):
        for curvature in (0.01, 1.0):
            np.testing.assert_allclose(moduli(lr, beta, curvature), np.sqrt(beta), rtol=1e-6)
        creeping = moduli(lr, beta, 0.0099)
        assert creeping[1] > creeping[0] * 1.01, "below the floor the eigenvalues must part"
    assert np.sqrt(most) < np.sqrt(critical) < moduli(plain, 0.0, 0.01)[1]


def test_each_bar_is_as_long_as_the_condition_number_and_stands_at_its_memory() -> None:
    ax = regimes(kappa=25.0).axes[0]
    drawn = ax.lines[-len(BARS) :]
    for line, (lr, beta) in zip(drawn, bars(25.0), strict=True):
        floor, wall = line.get_xdata()
        np.testing.assert_allclose([wall, wall / floor], [lr, 25.0])
        np.testing.assert_allclose(line.get_ydata(), beta)
    assert [text.get_text() for text in ax.texts[: len(BARS)]] == [name for name, *_ in BARS]


def test_the_edges_are_those_of_the_window_and_of_stability() -> None:
    low, high, limit = regimes(kappa=100.0).axes[0].lines[:3]
    at = int(np.argmin(np.abs(low.get_ydata() - 0.81)))
    beta = low.get_ydata()[at]
    for line, sign in ((low, 1), (high, -1)):
        edge = line.get_xdata()[at]
        assert np.ptp(moduli(1.0, beta, edge * (1 + 1e-3 * sign))) < 1e-9
        assert np.ptp(moduli(1.0, beta, edge * (1 - 1e-3 * sign))) > 1e-3
    edge = limit.get_xdata()[at]
    assert moduli(1.0, beta, edge * 0.999)[1] < 1 < moduli(1.0, beta, edge * 1.001)[1]
