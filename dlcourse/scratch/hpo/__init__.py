"""Hyper-parameter optimization: what to try next, when to stop, how to run many and lose none."""

from dlcourse.scratch.hpo.domains import Float, Int
from dlcourse.scratch.hpo.quasi import QuasiRandom, halton, sobol
from dlcourse.scratch.hpo.search import Exhausted, Pruner, Search, Trial
from dlcourse.scratch.hpo.simple import GridSearch, RandomSearch
from dlcourse.scratch.hpo.space import (
    Categorical,
    check_params,
    columns,
    from_unit,
    parameters,
    to_unit,
    validate,
)

__all__ = [
    "Categorical",
    "Exhausted",
    "Float",
    "GridSearch",
    "Int",
    "Pruner",
    "QuasiRandom",
    "RandomSearch",
    "Search",
    "Trial",
    "check_params",
    "columns",
    "from_unit",
    "halton",
    "parameters",
    "sobol",
    "to_unit",
    "validate",
]
