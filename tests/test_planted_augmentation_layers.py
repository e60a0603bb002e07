"""Wrong layers and losses of augmentation in training that the checks must catch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import test_augmentation_mixed_labels as labels
import test_augmentation_training as training
from test_planted_augmentation_mix import caught

from dlcourse.lesson.parity import parity
from dlcourse.scratch import augmentation
from dlcourse.scratch.augmentation import Augment, Mix, MixedCrossEntropy
from dlcourse.scratch.losses import SoftmaxCrossEntropy


def with_generators(change: str, spoil: Callable[[Any], None]) -> training.Make:
    """A layer of this kind whose generators have been tampered with."""

    def make(**told: Any) -> tuple[Any, Any]:
        layer, loss = training.front(change, **told)
        spoil(layer)
        return layer, loss

    return make


def one_for_all(layer: Any) -> None:
    """The runs draw one after the other from one generator."""
    layer.generators = [layer.generators[0]] * len(layer.generators)


def equal_ones(layer: Any) -> None:
    """Every run has a generator of its own, in the same place."""
    layer.generators = [np.random.default_rng(0) for _ in layer.generators]


@pytest.mark.parametrize("change", ["augment", "mixup", "cutmix each"])
def test_one_generator_for_all_runs_is_caught(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    caught(training.check_runs, with_generators(change, one_for_all), monkeypatch)
    caught(training.check_draws_differ, with_generators(change, equal_ones))


class AlwaysAugment(Augment):
    def forward(self, x: Any, training: bool = False) -> Any:
        return super().forward(x, True)


class Frozen(Augment):
    """The same draws in every pass."""

    def changed(self, x: Any) -> Any:
        self.generators = [np.random.default_rng(i) for i in range(len(self.generators))]
        return super().changed(x)


class OneForTheBatch(Augment):
    def one(self, x: Any, rng: np.random.Generator) -> Any:
        return x + rng.normal()


def test_an_augmentation_that_stays_on_in_evaluation_is_caught() -> None:
    def make(**told: Any) -> tuple[Any, Any]:
        return AlwaysAugment(training.strong, **told), SoftmaxCrossEntropy()

    caught(training.check_plain_evaluation, make)


def test_an_augmentation_that_never_changes_is_caught() -> None:
    def make(**told: Any) -> tuple[Any, Any]:
        return Frozen(training.strong, **told), SoftmaxCrossEntropy()

    caught(training.check_draws_differ, make)


class StaysSoft(MixedCrossEntropy):
    """In evaluation the labels are mixed with those of the batch turned round."""

    def mixed(self, y: Any, target: Any, latest: Any) -> Any:
        if latest.draw is None:
            soft = np.eye(y.shape[-1])[target]
            return 0.9 * soft + 0.1 * soft[::-1]
        return super().mixed(y, target, latest)


class Forgets(MixedCrossEntropy):
    def mixed(self, y: Any, target: Any, latest: Any) -> Any:
        return target


class Exchanged(MixedCrossEntropy):
    def mixed(self, y: Any, target: Any, latest: Any) -> Any:
        if latest.draw is not None:
            latest.draw = latest.draw[0], 1 - latest.draw[1]
        return super().mixed(y, target, latest)


class Turned(MixedCrossEntropy):
    """The partner's partner: the inverse permutation."""

    def mixed(self, y: Any, target: Any, latest: Any) -> Any:
        if latest.draw is not None:
            latest.draw = np.argsort(latest.draw[0], -1), latest.draw[1]
        return super().mixed(y, target, latest)


class FirstRun(MixedCrossEntropy):
    def mixed(self, y: Any, target: Any, latest: Any) -> Any:
        if latest.draw is not None:
            latest.draw = latest.draw[0][:1], latest.draw[1][:1]
        return super().mixed(y, target, latest)


class HalfGradient(MixedCrossEntropy):
    """Only the sample's own label is differentiated."""

    def forward(self, y: Any, target: Any) -> Any:
        value = super().forward(y, target)
        kept, self.mix.latest.draw = self.mix.latest.draw, None
        SoftmaxCrossEntropy.forward(self, y, target)  # type: ignore[arg-type]
        self.mix.latest.draw = kept
        return value


@pytest.mark.parametrize("wrong", [Forgets, Exchanged, Turned, HalfGradient])
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_wrong_losses_are_caught(wrong: Any, kind: str) -> None:
    for runs in (None, 3):
        caught(labels.check_labels, kind, False, wrong, runs)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_the_first_runs_mixture_for_all_is_caught(kind: str) -> None:
    caught(labels.check_labels, kind, True, FirstRun, 3)


def test_a_loss_that_is_mixed_in_evaluation_is_caught() -> None:
    def make(**told: Any) -> tuple[Any, Any]:
        mix = Mix("mixup", 1.0, **told)
        return mix, StaysSoft(mix)

    caught(training.check_plain_evaluation, make)


class NominalShare(Mix):
    """CutMix whose labels count by λ, not by the clipped area."""

    def changed(self, x: Any) -> Any:
        again = copy.deepcopy(self.generators[0])
        found = super().changed(x)
        lam, partner = augmentation.draw_mix(len(x), self.alpha, again, self.each)
        self.latest.draw = partner, np.full(len(x), lam)
        return found


def test_labels_that_count_by_lam_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "Mix", NominalShare)
    caught(labels.check_labels, "cutmix", False, MixedCrossEntropy, None)


class WrongWay(Mix):
    """Backward takes the partner's gradient instead of giving it to the partner."""

    def pair_backward(self, dy: Any, cache: Any) -> Any:
        partner, *rest = cache
        return super().pair_backward(dy, (np.argsort(partner, -1), *rest))


class OwnPartAlone(Mix):
    def pair_backward(self, dy: Any, cache: Any) -> Any:
        _, share, mask = cache
        own = ~mask if mask is not None else share.reshape(*share.shape, *[1] * (dy.ndim - 1))
        return own * dy


@pytest.mark.parametrize("wrong", [WrongWay, OwnPartAlone])
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_wrong_gradients_are_caught(wrong: Any, kind: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(7, 2, 6, 5))
    make = partial(Mix, kind, 0.9, rng=np.random.default_rng(0), each=True)
    labels.check_gradient(make(), x)
    caught(labels.check_gradient, wrong(kind, 0.9, rng=np.random.default_rng(0), each=True), x)


@pytest.mark.parametrize("name", ["Augment", "Mix", "MixedCrossEntropy"])
def test_parity_of_layers_catches_another_stream(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "Augment" if name == "Augment" else "Mix"
    right = getattr(augmentation, kind)

    class Other(right):  # type: ignore[valid-type, misc]
        def changed(self, x: Any) -> Any:
            self.generators[0].random()
            return super().changed(x)

    monkeypatch.setattr(augmentation, kind, Other)
    if name == kind:
        Other.__name__ = kind
    caught(partial(parity, steps=3), name)
