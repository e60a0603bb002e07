"""Optimizers around an optimizer: a penalty's gradient, its proximal step, or decay, beside a step.

They keep the parameters, the rate and the count of the one inside, so that ``fit`` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import regularized
from dlcourse.arrays import Array
from dlcourse.scratch.regularization.proximal import prox

Coefficient = float | npt.ArrayLike


class Around:
    """What is the same around every optimizer: what it holds, counts and saves."""

    def __init__(self, optimizer: Any) -> None:
        regularized.optimizer(optimizer)
        self.optimizer = optimizer

    @property
    def params(self) -> list[Array]:
        """The parameters of the optimizer inside."""
        return self.optimizer.params

    @property
    def lr(self) -> Any:
        """The rate, or the schedule, of the optimizer inside; it may be set."""
        return self.optimizer.lr

    @lr.setter
    def lr(self, value: Any) -> None:
        self.optimizer.lr = value

    @property
    def t(self) -> int:
        """The number of steps made."""
        return self.optimizer.t

    def state_dict(self) -> dict[str, Any]:
        """That of the optimizer inside; what is around it has no state."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a ``state_dict`` of the optimizer inside."""
        self.optimizer.load_state_dict(state_dict)

    def step(self, grads: Array | Sequence[Array]) -> None:
        """Move every parameter; ``grads`` mirrors ``params`` and stays untouched."""
        raise TypeError(f"step must be written by the subclass {type(self).__name__}.")

    def rates(self) -> list[Any]:
        """The rate of the next step for each parameter, one number or one entry a run."""
        rate = self.lr(self.t) if callable(self.lr) else self.lr
        if np.ndim(rate) == 0:
            return [rate] * len(self.params)
        return [np.asarray(rate, p.dtype).reshape(-1, *[1] * (p.ndim - 1)) for p in self.params]

    def spread(self, name: str, value: Any, high: float = np.inf) -> Any:
        """A number, or an array that broadcasts to every parameter, in their precision."""
        for p in self.params:
            found = regularized.spread(name, value, p.shape, high)
        return found.astype(p.dtype) if isinstance(found, np.ndarray) else found


class Penalized(Around):
    r"""Train on the loss and a penalty: the optimizer sees the gradient of their sum.

    .. math:: g_t \leftarrow g_t + \nabla \Omega(\theta_{t-1})

    Parameters
    ----------
    optimizer : one of ours, on its parameters
    penalty : function of theta that returns (value, grad), as
        ``lambda theta: l1_penalty(theta, 1e-4)``; called with each parameter

    Attributes
    ----------
    value : the penalty before the latest step, a number or one a run; None before the first

    Notes
    -----
    *Coupled*: with ``l2_penalty`` this is ``weight_decay`` of SGD and of Adam. An adaptive method
    divides the penalty's gradient as it does the loss's, so that weights with large gradients are
    shrunk less; ``Decayed`` shrinks all alike. ``fit`` clips gradients before the penalty comes.

    Examples
    --------
    >>> from dlcourse.scratch.optimizers import SGD
    >>> from dlcourse.scratch.regularization import l2_penalty
    >>> theta = np.array([2.0])
    >>> Penalized(SGD(theta, lr=0.5), lambda w: l2_penalty(w, 0.1)).step(np.array([1.0]))
    >>> theta  # 2 - 0.5 (1 + 0.1 · 2)
    array([1.4])

    References
    ----------
    Krogh and Hertz (1991). Lesson: penalties.
    """

    def __init__(self, optimizer: Any, penalty: Callable[[Array], tuple[Any, Array]]) -> None:
        super().__init__(optimizer)
        regularized.function("penalty", penalty)
        self.penalty, self.value = penalty, None

    def step(self, grads: Array | Sequence[Array]) -> None:
        given = [grads] if isinstance(grads, np.ndarray) else list(grads)
        regularized.alike("grads", given, self.params)
        found = [regularized.penalty_found(self.penalty(p), p) for p in self.params]
        self.optimizer.step([g + more for g, (_, more) in zip(given, found, strict=True)])
        self.value = sum(value for value, _ in found)


class Proximal(Around):
    r"""Step along the loss alone, then take the penalty's proximal step: weights become zero.

    .. math:: \theta_t = \operatorname{prox}_{\eta\lambda\Omega}(\theta_{t-1} + \Delta_t)

    Symbols
    -------
    η ``optimizer.lr`` · λ ``coef`` · ρ ``l1_ratio``

    Parameters
    ----------
    optimizer : one of ours, on its parameters
    coef : λ >= 0, a number or an array that broadcasts to every parameter; see ``coefficients``
    l1_ratio : ρ in [0, 1], likewise; 1 is L1 alone

    Notes
    -----
    Around plain gradient descent this is ISTA, which minimizes loss + λΩ. Around momentum or Adam
    the threshold stays η λ for every weight, however far each one moves: another method.

    Examples
    --------
    >>> from dlcourse.scratch.optimizers import SGD
    >>> theta = np.array([2.0, 0.1])
    >>> Proximal(SGD(theta, lr=0.5), coef=0.4).step(np.array([1.0, 0.1]))
    >>> theta  # 2 - 0.5 - 0.2, and |0.1 - 0.05| is below 0.2
    array([1.3, 0. ])

    References
    ----------
    Beck and Teboulle (2009). Lesson: penalties.
    """

    coef, l1_ratio = regularized.Spread(), regularized.Spread(1.0)

    def __init__(self, optimizer: Any, coef: Coefficient, l1_ratio: Coefficient = 1.0) -> None:
        super().__init__(optimizer)
        self.coef, self.l1_ratio = coef, l1_ratio

    def step(self, grads: Array | Sequence[Array]) -> None:
        rates = self.rates()
        self.optimizer.step(grads)
        for p, rate in zip(self.params, rates, strict=True):
            p[...] = prox(p, rate * self.coef, self.l1_ratio)


class Decayed(Around):
    r"""Shrink the weights beside the step: decay that no optimizer rescales.

    .. math:: \theta_t = (1 - \eta\lambda)\, \theta_{t-1} + \Delta_t

    Symbols
    -------
    η ``optimizer.lr`` · λ ``coef`` · Δ the step of the optimizer inside

    Parameters
    ----------
    optimizer : one of ours, on its parameters
    coef : λ >= 0, a number or an array that broadcasts to every parameter; see ``coefficients``

    Notes
    -----
    *Decoupled*: around ``Adam`` this is ``AdamW``; around plain ``SGD`` it is its ``weight_decay``.
    The decay follows the rate: with a schedule it ends where the schedule ends.

    Examples
    --------
    >>> from dlcourse.scratch.optimizers import SGD
    >>> theta = np.array([2.0])
    >>> Decayed(SGD(theta, lr=0.5), coef=0.1).step(np.array([1.0]))
    >>> theta  # 0.95 · 2 - 0.5
    array([1.4])

    References
    ----------
    Loshchilov and Hutter (2019), algorithm 2. Lesson: penalties.
    """

    coef = regularized.Spread()

    def __init__(self, optimizer: Any, coef: Coefficient) -> None:
        super().__init__(optimizer)
        self.coef = coef

    def step(self, grads: Array | Sequence[Array]) -> None:
        rates, before = self.rates(), [p.copy() for p in self.params]
        self.optimizer.step(grads)
        for p, old, rate in zip(self.params, before, rates, strict=True):
            p -= rate * self.coef * old
