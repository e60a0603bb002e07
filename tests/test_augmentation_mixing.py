"""Mixup and CutMix: the pinned arithmetic, torchvision's transforms, and λ as a distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from devices import DEVICES
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision
from scipy import stats

from dlcourse.lesson.mixtures import CALLS, _made
from dlcourse.lesson.parity import parity
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours
from dlcourse.scratch.augmentation import cutmix, draw_mix, mixup

IMAGES = ("cutout", "random_erasing", "mixup", "cutmix", "rand_augment", "auto_augment")
Function = Callable[..., Any]


def batch(rng: np.random.Generator, *lead: int) -> tuple[Any, Any]:
    """Images and soft labels that differ."""
    return rng.normal(size=(*lead, 2, 7, 9)), rng.dirichlet(np.ones(4), lead)


def line(a: Any, lam: Any, partner: Any) -> Any:
    """λ a_i + (1 - λ) a_j, sample by sample."""
    lam = np.broadcast_to(lam, len(a))
    return np.stack([lam[i] * a[i] + (1 - lam[i]) * a[j] for i, j in enumerate(partner)])


def pasted(x: Any, y: Any, lam: Any, partner: Any, cy: Any, cx: Any) -> tuple[Any, Any]:
    """Pixel by pixel, as the exercise pins it; the labels by counting pixels."""
    out, labels = x.copy(), np.zeros(y.shape)
    for i, j in enumerate(partner):
        one, row, column = (np.broadcast_to(a, len(x))[i] for a in (lam, cy, cx))
        h, w = (int(size * np.sqrt(1 - one)) // 2 for size in x.shape[-2:])
        own = x[0, 0].size
        for r, c in np.ndindex(x.shape[-2:]):
            if -h <= r - row < h and -w <= c - column < w:
                out[i, :, r, c], own = x[j, :, r, c], own - 1
        share = own / x[0, 0].size
        labels[i] = share * y[i] + (1 - share) * y[j]
    return out, labels


def check_mixup(function: Function) -> None:
    rng = np.random.default_rng(0)
    for lam in (0.0, 0.2, 0.7, 1.0, rng.random(5)):
        x, y = batch(rng, 5)
        kept = x.copy(), y.copy()
        partner = np.array([4, 0, 3, 1, 2])
        a, b = function(x, y, lam, partner)
        assert_allclose(a, line(x, lam, partner), atol=1e-14)
        assert_allclose(b, line(y, lam, partner), atol=1e-14)
        assert_array_equal(x, kept[0])
        assert_array_equal(y, kept[1])


def check_cutmix(function: Function) -> None:
    rng = np.random.default_rng(1)
    for place in ((3, 4), (0, 8), (6, 0)):
        for lam in (0.0, 0.1, 0.5, 0.75, 0.99, 1.0):
            x, y = batch(rng, 5)
            kept, partner = x.copy(), np.array([4, 0, 3, 1, 2])
            a, b = function(x, y, lam, partner, *place)
            right = pasted(x, y, lam, partner, *place)
            assert_array_equal(a, right[0])
            assert_allclose(b, right[1], atol=1e-14)
            assert_array_equal(x, kept)


def of_tensors(function: Function) -> Function:
    """A twin, from arrays to arrays."""

    def called(x: Any, y: Any, *rest: Any) -> Any:
        return [a.numpy() for a in function(torch.tensor(x), torch.tensor(y), *rest)]

    return called


def test_mixup_is_the_pinned_line() -> None:
    check_mixup(mixup)
    check_mixup(of_tensors(twins.mixup))


def test_cutmix_is_the_pinned_box() -> None:
    check_cutmix(cutmix)
    check_cutmix(of_tensors(twins.cutmix))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", IMAGES)
def test_the_twins_on_any_device(name: str, device: str) -> None:
    rng = np.random.default_rng(6)
    given_ = CALLS[name](rng)
    there = [a.to(device) if isinstance(a, torch.Tensor) else a for a in _made(given_, True)]
    y, ty = getattr(ours, name)(*_made(given_, False)), getattr(twins, name)(*there)
    for a, b in zip(*(one if isinstance(one, tuple) else (one,) for one in (y, ty)), strict=True):
        assert b.device.type == device
        assert_allclose(b.cpu(), a, atol=1e-12)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=20)
    assert "equal to its PyTorch twin" in capsys.readouterr().out


def test_torchvisions_mixup_with_neighbours_as_partners() -> None:
    rng = np.random.default_rng(2)
    x, labels = rng.random((6, 3, 8, 8)), rng.integers(4, size=6)
    torchvision()
    from torchvision.transforms import v2

    for seed in range(5):
        torch.manual_seed(seed)
        theirs = v2.MixUp(alpha=0.7, num_classes=4)(torch.tensor(x), torch.tensor(labels))
        torch.manual_seed(seed)
        lam = float(torch.distributions.Beta(torch.tensor([0.7]), torch.tensor([0.7])).sample(()))
        mine = mixup(x, np.eye(4)[labels], lam, np.roll(np.arange(6), 1))
        for a, b in zip(mine, theirs, strict=True):
            assert_allclose(a, b, atol=1e-6)  # their labels are float32


def test_torchvisions_cutmix_with_neighbours_as_partners() -> None:
    rng = np.random.default_rng(3)
    x, labels = rng.random((6, 3, 9, 12)), rng.integers(4, size=6)
    torchvision()
    from torchvision.transforms import v2

    clipped = set()
    for seed in range(30):
        torch.manual_seed(seed)
        theirs = v2.CutMix(alpha=1.0, num_classes=4)(torch.tensor(x), torch.tensor(labels))
        torch.manual_seed(seed)
        lam = float(torch.distributions.Beta(torch.tensor([1.0]), torch.tensor([1.0])).sample(()))
        cx, cy = int(torch.randint(12, (1,))), int(torch.randint(9, (1,)))
        images, soft = cutmix(x, np.eye(4)[labels], lam, np.roll(np.arange(6), 1), cy, cx)
        assert_array_equal(images, theirs[0])
        assert_allclose(soft, theirs[1], atol=1e-6)
        h, w = int(9 * (1 - lam) ** 0.5) // 2, int(12 * (1 - lam) ** 0.5) // 2
        clipped.add(cy < h or cx < w or cy + h > 9 or cx + w > 12)
    assert clipped == {True, False}


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("form", ["number", "(n,)", "(runs, 1)", "(runs, n)"])
@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_runs_are_each_as_alone(name: str, form: str, shared: bool) -> None:
    rng = np.random.default_rng(4)
    runs, n = 3, 5
    x, y = batch(rng, n) if shared else batch(rng, runs, n)
    partner = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
    shape = {"number": (), "(n,)": (n,), "(runs, 1)": (runs, 1), "(runs, n)": (runs, n)}[form]
    given_: list[Any] = [rng.random(shape), partner]
    if name == "cutmix":
        given_ += [rng.integers(7, size=shape), rng.integers(9, size=shape)]
    of_run = lambda a, run: a[run] if np.ndim(a) > 1 else a  # noqa: E731
    for room in (getattr(ours, name), of_tensors(getattr(twins, name))):
        together = room(x, y, *given_)
        for run in range(runs):
            own = (x, y) if shared else (x[run], y[run])
            rest = [of_run(a, run) for a in given_]
            rest = [a[0] if np.shape(a) == (1,) else a for a in rest]
            alone = room(*own, *rest)
            for a, b in zip(together, alone, strict=True):
                assert_allclose(a[run], b, atol=1e-14)


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_lam_is_beta_and_partners_a_permutation(alpha: float, each: bool) -> None:
    rng = np.random.default_rng(5)
    drawn = [draw_mix(4, alpha, rng, each=each) for _ in range(1500)]
    lam = np.ravel([lam for lam, _ in drawn])
    assert lam.shape == (6000 if each else 1500,)
    assert stats.kstest(lam, stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    partners = np.stack([partner for _, partner in drawn])
    assert_array_equal(np.sort(partners, 1), np.tile(np.arange(4), (1500, 1)))
    counts = np.stack([np.bincount(column, minlength=4) for column in partners.T])
    assert ((counts - 375) ** 2 / 375).sum() < 39.3  # chi-squared, 16 degrees, one in a thousand


def test_without_alpha_nothing_is_mixed() -> None:
    for room in (ours, twins):
        lam, partner = room.draw_mix(5, 0.0, np.random.default_rng(0))
        assert lam == 1.0
        lam, partner = room.draw_mix(5, 0.0, np.random.default_rng(0), each=True)
        assert_array_equal(lam, np.ones(5))
        x, y = batch(np.random.default_rng(1), 5)
        assert_array_equal(mixup(x, y, np.asarray(lam), np.asarray(partner))[0], x)


def test_the_twin_draws_the_same() -> None:
    for alpha, each in ((0.3, True), (1.0, False)):
        one = draw_mix(6, alpha, np.random.default_rng(7), each)
        two = twins.draw_mix(6, alpha, np.random.default_rng(7), each)
        for a, b in zip(one, two, strict=True):
            assert_array_equal(a, b)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_labels_stay_distributions_and_kinds_stay(seed: int, dtype: Any, sliced: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = (a.astype(dtype) for a in batch(rng, 5))
    x = x[..., ::-2] if sliced else x
    x.flags.writeable = y.flags.writeable = False
    lam, partner = draw_mix(5, 0.8, rng)
    place = int(rng.integers(7)), int(rng.integers(x.shape[-1]))
    for a, b in (mixup(x, y, lam, partner), cutmix(x, y, lam, partner, *place)):
        assert a.dtype == b.dtype == dtype
        assert a.shape == x.shape
        assert (b >= 0).all()
        assert_allclose(b.sum(-1), 1, rtol=1e-5)
        assert not np.shares_memory(a, x)


def test_whole_numbers_as_one_hot_labels_and_vectors_as_samples() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    for room in (mixup, of_tensors(twins.mixup)):
        a, b = room(x, np.eye(2, dtype=int), 0.25, np.array([1, 0]))
        assert a.dtype == b.dtype == np.float32
        assert_allclose(a, [[2.5, 3.5], [1.5, 2.5]])
        assert_allclose(b, [[0.25, 0.75], [0.75, 0.25]])
