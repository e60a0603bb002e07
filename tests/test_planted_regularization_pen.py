"""Wrong penalties, decays, paths and calibrations that the checks must catch."""

from __future__ import annotations

import numpy as np
import pytest
import test_regularization_labels as labels_tests
import test_regularization_paths as paths_tests

from dlcourse.lesson import parity
from dlcourse.scratch import regularization as room
from dlcourse.scratch.regularization import paths

L1, L2, NET = room.l1_penalty, room.l2_penalty, room.elastic_net
SOFT, PROX, COEFFICIENTS = room.soft_threshold, room.elastic_net_prox, room.coefficients
PATH, RIDGE = room.elastic_net_path, room.ridge
RELIABILITY, ERROR, TEMPERATURE = room.reliability, room.calibration_error, room.fit_temperature


def told(value, pull):
    def penalty(theta, coef):
        return value(theta, coef), pull(theta, coef)

    return penalty


def l1_value(theta, coef):
    return L1(theta, coef)[0]


def l1_pull(theta, coef):
    return L1(theta, coef)[1]


def l2_value(theta, coef):
    return L2(theta, coef)[0]


def l2_pull(theta, coef):
    return L2(theta, coef)[1]


def hard_threshold(theta, threshold):
    return np.where(abs(theta) > threshold, theta, 0.0)


def shrunk_first(theta, step, coef, l1_ratio):
    return SOFT(theta / (1 + step * coef * (1 - l1_ratio)), step * coef * l1_ratio)


def biases_too(model, coef, **layers):
    found = COEFFICIENTS(model, coef, **layers)
    return np.where(found == 0, coef, found)


def layers_forgotten(model, coef, **layers):
    return COEFFICIENTS(model, coef)


class DecayWithoutTheRate(room.Decayed):
    def rates(self):
        return [1.0 for _ in self.params]


class DecayAsAPenalty(room.Decayed):
    def step(self, grads):
        self.optimizer.step(grads + self.coef * self.params[0])


class DecayAfterTheStep(room.Decayed):
    def step(self, grads):
        rates = self.rates()
        self.optimizer.step(grads)
        self.params[0][...] *= 1 - rates[0] * self.coef


class ThresholdBeforeTheStep(room.Proximal):
    def step(self, grads):
        p = self.params[0]
        p[...] = PROX(p, self.rates()[0], self.coef, self.l1_ratio)
        self.optimizer.step(grads)


class ThresholdWithoutTheRate(room.Proximal):
    def rates(self):
        return [1.0 for _ in self.params]


class PenaltyRewarded(room.Penalized):
    def step(self, grads):
        self.optimizer.step(grads - self.penalty(self.params[0])[1])


class PenaltyOfTheNextWeights(room.Penalized):
    def step(self, grads):
        self.optimizer.step(grads)
        self.params[0][...] -= 0.01 * self.penalty(self.params[0])[1]


def from_above_alone(theta, threshold):
    return np.maximum(theta - threshold, 0)


def path_of_a_sum(x, y, coefs, l1_ratio, tol):
    return PATH(x, y, np.divide(coefs, len(y)), l1_ratio, tol)


def sorted_path(x, y, coefs, l1_ratio, tol):
    return PATH(x, y, np.sort(coefs), l1_ratio, tol)


def soon_content(x, y, coefs, l1_ratio, tol):
    return PATH(x, y, coefs, l1_ratio, 0.3)


def to_the_wrong_ones(onehot, alpha):
    return (1 - alpha) * onehot + alpha / 3 * (1 - onehot)


def signed_error(p, labels):
    return (p.max(-1) - (p.argmax(-1) == labels)).mean(-1)


def plain_mean_of_bins(p, labels):
    confidence, accuracy, _ = RELIABILITY(p, labels)
    return np.nanmean(abs(accuracy - confidence), -1)


def one_for_all_runs(logits, labels):
    found = TEMPERATURE(logits, labels)
    return np.full_like(found, found.mean())


FUNCTIONS = {
    "the mean for the sum": ("l1_penalty", told(lambda w, c: abs(c * w).mean(-1), l1_pull)),
    "the size for its gradient": ("l1_penalty", told(l1_value, lambda w, c: c * abs(w))),
    "a pull at zero": ("l1_penalty", told(l1_value, lambda w, c: c * np.where(w < 0, -1, 1))),
    "no half": ("l2_penalty", told(lambda w, c: (c * w * w).sum(-1), lambda w, c: 2 * c * w)),
    "a half in the value alone": ("l2_penalty", told(l2_value, lambda w, c: 2 * c * w)),
    "runs together": ("l2_penalty", told(lambda w, c: l2_value(w, c).sum() * np.ones(3), l2_pull)),
    "the share of L2": ("elastic_net", lambda w, coef, l1_ratio: NET(w, coef, 1 - l1_ratio)),
    "a hard threshold": ("soft_threshold", hard_threshold),
    "a threshold from above alone": ("soft_threshold", from_above_alone),
    "no step in the threshold": ("elastic_net_prox", lambda w, step, **k: PROX(w, 1.0, **k)),
    "shrunk before the threshold": ("elastic_net_prox", shrunk_first),
    "biases too": ("coefficients", biases_too),
    "layers forgotten": ("coefficients", layers_forgotten),
    "decay without the rate": ("Decayed", DecayWithoutTheRate),
    "decay as a penalty": ("Decayed", DecayAsAPenalty),
    "decay after the step": ("Decayed", DecayAfterTheStep),
    "the threshold before the step": ("Proximal", ThresholdBeforeTheStep),
    "the threshold without the rate": ("Proximal", ThresholdWithoutTheRate),
    "a penalty that rewards": ("Penalized", PenaltyRewarded),
    "a penalty beside the optimizer": ("Penalized", PenaltyOfTheNextWeights),
    "a sum for the mean loss": ("elastic_net_path", path_of_a_sum),
    "the coefficients sorted": ("elastic_net_path", sorted_path),
    "too soon content": ("elastic_net_path", soon_content),
    "the ridge of a sum": ("ridge", lambda x, y, coef: RIDGE(x, y, np.divide(coef, len(y)))),
    "the share to the wrong classes": ("smooth_labels", to_the_wrong_ones),
    "labels that add up to more": ("smooth_labels", lambda t, alpha: t + alpha / 4),
    "gaps with their sign": ("calibration_error", signed_error),
    "bins that count alike": ("calibration_error", plain_mean_of_bins),
    "the inverse of the temperature": ("fit_temperature", lambda z, y: 1 / TEMPERATURE(z, y)),
    "one temperature for all runs": ("fit_temperature", one_for_all_runs),
}  # fmt: skip


@pytest.mark.parametrize("error", FUNCTIONS)
def test_a_wrong_function_is_caught(error: str, monkeypatch) -> None:
    name, wrong = FUNCTIONS[error]
    wrong.__name__ = name
    monkeypatch.setattr(room, name, wrong)
    with pytest.raises(AssertionError, match=rf"{name}\(\): seed \d, .*: they differ by"):
        parity(name, steps=5)


def closed_on_the_left(p, labels, bins=15):
    eps = 1e-12 * np.eye(p.shape[-1])[p.argmax(-1)]
    return RELIABILITY(p + eps, labels, bins)


def of_the_label(p, labels, bins=15):
    told = np.take_along_axis(p, labels[..., None], -1)
    return RELIABILITY(np.concatenate([told, 1 - told], -1), 0 * labels, bins)


@pytest.mark.parametrize("wrong", [closed_on_the_left, of_the_label])
def test_wrong_bins_are_caught(wrong, monkeypatch) -> None:
    monkeypatch.setattr(labels_tests, "reliability", wrong)
    with pytest.raises(AssertionError):
        labels_tests.test_bins_and_error_are_those_of_a_plain_loop(4)


def test_coordinates_that_are_all_moved_at_once_are_caught(monkeypatch) -> None:
    """Jacobi's way, from old values, need not come to an end where columns are alike."""

    def at_once(gram, along, l1, l2, w, tol):
        curvature = np.diagonal(gram) + l2
        for _ in range(300):
            target = w + (along - gram @ w - l2 * w) / curvature
            w = target - np.clip(target, -l1 / curvature, l1 / curvature)
        return w

    monkeypatch.setattr(paths, "descend", at_once)
    with pytest.raises(AssertionError), np.errstate(all="ignore"):
        paths_tests.test_paths_are_those_of_scikit_learn(paths_tests.problem(), 0.7)


def test_a_path_that_forgets_to_look_again_is_caught(monkeypatch) -> None:
    """What was zero stays zero: the active set of the first solution is that of all."""
    whole = paths.descend

    def same_columns(gram, along, l1, l2, w, tol):
        found = whole(gram, along, l1, l2, w, tol)
        return np.where((w != 0) | ~w.any(), found, 0.0)

    monkeypatch.setattr(paths, "descend", same_columns)
    with pytest.raises(AssertionError):
        paths_tests.test_paths_are_those_of_scikit_learn(paths_tests.problem(), 0.7)
