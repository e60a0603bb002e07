"""Surrogates, acquisition functions and densities: the two rooms agree to 1e-10."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from test_twins import parameters

from dlcourse.reference import hpo as theirs
from dlcourse.scratch.hpo import acquisition, gaussian_process, kernels, parzen

MODULES = (kernels, gaussian_process, acquisition, parzen)
NAMES = theirs.__all__
ours = SimpleNamespace(**{n: getattr(m, n) for m in MODULES for n in NAMES if hasattr(m, n)})
LENGTHS = [0.21, 0.5, 1.7]


@pytest.mark.parametrize("name", NAMES)
def test_names_signatures_and_defaults(name: str) -> None:
    mine, other = getattr(ours, name), getattr(theirs, name)
    told = [[(n, kind, repr(d)) for n, kind, d in parameters(one)] for one in (mine, other)]
    assert told[0] == told[1]
    assert inspect.getdoc(mine)
    if inspect.isclass(mine):
        own = {m for m in vars(mine) if not m.startswith("_") and callable(getattr(mine, m))}
        for method in own & set(vars(other)):
            assert parameters(getattr(mine, method)) == parameters(getattr(other, method)), method


def test_nothing_is_without_a_twin() -> None:
    shared = {"kernels": {"Kernel", "Matern52", "RBF", "matern52", "rbf", "squared_distance"}}
    shared["acquisition"] = {n for n in NAMES if "improvement" in n} | {"thompson_sample"}
    assert shared["kernels"] | shared["acquisition"] <= set(NAMES)
    found = {
        n
        for n, v in vars(acquisition).items()
        if inspect.isfunction(v) and v.__module__ == acquisition.__name__ and n[0] != "_"
    }
    assert found - {"normal_pdf", "normal_cdf"} <= set(NAMES)


def equal(mine, other, atol: float = 1e-10) -> None:
    if isinstance(mine, tuple):
        for a, b in zip(mine, other, strict=True):
            equal(a, b, atol)
        return
    other = other.numpy() if isinstance(other, torch.Tensor) else other
    assert_allclose(mine, other, rtol=1e-10, atol=atol)


def both(name: str, *told, **more) -> None:
    tensors = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in told]
    equal(getattr(ours, name)(*told, **more), getattr(theirs, name)(*tensors, **more))


def data(n: int = 25) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((n, 3))
    return x, np.sin(4 * x[:, 0]) + x[:, 1]


@pytest.mark.parametrize("kind", ["Matern52", "RBF"])
@pytest.mark.parametrize("lengths", [LENGTHS, 0.37])
def test_kernels_posteriors_and_evidence(kind: str, lengths) -> None:
    x, y = data()
    at = np.random.default_rng(1).random((9, 3))
    rooms = [(ours, np.asarray), (theirs, torch.as_tensor)]
    found = []
    for room, make in rooms:
        kernel = getattr(room, kind)(lengths, 1.9)
        gp = room.GaussianProcess(kernel, 0.03).fit(make(x), make(y))
        evidence = room.log_marginal_likelihood(kernel, 0.03, make(x), make(y))
        found.append(
            (kernel(make(x), make(at)), gp.predict(make(at)), gp.joint(make(at)), evidence)
        )
        found[-1] += (gp.slopes(make(at)),)
    equal(*found)


def test_a_difference_would_be_seen() -> None:
    x, y = data()
    kernel = ours.Matern52(LENGTHS, 1.9)
    other = theirs.Matern52(LENGTHS, 1.9)
    mine = ours.log_marginal_likelihood(kernel, 0.03, x, y)
    for noise, wrong in ((0.03 + 1e-8, other), (0.03, theirs.RBF(LENGTHS, 1.9))):
        told = torch.as_tensor(x), torch.as_tensor(y)
        with pytest.raises(AssertionError):
            equal(mine, theirs.log_marginal_likelihood(wrong, noise, *told))


def test_profiles_and_distances() -> None:
    r2 = np.array([0.0, 1e-9, 0.3, 5.0, 80.0])
    both("matern52", r2)
    both("rbf", r2)
    both("squared_distance", *np.random.default_rng(0).random((2, 7, 3)), np.array(LENGTHS))


def test_both_fits_find_the_same_maximum() -> None:
    x, y = data()
    y = y + 0.1 * np.random.default_rng(3).standard_normal(len(y))
    y = (y - y.mean()) / y.std()
    kernel, noise = ours.fit_hyperparameters(ours.Matern52([0.5] * 3), 0.02, x, y)
    other, theirs_noise = theirs.fit_hyperparameters(theirs.Matern52([0.5] * 3), 0.02, x, y)
    assert_allclose(kernel.length_scale, other.length_scale, rtol=1e-2)
    assert_allclose([kernel.variance, noise], [other.variance, theirs_noise], rtol=1e-2)
    theta = np.array([0.3, -1.0, 0.5, -3.0])
    prior = (-1.0, 0.4), (0.3, 0.8), (-5.0, 1.5)
    mine, twin = ours.Prior(*prior), theirs.Prior(*prior)
    equal(mine.log_density(theta), twin.log_density(torch.as_tensor(theta)))


def test_acquisition_functions() -> None:
    mean = np.array([0.0, 1.0, 3.0, 12.0, 300.0, -2.0])
    std = np.array([1.0, 0.3, 0.9, 0.7, 0.25, 3.0])
    for name in ("expected_improvement", "log_expected_improvement"):
        both(name, mean, std, 0.4)
        both(name, np.array([1.0, -1.0]), np.zeros(2), 0.0)
    both("log_expected_improvement_slopes", mean[[0, 1, 2, 5]], std[[0, 1, 2, 5]], 0.4)
    both("upper_confidence_bound", mean, std, kappa=0.7)
    root = np.random.default_rng(0).standard_normal((4, 3))
    draws = [
        room.thompson_sample(mean[:4], root @ root.T, np.random.default_rng(7))
        for room in (ours, theirs)
    ]
    equal(draws[0], draws[1], 1e-7)  # the root of an eigenvalue that is 0 but for rounding


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_densities(n: int) -> None:
    rng = np.random.default_rng(n)
    mu, u = rng.random((n, 3)), rng.random((11, 3))
    both("bandwidths", mu)
    sigma = ours.bandwidths(mu)
    holes = np.where(rng.random((n, 3)) < 0.3, np.nan, mu)
    both("bandwidths", holes)
    both("with_prior", holes, ours.bandwidths(holes), prior_weight=0.6)
    centers, widths, weights = ours.with_prior(mu, sigma, 0.6)
    both("log_bumps", u, centers, widths)
    both("log_bumps", np.where(u < 0.3, np.nan, u), centers, widths)
    told = centers[:, 0], widths[:, 0]  # masses: the logarithm of 1e-15 has no ten digits
    cells = ours.log_cells(*told, 6), theirs.log_cells(*map(torch.as_tensor, told), 6)
    equal(np.exp(cells[0]), cells[1].exp())
    index = np.where(rng.random(n + 1) < 0.2, np.nan, rng.integers(4, size=n + 1))
    both("log_choices", index, 4, prior_weight=0.6)
    both("log_mixture", ours.log_bumps(u, centers, widths), weights)
