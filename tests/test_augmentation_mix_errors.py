"""What hiding, mixing, policies and words refuse, in both rooms, in one sentence each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from test_errors import SENTENCE

from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours


class Room(NamedTuple):
    f: Any
    make: Callable[[Any], Any]


ROOMS = {"scratch": Room(ours, np.array), "reference": Room(twins, torch.tensor)}
X = np.random.default_rng(0).random((3, 1, 4, 4))
Y, P = np.eye(3), np.array([1, 2, 0])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def mixup(**more: Any) -> Callable[[Room], Any]:
    given = {"x": X, "y": Y, "lam": 0.5, "partner": P} | more
    return lambda r: r.f.mixup(
        *(r.make(a) for a in (given["x"], given["y"])), *[*given.values()][2:]
    )


def cutmix(**more: Any) -> Callable[[Room], Any]:
    given = {"x": X, "y": Y, "lam": 0.5, "partner": P, "cy": 1, "cx": 1} | more
    return lambda r: r.f.cutmix(r.make(given["x"]), r.make(given["y"]), *[*given.values()][2:])


def cutout(x: Any = X, cy: Any = 1, cx: Any = 1, size: Any = 2, **more: Any) -> Any:
    return lambda r: r.f.cutout(r.make(x), cy, cx, size, **more)


def erase(box: Any, fill: Any = 0.0, x: Any = X) -> Any:
    return lambda r: r.f.random_erasing(r.make(x), box, fill)


def rand(num_ops: Any = 1, magnitude: Any = 9, generator: Any = None, x: Any = X, *ops: Any) -> Any:
    return lambda r: r.f.rand_augment(r.make(x), num_ops, magnitude, generator or rng(), *ops)


def auto(policy: Any, generator: Any = None) -> Any:
    return lambda r: r.f.auto_augment(r.make(X), policy, generator or rng())


BIG, BOX = {"big": ["large"]}, (0, 0, 1, 1)
ERRORS: dict[str, tuple[Callable[[Room], Any], type[Exception], str]] = {
    "an image without a channel": (cutout(X[0, 0]), ValueError, "x must be shaped"),
    "whole numbers as images": (cutout(X.astype(int)), TypeError, "x must be an? .*of floats"),
    "nan in an image": (cutout(np.where(X > 0.9, np.nan, X)), ValueError, "x must be finite"),
    "half a centre": (cutout(cy=0.5), TypeError, "cy must be integers"),
    "too many centres": (cutout(cx=[1, 2]), ValueError, r"cx must be a number, or shaped \(3,\)"),
    "a side below 0": (cutout(size=-1), ValueError, "size must be >= 0"),
    "a side that is a pair": (cutout(size=(2, 2)), TypeError, "size must be an integer"),
    "a fill that is nan": (cutout(fill=np.nan), ValueError, "fill must be finite"),
    "a box of three": (erase((1, 1, 1)), TypeError, r"box must be \(top, left"),
    "a box of no height": (erase((0, 0, -1, 1)), ValueError, "height must be >= 0"),
    "a box of fractions": (erase((0.5, 0, 1, 1)), TypeError, "top must be integers"),
    "noise of another size": (erase(BOX, np.ones((4, 5))), ValueError, "fill must be a number"),
    "noise that is nan": (erase(BOX, np.full((4, 4), np.nan)), ValueError, "fill must be finite"),
    "a shape of two": (lambda r: r.f.draw_box((4, 4), rng()), ValueError, "shape must be of at"),
    "area 0": (lambda r: r.f.draw_box(X.shape, rng(), (0, 0.3)), ValueError, r"area\[0\] must be"),
    "area 2": (lambda r: r.f.draw_box(X.shape, rng(), (0.1, 2)), ValueError, r"area\[1\] must be"),
    "areas turned": (lambda r: r.f.draw_box(X.shape, rng(), (0.5, 0.2)), ValueError, "area must"),
    "a ratio of 0": (
        lambda r: r.f.draw_box(X.shape, rng(), ratio=(0, 1)),
        ValueError,
        r"ratio\[0\] must be",
    ),
    "an area alone": (
        lambda r: r.f.draw_box(X.shape, rng(), 0.3),
        TypeError,
        "area must be a pair",
    ),
    "a seed": (lambda r: r.f.draw_center(X.shape, 0), TypeError, "rng must be a numpy"),
    "λ above 1": (mixup(lam=1.2), ValueError, r"lam must be in \[0, 1\]"),
    "λ below 0": (cutmix(lam=-0.1), ValueError, r"lam must be in \[0, 1\]"),
    "λ one a run, flat": (
        mixup(x=X[:, 0], lam=np.full(2, 0.5)),
        ValueError,
        r"lam must be .*lam\[:, None\]",
    ),
    "labels that add up to 2": (mixup(y=2 * Y), ValueError, "y must be distributions"),
    "labels below 0": (cutmix(y=1.5 * Y - 0.25), ValueError, "y must be distributions"),
    "labels as class numbers": (mixup(y=P), ValueError, r"y must be labels .* Write np.eye"),
    "labels that are nan": (mixup(y=Y * np.nan), ValueError, "y must be finite"),
    "fewer labels than images": (mixup(y=Y[:2]), ValueError, "x must be shaped"),
    "a partner that is not there": (mixup(partner=[1, 2, 3]), ValueError, "partner must be in 0"),
    "too few partners": (mixup(partner=[1, 0]), ValueError, "partner must be shaped"),
    "partners as floats": (mixup(partner=P / 1), TypeError, "partner must be integers"),
    "vectors in CutMix": (cutmix(x=X[:, 0, 0]), ValueError, "x must be images"),
    "α below 0": (lambda r: r.f.draw_mix(3, -1, rng()), ValueError, "alpha must be finite and >="),
    "an empty batch": (lambda r: r.f.draw_mix(0, 1, rng()), ValueError, "n must be >= 1"),
    "magnitude 31": (rand(magnitude=31), ValueError, r"magnitude must be in \[0, 30\]"),
    "magnitudes of others": (rand(magnitude=[1, 2]), ValueError, "magnitude must be a number, or"),
    "operations below 0": (rand(-1), ValueError, "num_ops must be >= 0"),
    "no operations": (rand(1, 9, None, X, {}), TypeError, "operations must be a mapping"),
    "a function as operation": (
        rand(1, 9, None, X, {"one": abs}),
        TypeError,
        r"operations\['one'\] must be an Operation",
    ),
    "a generator that is none": (rand(1, 9, 3), TypeError, "rng must be a numpy"),
    "no policy": (auto([]), ValueError, "policy must be a list of sub-policies"),
    "an unknown operation": (
        auto([[("rotat", 1, 1)]]),
        ValueError,
        r"policy\[0\]\[0\] must be one of .*Did you mean",
    ),
    "probability 2": (
        auto([[("rotate", 2, 1)]]),
        ValueError,
        r"probability of policy\[0\]\[0\] must be in \[0",
    ),
    "magnitude 10 of 9": (
        auto([[("rotate", 1, 10)]]),
        ValueError,
        r"magnitude of policy\[0\]\[0\] must be in \[0, 9",
    ),
    "a step of two": (auto([[("rotate", 1)]]), TypeError, r"policy\[0\]\[0\] must be \(name"),
    "a flat policy": (auto([("rotate", 1, 1)]), TypeError, r"policy\[0\]\[0\] must be \(name"),
    "an operation that is not there": (
        lambda r: r.f.apply_operations(r.make(X), [[13]] * 3, [[1.0]] * 3, 9),
        ValueError,
        "picks must be in 0 .. 12",
    ),
    "picks of other images": (
        lambda r: r.f.apply_operations(r.make(X), [[1]] * 2, [[1.0]] * 2, 9),
        ValueError,
        r"picks must be of axes \(3,\)",
    ),
    "signs of other picks": (
        lambda r: r.f.apply_operations(r.make(X), [[1]] * 3, [[1.0, 1.0]] * 3, 9),
        ValueError,
        "signs must be shaped as picks",
    ),
    "a sub-policy that is not there": (
        lambda r: r.f.apply_sub_policies(
            r.make(X), [[("invert", 1, 0)]], [0, 1, 0], [[0.5]] * 3, [[1.0]] * 3
        ),
        ValueError,
        "which must be in 0 .. 0",
    ),
    "chances of other steps": (
        lambda r: r.f.apply_sub_policies(
            r.make(X), [[("invert", 1, 0)]], [0, 0, 0], [[0.5, 0.5]] * 3, [[1.0]] * 3
        ),
        ValueError,
        r"chances must be shaped \(3, 1\)",
    ),
    "a score that is nan": (
        lambda r: r.f.search_policy(lambda p: np.nan, ["rotate"], rng()),
        ValueError,
        "score must",
    ),
    "a search of nothing": (
        lambda r: r.f.search_policy(abs, ["rot"], rng()),
        ValueError,
        r"operations\[0\] must be one",
    ),
    "a search of no trials": (
        lambda r: r.f.search_policy(len, ["rotate"], rng(), 0),
        ValueError,
        "trials must be >= 1",
    ),
    "a sentence": (
        lambda r: r.f.random_swap("a b", 1, rng()),
        TypeError,
        r"words must be .* Write text.split",
    ),
    "numbers as words": (lambda r: r.f.random_swap([1, 2], 1, rng()), TypeError, "words must be a"),
    "swaps below 0": (lambda r: r.f.random_swap(["a"], -1, rng()), ValueError, "count must be >="),
    "p above 1": (lambda r: r.f.random_deletion(["a"], 2, rng()), ValueError, r"p must be in \[0"),
    "a word as list of synonyms": (
        lambda r: r.f.random_insertion(["a"], 1, {"big": "large"}, rng()),
        ValueError,
        r"synonyms\['big'\] must be a list",
    ),
    "a list of synonyms": (
        lambda r: r.f.synonym_replacement(["a"], 1, ["large"], rng()),
        TypeError,
        r"synonyms must be .* Pass load_synonyms",
    ),
}


def refuse(case: Any, room: str) -> None:
    """One error of exactly this kind, one sentence, and inputs as they were."""
    call, kind, message = case
    kept = X.copy(), Y.copy()
    with pytest.raises(kind, match=message) as raised:
        call(ROOMS[room])
    assert type(raised.value) is kind
    assert SENTENCE.match(raised.value.args[0])
    assert "\n" not in raised.value.args[0]
    assert_array_equal(X, kept[0])
    assert_array_equal(Y, kept[1])


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", ERRORS)
def test_it_is_refused(name: str, room: str) -> None:
    refuse(ERRORS[name], room)
