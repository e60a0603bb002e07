"""Regularization: what helps a network with data it has not seen, often at a cost on the others.

Penalties, early stopping, soft labels, noise within; and whether a network knows how sure to be.
"""

from dlcourse.scratch.regularization.around import Decayed, Penalized, Proximal
from dlcourse.scratch.regularization.calibration import (
    calibration_error,
    fit_temperature,
    nll,
    reliability,
    softmax,
)
from dlcourse.scratch.regularization.labels import SmoothedCrossEntropy, smooth_labels
from dlcourse.scratch.regularization.paths import elastic_net_path, ridge
from dlcourse.scratch.regularization.penalties import (
    coefficients,
    elastic_net,
    l1_penalty,
    l2_penalty,
)
from dlcourse.scratch.regularization.proximal import elastic_net_prox, soft_threshold
from dlcourse.scratch.regularization.stopping import EarlyStopping, early_stop

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
