"""The tables that every family's tests read: valid cases and why they are there, and error rows.

A case that cannot separate two conventions is worth nothing, so each one says what it separates.
"""

from cases import (
    augmentation_images,
    initialization,
    landscape_curve,
    landscape_geometry,
    layers,
    normalization,
    optimizers,
    penalties,
    preprocessing,
    training,
)
from cases.kinds import ErrorCase, OptimizerCase, PairCase
from cases.layers import LAYERS
from cases.optimizers import OPTIMIZERS
from cases.preprocessing import PREPROCESSING, PreprocessingCase

ERRORS = [
    *optimizers.ERRORS,
    *initialization.ERRORS,
    *preprocessing.ERRORS,
    *layers.ERRORS,
    *normalization.ERRORS,
    *penalties.ERRORS,
    *training.ERRORS,
    *augmentation_images.ERRORS,
    *landscape_curve.ERRORS,
    *landscape_geometry.ERRORS,
]

__all__ = [
    "ERRORS",
    "LAYERS",
    "OPTIMIZERS",
    "PREPROCESSING",
    "ErrorCase",
    "OptimizerCase",
    "PairCase",
    "PreprocessingCase",
]
