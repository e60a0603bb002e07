"""Twin of ``scratch.normalization``: ``torch.nn.functional`` and autograd."""

from dlcourse.reference.normalization.batch import (
    BatchNorm,
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    batch_norm_inference_backward,
    batch_statistics,
    unbiased,
    update_running,
)
from dlcourse.reference.normalization.core import standardize, standardize_backward
from dlcourse.reference.normalization.group import (
    GroupNorm,
    InstanceNorm,
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
)

__all__ = [
    "BatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
    "batch_statistics",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "standardize",
    "standardize_backward",
    "unbiased",
    "update_running",
]
