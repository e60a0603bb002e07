"""The loss of a model on some data, as a function of its parameters alone."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import BLOCK, Array
from dlcourse.scratch.layers import Layer


class Objective:
    r"""What the landscape is the landscape of: :math:`L(\theta)`, and its gradient by ``grad``.

    Parameters
    ----------
    model : Sequential; its own ``theta``, ``grad`` and buffers stay as they are
    loss : a loss object, a mean over the batch
    x, y : the data, the same at every θ
    training : whether layers behave as in training: batch normalization then uses the batch

    Notes
    -----
    θ is (d,) or, several points at once, (points, d); a model with runs takes its (runs, d) only.
    Batch normalization in evaluation uses the running statistics of the model as it is, which fit
    its own θ and no other. In training what drops units drops others at every call.

    Examples
    --------
    One weight and no data but x = 1, y = 0: the loss is w².

    >>> from dlcourse.scratch.layers import Linear
    >>> from dlcourse.scratch.losses import MSE
    >>> from dlcourse.scratch.models import Sequential
    >>> model = Sequential(Linear(1, 1, bias=False, rng=np.random.default_rng(0)))
    >>> f = Objective(model, MSE(), np.ones((1, 1)), np.zeros((1, 1)))
    >>> float(f(np.array([3.0]))), f.grad(np.array([[3.0], [-1.0]])).tolist()
    (9.0, [[6.0], [-2.0]])
    """

    def __init__(self, model: Any, loss: Any, x: Array, y: Array, training: bool = False) -> None:
        inputs.model("model", model, Layer)
        if not all(hasattr(loss, verb) for verb in ("forward", "backward")):
            checks.fail("loss", "a loss, as MSE()", loss, error=TypeError)
        self.model, self.loss, self.x, self.y, self.training = model, loss, x, y, training

    def __call__(self, theta: Array) -> Array:
        """The loss at θ: a number, or one a run."""
        return self._each(theta, self._value)

    def grad(self, theta: Array) -> Array:
        """The gradient at θ, shaped as θ."""
        return self._each(theta, self._slope)

    def _each(self, theta: Array, what: Any) -> Array:
        geometry.vector_of(self.model, "theta", theta, np.ndarray)
        if self.model.runs is not None:
            if theta.shape != self.model.theta.shape:
                wanted = f"shaped {self.model.theta.shape}, one row a run of the model"
                checks.fail("theta", wanted, theta)
            return np.asarray(what(copy.copy(self.model), theta))
        if theta.ndim == 1:
            return np.asarray(what(copy.copy(self.model), theta))
        size = max(64 * BLOCK // max(theta.shape[-1], np.size(self.x)), 1)
        parts = [theta[i : i + size] for i in range(0, len(theta), size)]  # a bound on memory
        return np.concatenate([what(self.model.repeat(len(part)), part) for part in parts])

    def _value(self, part: Any, theta: Array) -> Array:
        buffers = {name: a.copy() for name, a in part.buffers.items()}
        part.bind(theta, np.zeros_like(theta), buffers)
        return np.asarray(self.loss.forward(part.forward(self.x, self.training), self.y))

    def _slope(self, part: Any, theta: Array) -> Array:
        self._value(part, theta)
        part.backward(self.loss.backward(), input_grad=False)
        return np.asarray(part.grad)
