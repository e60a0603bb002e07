"""Products with the Hessian to the last digit: both passes of backpropagation, differentiated."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from dlcourse import checks, curved, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.landscape.rules import DIFFERENCE, TANGENTS, rule_of
from dlcourse.scratch.models import Sequential


class ExactHessian:
    r"""The Hessian of a model's loss, of which products are asked: no entry is ever written down.

    .. math:: H v = R_v\{\nabla L(\theta)\}, \qquad
              R_v\{f(\theta)\} = \tfrac{\partial}{\partial r} f(\theta + r v)\big|_{r=0}

    Of a linear layer with an activation behind it:

    .. math:: R\{z\} = x\,R\{W\}^\top + R\{x\}\,W^\top, \qquad R\{y\} = f'(z)\,R\{z\}

        R\{dz\} = f'(z)\,R\{dy\} + f''(z)\,R\{z\}\,dy, \qquad
        R\{dW\} = R\{dz\}^\top x + dz^\top R\{x\}

    Parameters
    ----------
    model : Sequential, MLP or Residual of Linear, Conv2d, activations, Flatten and pooling
    loss : MSE, SoftmaxCrossEntropy or SequenceCrossEntropy
    x, y : the batch, as model and loss take them

    Attributes
    ----------
    dim : d, the number of parameters
    runs : None, or the number of runs; v then is (runs, d)

    Notes
    -----
    The point is the model's theta of now, copied. Both passes are remembered, and a product costs
    less than two gradients, which the difference takes, without its error. Layers are in the
    mode of prediction. A ReLU has no curvature, not even at its kink: its f'' is 0 there too.

    Examples
    --------
    L = (w₂ w₁ - 1)², at w₁ = 2 and w₂ = 3: H = [[2·9, 4·6 - 2], [22, 2·4]].

    >>> from dlcourse.scratch import layers, losses, models
    >>> one = lambda: layers.Linear(1, 1, bias=False, rng=np.random.default_rng(0))
    >>> chain = models.Sequential(one(), one())
    >>> chain.theta[...] = 2.0, 3.0
    >>> product = ExactHessian(chain, losses.MSE(), np.ones((1, 1)), np.ones((1, 1)))
    >>> product(np.array([1.0, 0.0])), product(np.array([0.0, 1.0]))
    (array([18., 22.]), array([22.,  8.]))

    References
    ----------
    Pearlmutter (1994), the operator R.
    """

    def __init__(self, model: Any, loss: Any, x: Array, y: Array) -> None:
        inputs.model("model", model, Sequential)
        if type(loss) not in TANGENTS:
            known = ", ".join(one.__name__ for one in TANGENTS)
            checks.fail(
                "loss", f"one with an exact rule ({known})", type(loss).__name__, DIFFERENCE
            )
        self.at, criterion = copy.copy(model), copy.copy(loss)
        self.at.bind(model.theta.copy(), np.zeros_like(model.theta))
        self.rule = rule_of(self.at)
        self.out, self.target = self.rule.forward(x), np.asarray(y)
        criterion.forward(self.out, y)
        self.rule.backward(criterion.backward())
        self.tangent = TANGENTS[type(loss)]
        self.dim, self.runs = model.theta.shape[-1], model.runs

    def __call__(self, v: Array) -> Array:
        """H v for ``v`` (d,), or (runs, d): one product for each run."""
        curved.direction(v, self.at.theta, np.ndarray)
        product = np.zeros(v.shape, np.result_type(v, self.at.theta))
        ry = self.rule.push(None, self.at.unflatten(v))
        self.rule.pull(self.tangent(self.out, self.target, ry), self.at.unflatten(product))
        return product


def exact_hvp(model: Any, loss: Any, x: Array, y: Array, v: Array) -> Array:
    """One product with the Hessian at the model's theta; of several, ``ExactHessian`` costs less.

    Parameters
    ----------
    model, loss, x, y : as in ``ExactHessian``
    v : shaped as ``model.theta``
    """
    return ExactHessian(model, loss, x, y)(v)
