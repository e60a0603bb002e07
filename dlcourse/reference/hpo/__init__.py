"""PyTorch twins of the surrogates, the acquisition functions and the densities of a search."""

from dlcourse.reference.hpo.acquisition import (
    expected_improvement,
    log_expected_improvement,
    log_expected_improvement_slopes,
    thompson_sample,
    upper_confidence_bound,
)
from dlcourse.reference.hpo.gaussian_process import (
    GaussianProcess,
    Prior,
    fit_hyperparameters,
    log_marginal_likelihood,
)
from dlcourse.reference.hpo.kernels import RBF, Kernel, Matern52, matern52, rbf, squared_distance
from dlcourse.reference.hpo.parzen import (
    bandwidths,
    log_bumps,
    log_cells,
    log_choices,
    log_mixture,
    with_prior,
)

__all__ = [
    "RBF",
    "GaussianProcess",
    "Kernel",
    "Matern52",
    "Prior",
    "bandwidths",
    "expected_improvement",
    "fit_hyperparameters",
    "log_bumps",
    "log_cells",
    "log_choices",
    "log_expected_improvement",
    "log_expected_improvement_slopes",
    "log_marginal_likelihood",
    "log_mixture",
    "matern52",
    "rbf",
    "squared_distance",
    "thompson_sample",
    "upper_confidence_bound",
    "with_prior",
]
