"""Normalization: what a network passes on is given a mean and a scale that training cannot move.

A pure pair ``f`` / ``f_backward`` each, and a layer that is memory around it. The methods differ in
what shares one mean and one variance: a channel of a batch, a sample, a group of channels.
"""

from dlcourse.scratch.normalization.batch import (
    BatchNorm,
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    batch_norm_inference_backward,
    batch_statistics,
    unbiased,
    update_running,
)
from dlcourse.scratch.normalization.core import standardize, standardize_backward
from dlcourse.scratch.normalization.group import (
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
