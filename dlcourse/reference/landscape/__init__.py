"""Twins of ``scratch.landscape``: ``torch.func`` and ``torch.linalg``."""

from dlcourse.reference.landscape.assignment import Assignment, linear_assignment
from dlcourse.reference.landscape.lines import (
    filter_normalized_direction,
    interpolate,
    loss_barrier,
    loss_line,
    loss_plane,
)
from dlcourse.reference.landscape.matching import Match, match_activations, match_units
from dlcourse.reference.landscape.noise import GradientNoise, gradient_noise, per_sample_gradients
from dlcourse.reference.landscape.noise_scale import NoiseScale, noise_of_batches, noise_scale
from dlcourse.reference.landscape.objective import Objective
from dlcourse.reference.landscape.sharpness import (
    Average,
    average_case_sharpness,
    sharpness,
    worst_case_sharpness,
)
from dlcourse.reference.landscape.units import flip_signs, permute_units, rescale_units

__all__ = [
    "Assignment",
    "Average",
    "GradientNoise",
    "Match",
    "NoiseScale",
    "Objective",
    "average_case_sharpness",
    "filter_normalized_direction",
    "flip_signs",
    "gradient_noise",
    "interpolate",
    "linear_assignment",
    "loss_barrier",
    "loss_line",
    "loss_plane",
    "match_activations",
    "match_units",
    "noise_of_batches",
    "noise_scale",
    "per_sample_gradients",
    "permute_units",
    "rescale_units",
    "sharpness",
    "worst_case_sharpness",
]
