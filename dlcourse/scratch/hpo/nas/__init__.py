"""Searching architectures: a small space of cells whose every member is known."""

from dlcourse.scratch.hpo.nas.cells import (
    EDGES,
    OPERATIONS,
    Cell,
    all_cells,
    cell_index,
    cell_name,
    cell_network,
)
from dlcourse.scratch.hpo.nas.mixing import discretize, mixed_op, mixed_op_backward
from dlcourse.scratch.hpo.nas.policy import (
    Controller,
    Found,
    draw_cells,
    expected_reward,
    random_nas,
    reinforce_gradient,
    reinforce_nas,
)
from dlcourse.scratch.hpo.nas.relaxing import Relaxed, darts, darts_gradient
from dlcourse.scratch.hpo.nas.sharing import Shared, shared_accuracy, weight_sharing_nas
from dlcourse.scratch.hpo.nas.table import CellTable, digits_cells
from dlcourse.scratch.hpo.nas.training import odd_digits, train_cells

__all__ = [
    "EDGES",
    "OPERATIONS",
    "Cell",
    "CellTable",
    "Controller",
    "Found",
    "Relaxed",
    "Shared",
    "all_cells",
    "cell_index",
    "cell_name",
    "cell_network",
    "darts",
    "darts_gradient",
    "digits_cells",
    "discretize",
    "draw_cells",
    "expected_reward",
    "mixed_op",
    "mixed_op_backward",
    "odd_digits",
    "random_nas",
    "reinforce_gradient",
    "reinforce_nas",
    "shared_accuracy",
    "train_cells",
    "weight_sharing_nas",
]
