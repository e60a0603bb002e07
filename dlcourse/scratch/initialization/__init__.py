"""Initializers: ``f(shape, rng, …)`` gives an array of that shape, in PyTorch's order of axes.

A weight is ``(out, in)``, that of a convolution ``(out, in, *kernel)``. How wide to draw is a pure
function (``xavier_std``, ``kaiming_std``), drawing is another: the first is checked digit by digit,
the second as a distribution. With ``runs`` there is one draw a run, stacked on a leading axis, each
by a generator of its own.
"""

from dlcourse.scratch.initialization.draws import (
    kaiming_normal,
    kaiming_uniform,
    normal,
    truncated_normal,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from dlcourse.scratch.initialization.fixed import constant, identity, zeros
from dlcourse.scratch.initialization.models import initialize, transfer
from dlcourse.scratch.initialization.rotations import orthogonal, orthonormal
from dlcourse.scratch.initialization.scales import (
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
