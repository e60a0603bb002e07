"""Intervals of shares and tests of two, against SciPy and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcourse.problems.shares import mcnemar, share_interval, unpaired


@pytest.mark.parametrize(("wrong", "n"), [(0, 20), (25, 500), (300, 1000), (20, 20)])
def test_the_interval_is_wilsons(wrong: int, n: int) -> None:
    wanted = stats.binomtest(wrong, n).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(share_interval(wrong, n), wanted, atol=1e-12)


def test_a_wider_level_is_wider() -> None:
    (low, high), (lower, higher) = share_interval(5, 50), share_interval(5, 50, 0.99)
    assert lower < low < high < higher
    with pytest.raises(ValueError, match="wrong must be at most 20"):
        share_interval(21, 20)


@pytest.mark.parametrize("counts", [(6, 0), (8, 3), (20, 31), (5, 5), (0, 0)])
def test_mcnemar_is_the_binomial_of_the_images_they_disagree_on(counts: tuple[int, int]) -> None:
    one, other = counts
    a = np.zeros(100, bool)
    b = np.zeros(100, bool)
    a[:one], b[one : one + other], a[90:], b[90:] = True, True, True, True
    m = one + other
    wanted = stats.binomtest(one, m).pvalue if m else 1.0
    assert mcnemar(a, b) == pytest.approx(wanted)
    assert mcnemar(b, a) == mcnemar(a, b)


def test_two_shares_are_compared_as_if_from_different_images() -> None:
    a, b = (np.arange(500) < k for k in (25, 45))
    pooled = 70 / 1000
    z = (45 - 25) / 500 / np.sqrt(pooled * (1 - pooled) * 2 / 500)
    assert unpaired(a, b) == pytest.approx(2 * stats.norm.sf(z))
    assert unpaired(a, a) == pytest.approx(1.0)


def test_neither_cries_wolf_too_often_and_pairing_sees_more() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random((400, 500)) < 0.05  # images that both misread
    same, worse = (hard | (rng.random(hard.shape) < p) for p in (0.02, 0.045))
    base = hard | (rng.random(hard.shape) < 0.02)
    for test in (unpaired, mcnemar):
        alarms = np.mean([test(a, b) < 0.05 for a, b in zip(base, same, strict=True)])
        assert alarms < 0.07
    found = [np.mean([t(a, b) < 0.05 for a, b in zip(base, worse, strict=True)])
             for t in (unpaired, mcnemar)]  # fmt: skip
    assert found[1] > 1.5 * found[0]
