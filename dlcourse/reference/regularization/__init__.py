"""Twins of ``scratch.regularization``: PyTorch's own functions, and autograd."""

from dlcourse.reference.regularization.around import Decayed, Penalized, Proximal
from dlcourse.reference.regularization.blocks import (
    DropBlock,
    block_rate,
    draw_block_mask,
    drop_block,
    drop_block_backward,
)
from dlcourse.reference.regularization.calibration import (
    calibration_error,
    fit_temperature,
    nll,
    reliability,
    softmax,
)
from dlcourse.reference.regularization.connections import (
    DropConnect,
    drop_connect,
    drop_connect_backward,
)
from dlcourse.reference.regularization.labels import SmoothedCrossEntropy, smooth_labels
from dlcourse.reference.regularization.masks import (
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_sequence_mask,
    draw_spatial_mask,
)
from dlcourse.reference.regularization.monte_carlo import mc_dropout_predict
from dlcourse.reference.regularization.paths import elastic_net_path, ridge
from dlcourse.reference.regularization.penalties import (
    coefficients,
    elastic_net,
    l1_penalty,
    l2_penalty,
)
from dlcourse.reference.regularization.proximal import elastic_net_prox, soft_threshold
from dlcourse.reference.regularization.recurrent import (
    DroppedRNN,
    dropped_rnn,
    dropped_rnn_backward,
)
from dlcourse.reference.regularization.stopping import EarlyStopping, early_stop
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
    "Decayed",
    "DropBlock",
    "DropConnect",
    "Dropout",
    "DroppedRNN",
    "EarlyStopping",
    "GaussianDropout",
    "Penalized",
    "Proximal",
    "SequenceDropout",
    "SmoothedCrossEntropy",
    "SpatialDropout",
    "block_rate",
    "calibration_error",
    "coefficients",
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
    "early_stop",
    "elastic_net",
    "elastic_net_path",
    "elastic_net_prox",
    "fit_temperature",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "l1_penalty",
    "l2_penalty",
    "mc_dropout_predict",
    "nll",
    "reliability",
    "ridge",
    "smooth_labels",
    "soft_threshold",
    "softmax",
    "spatial_dropout",
    "spatial_dropout_backward",
]
