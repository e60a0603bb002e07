"""Twins of ``scratch.regularization``: PyTorch's own functions, and autograd."""

from dlcourse.reference.regularization.around import Decayed, Penalized, Proximal
from dlcourse.reference.regularization.calibration import (
    calibration_error,
    fit_temperature,
    nll,
    reliability,
    softmax,
)
from dlcourse.reference.regularization.labels import SmoothedCrossEntropy, smooth_labels
from dlcourse.reference.regularization.paths import elastic_net_path, ridge
from dlcourse.reference.regularization.penalties import (
    coefficients,
    elastic_net,
    l1_penalty,
    l2_penalty,
)
from dlcourse.reference.regularization.proximal import elastic_net_prox, soft_threshold
from dlcourse.reference.regularization.stopping import EarlyStopping, early_stop

__all__ = [
    "Decayed",
    "EarlyStopping",
    "Penalized",
    "Proximal",
    "SmoothedCrossEntropy",
    "calibration_error",
    "coefficients",
    "early_stop",
    "elastic_net",
    "elastic_net_path",
    "elastic_net_prox",
    "fit_temperature",
    "l1_penalty",
    "l2_penalty",
    "nll",
    "reliability",
    "ridge",
    "smooth_labels",
    "soft_threshold",
    "softmax",
]
