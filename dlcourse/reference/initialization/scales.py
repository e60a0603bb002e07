"""Twin of ``scratch.initialization.scales``: asked of ``torch.nn.init``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

from dlcourse import checks, inputs

Tensor = torch.Tensor
Shape = Sequence[int]
NAMES = (
    "linear",
    *(f"conv{d}d" for d in (1, 2, 3)),
    *(f"conv_transpose{d}d" for d in (1, 2, 3)),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
)


class Law(TorchFunctionMode):
    """What ``torch.nn.init`` draws from, overheard when it fills a tensor without memory."""

    std = math.nan

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.normal_:
            self.std = args[2]
            return args[0]
        return func(*args, **(kwargs or {}))

    @classmethod
    def of(cls, fill: Callable[[Tensor], Any], shape: Shape) -> float:
        with cls() as heard:
            fill(torch.empty(tuple(shape), device="meta"))
        return heard.std


def fan_in_and_fan_out(shape: Shape) -> tuple[int, int]:
    """``torch.nn.init._calculate_fan_in_and_fan_out``."""
    shape = checks.sizes("shape", shape, 2)
    return init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta"))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """``torch.nn.init.calculate_gain``."""
    checks.choice("nonlinearity", nonlinearity, NAMES)
    param = inputs.slope("param", param, nonlinearity, absent=None)
    return float(init.calculate_gain(nonlinearity, param))  # type: ignore[arg-type]


def xavier_std(shape: Shape, gain: float = 1.0) -> float:
    """What ``torch.nn.init.xavier_normal_`` asks ``normal_`` for."""
    shape = checks.sizes("shape", shape, 2)
    gain = checks.scalar("gain", gain, low_open=True)
    return Law.of(partial(init.xavier_normal_, gain=gain), shape)


def kaiming_std(
    shape: Shape, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> float:
    """What ``torch.nn.init.kaiming_normal_`` asks ``normal_`` for."""
    shape = checks.sizes("shape", shape, 2)
    law = kaiming(a, mode, nonlinearity)
    return Law.of(partial(init.kaiming_normal_, **law), shape)


def kaiming(a: float, mode: str, nonlinearity: str) -> dict[str, Any]:
    """What ``torch.nn.init.kaiming_normal_`` takes, each held to what it may be."""
    checks.choice("mode", mode, ("fan_in", "fan_out"))
    checks.choice("nonlinearity", nonlinearity, NAMES)
    a = inputs.slope("a", a, nonlinearity, absent=0)
    return {"a": a, "mode": mode, "nonlinearity": nonlinearity}


def uniform_bound(std: float) -> float:
    """Over the standard deviation of ``torch.distributions.Uniform`` on ±1."""
    one = torch.ones((), dtype=torch.float64)
    return checks.scalar("std", std) / float(torch.distributions.Uniform(-one, one).stddev)
