"""A thousand images of 28 × 28 augmented: CPU time of ours, and of torchvision where it is at hand.

    python -m benchmarks.augmentation

One core. Exits with 1 when a thousand images take more than a second. torchvision changes one image
a call if each shall have operations of its own, which is what ours are compared with; its images
are of bytes, for its tensors of floats know no posterizing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import timing
from dlcourse.scratch.augmentation import (
    auto_augment,
    cutmix,
    cutout,
    digits_policy,
    draw_box,
    draw_center,
    draw_mix,
    mixup,
    rand_augment,
    random_erasing,
)

IMAGES, SIDE = 1000, 28
AT_MOST = 1.0
"""Seconds."""
Job = Callable[[], object]


def mixed(x: Any, rng: np.random.Generator, boxes: bool) -> Any:
    """A batch of all images with itself."""
    labels = np.eye(10, dtype=x.dtype)[np.arange(len(x)) % 10]
    lam, partner = draw_mix(len(x), 1.0, rng)
    if not boxes:
        return mixup(x, labels, lam, partner)
    return cutmix(x, labels, lam, partner, *(int(c) for c in draw_center(x.shape[1:], rng)))


def ours(dtype: Any) -> dict[str, Job]:
    """Each on all images, each image with draws of its own."""
    rng = np.random.default_rng(0)
    x = rng.random((IMAGES, 1, SIDE, SIDE)).astype(dtype)
    return {
        "rand_augment, 2 of magnitude 9": lambda: rand_augment(x, 2, 9, rng),
        "auto_augment, the digits' policy": lambda: auto_augment(x, digits_policy(), rng),
        "cutout": lambda: cutout(x, *draw_center(x.shape, rng), 14),
        "random erasing": lambda: random_erasing(x, draw_box(x.shape, rng)),
        "mixup": lambda: mixed(x, rng, False),
        "cutmix": lambda: mixed(x, rng, True),
    }


def torchvisions() -> Job | None:
    """RandAugment of one image after the other; None where torchvision does not load."""
    try:
        import torch

        from tests.oracles import torchvision

        change = torchvision().transforms.RandAugment(2, 9)
    except ImportError:
        return None
    torch.set_num_threads(1)
    x = torch.randint(256, (IMAGES, 1, SIDE, SIDE), dtype=torch.uint8)
    return lambda: torch.stack([change(image) for image in x])


def main() -> int:
    jobs = {f"{name}, {kind}": job for kind in ("float64", "float32")
            for name, job in ours(kind).items()}  # fmt: skip
    theirs, first = torchvisions(), next(iter(jobs))
    if theirs is not None:
        jobs["torchvision's RandAugment"] = theirs
    taken = timing.measure(jobs)
    missed = 0
    for name, times in taken.items():
        seconds = float(np.median(times))
        slow = seconds > AT_MOST and not name.startswith("torchvision")
        missed += slow
        print(f"{name:<46} {1000 * seconds:8.1f} ms  {'MISSED' if slow else ''}".rstrip())
    if theirs is None:
        print("torchvision is not at hand: no ratio")
    else:
        ratio = timing.ratio(taken, first, "torchvision's RandAugment")
        print(f"ours / torchvision's, floats of 64 bits beside bytes: {ratio}")
    print(timing.where())
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
