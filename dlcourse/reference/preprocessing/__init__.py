"""Twin of ``scratch.preprocessing``: ``torch.std_mean``, ``torch.lerp``, ``torch.linalg.svd``."""

from dlcourse.reference.preprocessing.base import Preprocessor
from dlcourse.reference.preprocessing.scaling import (
    MinMaxScaler,
    Standardizer,
    column_mean,
    mean_and_scale,
    rescale,
    standardize,
)
from dlcourse.reference.preprocessing.whitening import (
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
