"""Lanczos against dense and sparse solvers, densities against moments, the trace and its error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from harness import relative
from landscapes import digits_net
from scipy.sparse.linalg import LinearOperator, eigsh

from dlcourse.reference import landscape as twin
from dlcourse.scratch import landscape as room
from dlcourse.scratch.landscape import krylov


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def symmetric(dim: int = 30, runs: int | None = None, seed: int = 1) -> np.ndarray:
    a = rng(seed).standard_normal((dim, dim) if runs is None else (runs, dim, dim))
    return (a + a.swapaxes(-1, -2)) / 2


def product(matrix: np.ndarray) -> Any:
    return lambda v: (matrix @ v[..., None])[..., 0]


def rotated(values: list[float], seed: int = 2) -> np.ndarray:
    q, _ = np.linalg.qr(rng(seed).standard_normal((len(values), len(values))))
    return (q * values) @ q.T


def ends(values: np.ndarray, k: int, which: str) -> np.ndarray:
    falling = np.sort(values)[..., ::-1]
    low = falling[..., -k:]
    return {
        "largest": falling[..., :k],
        "smallest": low[..., ::-1],
        "both": np.concatenate([falling[..., :k], low], -1),
    }[which]


def check_net(k: int = 3, which: str = "both") -> None:
    """The curvatures of a small net, to 1e-8 of the dense Hessian's."""
    model, loss, x, y = digits_net()
    hvp = room.ExactHessian(model, loss, x, y)
    values, vectors = np.linalg.eigh(room.hessian_from_products(hvp, hvp.dim))
    found = room.top_eigenvalues(hvp, hvp.dim, k, rng(), which, tol=1e-10)
    assert relative(found.values, ends(values, k, which)) < 1e-8
    assert found.converged.all() and found.vectors.shape == (len(found.values), hvp.dim)
    truth = vectors.T[[-1, -2, -3, 2, 1, 0]] if which == "both" else vectors.T[[-1, -2, -3]]
    np.testing.assert_allclose(abs(np.vecdot(found.vectors, truth)), 1, atol=1e-8)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(len(truth)), atol=1e-12)
    assert k <= found.steps < hvp.dim


@pytest.mark.parametrize("which", ["largest", "both"])
def test_curvatures_of_a_net_equal_the_dense_ones(which: str) -> None:
    check_net(which=which)


def test_curvatures_by_differences_of_gradients() -> None:
    model, loss, x, y = digits_net()
    gradient, exact = room.loss_gradient(model, loss, x, y), room.ExactHessian(model, loss, x, y)
    by_difference = room.top_eigenvalues(
        lambda v: room.hessian_vector_product(gradient, model.theta, v), exact.dim, 2, rng()
    )
    found = room.top_eigenvalues(exact, exact.dim, 2, rng())
    assert relative(by_difference.values, found.values) < 1e-8
    assert by_difference.converged.all()


@pytest.mark.parametrize("which", ["largest", "smallest", "both"])
def test_ends_equal_scipys(which: str) -> None:
    matrix = symmetric(120)
    operator = LinearOperator(matrix.shape, product(matrix), dtype=float)
    found = room.top_eigenvalues(product(matrix), 120, 3, rng(), which, tol=1e-11)
    high, low = (np.sort(eigsh(operator, 3, which=end, tol=1e-12)[0]) for end in ("LA", "SA"))
    expected = {"largest": high[::-1], "smallest": low, "both": np.r_[high[::-1], low[::-1]]}
    assert relative(found.values, expected[which]) < 1e-10


@pytest.mark.parametrize("which", ["largest", "smallest", "both"])
@pytest.mark.parametrize("runs", [None, 2])
def test_the_twin_finds_the_same(runs: int | None, which: str) -> None:
    matrix = symmetric(20, runs)
    plan: Any = {"which": which, "runs": runs, "tol": 0.0, "max_steps": 20}
    ours = room.top_eigenvalues(product(matrix), 20, 2, rng(), **plan)
    theirs = twin.top_eigenvalues(
        lambda v: (torch.as_tensor(matrix) @ v[..., None])[..., 0], 20, 2, rng(), **plan
    )
    assert relative(ours.values, theirs.values) < 1e-12
    assert (
        relative(abs(np.vecdot(ours.vectors, theirs.vectors.numpy())), np.ones(ours.values.shape))
        < 1e-10
    )
    assert ours.converged.all() and bool(theirs.converged.all())
    np.testing.assert_array_equal(ours.steps, theirs.steps.numpy())
    assert ours.residuals.shape == theirs.residuals.shape and ours.residuals.max() < 1e-12


def test_residuals_are_those_of_the_pairs_and_bound_the_error() -> None:
    matrix = symmetric(60)
    found = room.top_eigenvalues(product(matrix), 60, 2, rng(), max_steps=12)
    away = (matrix @ found.vectors.T).T - found.values[:, None] * found.vectors
    np.testing.assert_allclose(found.residuals, np.linalg.norm(away, axis=-1), rtol=1e-10)
    errors = abs(np.linalg.eigvalsh(matrix)[[-1, -2]] - found.values)
    assert (errors <= found.residuals).all() and (errors > 1e-6).any()
    assert not found.converged.all() and found.steps == 12  # it says that it is not done


def check_runs() -> None:
    """Each run stops by itself, at what it finds when it is alone."""
    apart = np.stack([rotated([9.0, 5.0, *np.linspace(-1, 1, 58)]), symmetric(60)])
    children = [rng(7), rng(8)]
    together = room.top_eigenvalues(product(apart), 60, 2, children, runs=2)
    for run in range(2):
        alone = room.top_eigenvalues(product(apart[run]), 60, 2, rng(7 + run))
        assert together.steps[run] == alone.steps
        np.testing.assert_allclose(together.values[run], alone.values, rtol=1e-12)
        np.testing.assert_allclose(together.residuals[run], alone.residuals, atol=1e-9)
    assert together.steps[0] < together.steps[1]


def test_runs_never_mix() -> None:
    check_runs()


REPEATED = [3.0, 3.0, 1.0, 0.5, 0.5, -2.0]


def test_of_a_repeated_eigenvalue_one_copy_is_seen_until_the_space_is_exhausted() -> None:
    matrix = rotated(REPEATED + [0.0] * 30)
    blind = room.top_eigenvalues(product(matrix), 36, 2, rng(), max_steps=5)
    np.testing.assert_allclose(blind.values, [3, 1], atol=1e-6)


def check_copies() -> None:
    matrix = rotated(REPEATED + [0.0] * 30)
    found = room.top_eigenvalues(product(matrix), 36, 6, rng(), tol=0.0, max_steps=36)
    np.testing.assert_allclose(found.values, [3, 3, 1, 0.5, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-12)
    assert found.converged.all()


def test_with_all_steps_every_copy_is_found() -> None:
    check_copies()


@pytest.mark.parametrize("scale", [0.0, 2.0, 1e-9])
def test_a_multiple_of_the_identity_ends_at_once_and_goes_on(scale: float) -> None:
    found = room.top_eigenvalues(lambda v: scale * v, 8, 3, rng(), "both")
    np.testing.assert_allclose(found.values, np.full(6, scale), rtol=1e-12)
    assert found.converged.all()


def test_one_run_may_end_while_the_other_goes_on() -> None:
    matrices = np.stack([2 * np.eye(12), symmetric(12)])
    found = room.top_eigenvalues(product(matrices), 12, 2, rng(), runs=2)
    np.testing.assert_allclose(found.values[0], [2, 2], rtol=1e-13)
    np.testing.assert_allclose(
        found.values[1], ends(np.linalg.eigvalsh(matrices[1]), 2, "largest"), rtol=1e-9
    )


def check_orthogonal() -> None:
    """The basis stays orthonormal where rounding would spoil it, and T is the matrix in it."""
    matrix = rotated([1e4, 1e2, *np.linspace(0, 1, 118)])
    process = krylov.Lanczos(product(matrix), rng().standard_normal((1, 120)), 60)
    for _ in range(60):
        process.step()
    basis = process.basis[0, :60]
    np.testing.assert_allclose(basis @ basis.T, np.eye(60), atol=1e-12)
    np.testing.assert_allclose(basis @ matrix @ basis.T, process.matrix(60)[0], atol=1e-9)


def test_the_basis_is_orthonormal() -> None:
    check_orthogonal()


def check_moments() -> None:
    """Gauss quadrature: m steps know the moments of each probe up to 2m - 1, and no further."""
    matrix, steps = symmetric(40), 4
    found = room.spectral_density(product(matrix), 40, rng(3), n_probes=5, n_steps=steps)
    assert found.nodes.shape == found.weights.shape == (5, steps)
    np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-13)
    draws = rng(3)
    probes = np.stack([2.0 * draws.integers(0, 2, 40) - 1 for _ in range(5)])
    power = probes.copy()
    for p in range(1, 2 * steps):
        power = power @ matrix
        expected = (probes * power).sum(-1).mean() / 40
        assert found.moment(p) == pytest.approx(expected, rel=1e-10), p
    further = (probes * (power @ matrix)).sum(-1).mean() / 40
    assert found.moment(2 * steps) != pytest.approx(further, rel=1e-3)


def test_moments_are_exact_to_twice_the_steps() -> None:
    check_moments()


def check_density() -> None:
    """Near the smoothed eigenvalues of the whole Hessian, whose number is all that it counts."""
    matrix = symmetric(200)
    values, grid = np.linalg.eigvalsh(matrix), np.linspace(-18, 18, 145)
    expected = np.exp(-(((grid[:, None] - values) / 1.5) ** 2) / 2).mean(-1) / (
        1.5 * (2 * np.pi) ** 0.5
    )
    found = room.spectral_density(product(matrix), 200, rng(), 40, 40)
    assert abs(found.at(grid, 1.5) - expected).max() < 0.06 * expected.max()
    assert np.trapezoid(found.at(np.linspace(-30, 30, 4001)), dx=60 / 4000) == pytest.approx(
        1, abs=1e-6
    )


def test_the_density_is_that_of_the_eigenvalues() -> None:
    check_density()


@pytest.mark.parametrize("runs", [None, 2])
def test_densities_of_both_rooms_have_the_same_moments(runs: int | None) -> None:
    matrix = symmetric(24, runs)
    plan: Any = {"n_probes": 3, "n_steps": 24, "runs": runs}
    ours = room.spectral_density(product(matrix), 24, rng(), **plan)
    theirs = twin.spectral_density(
        lambda v: (torch.as_tensor(matrix) @ v[..., None])[..., 0], 24, rng(), **plan
    )
    for p in range(6):
        assert relative(ours.moment(p), theirs.moment(p)) < 1e-10
    grid = np.linspace(-6, 6, 50)
    assert relative(ours.at(grid, 0.5), theirs.at(grid, 0.5)) < 1e-10
    if runs is None:
        assert relative(ours.at(grid), theirs.at(grid)) < 1e-8


def test_runs_of_a_density_are_the_runs_alone() -> None:
    matrix = symmetric(24, 2)
    together = room.spectral_density(product(matrix), 24, [rng(4), rng(5)], 2, 6, runs=2)
    for run in range(2):
        alone = room.spectral_density(product(matrix[run]), 24, rng(4 + run), 2, 6)
        np.testing.assert_allclose(together.nodes[run], alone.nodes, rtol=1e-10, atol=1e-12)
    assert relative(together.nodes[0], together.nodes[1]) > 1e-2


def test_a_density_of_a_space_that_ends_early() -> None:
    found = room.spectral_density(lambda v: 2.0 * v, 9, rng(), 2, 9)
    assert found.moment(3) == pytest.approx(8, rel=1e-13)
    assert found.at([2.0], 0.5)[0] == pytest.approx(1 / (0.5 * (2 * np.pi) ** 0.5), rel=1e-12)
    with pytest.raises(ValueError, match="sigma must be given where all nodes are one"):
        room.spectral_density(lambda v: 0.0 * v, 9, rng(), 2, 9).at([0.0])


def check_trace() -> None:
    """Within its error, and with the error that theory has for signs."""
    matrix = symmetric(50) + 5 * np.eye(50)  # a diagonal that normal probes would pay for
    estimates = [room.hessian_trace(product(matrix), 50, rng(i), 40) for i in range(400)]
    values = np.array([one.value for one in estimates])
    variance = 2 * (np.square(matrix).sum() - np.square(np.diag(matrix)).sum()) / 40
    assert values.mean() == pytest.approx(np.trace(matrix), abs=4 * (variance / 400) ** 0.5)
    assert values.var() == pytest.approx(variance, rel=0.3)  # 4 standard errors of a variance
    errors = np.array([one.standard_error for one in estimates])
    assert (errors**2).mean() == pytest.approx(variance, rel=0.1)


def test_the_trace_and_its_standard_error() -> None:
    check_trace()


@pytest.mark.parametrize("runs", [None, 2])
def test_traces_of_both_rooms(runs: int | None) -> None:
    matrix = symmetric(24, runs)
    ours = room.hessian_trace(product(matrix), 24, rng(), 7, runs)
    theirs = twin.hessian_trace(
        lambda v: (torch.as_tensor(matrix) @ v[..., None])[..., 0], 24, rng(), 7, runs
    )
    assert relative(ours.value, theirs.value) < 1e-12
    assert relative(ours.standard_error, theirs.standard_error) < 1e-12
    assert np.shape(ours.value) == (() if runs is None else (2,))
