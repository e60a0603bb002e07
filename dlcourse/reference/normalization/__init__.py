"""Twin of ``scratch.normalization``: PyTorch's functions forward, autograd backward."""

from dlcourse.reference.normalization.recurrent import (
    LayerNormRNN,
    layer_norm_rnn,
    layer_norm_rnn_backward,
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
    "RMSNorm",
    "Tokens",
    "dynamic_tanh",
    "dynamic_tanh_backward",
    "gate",
    "gate_backward",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_rnn",
    "layer_norm_rnn_backward",
    "rms_norm",
    "rms_norm_backward",
]
