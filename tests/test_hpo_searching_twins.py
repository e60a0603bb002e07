"""Grid, draws, Sobol', Halton and variance shares beside their PyTorch twins."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.reference.hpo import searching as twin
from dlcourse.scratch.hpo import Float, GridSearch, RandomSearch, from_unit, halton, sobol
from dlcourse.scratch.hpo.forest import forest, variance_shares
from dlcourse.scratch.hpo.quasi import draw_digits

RNG = np.random.default_rng(3)
SPACE = {
    "lr": Float(1e-4, 2.0, log=True),
    "drop": Float(0.1, 0.7),
    "decay": Float(1e-6, 1e-1, log=True),
}


def test_a_grid_is_the_product_of_its_axes():
    search = GridSearch(SPACE, 4)
    ours = np.array([list(search.ask().params.values()) for _ in range(search.size)])
    theirs = twin.grid(SPACE, 4).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert not np.allclose(ours, theirs[::-1])


def test_draws_are_quantiles_of_uniform_numbers():
    u = RNG.random((50, 3))
    ours = np.array([list(from_unit(SPACE, row).values()) for row in u])
    np.testing.assert_allclose(ours, twin.from_unit(SPACE, u).numpy(), rtol=1e-12)
    search = RandomSearch(SPACE, np.random.default_rng(5))
    asked = np.array([list(search.ask().params.values()) for _ in range(20)])
    same = np.random.default_rng(5).random((20, 3))
    np.testing.assert_allclose(asked, twin.from_unit(SPACE, same).numpy(), rtol=1e-12)


@pytest.mark.parametrize("index", [0, 1, 2, 7, 100, 12_345])
def test_sobol_with_and_without_a_shift(index):
    shift = RNG.integers(2**30, size=8)
    np.testing.assert_array_equal(sobol(index, 8), twin.sobol(index, 8).numpy())
    np.testing.assert_array_equal(sobol(index, 8, shift), twin.sobol(index, 8, shift).numpy())
    assert (sobol(index, 8, shift) != sobol(index, 8)).any()


@pytest.mark.parametrize("index", [0, 1, 2, 7, 100, 12_345])
def test_halton_with_and_without_permutations(index):
    digits = draw_digits(7, np.random.default_rng(1))
    np.testing.assert_allclose(halton(index, 7), twin.halton(index, 7).numpy(), atol=1e-14)
    ours, theirs = halton(index, 7, digits), twin.halton(index, 7, digits).numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-14)
    assert (ours != halton(index, 7)).any()


def test_variance_shares_are_those_of_every_cell():
    x = RNG.random((40, 3))
    y = 3 * x[:, 0] + x[:, 1] * x[:, 2]
    for tree in forest(x, y, 3, RNG):
        ours, total = variance_shares(tree)
        theirs, whole = twin.variance_shares(tree)
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)
        np.testing.assert_allclose(total, float(whole), rtol=1e-12)
        assert ours[0] > ours[1:].sum() > 0
