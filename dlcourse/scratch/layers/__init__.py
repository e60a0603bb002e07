"""Layers: a pure pair ``f`` / ``f_backward`` each, and a class that is memory around the pair.

Shapes: ``x`` is ``(..., n, d)``: any leading axes are runs, which never mix. A gradient therefore
has the runs axis of whatever it was computed with: weights ``(k, d)`` shared by inputs ``(s, n,
d)`` get one gradient a run, ``(s, k, d)``, and summing them is the caller's choice.
"""

from dlcourse.scratch.layers.activations import (
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    normal_cdf,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from dlcourse.scratch.layers.attention import (
    CausalSelfAttention,
    causal_self_attention,
    causal_self_attention_backward,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from dlcourse.scratch.layers.base import Layer
from dlcourse.scratch.layers.convolution import Conv2d, conv2d, conv2d_backward
from dlcourse.scratch.layers.dense import (
    Flatten,
    Linear,
    flatten,
    flatten_backward,
    linear,
    linear_backward,
)
from dlcourse.scratch.layers.embeddings import (
    Embedding,
    PositionEmbedding,
    embedding,
    embedding_backward,
    position_embedding,
    position_embedding_backward,
)
from dlcourse.scratch.layers.pooling import (
    AvgPool2d,
    GlobalAvgPool2d,
    MaxPool2d,
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from dlcourse.scratch.layers.recurrent import RNN, rnn, rnn_backward

__all__ = [
    "GELU",
    "RNN",
    "AvgPool2d",
    "CausalSelfAttention",
    "Conv2d",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2d",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "PositionEmbedding",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "avg_pool2d",
    "avg_pool2d_backward",
    "causal_self_attention",
    "causal_self_attention_backward",
    "conv2d",
    "conv2d_backward",
    "embedding",
    "embedding_backward",
    "flatten",
    "flatten_backward",
    "gelu",
    "gelu_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "normal_cdf",
    "position_embedding",
    "position_embedding_backward",
    "relu",
    "relu_backward",
    "rnn",
    "rnn_backward",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_backward",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
]
