"""Hyper-parameter optimization: what to try next, when to stop, how to run many and lose none."""

from dlcourse.scratch.hpo.attempts import Pruned, Report
from dlcourse.scratch.hpo.domains import Float, Int
from dlcourse.scratch.hpo.importance import importances, table, text_table
from dlcourse.scratch.hpo.journal import Journal
from dlcourse.scratch.hpo.minimizing import minimize
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
    "Journal",
    "Pruned",
    "Pruner",
    "QuasiRandom",
    "RandomSearch",
    "Report",
    "Search",
    "Trial",
    "check_params",
    "columns",
    "from_unit",
    "halton",
    "importances",
    "minimize",
    "parameters",
    "sobol",
    "table",
    "text_table",
    "to_unit",
    "validate",
]
