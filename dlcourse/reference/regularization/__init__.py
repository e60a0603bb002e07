"""Regularization: what keeps a network from learning its training set by heart."""

from dlcourse.reference.regularization.blocks import (
    DropBlock,
    block_rate,
    draw_block_mask,
    drop_block,
    drop_block_backward,
)
from dlcourse.reference.regularization.connections import (
    DropConnect,
    drop_connect,
    drop_connect_backward,
)
from dlcourse.reference.regularization.masks import (
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_sequence_mask,
    draw_spatial_mask,
)
from dlcourse.reference.regularization.monte_carlo import mc_dropout_predict
from dlcourse.reference.regularization.recurrent import (
    DroppedRNN,
    dropped_rnn,
    dropped_rnn_backward,
)
from dlcourse.reference.regularization.units import (
    Dropout,
    GaussianDropout,
    SequenceDropout,
    SpatialDropout,
    dropout,
    dropout_backward,
    gaussian_dropout,
    gaussian_dropout_backward,
    spatial_dropout,
    spatial_dropout_backward,
)

__all__ = [
    "DropBlock",
    "DropConnect",
    "Dropout",
    "DroppedRNN",
    "GaussianDropout",
    "SequenceDropout",
    "SpatialDropout",
    "block_rate",
    "draw_block_mask",
    "draw_dropout_mask",
    "draw_gaussian_noise",
    "draw_sequence_mask",
    "draw_spatial_mask",
    "drop_block",
    "drop_block_backward",
    "drop_connect",
    "drop_connect_backward",
    "dropout",
    "dropout_backward",
    "dropped_rnn",
    "dropped_rnn_backward",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "mc_dropout_predict",
    "spatial_dropout",
    "spatial_dropout_backward",
]
