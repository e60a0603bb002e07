"""Draws have the distribution they are named after, in both rooms; wrong ones are told apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from distributions import assert_drawn_from, assert_uniform_over_rotations
from scipy import stats

from dlcourse.reference import initialization as twin
from dlcourse.scratch import initialization as ours
from dlcourse.scratch.initialization import rotations

ROOMS = {"scratch": ours, "reference": twin}
SHAPE = (100, 400)  # as wide as is long, or fan_in and fan_out would be one
KERNELS = (50, 20, 5, 3)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def gaussian(std: float, mean: float = 0.0) -> Any:
    return stats.norm(mean, std)


def flat(bound: float) -> Any:
    return stats.uniform(-bound, 2 * bound)


def cut(mean: float, std: float, a: float, b: float) -> Any:
    return stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)


# What is called, with which settings and shape, and the law that a formula on paper gives.
LAWS: list[tuple[str, dict[str, Any], tuple[int, ...], Any]] = [
    ("normal", {}, SHAPE, gaussian(1.0)),
    ("normal", {"mean": 3.0, "std": 0.01}, SHAPE, gaussian(0.01, 3.0)),
    ("uniform", {}, SHAPE, stats.uniform(0, 1)),
    ("uniform", {"a": -0.3, "b": 0.1}, SHAPE, stats.uniform(-0.3, 0.4)),
    ("truncated_normal", {}, SHAPE, cut(0, 1, -2, 2)),
    ("truncated_normal", {"std": 0.02}, SHAPE, cut(0, 0.02, -2, 2)),
    ("truncated_normal", {"mean": 1.0, "std": 2.0, "a": 0.5, "b": 1.0}, SHAPE, cut(1, 2, 0.5, 1)),
    ("truncated_normal", {"a": 3.0, "b": 1e6}, SHAPE, cut(0, 1, 3, 1e6)),
    ("truncated_normal", {"mean": 1.0, "a": -9.0, "b": -2.0}, SHAPE, cut(1, 1, -9, -2)),
    ("xavier_normal", {}, SHAPE, gaussian(math.sqrt(2 / 500))),
    ("xavier_normal", {"gain": 5 / 3}, KERNELS, gaussian(5 / 3 * math.sqrt(2 / 1050))),
    ("xavier_uniform", {}, SHAPE, flat(math.sqrt(6 / 500))),
    ("xavier_uniform", {"gain": 0.5}, KERNELS, flat(0.5 * math.sqrt(6 / 1050))),
    ("kaiming_normal", {}, SHAPE, gaussian(math.sqrt(2 / 400))),
    ("kaiming_normal", {"mode": "fan_out"}, KERNELS, gaussian(math.sqrt(2 / 750))),
    ("kaiming_normal", {"a": 0.5}, SHAPE, gaussian(math.sqrt(2 / 1.25 / 400))),
    ("kaiming_uniform", {}, KERNELS, flat(math.sqrt(6 / 300))),
    ("kaiming_uniform", {"a": math.sqrt(5)}, SHAPE, flat(1 / math.sqrt(400))),
    ("kaiming_uniform", {"nonlinearity": "tanh"}, SHAPE, flat(5 / 3 * math.sqrt(3 / 400))),
]


def name(value: Any) -> str | None:
    return str(value) if isinstance(value, str | dict) else None


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(("call", "kwargs", "shape", "law"), LAWS, ids=name)
def test_a_draw_has_its_law(call: str, kwargs: dict, shape: tuple, law: Any, room: str) -> None:
    w = getattr(ROOMS[room], call)(shape, rng(), **kwargs)
    assert tuple(w.shape) == shape
    assert_drawn_from(law, w)


def test_every_draw_is_in_the_table() -> None:
    fixed = {"constant", "zeros", "identity"}
    names = set(ours.__all__) - fixed - {"orthogonal", "orthonormal", "initialize", "transfer"}
    arithmetic = {"calculate_gain", "fan_in_and_fan_out", "uniform_bound"}
    assert {row[0] for row in LAWS} == names - arithmetic - {"xavier_std", "kaiming_std"}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 2), (2, 1, 2, 2)])
def test_an_orthogonal_matrix_prefers_no_direction(shape: tuple[int, ...], room: str) -> None:
    w = np.asarray(ROOMS[room].orthogonal(shape, rng(), runs=2000))
    assert_uniform_over_rotations(w.reshape(2000, shape[0], -1))


# Wrong draws: of which law they are a mistake, and the mistake.
def relative_bounds(one: np.random.Generator) -> np.ndarray:
    return 0.5 * ours.truncated_normal(SHAPE, one)


def clipped(one: np.random.Generator) -> np.ndarray:
    return one.normal(size=SHAPE).clip(-2, 2)


def rows_alike(one: np.random.Generator) -> np.ndarray:
    return np.repeat(one.normal(size=(SHAPE[0] // 2, SHAPE[1])), 2, axis=0)


Draw = Callable[[np.random.Generator], Any]


def normal(std: float, mean: float = 0.0, shape: tuple[int, ...] = SHAPE) -> Draw:
    return lambda one: one.normal(mean, std, shape)


def uniform(bound: float) -> Draw:
    return lambda one: one.uniform(-bound, bound, SHAPE)


HE, XAVIER = math.sqrt(2 / 400), math.sqrt(2 / 500)
WRONG: dict[str, tuple[Any, Draw]] = {
    "a normal one for a uniform": (flat(1.0), normal(3**-0.5)),
    "a uniform one for a normal": (gaussian(1.0), uniform(3**0.5)),
    "the variance for the deviation": (gaussian(HE), normal(HE**2)),
    "the deviation for the bound": (flat(1.0), uniform(3**-0.5)),
    "nothing cut": (cut(0, 1, -2, 2), normal(1.0)),
    "clipped instead of drawn again": (cut(0, 1, -2, 2), clipped),
    "bounds in standard deviations": (cut(0, 0.5, -2, 2), relative_bounds),
    "fan_out for fan_in": (
        gaussian(HE),
        lambda one: ours.kaiming_normal(SHAPE, one, mode="fan_out"),
    ),
    "a fan without its kernel": (
        gaussian(math.sqrt(2 / 300)),
        normal(math.sqrt(2 / 20), shape=KERNELS),
    ),
    "fan_in for the mean of both": (gaussian(XAVIER), normal(math.sqrt(1 / 400))),
    "LeCun for He": (gaussian(HE), normal(math.sqrt(1 / 400))),
    "He for Xavier": (gaussian(XAVIER), lambda one: ours.kaiming_normal(SHAPE, one)),
    "a shifted one": (gaussian(1.0), normal(1.0, mean=0.05)),
    "rows alike": (gaussian(1.0), rows_alike),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_draw_is_told_apart(mistake: str) -> None:
    law, draw = WRONG[mistake]
    for seed in range(3):
        with pytest.raises(AssertionError, match=r"p = |standard errors off"):
            assert_drawn_from(law, draw(rng(seed)))


def test_the_check_raises_no_false_alarm() -> None:
    for seed in range(20):
        assert_drawn_from(gaussian(1.0), rng(seed).normal(size=(40, 50)))
        assert_drawn_from(flat(1.0), rng(seed).uniform(-1, 1, size=(40, 50)))


def signs_kept(a: np.ndarray) -> np.ndarray:
    return np.linalg.qr(a)[0]


def triangle_positive(a: np.ndarray) -> np.ndarray:
    q = signs_kept(a)
    return q * np.sign(np.diagonal(q, axis1=-2, axis2=-1))[..., None, :]


@pytest.mark.parametrize("wrong", [signs_kept, triangle_positive])
def test_signs_that_qr_prefers_are_caught(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[np.ndarray], np.ndarray]
) -> None:
    monkeypatch.setattr(rotations, "orthonormal", wrong)
    w = ours.orthogonal((4, 4), rng(), runs=2000)
    np.testing.assert_allclose(w @ w.mT, np.broadcast_to(np.eye(4), w.shape), atol=1e-12)
    with pytest.raises(AssertionError, match=r"sign of \[0, 0\]"):
        assert_uniform_over_rotations(w)
