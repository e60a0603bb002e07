"""What the branches of a transformer's blocks add to the stream that goes around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.problems.transformers import blocks_of, transformer
from dlcourse.scratch.layers import Layer
from dlcourse.scratch.models import Residual, Sequential


class Times(Layer):
    """y = c x with a number c that is not learned.

    Examples
    --------
    >>> layer = Times(0.5)
    >>> layer.forward(np.array([[2.0]])), layer.backward(np.array([[4.0]]))
    (array([[1.]]), array([[2.]]))
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = checks.scalar("factor", factor, low_open=True)

    def pair(self, x: Array) -> tuple[Array, Any]:
        return x * x.dtype.type(self.factor), ()

    def pair_backward(self, dy: Array, cache: Any) -> Array:
        return dy * dy.dtype.type(self.factor)


def damped_transformer(
    rng: Generators,
    runs: int | None = None,
    *,
    always: float = 1.0,
    at_first: float = 1.0,
    **settings: Any,
) -> Sequential:
    """A ``transformer`` whose blocks add only a part of what their branches say.

    With one number ``always`` or ``at_first`` the two are the same function before training. After
    it they are not: a step that moves a weight by 0.01 moves what the first adds by so much less.

    Parameters
    ----------
    rng, runs : as in ``transformer``
    always : every branch is multiplied by it, for good: x + c f(x)
    at_first : the last weights and biases of every branch are multiplied by it, once
    settings : of ``transformer``

    Examples
    --------
    >>> draw = lambda: np.random.default_rng(0)
    >>> one = damped_transformer(draw(), always=0.5, dtype=np.float64)
    >>> two = damped_transformer(draw(), at_first=0.5, dtype=np.float64)
    >>> x = np.array([[1, 2, 3]])
    >>> bool(np.allclose(one.forward(x), two.forward(x), rtol=1e-12))
    True

    References
    ----------
    Wang, Ma, Dong et al. (2024), DeepNorm, divide by α where we multiply by ``always``.
    """
    at_first = checks.scalar("at_first", at_first, low_open=True)
    model = transformer(rng, runs, **settings)
    for block in _residuals(model):
        last = block.layers[-1]
        for name, p in last.params.items():
            if not name.startswith("in_proj"):
                p *= p.dtype.type(at_first)
    if always == 1:
        return model
    damped: Sequential = _rebuilt(model, lambda block: Residual(*block.layers, Times(always)))
    return damped


class OneWay(Residual):
    """A residual block through whose branch no gradient comes back: y = x + f(x), but dx = dy.

    Its parameters get theirs all the same. So it can be asked what the way around alone carries.
    """

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        super().backward(dy, input_grad)
        return dy if input_grad else None


def without_way_back(layer: Any) -> Any:
    """The same layers in a new model whose residual blocks are ``OneWay``."""
    return _rebuilt(layer, lambda block: OneWay(*block.layers))


def shares(model: Any, x: Array) -> Array:
    """How strong each branch is beside what it is added to, both as root mean squares.

    Returns
    -------
    (branches,) or (branches, runs): two for each block, attention and network
    """
    found: list[Array] = []

    def walk(layer: Any, x: Array) -> Array:
        if type(layer) is Sequential:
            for one in layer.layers:
                x = walk(one, x)
            return x
        y = layer.forward(x, False)
        if isinstance(layer, Residual):
            found.append(_size(y - x) / _size(x))
        return y

    walk(model, x)
    return np.array(found)


def apart(model: Any, x: Array) -> Array:
    """How much of the stream differs from token to token, where it enters and behind each block.

    The variance over all tokens as a share of the mean square, both averaged over the features: 1
    where the tokens have nothing in common, 0 where all are one and the same.

    Returns
    -------
    (1 + blocks,) or (1 + blocks, runs)
    """
    found, last = [], max(blocks_of(model))
    for layer in model.layers[: last + 1]:
        x = layer.forward(x, False)
        found.append(x.var(axis=(-3, -2)).mean(-1) / (x**2).mean(axis=(-3, -2, -1)))
    return np.array(found[1:])


def _size(x: Array) -> Array:
    return np.sqrt((x**2).mean(axis=(-3, -2, -1)))


def _residuals(layer: Any) -> list[Residual]:
    if isinstance(layer, Residual):
        return [layer]
    return [one for part in getattr(layer, "layers", []) for one in _residuals(part)]


def _rebuilt(layer: Any, change: Callable[[Residual], Residual]) -> Any:
    if isinstance(layer, Residual):
        return change(layer)
    if type(layer) is Sequential:
        return Sequential(*(_rebuilt(one, change) for one in layer.layers))
    return layer
