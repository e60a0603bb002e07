"""Hyper-parameter optimization: what to try next, when to stop, how to run many and lose none."""

from dlcourse.scratch.hpo.acquisition import (
    expected_improvement,
    log_expected_improvement,
    thompson_sample,
    upper_confidence_bound,
)
from dlcourse.scratch.hpo.asha import (
    ASHA,
    Job,
    promote,
    run_asha,
)
from dlcourse.scratch.hpo.attempts import (
    Pruned,
    Report,
)
from dlcourse.scratch.hpo.domains import (
    Float,
    Int,
)
from dlcourse.scratch.hpo.gaussian_process import (
    GaussianProcess,
    Prior,
    fit_hyperparameters,
    log_marginal_likelihood,
)
from dlcourse.scratch.hpo.gp_search import (
    GPSearch,
)
from dlcourse.scratch.hpo.halving import (
    Halving,
    Played,
    Rung,
    SideBySide,
    rungs,
    successive_halving,
    survivors,
)
from dlcourse.scratch.hpo.hyperband import (
    Brackets,
    Hyperband,
    brackets,
)
from dlcourse.scratch.hpo.importance import (
    importances,
    table,
    text_table,
)
from dlcourse.scratch.hpo.journal import (
    Journal,
)
from dlcourse.scratch.hpo.kernels import (
    RBF,
    Matern52,
)
from dlcourse.scratch.hpo.minimizing import (
    minimize,
)
from dlcourse.scratch.hpo.nas import (
    darts,
    random_nas,
    reinforce_nas,
    weight_sharing_nas,
)
from dlcourse.scratch.hpo.practice import (
    diagnose,
    exponential_average,
    fastest_rate,
    initial_loss,
    moving_average,
    rates_between,
)
from dlcourse.scratch.hpo.pruners import (
    HyperbandPruner,
    MedianPruner,
    ReportPruner,
    SuccessiveHalvingPruner,
)
from dlcourse.scratch.hpo.quasi import (
    QuasiRandom,
    halton,
    sobol,
)
from dlcourse.scratch.hpo.search import (
    Exhausted,
    Pruner,
    Search,
    Trial,
)
from dlcourse.scratch.hpo.simple import (
    GridSearch,
    RandomSearch,
)
from dlcourse.scratch.hpo.space import (
    Categorical,
    check_params,
    columns,
    from_unit,
    parameters,
    to_unit,
    validate,
)
from dlcourse.scratch.hpo.together import (
    Together,
)
from dlcourse.scratch.hpo.tpe import (
    TPESearch,
)
from dlcourse.scratch.hpo.workers import (
    Event,
    Timeline,
    simulate,
    simulate_halving,
)

__all__ = [
    "ASHA",
    "RBF",
    "Brackets",
    "Categorical",
    "Event",
    "Exhausted",
    "Float",
    "GPSearch",
    "GaussianProcess",
    "GridSearch",
    "Halving",
    "Hyperband",
    "HyperbandPruner",
    "Int",
    "Job",
    "Journal",
    "Matern52",
    "MedianPruner",
    "Played",
    "Prior",
    "Pruned",
    "Pruner",
    "QuasiRandom",
    "RandomSearch",
    "Report",
    "ReportPruner",
    "Rung",
    "Search",
    "SideBySide",
    "SuccessiveHalvingPruner",
    "TPESearch",
    "Timeline",
    "Together",
    "Trial",
    "brackets",
    "check_params",
    "columns",
    "darts",
    "diagnose",
    "expected_improvement",
    "exponential_average",
    "fastest_rate",
    "fit_hyperparameters",
    "from_unit",
    "halton",
    "importances",
    "initial_loss",
    "log_expected_improvement",
    "log_marginal_likelihood",
    "minimize",
    "moving_average",
    "parameters",
    "promote",
    "random_nas",
    "rates_between",
    "reinforce_nas",
    "run_asha",
    "rungs",
    "simulate",
    "simulate_halving",
    "sobol",
    "successive_halving",
    "survivors",
    "table",
    "text_table",
    "thompson_sample",
    "to_unit",
    "upper_confidence_bound",
    "validate",
    "weight_sharing_nas",
]
