"""What Augment, Mix and the loss that goes with it refuse, in both rooms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_augmentation_mix_errors import ROOMS, P, Room, X, refuse, rng

from dlcourse.reference import augmentation as twins


def mix(*given: Any, **more: Any) -> Any:
    return lambda r: r.f.Mix(*given, **({"rng": rng()} | more))


def trained(x: Any, change: Any = None, **more: Any) -> Any:
    """A pass in training."""
    change = change or (lambda x, rng: x)
    return lambda r: r.f.Augment(change, **({"rng": rng()} | more)).forward(r.make(x), True)


def mixed(x: Any, kind: str = "cutmix", **more: Any) -> Any:
    return lambda r: r.f.Mix(kind, 1.0, **({"rng": rng()} | more)).forward(r.make(x), True)


def stale(r: Room) -> Any:
    layer = r.f.Mix("mixup", 1.0, rng=rng())
    loss = r.f.MixedCrossEntropy(layer)
    logits = r.make(np.eye(3))
    layer.forward(logits, True)
    loss.forward(logits, np.array([0, 1, 2]))
    return loss.forward(logits, np.array([0, 1, 1]))


def unlike(r: Room) -> Any:
    layer = r.f.Mix("mixup", 1.0, rng=rng())
    layer.forward(r.make(X), True)
    return r.f.MixedCrossEntropy(layer).forward(r.make(np.eye(4)), np.array([0, 1, 1, 2]))


def outside(r: Room) -> Any:
    layer = r.f.Mix("mixup", 1.0, rng=rng())
    layer.forward(r.make(X), True)
    return r.f.MixedCrossEntropy(layer).forward(r.make(np.eye(3)), np.array([0, 1, 5]))


ERRORS: dict[str, Any] = {
    "an unknown kind": (mix("cutmx", 1.0), ValueError, "kind must be one of .* mean 'cutmix'"),
    "Mix with α below 0": (mix("mixup", -1.0), ValueError, "alpha must be finite and >= 0"),
    "α of other runs": (
        mix("mixup", [1.0, 2.0], runs=3),
        ValueError,
        r"alpha must be a number or an array \(3,\)",
    ),
    "α of runs without runs": (mix("mixup", [1.0, 2.0]), ValueError, "alpha must be a number; got"),
    "a shape of two axes": (mix("mixup", 1.0, shape=(8, 8)), ValueError, "shape must be of at"),
    "a transform that is none": (
        lambda r: r.f.Augment("flip", rng=rng()),
        TypeError,
        "transform must be a function",
    ),
    "pixels of another shape": (
        trained(X.reshape(3, 16), shape=(1, 3, 3)),
        ValueError,
        "x must be",
    ),
    "runs without runs": (trained(np.ones((2, 3, 4))), ValueError, r"x must be shaped \(n, d\)"),
    "runs of another number": (trained(np.ones((2, 3, 4)), runs=3), ValueError, "x must be shaped"),
    "a transform that crops": (
        trained(X, lambda x, rng: x[..., 1:]),
        ValueError,
        "transform must be a function that gives",
    ),
    "a transform of other floats": (
        trained(X, lambda x, rng: x > 0.5),
        ValueError,
        "transform must be a function that gives",
    ),
    "a transform of nothing": (
        trained(X, lambda x, rng: None),
        ValueError,
        "transform must be a function that gives",
    ),
    "CutMix of pixels in a row": (mixed(X.reshape(3, 16)), ValueError, "x must be images"),
    "a loss that follows nothing": (
        lambda r: r.f.MixedCrossEntropy().forward(r.make(np.eye(3)), P),
        RuntimeError,
        "mix must be",
    ),
    "a loss that follows a number": (
        lambda r: r.f.MixedCrossEntropy(3),
        TypeError,
        "mix must be a layer Mix",
    ),
    "labels of another batch": (stale, RuntimeError, "target must be the labels of the batch"),
    "a batch of another size": (unlike, ValueError, "partner must be shaped"),
    "a label that is no class": (outside, ValueError, "target must be in 0 .. 2"),
    "backward first": (
        lambda r: r.f.MixedCrossEntropy().backward(),
        RuntimeError,
        "backward must be called after",
    ),
    "a pair that forgets the runs": (
        lambda r: r.f.Augment(
            (lambda shape, rng: rng.random(), lambda x, s: x[0] if r.f is twins else x),
            rng=rng(),
            runs=2,
        ).forward(r.make(X), True),
        ValueError,
        "transform must be a function that gives",
    ),
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", ERRORS)
def test_it_is_refused(name: str, room: str) -> None:
    refuse(ERRORS[name], room)
