"""Adagrad, RMSprop, Adadelta: a step per coordinate from the size of its gradients so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import hyper
from dlcourse.arrays import Array
from dlcourse.scratch.optimizers.base import Optimizer, Rate

Hyper = float | npt.ArrayLike


class Adagrad(Optimizer):
    r"""Divide each coordinate's rate by the root of the sum of its squared gradients.

    .. math::
        s_t &= s_{t-1} + g_t^2 \\
        \theta_t &= \theta_{t-1} - \frac{\alpha}{\sqrt{s_t} + \epsilon}\, g_t

    Symbols
    -------
    α ``lr`` · ε ``eps`` · s ``s`` (torch: ``sum``)

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float; changed in place by ``step``
    lr : number >= 0, array (runs, 1), or schedule
    eps : >= 0, a number or an array (runs, 1)

    Notes
    -----
    As ``torch.optim.Adagrad``: ε outside the root, the paper's δI + diag(√s). The sum never
    shrinks: under steady gradients every rate falls like 1/√t, and where the gradients die out it
    stands still. Suits features of unequal frequency. State: one array.

    Examples
    --------
    >>> x = np.array([1.0]); opt = Adagrad(x, lr=0.5)
    >>> opt.step(np.array([3.0])); opt.step(np.array([4.0])); x.round(4)  # 0.5 + 0.5 · 4/5 down
    array([0.1])

    References
    ----------
    Duchi, Hazan, Singer (2011), section 1.1, diagonal form. Lesson: adaptive.
    """

    state_names = ("s",)
    eps = hyper.Hyper()

    def __init__(
        self, params: Array | Sequence[Array], lr: Rate = 1e-2, eps: Hyper = 1e-10
    ) -> None:
        super().__init__(params, lr)
        self.eps = eps

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        (s,) = state
        s[...] = s + g**2
        return -self.rate * g / (np.sqrt(s) + self.eps)


class RMSprop(Optimizer):
    r"""Divide each coordinate's rate by a running root mean square of its gradient.

    .. math::
        v_t &= \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2 \\
        \bar g_t &= \alpha\, \bar g_{t-1} + (1 - \alpha)\, g_t, \quad
        \tilde v = v_t - \bar g_t^2 \ \text{(centered)}, \quad \tilde v = v_t \ \text{(else)} \\
        b_t &= \mu\, b_{t-1} + g_t / (\sqrt{\tilde v} + \epsilon), \quad
        \theta_t = \theta_{t-1} - \eta\, b_t

    Symbols
    -------
    η ``lr`` · α ``alpha`` · ε ``eps`` · μ ``momentum`` · v ``v`` (torch: ``square_avg``) · b ``b``
    (``momentum_buffer``) · ḡ ``g_bar`` (``grad_avg``)

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float; changed in place by ``step``
    lr : number >= 0, array (runs, 1), or schedule
    alpha : in [0, 1); momentum : in [0, 1]; eps : >= 0; each a number or an array (runs, 1)
    centered : bool, divide by a running standard deviation instead

    Notes
    -----
    As ``torch.optim.RMSprop``: ε outside the root, no bias correction, so the first step is
    1/√(1-α) rates long (ten, for 0.99); momentum accumulates steps already scaled. State: one to
    three arrays.

    Examples
    --------
    >>> x = np.array([1.0]); opt = RMSprop(x, lr=0.01)
    >>> opt.step(np.array([-7.0])); x.round(4)
    array([1.1])

    References
    ----------
    Tieleman, Hinton (2012), lecture 6.5; Graves (2013), eqs. 38-45 (centered). Lesson: adaptive.
    """

    alpha = hyper.Hyper(1.0, high_open=True)
    eps = hyper.Hyper()
    momentum = hyper.Hyper(1.0, switch=True)
    centered = hyper.Flag()

    def __init__(
        self,
        params: Array | Sequence[Array],
        lr: Rate = 1e-2,
        alpha: Hyper = 0.99,
        eps: Hyper = 1e-8,
        momentum: Hyper = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.alpha, self.eps = alpha, eps
        self.momentum, self.centered = momentum, centered
        self.state_names = ("v", *("b",) * bool(np.any(self.momentum)), *("g_bar",) * centered)

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        alpha, named = self.alpha, dict(zip(self.state_names, state, strict=True))
        v = named["v"]
        v[...] = alpha * v + (1 - alpha) * g**2
        if self.centered:
            g_bar = named["g_bar"]
            g_bar[...] = alpha * g_bar + (1 - alpha) * g
            v = np.maximum(v - g_bar**2, 0)  # rounding could make it < 0
        b = g / (np.sqrt(v) + self.eps)
        if "b" in named:
            named["b"][...] = b = self.momentum * named["b"] + b
        return -self.rate * b


class Adadelta(Optimizer):
    r"""Let the recent size of the steps, not a rate, say how far to go.

    .. math::
        v_t &= \rho\, v_{t-1} + (1 - \rho)\, g_t^2 \\
        \delta_t &= \sqrt{u_{t-1} + \epsilon} \,/\, \sqrt{v_t + \epsilon} \; g_t \\
        u_t &= \rho\, u_{t-1} + (1 - \rho)\, \delta_t^2, \quad
        \theta_t = \theta_{t-1} - \alpha\, \delta_t

    Symbols
    -------
    α ``lr`` · ρ ``rho`` · ε ``eps`` · v ``v`` (torch: ``square_avg``) · u ``u`` (``acc_delta``)

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float; changed in place by ``step``
    lr : number >= 0, array (runs, 1), or schedule; the paper has 1
    rho : in [0, 1); eps : >= 0; each a number or an array (runs, 1)

    Notes
    -----
    As ``torch.optim.Adadelta``: ε inside both roots. It is what sets the method in motion: with
    u = 0 the first step is about √ε/√(1-ρ) long whatever the gradient. State: two arrays.

    Examples
    --------
    >>> x = np.array([1.0]); opt = Adadelta(x)
    >>> opt.step(np.array([5.0])); (1 - x).round(6)  # √1e-6 / √0.1
    array([0.003162])

    References
    ----------
    Zeiler (2012), algorithm 1. Lesson: adaptive.
    """

    state_names = ("v", "u")
    rho = hyper.Hyper(1.0, high_open=True)
    eps = hyper.Hyper()

    def __init__(
        self,
        params: Array | Sequence[Array],
        lr: Rate = 1.0,
        rho: Hyper = 0.9,
        eps: Hyper = 1e-6,
    ) -> None:
        super().__init__(params, lr)
        self.rho, self.eps = rho, eps

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        rho, eps, (v, u) = self.rho, self.eps, state
        v[...] = rho * v + (1 - rho) * g**2
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u[...] = rho * u + (1 - rho) * delta**2
        return -self.rate * delta
