"""Initializers in ``parity`` and in the index: all are there, and what differs is caught."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dlcourse.lesson import parity
from dlcourse.lesson.parity import ARITHMETIC
from dlcourse.reference import initialization as twin
from dlcourse.scratch import initialization as ours
from dlcourse.scratch.initialization import draws
from tools.registries import read

SETTINGS = {
    "constant": {"val": 0.5},
    "truncated_normal": {"a": -1.0, "b": 0.5},
    "kaiming_normal": {"mode": "fan_out", "a": 0.3},
    "xavier_uniform": {"gain": 2.0},
    "orthogonal": {"gain": 0.5},
}
NO_INITIALIZERS = {
    *("calculate_gain", "fan_in_and_fan_out", "xavier_std", "kaiming_std", "uniform_bound"),
    *("orthonormal", "initialize"),
}


def unlisted(names: set[str], listed: set[str]) -> set[str]:
    return names - NO_INITIALIZERS - listed


def test_every_initializer_is_in_the_index_and_in_parity() -> None:
    rows = next(a["rows"] for a in read("algorithms") if a["area"] == "Initialization")
    rooms = {"scratch": ours, "twin": twin}
    for key, room in rooms.items():
        listed = {row[key].rpartition(".")[2] for row in rows}
        assert unlisted(set(room.__all__), listed) == set()
        assert unlisted(set(room.__all__), listed - {"identity"}) == {"identity"}
    assert unlisted(set(ours.__all__), set(ARITHMETIC)) == {"transfer"}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_parity_says_what_was_compared(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=20, hyper=SETTINGS.get(name))
    said = capsys.readouterr().out
    assert said.startswith(f"{name}(") and "): as torch.nn.init\n" in said
    exact = ARITHMETIC[name]
    assert (f"20 shapes, {exact} equal" in said) == bool(exact)
    drawn = exact not in ("weights", "orthonormal")
    assert bool(re.search(r"20000 weights of each: distributions ≈0\.0\d\d apart", said)) == drawn


def test_parity_knows_only_initializers() -> None:
    with pytest.raises(KeyError, match=r"name must be an initializer: normal, .*'initialize'"):
        parity("initialize")


def doubled(room, name):
    right = getattr(room, name)
    return lambda *args, **kwargs: 2 * right(*args, **kwargs)


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("xavier_normal", "xavier_std", r"xavier_std for .*: they differ by"),
        ("kaiming_uniform", "kaiming_std", r"kaiming_std for .*: they differ by"),
        ("orthogonal", "orthonormal", r"orthonormal for .*: they differ by"),
        ("orthogonal", "orthogonal", r"orthonormal for .*: they differ by"),
        ("identity", "identity", r"weights for .*: they differ by"),
        ("normal", "normal", "the distributions part by"),
        ("kaiming_normal", "kaiming_normal", "the distributions part by"),
    ],
)
def test_parity_catches_what_differs(
    name: str, wrong: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = doubled(ours, wrong)
    false.__name__, false.__module__ = wrong, draws.__name__
    monkeypatch.setattr(ours, wrong, false)
    with pytest.raises(AssertionError, match=message):
        parity(name, steps=20)


def test_parity_tells_five_percent_of_a_scale_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    right = ours.uniform

    def wider(shape, rng, **kwargs):
        return right(shape, rng, **kwargs) * 1.05

    wider.__name__, wider.__module__ = "uniform", draws.__name__
    monkeypatch.setattr(ours, "uniform", wider)
    with pytest.raises(AssertionError, match="the distributions part by"):
        parity("uniform")
    wide = np.asarray(wider((2000,), np.random.default_rng(0)))
    assert wide.max() < 1.06
