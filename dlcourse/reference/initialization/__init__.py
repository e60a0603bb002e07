"""Twin of ``scratch.initialization``: ``torch.nn.init``, each run by a ``torch.Generator`` of its
own, which the NumPy generator of that run has seeded.
"""

from dlcourse.reference.initialization.draws import (
    kaiming_normal,
    kaiming_uniform,
    normal,
    truncated_normal,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from dlcourse.reference.initialization.fixed import constant, identity, zeros
from dlcourse.reference.initialization.models import initialize, transfer
from dlcourse.reference.initialization.rotations import orthogonal, orthonormal
from dlcourse.reference.initialization.scales import (
    calculate_gain,
    fan_in_and_fan_out,
    kaiming_std,
    uniform_bound,
    xavier_std,
)

__all__ = [
    "calculate_gain",
    "constant",
    "fan_in_and_fan_out",
    "identity",
    "initialize",
    "kaiming_normal",
    "kaiming_std",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "orthonormal",
    "transfer",
    "truncated_normal",
    "uniform",
    "uniform_bound",
    "xavier_normal",
    "xavier_std",
    "xavier_uniform",
    "zeros",
]
