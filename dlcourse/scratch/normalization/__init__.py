"""Normalization: what a network passes on is given a mean and a scale that training cannot move.

A pure pair ``f`` / ``f_backward`` each, and a layer that is memory around it. The methods differ in
what shares one mean and one variance: a channel of a batch, a sample, a group of channels; or they
leave the signal alone and normalize the weights.
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
from dlcourse.scratch.normalization.group import (
    GroupNorm,
    InstanceNorm,
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
)
from dlcourse.scratch.normalization.recurrent import (
    LayerNormRNN,
    layer_norm_rnn,
    layer_norm_rnn_backward,
)
from dlcourse.scratch.normalization.response import (
    LocalResponseNorm,
    local_response_norm,
    local_response_norm_backward,
)
from dlcourse.scratch.normalization.sample import (
    LayerNorm,
    RMSNorm,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from dlcourse.scratch.normalization.tokens import Tokens
from dlcourse.scratch.normalization.weights import (
    WeightNorm,
    data_dependent_init,
    weight_norm,
    weight_norm_backward,
)
from dlcourse.scratch.normalization.without import (
    DynamicTanh,
    Gate,
    dynamic_tanh,
    dynamic_tanh_backward,
    gate,
    gate_backward,
)

__all__ = [
    "BatchNorm",
    "DynamicTanh",
    "Gate",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LayerNormRNN",
    "LocalResponseNorm",
    "RMSNorm",
    "Tokens",
    "WeightNorm",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
    "batch_statistics",
    "data_dependent_init",
    "dynamic_tanh",
    "dynamic_tanh_backward",
    "gate",
    "gate_backward",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_rnn",
    "layer_norm_rnn_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "rms_norm",
    "rms_norm_backward",
    "unbiased",
    "update_running",
    "weight_norm",
    "weight_norm_backward",
]
