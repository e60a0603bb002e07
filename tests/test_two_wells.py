"""The two wells: where they meet, what noise does in them, and when none is needed to leave."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.two_wells import NARROW, WIDE, ridge, two_wells, wander


def rng():
    return np.random.default_rng(4)


def test_both_wells_have_the_same_depth_and_their_own_curvature():
    h = 1e-4
    for place, curvature in ((-1.0, NARROW), (1.0, WIDE)):
        ahead, here, behind = two_wells(np.array([place + h, place, place - h]))
        assert here == 0
        np.testing.assert_allclose((ahead - 2 * here + behind) / h**2, curvature, rtol=1e-6)


def test_the_ridge_is_the_highest_place_between_them():
    x = np.linspace(-1, 1, 200_001)
    assert abs(x[two_wells(x).argmax()] - ridge()) < 2e-5


def test_the_noise_of_a_batch_falls_with_its_root():
    four = wander(rng(), 50, 0.02, 4, 400, noise=24.0)
    np.testing.assert_array_equal(four, wander(rng(), 50, 0.02, 1, 400, noise=12.0))
    assert (four != wander(rng(), 50, 0.02, 1, 400, noise=6.0)).any(), "not with the batch itself"


def test_without_noise_the_rate_alone_decides():
    stay, leave = wander(rng(), 3, [0.049, 0.051], 1, 1000, noise=0.0)
    assert (stay == 0).all() and (leave == 1).all()


def test_a_setting_does_not_depend_on_the_others_but_by_its_draws():
    shares = wander(rng(), 200, 0.02, [1, 16], 1500)
    assert shares.shape == (2, 200) and shares[0].mean() > 0.6 and shares[1].max() == 0


def test_in_a_well_the_scatter_is_that_of_the_formula():
    """v = ησ² / (B c (2 - ηc)), in the wide well, which nobody leaves at such a small rate."""
    x, rate, noise, drawn = np.ones(4000), 0.05, 0.5, rng()
    for _ in range(200):
        x = x - rate * (WIDE * (x - 1) + noise * drawn.standard_normal(x.shape))
    expected = rate * noise**2 / (WIDE * (2 - rate * WIDE))
    assert abs(x.var() / expected - 1) < 0.1
