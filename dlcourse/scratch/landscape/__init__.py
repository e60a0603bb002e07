"""The ground under a model: how the loss curves, where it is flat, and how noisy its gradient is.

A loss here is a function of one vector ``theta`` (d,) or (runs, d); runs never mix.
"""

from dlcourse.scratch.landscape.assignment import (
    Assignment,
    linear_assignment,
)
from dlcourse.scratch.landscape.critical import (
    CriticalPoint,
    Inertia,
    classify_critical_point,
    classify_eigenvalues,
    find_critical_point,
    inertia,
)
from dlcourse.scratch.landscape.curvature import (
    hessian,
    hessian_from_products,
    hessian_vector_product,
    loss_gradient,
)
from dlcourse.scratch.landscape.density import (
    SpectralDensity,
    TraceEstimate,
    hessian_trace,
    spectral_density,
)
from dlcourse.scratch.landscape.eigenvalues import (
    Eigenpairs,
    top_eigenvalues,
)
from dlcourse.scratch.landscape.exact import (
    ExactHessian,
    exact_hvp,
)
from dlcourse.scratch.landscape.lines import (
    filter_normalized_direction,
    interpolate,
    loss_barrier,
    loss_line,
    loss_plane,
)
from dlcourse.scratch.landscape.matching import (
    Match,
    match_activations,
    match_units,
)
from dlcourse.scratch.landscape.noise import (
    GradientNoise,
    gradient_noise,
    per_sample_gradients,
)
from dlcourse.scratch.landscape.noise_scale import (
    NoiseScale,
    noise_of_batches,
    noise_scale,
)
from dlcourse.scratch.landscape.objective import (
    Objective,
)
from dlcourse.scratch.landscape.sharpness import (
    Average,
    average_case_sharpness,
    sharpness,
    worst_case_sharpness,
)
from dlcourse.scratch.landscape.units import (
    flip_signs,
    permute_units,
    rescale_units,
)

__all__ = [
    "Assignment",
    "Average",
    "CriticalPoint",
    "Eigenpairs",
    "ExactHessian",
    "GradientNoise",
    "Inertia",
    "Match",
    "NoiseScale",
    "Objective",
    "SpectralDensity",
    "TraceEstimate",
    "average_case_sharpness",
    "classify_critical_point",
    "classify_eigenvalues",
    "exact_hvp",
    "filter_normalized_direction",
    "find_critical_point",
    "flip_signs",
    "gradient_noise",
    "hessian",
    "hessian_from_products",
    "hessian_trace",
    "hessian_vector_product",
    "inertia",
    "interpolate",
    "linear_assignment",
    "loss_barrier",
    "loss_gradient",
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
    "spectral_density",
    "top_eigenvalues",
    "worst_case_sharpness",
]
