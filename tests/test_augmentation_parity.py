"""``parity`` of the functions of images: what it says, and what it must catch."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dlcourse.lesson import parity
from dlcourse.lesson.augmented import CALLS
from dlcourse.scratch import augmentation
from dlcourse.scratch.augmentation import crops, geometry

LARGEST = re.compile(r"  largest relative difference: ≈\d+e[-+]\d+")


@pytest.mark.parametrize("name", CALLS)
def test_every_function_has_its_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=12)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == f"{name}(): 12 inputs, images and runs of them,"
    assert re.fullmatch(r"  equal to \S.* within 1e-10", second)
    assert LARGEST.fullmatch(last)


def test_settings_reach_both_rooms(capsys: pytest.CaptureFixture[str]) -> None:
    parity("rotate", interpolation="nearest", fill=0.4, steps=12)
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.startswith("rotate(interpolation='nearest', fill=0.4): 12 inputs")
    assert second == "  equal to F.grid_sample within 1e-10"


right = {name: getattr(augmentation, name) for name in ("crop", "rotate")}


def shared(x, angle, **more):
    """The first image's angle for all."""
    return right["rotate"](x, np.ravel(angle)[0], **more)


def wrong_shape(x, top, left, size):
    return right["crop"](x, top, left, size)[..., :-1]


WRONG = [
    ("rotate", shared, r"rotate\(\): input 1, shaped \(5, 3, 8, 7\): they differ by"),
    ("crop", wrong_shape, r"crop\(\): input 1: shaped"),
    ("invert", lambda x: np.where(x > 0.9, np.nan, 1 - x), r"they differ by nan"),
    ("equalize", lambda x: x, r"they differ by"),
]


@pytest.mark.parametrize(("name", "wrong", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_function_that_differs_is_caught(name, wrong, message, monkeypatch) -> None:
    wrong.__name__ = name
    monkeypatch.setattr(augmentation, name, wrong)
    with pytest.raises(AssertionError, match=message):
        parity(name, steps=12)


def test_an_error_further_inside_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "turn", lambda a: (np.cos(np.deg2rad(a)), np.sin(np.deg2rad(-a))))
    with pytest.raises(AssertionError, match=r"rotate\(\): input 1"):
        parity("rotate", steps=1)
    monkeypatch.setattr(crops, "lerp", lambda a, b, share: a + (b - a) * share**2)
    with pytest.raises(AssertionError, match=r"resize\(\): input 1"):
        parity("resize", steps=1)
