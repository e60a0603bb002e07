"""Twins of ``scratch.landscape``: ``torch.func`` and ``torch.linalg``."""

from dlcourse.reference.landscape.critical import (
    CriticalPoint,
    Inertia,
    classify_critical_point,
    classify_eigenvalues,
    find_critical_point,
    inertia,
)
from dlcourse.reference.landscape.curvature import (
    hessian,
    hessian_from_products,
    hessian_vector_product,
    loss_gradient,
)
from dlcourse.reference.landscape.density import (
    SpectralDensity,
    TraceEstimate,
    hessian_trace,
    spectral_density,
)
from dlcourse.reference.landscape.eigenvalues import (
    Eigenpairs,
    top_eigenvalues,
)
from dlcourse.reference.landscape.exact import (
    ExactHessian,
    exact_hvp,
)
from dlcourse.reference.landscape.noise import (
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
