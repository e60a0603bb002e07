"""Twins of ``scratch.normalization``: the same names, signatures and defaults, on tensors."""

from dlcourse.reference.normalization.recurrent import (
    LayerNormRNN,
    layer_norm_rnn,
    layer_norm_rnn_backward,
)
from dlcourse.reference.normalization.response import (
    LocalResponseNorm,
    local_response_norm,
    local_response_norm_backward,
)
from dlcourse.reference.normalization.sample import (
    LayerNorm,
    RMSNorm,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from dlcourse.reference.normalization.tokens import Tokens
from dlcourse.reference.normalization.weights import (
    WeightNorm,
    data_dependent_init,
    weight_norm,
    weight_norm_backward,
)
from dlcourse.reference.normalization.without import (
    DynamicTanh,
    Gate,
    dynamic_tanh,
    dynamic_tanh_backward,
    gate,
    gate_backward,
)

__all__ = [
    "DynamicTanh",
    "Gate",
    "LayerNorm",
    "LayerNormRNN",
    "LocalResponseNorm",
    "RMSNorm",
    "Tokens",
    "WeightNorm",
    "data_dependent_init",
    "dynamic_tanh",
    "dynamic_tanh_backward",
    "gate",
    "gate_backward",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_rnn",
    "layer_norm_rnn_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "rms_norm",
    "rms_norm_backward",
    "weight_norm",
    "weight_norm_backward",
]
