"""Twin of ``scratch.normalization.tokens``."""

from __future__ import annotations

from dlcourse import inputs
from dlcourse.reference.layers.base import Tensor
from dlcourse.reference.models import Sequential


class Tokens(Sequential):
    """``torch.flatten`` before, ``torch.unflatten`` after."""

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.batch(x, ("n", "t", "d"), None, Tensor)
        y = super().apply(params, x.flatten(-3, -2), training)
        return y if y.ndim < 2 else y.unflatten(-2, x.shape[-3:-1])
