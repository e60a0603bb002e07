"""Twin of ``scratch.layers.pooling``: PyTorch's pooling, the runs joined to the samples."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F

from dlcourse import inputs
from dlcourse.reference.layers.base import Cache, Layer, Tensor, pull_back, record


def max_pool2d(
    x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0
) -> tuple[Tensor, Cache]:
    """``F.max_pool2d``."""
    return record(lambda a: _pool(F.max_pool2d, a, kernel_size, stride, padding), x)


def avg_pool2d(
    x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0
) -> tuple[Tensor, Cache]:
    """``F.avg_pool2d``."""
    return record(lambda a: _pool(F.avg_pool2d, a, kernel_size, stride, padding), x)


def global_avg_pool2d(x: Tensor) -> tuple[Tensor, Cache]:
    """``F.adaptive_avg_pool2d`` to one place."""
    return record(_global, x)


def max_pool2d_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def avg_pool2d_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def global_avg_pool2d_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def _pool(pool: Callable[..., Tensor], x: Tensor, *window: int | None) -> Tensor:
    return pool(x.flatten(0, -4), *window).unflatten(0, x.shape[:-3])


def _global(x: Tensor) -> Tensor:
    return _pool(F.adaptive_avg_pool2d, x, 1).flatten(-3)


class MaxPool2d(Layer):
    """``F.max_pool2d``."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        self.window = inputs.window(kernel_size, stride, padding, pool=True)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        _check(x, self.window)
        return _pool(F.max_pool2d, x, *self.window)


class AvgPool2d(Layer):
    """``F.avg_pool2d``."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        self.window = inputs.window(kernel_size, stride, padding, pool=True)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        _check(x, self.window)
        return _pool(F.avg_pool2d, x, *self.window)


class GlobalAvgPool2d(Layer):
    """``F.adaptive_avg_pool2d`` to one place."""

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        _check(x)
        return _global(x)


def _check(x: Tensor, window: tuple[int, int, int] = (1, 1, 0)) -> None:
    inputs.batch(x, ("n", "c", "h", "w"), None, Tensor)
    inputs.room_for(window[0], window[2], x)
