"""How wide to draw: pure functions of shape and nonlinearity, without any chance in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dlcourse import checks, inputs

GAINS = {
    "linear": 1.0,
    **{f"conv{d}d": 1.0 for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": 1.0 for d in (1, 2, 3)},
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 3 / 4,
}
"""PyTorch's table. Derived are the gains of the linear and the (leaky) rectified ones; 5/3 and 3/4
are rules of thumb, and a sigmoid's 1 is no more than that it has none."""


def fan_in_and_fan_out(shape: Sequence[int]) -> tuple[int, int]:
    r"""How many inputs one output sums over, and how many outputs one input enters.

    .. math:: n_{in} = c_{in} \prod_i k_i, \quad n_{out} = c_{out} \prod_i k_i

    of a weight ``(c_out, c_in, *k)``: a linear layer has no kernel k, the product is then 1.

    Raises
    ------
    ValueError if there are less than two axes, or an empty one; TypeError for no tuple of integers.

    Notes
    -----
    With a stride s an input of a convolution enters about 1/s² as many outputs: PyTorch counts them
    all, and so do we.

    Examples
    --------
    A layer of 300 inputs and 100 outputs; 3 × 3 kernels from 16 channels to 32.

    >>> fan_in_and_fan_out((100, 300)), fan_in_and_fan_out((32, 16, 3, 3))
    ((300, 100), (144, 288))
    """
    n_out, n_in, *kernel = checks.sizes("shape", shape, 2)
    area = math.prod(kernel)
    return n_in * area, n_out * area


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""The factor by which weights are drawn wider, for what comes after them to have scale 1.

    .. math:: g_{relu} = \sqrt 2, \quad g_{leaky} = \sqrt{2 / (1 + a^2)}, \quad g_{tanh} = 5/3

    Parameters
    ----------
    nonlinearity : "linear", "conv1d" … "conv_transpose3d", "sigmoid", "tanh", "relu",
        "leaky_relu" or "selu"
    param : a, the slope of a leaky ReLU below 0; None: 0.01. Given for another nonlinearity it is
        an error, where PyTorch would say nothing and ignore it.

    Examples
    --------
    >>> calculate_gain("leaky_relu", 1.0)  # no nonlinearity at all
    1.0
    >>> calculate_gain("relu") ** 2, calculate_gain("tanh") == 5 / 3
    (2.0000000000000004, True)

    References
    ----------
    He, Zhang, Ren and Sun (2015), eq. 10 and 15.
    """
    checks.choice("nonlinearity", nonlinearity, GAINS)
    a = inputs.slope("param", param, nonlinearity, absent=None)
    return GAINS[nonlinearity] if a is None else math.sqrt(2 / (1 + a * a))


def xavier_std(shape: Sequence[int], gain: float = 1.0) -> float:
    r"""Glorot's compromise between the ways forward and back.

    .. math:: \sigma = g \sqrt{2 / (n_{in} + n_{out})}

    >>> xavier_std((100, 100)), xavier_std((3, 5), gain=2.0)
    (0.1, 1.0)
    """
    fan_in, fan_out = fan_in_and_fan_out(shape)
    gain = checks.scalar("gain", gain, low_open=True)
    return gain * math.sqrt(2 / (fan_in + fan_out))


def kaiming_std(
    shape: Sequence[int],
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> float:
    r"""He's scale, which keeps the second moment on one of the two ways.

    .. math:: \sigma = g / \sqrt n, \quad g = \sqrt{2 / (1 + a^2)}

    n is the fan that ``mode`` names: "fan_in" for the way forward, "fan_out" for the way back; a
    the slope of a leaky ReLU below 0, which without it is a ReLU.

    >>> kaiming_std((10, 200)), kaiming_std((50, 10), mode="fan_out")
    (0.1, 0.2)
    """
    fan_in, fan_out = fan_in_and_fan_out(shape)
    mode = checks.choice("mode", mode, ("fan_in", "fan_out"))
    checks.choice("nonlinearity", nonlinearity, GAINS)
    a = inputs.slope("a", a, nonlinearity, absent=0)
    slope = a if nonlinearity == "leaky_relu" else None
    fan = fan_in if mode == "fan_in" else fan_out
    return calculate_gain(nonlinearity, slope) / math.sqrt(fan)


def uniform_bound(std: float) -> float:
    """√3 σ: the uniform distribution on ±b has variance b²/3.

    >>> uniform_bound(2.0) ** 2
    11.999999999999998
    """
    return math.sqrt(3) * checks.scalar("std", std)
