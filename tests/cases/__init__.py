"""The tables that every family's tests read: valid cases and why they are there, and error rows.

A case that cannot separate two conventions is worth nothing, so each one says what it separates.
"""

from cases import layers, optimizers, training
from cases.kinds import ErrorCase, OptimizerCase, PairCase
from cases.layers import LAYERS
from cases.optimizers import OPTIMIZERS

ERRORS = [*optimizers.ERRORS, *layers.ERRORS, *training.ERRORS]

__all__ = ["ERRORS", "LAYERS", "OPTIMIZERS", "ErrorCase", "OptimizerCase", "PairCase"]
