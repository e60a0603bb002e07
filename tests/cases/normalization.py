"""Batch, group and instance normalization: pairs, their inputs, and errors."""

from __future__ import annotations

import numpy as np

from cases.kinds import ErrorCase, PairCase
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, GroupNorm, InstanceNorm

NORMALIZATION = [
    PairCase("standardize", ((5, 4, 3),), {"axes": (-1,), "eps": 1e-3}),
    PairCase("standardize", ((5, 4, 3),), {"axes": (-3, -1), "eps": 0.3}),
    PairCase("batch_norm", ((6, 4), (4,), (4,))),
    PairCase("batch_norm", ((2, 6, 4), (2, 4), (2, 4)), {"eps": 0.3}),
    PairCase("batch_norm", ((3, 4, 2, 5), (4,), (4,)), {"eps": 0.3}),
    PairCase("batch_norm", ((2, 3, 4, 2, 3), (2, 4), (2, 4))),
    PairCase("group_norm", ((3, 6), (6,), (6,)), {"num_groups": 2, "eps": 0.3}),
    PairCase("group_norm", ((2, 3, 6), (2, 6), (2, 6)), {"num_groups": 3}),
    PairCase("group_norm", ((3, 6, 2, 3), (6,), (6,)), {"num_groups": 2}),
    PairCase("group_norm", ((2, 3, 6, 2, 3), (2, 6), (2, 6)), {"num_groups": 6, "eps": 0.3}),
    PairCase("instance_norm", ((3, 4, 2, 3), (4,), (4,))),
    PairCase("instance_norm", ((2, 3, 4, 2, 3), (2, 4), (2, 4)), {"eps": 0.3}),
]
"""What ``check_vjp`` can differentiate: all inputs have runs, or none has."""
SHARED = [
    PairCase("batch_norm", ((2, 6, 4), (4,), (4,)), {"eps": 0.3}),
    PairCase("batch_norm", ((6, 4), (2, 4), (2, 4))),
    PairCase("batch_norm", ((6, 4), (4,), (2, 4))),
    PairCase("batch_norm", ((3, 4, 2, 5), (2, 4), (4,))),
    PairCase("batch_norm", ((2, 3, 4, 2, 5), (4,), (2, 4))),
    PairCase("group_norm", ((3, 6), (2, 6), (2, 6)), {"num_groups": 2}),
    PairCase("group_norm", ((2, 3, 6, 2, 3), (6,), (6,)), {"num_groups": 3}),
    PairCase("group_norm", ((3, 6, 2, 3), (6,), (2, 6)), {"num_groups": 2, "eps": 0.3}),
    PairCase("instance_norm", ((3, 4, 2, 3), (2, 4), (2, 4))),
    PairCase("instance_norm", ((2, 3, 4, 2, 3), (4,), (4,))),
]
"""What some inputs have runs of and others share: these get one gradient a run all the same."""
