"""Twins of ``scratch.normalization``: the same names, signatures and defaults, on tensors."""

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
    "LocalResponseNorm",
    "WeightNorm",
    "data_dependent_init",
    "local_response_norm",
    "local_response_norm_backward",
    "weight_norm",
    "weight_norm_backward",
]
