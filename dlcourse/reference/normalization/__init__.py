"""Twins of ``scratch.normalization``: ``torch.nn.functional`` and autograd."""

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
from dlcourse.reference.normalization.core import (
    standardize,
    standardize_backward,
)
from dlcourse.reference.normalization.group import (
    GroupNorm,
    InstanceNorm,
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
)
from dlcourse.reference.normalization.response import (
    LocalResponseNorm,
    local_response_norm,
    local_response_norm_backward,
)
from dlcourse.reference.normalization.weights import (
    WeightNorm,
    data_dependent_init,
    weight_norm,
    weight_norm_backward,
)

__all__ = [
    "BatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "LocalResponseNorm",
    "WeightNorm",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
    "batch_statistics",
    "data_dependent_init",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "standardize",
    "standardize_backward",
    "unbiased",
    "update_running",
    "weight_norm",
    "weight_norm_backward",
]
