"""Sobol' and Halton: SciPy's points; scrambled ones are as even, and no two runs alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from dlcourse.scratch.hpo import Float, QuasiRandom, RandomSearch, halton, sobol
from dlcourse.scratch.hpo.quasi import DIMENSIONS, draw_digits, primes


def points(make, n, d, *scrambling):
    return np.array([make(i, d, *scrambling) for i in range(n)])


def of_search(kind, n, d, seed):
    search = QuasiRandom(
        {f"x{j}": Float(0, 1) for j in range(d)}, kind, np.random.default_rng(seed)
    )
    return np.array([list(search.ask().params.values()) for _ in range(n)])


def test_sobol_is_scipys_to_the_last_bit():
    ours = points(sobol, 512, DIMENSIONS)
    assert (ours == qmc.Sobol(DIMENSIONS, scramble=False).random(512)).all()
    assert (
        sobol(987_654, 21) == qmc.Sobol(21, scramble=False).fast_forward(987_654).random()
    ).all()


def test_halton_is_scipys():
    ours = points(halton, 512, 30)
    np.testing.assert_allclose(ours, qmc.Halton(30, scramble=False).random(512), rtol=0, atol=1e-15)


def test_the_primes():
    assert primes(9) == [2, 3, 5, 7, 11, 13, 17, 19, 23]


def even(x, base, places):
    """Whether each of base^places slices of every coordinate holds as many points."""
    slices = np.floor(x * base**places).astype(int)
    counts = [np.bincount(column, minlength=base**places) for column in slices.T]
    return all((c == len(x) // base**places).all() for c in counts)


def even_squares(x):
    """Whether each square of the 4 by 4 over the first two coordinates holds as many points."""
    cells = (np.floor(x[:, :2] * 4) @ [4, 1]).astype(int)
    return (np.bincount(cells, minlength=16) == len(x) // 16).all()


@pytest.mark.parametrize("seed", range(4))
def test_scrambled_points_are_as_even(seed):
    x = of_search("sobol", 64, 8, seed)
    assert even(x, 2, 6) and even_squares(x)
    x = of_search("halton", 27 * 25, 3, seed)
    assert even(x[:, 1:2], 3, 3) and even(x[:, 2:], 5, 2) and even(x[:512, :1], 2, 9)


def test_points_by_chance_are_not_and_the_check_sees_it():
    x = np.random.default_rng(0).random((64, 8))
    assert not even(x, 2, 6) and not even_squares(x)
    wrong = (of_search("sobol", 64, 8, 0) + np.linspace(0, 0.5, 64)[:, None]) % 1
    assert not even(wrong, 2, 6)


@pytest.mark.parametrize("kind", ["sobol", "halton"])
def test_a_scrambled_point_is_anywhere_as_likely(kind):
    """The mean over scramblings is that of the cube, for every single point."""
    x = np.array([of_search(kind, 3, 4, seed) for seed in range(300)])
    for place in range(3):
        for column in x[:, place].T:
            assert stats.kstest(column, "uniform").pvalue > 1e-3


def test_the_plain_sequence_would_fail_that():
    x = np.full(300, sobol(1, 4)[0])
    assert stats.kstest(x, "uniform").pvalue < 1e-3


@pytest.mark.parametrize("kind", ["sobol", "halton"])
def test_the_mean_of_a_smooth_function_comes_closer_than_by_chance(kind):
    """At 128 points in six dimensions, over twelve seeds: at least three times."""

    def miss(x):
        return np.prod(1 + (x - 0.5) / 2, axis=1).mean() - 1

    quasi = [miss(of_search(kind, 128, 6, seed)) for seed in range(12)]
    chance = [miss(np.random.default_rng(seed).random((128, 6))) for seed in range(12)]
    assert np.std(chance) > 3 * np.std(quasi)


def test_halton_in_many_dimensions_needs_its_scrambling():
    """Neighbouring large primes: plain coordinates 20 and 21 lie on a few lines."""
    plain = points(halton, 60, 21)[:, -2:]
    x = of_search("halton", 60, 21, 0)[:, -2:]
    assert np.corrcoef(plain.T)[0, 1] > 0.9 > 0.4 > abs(np.corrcoef(x.T)[0, 1])


def test_permutations_keep_their_digits():
    for table, base in zip(draw_digits(5, np.random.default_rng(0)), primes(5), strict=True):
        assert (np.sort(table, axis=1) == np.arange(base)).all()
        assert len({tuple(row) for row in table}) > 1


def test_pending_and_failed_trials_do_not_move_the_sequence():
    space = {"x": Float(0, 1), "y": Float(-3, 3)}
    search = QuasiRandom(space)
    for trial in [search.ask() for _ in range(3)]:
        search.tell(trial, error="lost")
    assert [*search.ask().params.values()] == [0.25, 1.5]


def test_the_lowest_share_found_is_small_sooner_than_by_chance():
    """What a search starts with: the largest gap in one coordinate after 32 trials."""

    def gap(x):
        return np.diff(np.sort(np.concatenate([[0, 1], x]))).max()

    quasi = [gap(of_search("sobol", 32, 3, s)[:, 0]) for s in range(30)]
    space = {"x": Float(0, 1)}
    chance = []
    for s in range(30):
        search = RandomSearch(space, np.random.default_rng(s))
        chance.append(gap([search.ask().params["x"] for _ in range(32)]))
    assert max(quasi) <= 2 / 32 < min(chance)
