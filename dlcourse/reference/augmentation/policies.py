"""Twin of ``scratch.augmentation.policies``: one image after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from dlcourse import augmented, checks
from dlcourse.images import images
from dlcourse.reference.augmentation import color, geometry, tones

Tensor = torch.Tensor
Policy = augmented.Policy
MOST = 30


@dataclass(frozen=True)
class Operation:
    """A change of images (n, c, h, w) by values (n,), from ``low`` to ``high``."""

    low: float
    high: float
    signed: bool
    apply: Callable[[Tensor, Any], Tensor]

    def value(self, share: Any) -> Any:
        """``torch.lerp``."""
        return (1 - share) * self.low + share * self.high


def _affine(name: str, x: Tensor, v: Any) -> Tensor:
    """All geometry by ``affine`` alone, nearest."""
    v = torch.as_tensor(v, dtype=torch.float64)
    angle = torch.rad2deg(torch.atan(v))
    h, w = x.shape[-2:]
    told: dict[str, dict[str, Any]] = {
        "rotate": {"angle": v},
        "shear_x": {"shear": (angle, 0)},
        "shear_y": {"shear": (0, angle)},
        "translate_x": {"translate": (torch.fix(v * w), 0)},
        "translate_y": {"translate": (0, torch.fix(v * h))},
    }
    return geometry.affine(x, **told[name], interpolation="nearest")


def _shifted(function: Callable[..., Tensor], x: Tensor, v: Any) -> Tensor:
    return function(x, 1 + torch.as_tensor(v))


def _bits(x: Tensor, v: Any) -> Tensor:
    return tones.posterize(x, torch.as_tensor(v).round().long())


SHIFT = 150 / 331
OPERATIONS: dict[str, Operation] = {
    "identity": Operation(0, 0, False, lambda x, v: x),
    "shear_x": Operation(0, 0.3, True, partial(_affine, "shear_x")),
    "shear_y": Operation(0, 0.3, True, partial(_affine, "shear_y")),
    "translate_x": Operation(0, SHIFT, True, partial(_affine, "translate_x")),
    "translate_y": Operation(0, SHIFT, True, partial(_affine, "translate_y")),
    "rotate": Operation(0, 30, True, partial(_affine, "rotate")),
    "brightness": Operation(0, 0.9, True, partial(_shifted, color.brightness)),
    "color": Operation(0, 0.9, True, partial(_shifted, color.saturation)),
    "contrast": Operation(0, 0.9, True, partial(_shifted, color.contrast)),
    "sharpness": Operation(0, 0.9, True, partial(_shifted, tones.sharpness)),
    "posterize": Operation(8, 4, False, _bits),
    "solarize": Operation(1, 0, False, tones.solarize),
    "autocontrast": Operation(0, 0, False, lambda x, v: tones.autocontrast(x)),
    "equalize": Operation(0, 0, False, lambda x, v: tones.equalize(x)),
    "invert": Operation(0, 0, False, lambda x, v: tones.invert(x)),
}


def _changed(image: Tensor, one: Operation, share: float, sign: float) -> Tensor:
    """Of a single image."""
    value = one.value(share) * (sign if one.signed else 1.0)
    return one.apply(image[None], np.array([value]))[0]


def rand_augment(
    x: Tensor,
    num_ops: int,
    magnitude: Any,
    rng: np.random.Generator,
    operations: Mapping[str, Operation] | None = None,
) -> Tensor:
    """As ``torchvision.transforms.RandAugment`` of each image, with NumPy's numbers."""
    images(x, Tensor)
    num_ops = checks.integer("num_ops", num_ops, 0)
    if operations is None:
        grey = x.shape[-3] != 3
        left_out = {"invert", "color"} if grey else {"invert"}
        operations = {name: one for name, one in OPERATIONS.items() if name not in left_out}
    named = [*augmented.operations(operations, Operation).values()]
    strength = augmented.strength(augmented.array(magnitude), tuple(x.shape[:-3]), MOST)
    shares = strength.tolist()
    checks.generator("rng", rng)
    n = math.prod(x.shape[:-3])
    picks, halves = (rng.integers(k, size=(num_ops, n)).T for k in (len(named), 2))
    made = []
    for i, image in enumerate(x.reshape(n, *x.shape[-3:])):
        for pick, half in zip(picks[i], halves[i], strict=True):
            image = _changed(image, named[pick], shares[i], 1.0 if half else -1.0)
        made.append(image)
    return torch.stack(made).reshape(x.shape)


def auto_augment(x: Tensor, policy: Policy, rng: np.random.Generator) -> Tensor:
    """As ``torchvision.transforms.AutoAugment`` of each image, with NumPy's numbers."""
    images(x, Tensor)
    subs = augmented.policy(policy, OPERATIONS)
    checks.generator("rng", rng)
    n, depth = math.prod(x.shape[:-3]), max(map(len, subs))
    which, chances = rng.integers(len(subs), size=n), rng.random((depth, n))
    halves = rng.integers(2, size=(depth, n))
    made = []
    for i, image in enumerate(x.reshape(n, *x.shape[-3:])):
        for j, (name, chance, magnitude) in enumerate(subs[which[i]]):
            if chances[j, i] < chance:
                sign = 1.0 if halves[j, i] else -1.0
                image = _changed(image, OPERATIONS[name], magnitude / 9, sign)
        made.append(image)
    return torch.stack(made).reshape(x.shape)


def search_policy(
    score: Callable[[Policy], float],
    operations: Any,
    rng: np.random.Generator,
    trials: int = 60,
    start: int = 20,
    sub_policies: int = 5,
    sample: int = 5,
) -> tuple[list[Any], list[tuple[list[Any], float]]]:
    """Policies as a tensor (trials, sub-policies, 2, 3) of whole numbers, ``torch.argmax``."""
    names = [checks.choice(f"operations[{i}]", n, OPERATIONS) for i, n in enumerate(operations)]
    told = {"trials": trials, "start": start, "sub_policies": sub_policies, "sample": sample}
    for name, value in told.items():
        checks.integer(name, value, 1)
    checks.generator("rng", rng)
    codes = torch.zeros(trials, sub_policies, 2, 3, dtype=torch.long)
    values = torch.full((trials,), -math.inf, dtype=torch.float64)

    def step() -> Tensor:
        return torch.tensor([int(rng.integers(k)) for k in (len(names), 11, 10)])

    def decoded(code: Tensor) -> list[Any]:
        return [[(names[o], p / 10, m) for o, p, m in sub] for sub in code.tolist()]

    for i in range(trials):
        if i < start:
            codes[i] = torch.stack([step() for _ in range(2 * sub_policies)]).reshape(-1, 2, 3)
        else:
            drawn = torch.as_tensor(rng.integers(i, size=sample))
            codes[i] = codes[drawn[values[drawn].argmax()]]
            row, column = int(rng.integers(sub_policies)), int(rng.integers(2))
            codes[i, row, column] = step()
        values[i] = checks.scalar("score", score(decoded(codes[i])), -math.inf)
    found = [(decoded(c), v) for c, v in zip(codes, values.tolist(), strict=True)]
    return found[int(values.argmax())][0], found


def digits_policy() -> list[list[tuple[str, float, float]]]:
    """The same file."""
    return augmented.policy(augmented.read_json("digits_policy.json")["policy"], OPERATIONS)
