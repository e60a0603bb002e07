"""Preprocessing: what is learned from the training data alone, and then done to all data alike.

Samples are rows: ``x`` is ``(n, d)``, or ``(runs, n, d)``, where every run has statistics of its
own. Statistics are float64 whatever ``x`` is; what comes out has the precision of what went in.
"""

from dlcourse.scratch.preprocessing.base import Preprocessor
from dlcourse.scratch.preprocessing.scaling import (
    MinMaxScaler,
    Standardizer,
    column_mean,
    mean_and_scale,
    rescale,
    standardize,
)
from dlcourse.scratch.preprocessing.whitening import (
    PCAWhitening,
    ZCAWhitening,
    pca_matrix,
    principal_axes,
    whiten,
    zca_matrix,
)

__all__ = [
    "MinMaxScaler",
    "PCAWhitening",
    "Preprocessor",
    "Standardizer",
    "ZCAWhitening",
    "column_mean",
    "mean_and_scale",
    "pca_matrix",
    "principal_axes",
    "rescale",
    "standardize",
    "whiten",
    "zca_matrix",
]
