"""Adam and AdamW: a step per coordinate from two running moments of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import hyper
from dlcourse.arrays import Array, some
from dlcourse.scratch.optimizers.base import Optimizer, Rate

Hyper = float | npt.ArrayLike


class Adam(Optimizer):
    r"""Divide a running mean of the gradient by a running root mean square of it.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, & \hat m &= m_t / (1-\beta_1^t) \\
        v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, & \hat v &= v_t / (1-\beta_2^t) \\
        \theta_t &= \theta_{t-1} - \alpha\, \hat m / (\sqrt{\hat v} + \epsilon)

    Symbols
    -------
    α ``lr`` · β₁, β₂ ``betas`` · ε ``eps`` · λ ``weight_decay`` · m ``m`` (torch: ``exp_avg``) ·
    v ``v`` (``exp_avg_sq``) · the largest v so far ``v_max`` (``max_exp_avg_sq``)

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float; changed in place by ``step``
    lr : number >= 0, array (runs, 1), or schedule: about the length of a step, in units of θ
    betas : two numbers or arrays (runs, 1) in [0, 1)
    eps, weight_decay : >= 0; each a number or an array (runs, 1)
    amsgrad : divide by the root of the largest v so far instead of the current one

    Notes
    -----
    The code has the order of the paper's section 2, the same step with fewer divisions:
    α_t m / (√v + ε r), where r = √(1-β₂ᵗ) and α_t = α r / (1-β₁ᵗ).

    As ``torch.optim.Adam``: ε outside the root, after the bias correction; AMSGrad takes the
    maximum of the uncorrected v; decay is coupled (added to g, so it is divided by the root too:
    see AdamW). State: two arrays (three with amsgrad). Plain Adam can converge to the worst point
    (Reddi et al.).

    Examples
    --------
    >>> x = np.array([1.0, 1.0]); opt = Adam(x, lr=0.1)
    >>> opt.step(np.array([5.0, -0.01])); x.round(4)  # one step is lr long, whatever the gradient
    array([0.9, 1.1])

    References
    ----------
    Kingma, Ba (2015), algorithm 1; Reddi, Kale, Kumar (2018), algorithm 2. Lesson: adam.
    """

    betas = hyper.Pair(1.0, high_open=True)
    eps = hyper.Hyper()
    weight_decay = hyper.Hyper()
    amsgrad = hyper.Flag()

    def __init__(
        self,
        params: Array | Sequence[Array],
        lr: Rate = 1e-3,
        betas: tuple[Hyper, Hyper] = (0.9, 0.999),
        eps: Hyper = 1e-8,
        weight_decay: Hyper = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.betas, self.eps = betas, eps
        self.weight_decay, self.amsgrad = weight_decay, amsgrad
        self.state_names = ("m", "v", "v_max") if amsgrad else ("m", "v")

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        if some(self.weight_decay):
            g = g + self.weight_decay * theta  # coupled: it passes m and v
        return self.adaptive_step(g, *state)

    def adaptive_step(
        self,
        g: Array,
        m: Array,
        v: Array,
        v_max: Array | None = None,
    ) -> Array:
        """The paper's lines, from the gradient to the step; shared with AdamW."""
        alpha, (beta1, beta2), eps, t = self.rate, self.betas, self.eps, self.t
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g**2
        largest = v if v_max is None else np.maximum(v_max, v, out=v_max)
        root = (1 - beta2**t) ** 0.5  # the hats move into the rate
        alpha_t = alpha * root / (1 - beta1**t)
        return -alpha_t * m / (np.sqrt(largest) + eps * root)


class AdamW(Adam):
    r"""Adam whose weight decay acts on the weights, not on the gradient.

    .. math:: \theta_t = \theta_{t-1} - \alpha\, \hat m / (\sqrt{\hat v} + \epsilon)
              - \alpha\, \lambda\, \theta_{t-1}

    Symbols
    -------
    λ ``weight_decay`` · the others as in ``Adam``

    Parameters
    ----------
    params, lr, betas, eps : as in ``Adam``
    weight_decay : number >= 0 or array (runs, 1); a weight without gradient shrinks by 1 - α λ a
    step

    Notes
    -----
    As ``torch.optim.AdamW``: the decay is multiplied by the rate. The paper multiplies it by the
    schedule's factor only, so its λ is ours times the base rate. State and cost as Adam.

    It decays all that it is given, biases and gains too. ``Decayed`` around Adam makes the same
    step, and by ``coefficients`` it spares them.

    Examples
    --------
    >>> x = np.array([1.0]); opt = AdamW(x, lr=0.1, weight_decay=0.5)
    >>> opt.step(np.array([0.0])); x
    array([0.95])

    A weight and a bias, both 1, and only the weight decays:

    >>> from dlcourse.scratch.models import MLP
    >>> from dlcourse.scratch.regularization import Decayed, coefficients
    >>> model = MLP([1, 1], np.random.default_rng(0)); model.theta[...] = 1.0
    >>> opt = Decayed(Adam(model.theta, lr=0.1), coefficients(model, 0.5))
    >>> opt.step(np.zeros(2)); model.theta
    array([0.95, 1.  ])

    References
    ----------
    Loshchilov, Hutter (2019), algorithm 2. Lesson: adam.
    """

    def __init__(
        self,
        params: Array | Sequence[Array],
        lr: Rate = 1e-3,
        betas: tuple[Hyper, Hyper] = (0.9, 0.999),
        eps: Hyper = 1e-8,
        weight_decay: Hyper = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        decay = self.rate * self.weight_decay * theta  # never enters m or v
        return self.adaptive_step(g, *state) - decay
