"""The ground under a model: how the loss curves, where it is flat, and how noisy its gradient is.

A loss here is a function of one vector ``theta`` (d,) or (runs, d); runs never mix.
"""

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
from dlcourse.scratch.landscape.noise import (
    GradientNoise,
    gradient_noise,
    per_sample_gradients,
)

__all__ = [
    "CriticalPoint",
    "Eigenpairs",
    "ExactHessian",
    "GradientNoise",
    "Inertia",
    "SpectralDensity",
    "TraceEstimate",
    "classify_critical_point",
    "classify_eigenvalues",
    "exact_hvp",
    "find_critical_point",
    "gradient_noise",
    "hessian",
    "hessian_from_products",
    "hessian_trace",
    "hessian_vector_product",
    "inertia",
    "loss_gradient",
    "per_sample_gradients",
    "spectral_density",
    "top_eigenvalues",
]
