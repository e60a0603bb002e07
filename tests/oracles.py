"""torchvision's functions of tensors, as an oracle for augmentation and DropBlock.

Its wheel is built against one build of PyTorch. On another, as the CPU build, its compiled part
does not load, and the import ends at two operators that nobody here calls. Named beforehand, they
let the functions load, which are plain PyTorch.
"""

from __future__ import annotations

from typing import Any

import torch

_UNUSED: list[Any] = []


def torchvision() -> Any:
    """The package, whether or not its compiled part fits this build of PyTorch."""
    try:
        import torchvision
    except RuntimeError:
        names = torch.library.Library("torchvision", "DEF")
        _UNUSED.append(names)  # it takes its operators along when it goes
        for name in ("nms", "qnms"):
            names.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision
