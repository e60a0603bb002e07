"""Gradient descent, heavy ball and Nesterov: one formula with two switches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import checks, hyper
from dlcourse.arrays import Array
from dlcourse.scratch.optimizers.base import Optimizer, Rate


class SGD(Optimizer):
    r"""Step against the gradient, or against a velocity that remembers past gradients.

    .. math::
        g_t &\leftarrow g_t + \lambda\,\theta_{t-1} \\
        v_t &= \mu\, v_{t-1} + (1 - \tau)\, g_t, \qquad v_1 = g_1 \\
        \theta_t &= \theta_{t-1} - \eta\, v_t
        \quad\text{or, with nesterov,}\quad \theta_{t-1} - \eta\,(g_t + \mu\, v_t)

    Symbols
    -------
    η ``lr`` · μ ``momentum`` · τ ``dampening`` · λ ``weight_decay`` · v ``v`` (torch:
    ``momentum_buffer``)

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float; changed in place by ``step``
    lr : number >= 0, array (runs, 1), or schedule
    momentum, dampening : in [0, 1]; weight_decay : >= 0; each a number or an array (runs, 1)
    nesterov : bool; needs momentum > 0 and dampening 0

    Notes
    -----
    As ``torch.optim.SGD``: the rate multiplies the whole velocity, the first velocity is the
    undamped gradient, decay is added to the gradient (L2). With ``nesterov`` the parameters are the
    look-ahead points. Stable on a quadratic while η λ_max < 2 (1 + μ) (heavy ball). State: one
    array.

    Examples
    --------
    >>> x = np.array([1.0]); opt = SGD(x, lr=0.5, momentum=0.5)
    >>> opt.step(np.array([1.0])); opt.step(np.array([0.0])); x  # coasts half as far again
    array([0.25])

    References
    ----------
    Polyak (1964), eq. 9; Sutskever, Martens, Dahl, Hinton (2013), eqs. 1-4.
    Lesson: minibatch, momentum.
    """

    momentum = hyper.Hyper(1.0, switch=True)
    dampening = hyper.Hyper(1.0, switch=True)
    weight_decay = hyper.Hyper()
    nesterov = hyper.Flag()

    def __init__(
        self,
        params: Array | Sequence[Array],
        lr: Rate = 1e-3,
        momentum: float | npt.ArrayLike = 0.0,
        dampening: float | npt.ArrayLike = 0.0,
        weight_decay: float | npt.ArrayLike = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.momentum, self.dampening = momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        if nesterov and not (np.all(self.momentum > 0) and not np.any(self.dampening)):
            given = {"momentum": momentum, "dampening": dampening}
            checks.fail("nesterov", "used with momentum > 0 and dampening 0", given)
        self.state_names = ("v",) if np.any(self.momentum) else ()

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        eta, mu, tau = self.rate, self.momentum, self.dampening
        lam = self.weight_decay
        if np.any(lam):
            g = g + lam * theta
        if not state:
            return -eta * g
        (v,), push = state, g
        if np.any(tau):  # PyTorch spares step 1, and has no v for momentum 0
            push = np.where((self.t == 1) | (mu == 0), 1.0, 1 - tau) * g
        v *= mu
        v += push
        return -eta * (g + mu * v if self.nesterov else v)
