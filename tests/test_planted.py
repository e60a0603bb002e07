"""Wrong versions that the checks must catch: each test here plants one error on purpose."""

from __future__ import annotations

from collections.abc import Callable

import cases
import numpy as np
import pytest
import torch
from harness import assert_same_path

from dlcourse.reference import optimizers as twins
from dlcourse.scratch.optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop, base


class EpsilonInside(Adam):
    def adaptive_step(self, g, m, v, v_max=None):
        step, eps = super().adaptive_step, self.eps
        self.eps = 0.0
        delta = step(g, m, v, v_max)
        self.eps = eps
        v_hat = (v if v_max is None else v_max) / (1 - self.betas[1] ** self.t)
        with np.errstate(all="ignore"):
            return np.where(v_hat > 0, delta * np.sqrt(v_hat / (v_hat + eps)), 0.0)


class NoBiasCorrection(Adam):
    def adaptive_step(self, g, m, v, v_max=None):
        t, self.t = self.t, 10**9
        delta = super().adaptive_step(g, m, v, v_max)
        self.t = t
        return delta


class LateBiasCorrection(Adam):
    def adaptive_step(self, g, m, v, v_max=None):
        self.t += 1
        delta = super().adaptive_step(g, m, v, v_max)
        self.t -= 1
        return delta


class CorrectedMaximum(Adam):
    def adaptive_step(self, g, m, v, v_max=None):
        alpha, (beta1, beta2), eps, t = self.rate, self.betas, self.eps, self.t
        m[...] = beta1 * m + (1 - beta1) * g
        v[...] = beta2 * v + (1 - beta2) * g**2
        v_max[...] = np.maximum(v_max, v / (1 - beta2**t))
        return -alpha * m / (1 - beta1**t) / (np.sqrt(v_max) + eps)


class DecayAfterStep(AdamW):
    def update(self, theta, g, *state):
        delta = self.adaptive_step(g, *state)
        return delta - self.rate * self.weight_decay * (theta + delta)


class DecayInGradient(AdamW):
    def update(self, theta, g, *state):
        return self.adaptive_step(g + self.weight_decay * theta, *state)


class DecayWithoutRate(AdamW):
    def update(self, theta, g, *state):
        return self.adaptive_step(g, *state) - self.weight_decay * theta


class RateInsideVelocity(SGD):
    def update(self, theta, g, v):
        v[...] = self.momentum * v + self.rate * g
        return -v


class MovingAverageVelocity(SGD):
    def update(self, theta, g, v):
        v[...] = self.momentum * v + (1 - self.momentum) * g
        return -self.rate * v


class DampedFirstStep(SGD):
    def update(self, theta, g, v):
        v[...] = self.momentum * v + (1 - self.dampening) * g
        return -self.rate * v


class PlainInsteadOfNesterov(SGD):
    def update(self, theta, g, v):
        g = g + self.weight_decay * theta
        v[...] = self.momentum * v + g
        return -self.rate * v


class EpsilonInsideAdagrad(Adagrad):
    def update(self, theta, g, s):
        s[...] = s + g**2
        return -self.rate * g / np.sqrt(s + self.eps)


class EpsilonInsideRMSprop(RMSprop):
    def update(self, theta, g, v):
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        return -self.rate * g / np.sqrt(v + self.eps)


class MomentumBeforeScaling(RMSprop):
    def update(self, theta, g, v, b):
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        b[...] = self.momentum * b + g
        return -self.rate * b / (np.sqrt(v) + self.eps)


class RateInsideTheBuffer(RMSprop):
    def update(self, theta, g, v, b):
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        b[...] = self.momentum * b + self.rate * g / (np.sqrt(v) + self.eps)
        return -b


class CenteredOnTheCurrentGradient(RMSprop):
    def update(self, theta, g, v, g_bar):
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        g_bar[...] = g
        return -self.rate * g / (np.sqrt(np.abs(v - g_bar**2)) + self.eps)


class EpsilonOutsideAdadelta(Adadelta):
    def update(self, theta, g, v, u):
        rho, eps = self.rho, self.eps
        v[...] = rho * v + (1 - rho) * g**2
        delta = (np.sqrt(u) + eps) / (np.sqrt(v) + eps) * g
        u[...] = rho * u + (1 - rho) * delta**2
        return -self.rate * delta


class RateInsideAdadelta(Adadelta):
    def update(self, theta, g, v, u):
        delta = super().update(theta, g, v, np.array(u))
        u[...] = self.rho * u + (1 - self.rho) * delta**2
        return delta


PLANTED = [
    (EpsilonInsideAdagrad, {"lr": 0.1, "eps": 1e-3}),
    (EpsilonInsideRMSprop, {"alpha": 0.9, "eps": 1e-3}),
    (MomentumBeforeScaling, {"alpha": 0.9, "momentum": 0.7, "lr": cases.optimizers.halving}),
    (RateInsideTheBuffer, {"alpha": 0.9, "momentum": 0.7, "lr": cases.optimizers.halving}),
    (CenteredOnTheCurrentGradient, {"alpha": 0.8, "centered": True, "eps": 1e-3}),
    (EpsilonOutsideAdadelta, {}),
    (RateInsideAdadelta, {"lr": 0.5, "rho": 0.95, "eps": 1e-3}),
    (EpsilonInside, {"lr": 0.1, "eps": 1e-3}),
    (EpsilonInside, {}),
    (NoBiasCorrection, {}),
    (LateBiasCorrection, {}),
    (CorrectedMaximum, {"lr": 0.1, "amsgrad": True}),
    (DecayAfterStep, {"lr": 0.3, "weight_decay": 0.9}),
    (DecayInGradient, {"lr": 0.3, "weight_decay": 0.9}),
    (DecayWithoutRate, {"lr": 0.3, "weight_decay": 0.9}),
    (RateInsideVelocity, {"lr": cases.optimizers.halving, "momentum": 0.9}),
    (MovingAverageVelocity, {"lr": 0.1, "momentum": 0.9}),
    (DampedFirstStep, {"lr": 0.1, "momentum": 0.7, "dampening": 0.4}),
    (PlainInsteadOfNesterov, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3, "nesterov": True}),
]


def follow(make: Callable[..., object], twin: type, kwargs: dict, **options: object) -> float:
    return assert_same_path(
        lambda params: make(params, **kwargs),
        lambda params: twin(params, **kwargs),
        to_twin=torch.tensor,
        from_twin=lambda t: t.detach().numpy(),
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("wrong", "kwargs"), PLANTED, ids=lambda x: getattr(x, "__name__", None))
def test_parity_catches(wrong: type[base.Optimizer], kwargs: dict) -> None:
    twin = next(getattr(twins, c.__name__) for c in wrong.__mro__ if hasattr(twins, c.__name__))
    with pytest.raises(AssertionError, match="differs by"):
        follow(wrong, twin, kwargs)


@pytest.mark.parametrize(("wrong", "kwargs"), PLANTED, ids=lambda x: getattr(x, "__name__", None))
def test_the_planted_settings_are_among_the_cases(wrong: type, kwargs: dict) -> None:
    """The error is caught by a case of the table, not only here."""
    names = {c.__name__ for c in wrong.__mro__}
    assert any(c.name in names and c.kwargs == kwargs for c in cases.OPTIMIZERS)


def test_an_optimizer_that_touches_the_gradient_is_caught() -> None:
    class Greedy(SGD):
        def step(self, grads):
            super().step(grads)
            grads[0] *= 0.5

    with pytest.raises(AssertionError, match="a gradient was changed"):
        follow(Greedy, twins.SGD, {})


def test_an_update_lost_on_a_copy_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check at the door a transposed parameter would silently stay where it was."""
    with pytest.raises(ValueError, match="C-contiguous"):
        SGD(np.ones((4, 3)).T, lr=0.1)
    monkeypatch.setattr(base, "_checked_params", lambda params: list(params))
    lost = np.ones((3, 4)).T
    SGD([lost], lr=0.1).step([np.ones((4, 3))])
    np.testing.assert_array_equal(lost, np.ones((4, 3)))


def test_state_that_is_wrong_alone_is_caught() -> None:
    """Values may agree for a while when state does not: the state is compared too."""

    class DriftingState(Adam):
        def adaptive_step(self, g, m, v, v_max=None):
            delta = super().adaptive_step(g, m, v, v_max)
            v *= 1 + 1e-11
            return delta

    with pytest.raises(AssertionError, match="differs by"):
        follow(DriftingState, twins.Adam, {})
