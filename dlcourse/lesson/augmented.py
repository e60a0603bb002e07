"""Parity of ``augmentation``: each function on many images, with parameters one an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.checks import fail

BOUND = 1e-10
LEADS = (), (5,), (2, 3)
"""The axes in front of an image: none, images, runs of images."""
SIZES = (1, 9, 12), (3, 8, 7), (3, 20, 21), (1, 5, 5)
"""Channels, height and width."""
Draw = Callable[[np.random.Generator, tuple[int, ...], tuple[int, ...]], tuple[Any, ...]]
"""From a generator, leading axes and an image's shape to all arguments but the images."""


def _factors(*ends: tuple[float, float]) -> Draw:
    """Numbers that are uniform in each of these ranges, one an image."""
    return lambda rng, lead, _: tuple(np.asarray(rng.uniform(*pair, lead)) for pair in ends)


def _affine(rng: np.random.Generator, lead: tuple[int, ...], _: Any) -> tuple[Any, ...]:
    ends = (-180, 180), (-5, 5), (-5, 5), (0.5, 2), (-40, 40), (-40, 40)
    angle, right, down, scale, along, across = _factors(*ends)(rng, lead, _)
    return angle, (right, down), scale, (along, across)


def _box(rng: np.random.Generator, lead: tuple[int, ...], shape: Any) -> tuple[Any, ...]:
    h, w = shape[-2:]
    height, width = rng.integers(1, h + 1, lead), rng.integers(1, w + 1, lead)
    return rng.integers(0, h - height + 1), rng.integers(0, w - width + 1), height, width, (6, 11)


def _jitter(rng: np.random.Generator, lead: tuple[int, ...], _: Any) -> tuple[Any, ...]:
    factors = _factors((0, 2), (0, 2), (0, 2), (-0.5, 0.5))(rng, lead, _)
    return *factors, rng.permuted(np.broadcast_to(np.arange(4), (*lead, 4)), axis=-1)


CALLS: dict[str, Draw] = {
    "flip": lambda rng, lead, _: (rng.random(lead) < 0.5,),
    "pad": lambda rng, lead, _: (tuple(rng.integers(0, 4, 2).tolist()),),
    "crop": lambda rng, lead, _: (rng.integers(0, 2, lead), rng.integers(0, 3, lead), (4, 3)),
    "five_crop": lambda rng, lead, _: (tuple(rng.integers(1, 5, 2).tolist()),),
    "ten_crop": lambda rng, lead, _: (tuple(rng.integers(1, 5, 2).tolist()),),
    "resize": lambda rng, lead, _: (tuple(rng.integers(1, 30, 2).tolist()),),
    "resized_crop": _box,
    "affine": _affine,
    "rotate": _factors((-180, 180)),
    "shear": _factors((-60, 60)),
    "translate": _factors((-9, 9), (-9, 9)),
    "elastic_deformation": lambda rng, lead, shape: (rng.normal(size=(*lead, 2, *shape[1:])),),
    "brightness": _factors((0, 2)),
    "contrast": _factors((0, 2)),
    "saturation": _factors((0, 2)),
    "hue": _factors((-0.5, 0.5)),
    "color_jitter": _jitter,
    "invert": _factors(),
    "solarize": _factors((0, 1)),
    "posterize": lambda rng, lead, _: (rng.integers(0, 9, lead),),
    "sharpness": _factors((0, 3)),
    "autocontrast": _factors(),
    "equalize": _factors(),
    "add_noise": lambda rng, lead, shape: (rng.normal(size=(*lead, *shape)), rng.random(lead)),
}
PYTORCH = {
    **dict.fromkeys(("affine", "rotate", "shear", "translate"), "F.grid_sample"),
    **{"elastic_deformation": "F.grid_sample", "resize": "F.interpolate"},
    **{"resized_crop": "F.interpolate", "pad": "F.pad", "flip": "torch.flip"},
}


def augmentation_parity(
    scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]
) -> str:
    """Runner of augmentation: that many batches, single images and runs of batches among them."""
    import torch

    name, largest, rng = scratch.__name__, 0.0, np.random.default_rng(0)
    if name not in CALLS:
        fail("name", f"a function of images: {', '.join(CALLS)}", name, error=KeyError)
    for step in range(1, steps + 1):
        lead, shape = LEADS[step % 3], SIZES[step % 4]
        x = rng.random((*lead, *shape))
        given = CALLS[name](rng, lead, shape)
        y, ty = scratch(x, *given, **hyper), twin(torch.as_tensor(x), *_tensors(given), **hyper)
        if tuple(y.shape) != tuple(ty.shape):
            raise AssertionError(f"{call}: input {step}: shaped {y.shape} and {tuple(ty.shape)}.")
        relative = float(abs(y - ty.numpy()).max() / max(float(ty.abs().max()), 1e-300))
        largest = max(largest, relative)
        if not relative <= BOUND:
            raise AssertionError(
                f"{call}: input {step}, shaped {x.shape}: they differ by {relative:.2g}, more than "
                f"{BOUND:.0e}."
            )
    return (
        f"{call}: {steps} inputs, images and runs of them,\n  equal to "
        f"{PYTORCH.get(name, 'its PyTorch twin')} within {BOUND:.0e}\n"
        f"  largest relative difference: ≈{largest:.0e}"
    )


def _tensors(given: Any) -> Any:
    """Arrays as tensors, also in pairs."""
    import torch

    if isinstance(given, tuple):
        return tuple(_tensors(one) for one in given)
    return torch.as_tensor(given) if isinstance(given, np.ndarray) else given
