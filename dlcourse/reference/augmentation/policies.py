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
from dlcourse.images import image_shape, images
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


def _named(c: int, operations: Mapping[str, Operation] | None) -> list[Operation]:
    if operations is None:
        left_out = {"invert"} if c == 3 else {"invert", "color"}
        operations = {name: one for name, one in OPERATIONS.items() if name not in left_out}
    return [*augmented.operations(operations, Operation).values()]


def _spread(a: Any, lead: tuple[int, ...]) -> Tensor:
    """(steps, images) as (…, steps)."""
    return torch.as_tensor(a).movedim(0, -1).reshape(*lead, len(a))


def _signs(rng: np.random.Generator, size: tuple[int, int]) -> Any:
    return np.where(rng.integers(2, size=size), 1.0, -1.0)


def draw_operations(
    shape: Any,
    num_ops: int,
    rng: np.random.Generator,
    operations: Mapping[str, Operation] | None = None,
) -> tuple[Tensor, Tensor]:
    """NumPy's numbers: both rooms draw the same."""
    lead, _, _ = image_shape(shape)
    num_ops, named = checks.integer("num_ops", num_ops, 0), _named(shape[-3], operations)
    size = num_ops, math.prod(lead)
    picks = checks.generator("rng", rng).integers(len(named), size=size)
    return _spread(picks, lead), _spread(_signs(rng, size), lead)


def apply_operations(
    x: Tensor,
    picks: Any,
    signs: Any,
    magnitude: Any,
    operations: Mapping[str, Operation] | None = None,
) -> Tensor:
    """One image after the other."""
    images(x, Tensor)
    named = _named(x.shape[-3], operations)
    given = augmented.array(picks), augmented.array(signs)
    lead, picks, signs = augmented.picked(*given, x, len(named))
    shares = augmented.strength(augmented.array(magnitude), lead, MOST).tolist()
    made = []
    for i, image in enumerate(x.expand(*lead, *x.shape[-3:]).reshape(-1, *x.shape[-3:])):
        for pick, sign in zip(picks[i], signs[i].tolist(), strict=True):
            image = _changed(image, named[pick], shares[i], sign)
        made.append(image)
    return torch.stack(made).reshape(*lead, *x.shape[-3:])


def rand_augment(
    x: Tensor,
    num_ops: int,
    magnitude: Any,
    rng: np.random.Generator,
    operations: Mapping[str, Operation] | None = None,
) -> Tensor:
    """As ``torchvision.transforms.RandAugment`` of each image, with NumPy's numbers."""
    images(x, Tensor)
    drawn = draw_operations(tuple(x.shape), num_ops, rng, operations)
    return apply_operations(x, *drawn, magnitude, operations)


def draw_sub_policies(
    shape: Any, policy: Policy, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """NumPy's numbers: both rooms draw the same."""
    (lead, _, _), subs = image_shape(shape), augmented.policy(policy, OPERATIONS)
    n, depth = math.prod(lead), max(map(len, subs))
    which = torch.as_tensor(checks.generator("rng", rng).integers(len(subs), size=n))
    chances = _spread(rng.random((depth, n)), lead)
    return which.reshape(lead), chances, _spread(_signs(rng, (depth, n)), lead)


def apply_sub_policies(x: Tensor, policy: Policy, which: Any, chances: Any, signs: Any) -> Tensor:
    """One image after the other."""
    images(x, Tensor)
    subs = augmented.policy(policy, OPERATIONS)
    drawn = [augmented.array(one) for one in (which, chances, signs)]
    lead, which, chances, signs = augmented.chosen(drawn[0], drawn[1], drawn[2], x, subs)
    made = []
    for i, image in enumerate(x.expand(*lead, *x.shape[-3:]).reshape(-1, *x.shape[-3:])):
        for j, (name, chance, magnitude) in enumerate(subs[which[i]]):
            if chances[i, j] < chance:
                image = _changed(image, OPERATIONS[name], magnitude / 9, float(signs[i, j]))
        made.append(image)
    return torch.stack(made).reshape(*lead, *x.shape[-3:])


def auto_augment(x: Tensor, policy: Policy, rng: np.random.Generator) -> Tensor:
    """As ``torchvision.transforms.AutoAugment`` of each image, with NumPy's numbers."""
    images(x, Tensor)
    return apply_sub_policies(x, policy, *draw_sub_policies(tuple(x.shape), policy, rng))
