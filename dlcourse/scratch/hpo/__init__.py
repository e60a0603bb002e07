"""Hyper-parameter optimization: what to try next, when to stop, how to run many and lose none."""

from dlcourse.scratch.hpo.domains import Float, Int
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
    "RandomSearch",
    "Search",
    "Trial",
    "check_params",
    "columns",
    "from_unit",
    "parameters",
    "to_unit",
    "validate",
]
