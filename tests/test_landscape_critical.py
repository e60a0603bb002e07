"""What a critical point is, and that the search finds one, or says that it has not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from landscapes import ROOMS, batch, chain

from dlcourse.reference import landscape as twin
from dlcourse.scratch import landscape as room


def rotated(values: Any, seed: int = 0) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    return (q * values) @ q.T


KINDS = [
    ([3.0, 1.0, 0.2], "minimum"),
    ([-3.0, -1.0, -0.2], "maximum"),
    ([3.0, 1.0, -0.2], "saddle"),
    ([3.0, 0.0, -0.2], "saddle"),
    ([3.0, 1.0, 0.0], "degenerate"),
    ([-3.0, 0.0, -1.0], "degenerate"),
    ([0.0, 0.0, 0.0], "degenerate"),
    ([-1.0, -2.0, 5.0, 4.0], "saddle"),  # its determinant is positive
    ([1e-6, 2e-6], "minimum"),  # small is not flat: the largest is small too
    ([1e6, 1e-6], "degenerate"),
]


@pytest.mark.parametrize(("values", "kind"), KINDS)
def test_kinds(values: list[float], kind: str) -> None:
    given = np.array(values)
    assert room.classify_eigenvalues(given[::-1].copy()) == kind
    assert twin.classify_eigenvalues(torch.as_tensor(given)) == kind
    matrix = rotated(values)
    assert room.classify_critical_point(matrix) == kind
    assert twin.classify_critical_point(torch.as_tensor(matrix)) == kind
    d = len(values)
    askew = np.triu(np.ones((d, d)), 1) - np.tril(np.ones((d, d)), -1)
    assert room.classify_critical_point(matrix + 9 * askew) == kind  # the symmetric part counts
    down, level, up = room.inertia(given)
    assert (down, level, up) == tuple(twin.inertia(torch.as_tensor(given)))
    assert down + level + up == d


def test_counts_and_kinds_of_each_run() -> None:
    values = np.array([v for v, _ in KINDS if len(v) == 3])
    found = room.inertia(values)
    np.testing.assert_array_equal(found.negative, [0, 3, 1, 1, 0, 2, 0])
    np.testing.assert_array_equal(found.zero, [0, 0, 0, 1, 1, 1, 3])
    kinds = room.classify_critical_point(np.stack([rotated(v) for v in values]))
    assert kinds == [kind for v, kind in KINDS if len(v) == 3]
    assert kinds == twin.classify_critical_point(
        torch.as_tensor(np.stack([rotated(v) for v in values]))
    )


def test_the_tolerance_is_a_share() -> None:
    for scale in (1e-9, 1.0, 1e9):
        values = scale * np.array([1.0, 1e-3])
        assert room.classify_eigenvalues(values, 1e-4) == "minimum"
        assert room.classify_eigenvalues(values, 1e-2) == "degenerate"
    assert room.classify_eigenvalues(np.array([1.0, 0.0]), 0.0) == "degenerate"


def check_quadratic() -> None:
    """One whole step, whatever the signs, and from the outside of what H knows only to its foot."""
    for values in ([3.0, -1.0, 0.5, -7.0], [3.0, -1.0, 0.5, 0.0]):
        matrix, b = rotated(values), np.array([1.0, 2.0, -1.0, 0.5])
        b = matrix @ b  # there is a critical point
        start = np.array([9.0, -4.0, 2.0, 5.0])
        found = room.find_critical_point(
            lambda t, m=matrix, c=b: m @ t - c, lambda t, v, m=matrix: m @ v, start
        )
        assert found.converged and found.steps == 1 and found.grad_norm < 1e-8
        # the step of least length: what H does not bend stays
        expected = start - np.linalg.pinv(matrix, 1e-9) @ (matrix @ start - b)
        np.testing.assert_allclose(found.theta, expected, atol=1e-9)


def test_a_quadratic_takes_one_step() -> None:
    check_quadratic()


def terrain(t: Any) -> Any:
    """The gradient of x³/3 - x + y² - y⁴/4: critical at x = ±1 and y = 0 or ±√2."""
    kind = torch if isinstance(t, torch.Tensor) else np
    x, y = t[..., 0], t[..., 1]
    return kind.stack([x**2 - 1, 2 * y - y**3], -1)


STARTS = np.array([[1.01, 0.01], [-1.4, 0.1], [0.7, 1.6], [-0.8, -1.3]])


def test_each_run_finds_its_own_point_and_both_rooms_the_same() -> None:
    ours = room.find_critical_point(terrain, None, STARTS, tol=1e-10)
    theirs = twin.find_critical_point(terrain, None, torch.as_tensor(STARTS), tol=1e-10)
    expected = np.array([[1, 0], [-1, 0], [1, 2**0.5], [-1, -(2**0.5)]])
    np.testing.assert_allclose(ours.theta, expected, atol=1e-9)
    np.testing.assert_allclose(theirs.theta, expected, atol=1e-9)
    np.testing.assert_array_equal(ours.steps, theirs.steps)
    assert ours.converged.all() and bool(theirs.converged.all())
    hessians = room.hessian(terrain, ours.theta)
    kinds = room.classify_critical_point(hessians, 1e-6)
    assert kinds == ["minimum", "saddle", "saddle", "maximum"]
    for run in range(4):
        alone = room.find_critical_point(terrain, None, STARTS[run], tol=1e-10)
        np.testing.assert_allclose(ours.theta[run], alone.theta, atol=1e-13)
        assert ours.steps[run] == alone.steps
    assert len(set(ours.steps.tolist())) > 1


def stuck(t: Any) -> Any:
    """The gradient of x³/3 + x + y²: nowhere zero, shortest at the origin, where H forgets it."""
    kind = torch if isinstance(t, torch.Tensor) else np
    return kind.stack([t[..., 0] ** 2 + 1, 2 * t[..., 1]], -1)


def check_stuck() -> None:
    found = room.find_critical_point(stuck, None, np.array([0.4, 1.0]))
    assert not found.converged
    assert found.grad_norm == pytest.approx(1, abs=1e-3)
    assert found.grad_curvature < 1e-3  # of 2, the largest
    assert (
        room.find_critical_point(stuck, None, np.array([0.4, 1.0]), max_iter=0).grad_curvature > 1
    )


def test_a_search_that_is_stuck_says_so() -> None:
    check_stuck()
    theirs = twin.find_critical_point(stuck, None, torch.tensor([0.4, 1.0], dtype=torch.float64))
    assert not theirs.converged and theirs.grad_curvature < 1e-3


def lonely(t: Any) -> Any:
    """Zero at -100 alone, and shortest elsewhere near 0, where it is nearly 100."""
    return (t + 100) * (t**2 + 1)


def test_from_afar_it_fails_and_says_so() -> None:
    near, far = np.linspace(-150, -75, 11)[:, None], np.linspace(10, 60, 11)[:, None]
    for kind, house in ((np.asarray, room), (torch.as_tensor, twin)):
        found = house.find_critical_point(lonely, None, kind(near))
        assert found.converged.all()
        np.testing.assert_allclose(found.theta, -100, atol=1e-9)
        failed = house.find_critical_point(lonely, None, kind(far))
        assert not failed.converged.any()
        np.testing.assert_allclose(failed.theta, -0.005, atol=1e-3)
        np.testing.assert_allclose(failed.grad_norm, 99.9975, atol=1e-3)
        assert (failed.grad_curvature < 1e-3).all()


def test_the_length_of_the_gradient_never_grows() -> None:
    lengths = []
    for steps in range(8):
        found = room.find_critical_point(terrain, None, np.array([0.05, 0.75]), max_iter=steps)
        lengths.append(float(found.grad_norm))
        assert found.steps == min(steps, found.steps)
    assert (np.diff(lengths) <= 0).all() and lengths[-1] < 1e-3 * lengths[0]
    start = np.array([0.05, 0.75])
    unmoved = room.find_critical_point(terrain, None, start, max_iter=0)
    np.testing.assert_array_equal(unmoved.theta, start)
    assert unmoved.steps == 0 and not unmoved.converged


@pytest.mark.parametrize("exact", [True, False])
def test_critical_points_of_a_network(exact: bool) -> None:
    """With a decay, so that the loss does not fall for ever: of four starts most find a point."""
    net, loss = chain(ROOMS["scratch"], "Tanh", 4), ROOMS["scratch"].losses.MSE()
    x, y = batch("tanh", "mse")
    plain, start = room.loss_gradient(net, loss, x, y), net.theta.copy()

    def hvp(theta: np.ndarray, v: np.ndarray) -> np.ndarray:
        net.theta[...] = theta
        return room.ExactHessian(net, loss, x, y)(v) + 0.05 * v

    def gradient(theta: np.ndarray) -> np.ndarray:
        return plain(theta) + 0.05 * theta

    found = room.find_critical_point(gradient, hvp if exact else None, start, 1e-9)
    size = np.linalg.norm(gradient(found.theta), axis=-1)
    np.testing.assert_array_equal(found.converged, size <= 1e-9)
    np.testing.assert_allclose(found.grad_norm, size, atol=1e-14)
    assert found.converged.sum() >= 2 and (np.linalg.norm(gradient(start), axis=-1) > 0.05).all()
    values = np.linalg.eigvalsh(room.hessian(gradient, found.theta))[found.converged]
    assert "saddle" in room.classify_eigenvalues(values, 1e-6)


def test_a_gradient_too_large_for_a_number_only_refuses_a_trial() -> None:
    # the gradient of eˣ - x has a long first step from the left, to where eˣ is no number
    found = room.find_critical_point(lambda t: np.exp(t) - 1, None, np.array([-9.0]), max_iter=200)
    assert found.converged and abs(found.theta[0]) < 1e-8
