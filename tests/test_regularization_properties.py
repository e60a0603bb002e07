"""What holds for all weights, labels and logits: searched by hypothesis."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.reference import regularization as twins
from dlcourse.scratch import regularization as room
from dlcourse.scratch.optimizers import Adam

seeds = st.integers(0, 2**32 - 1)
leads = st.sampled_from([(), (1,), (3,), (2, 2)])
kinds = st.sampled_from([np.float64, np.float32])
quick = settings(max_examples=40, deadline=None)


def draw(seed: int, lead: tuple[int, ...], kind, d: int = 6) -> np.ndarray:
    """Of unlike sizes, some zero; every second entry of something larger."""
    rng = np.random.default_rng(seed)
    wide = rng.standard_normal((*lead, 2 * d)) * 10.0 ** rng.integers(-3, 3, 2 * d)
    return (wide * (rng.random(wide.shape) > 0.2)).astype(kind)[..., ::2]


FUNCTIONS = {
    "l1_penalty": lambda w, c: room.l1_penalty(w, c),
    "l2_penalty": lambda w, c: room.l2_penalty(w, c),
    "elastic_net": lambda w, c: room.elastic_net(w, c, 0.4),
    "soft_threshold": lambda w, c: (room.soft_threshold(w, c),),
    "elastic_net_prox": lambda w, c: (room.elastic_net_prox(w, 0.3, c, 0.4),),
}


@given(st.sampled_from(sorted(FUNCTIONS)), seeds, leads, kinds)
@quick
def test_kinds_shapes_and_inputs(name, seed, lead, kind) -> None:
    w = draw(seed, lead, kind)
    kept, coef = w.copy(), abs(draw(seed + 1, (), np.float64))
    found = FUNCTIONS[name](w, coef)
    assert_array_equal(w, kept)
    assert {np.asarray(a).dtype for a in found} == {np.dtype(kind)}
    assert found[-1].shape == w.shape
    assert len(found) == 1 or np.shape(found[0]) == lead
    for a, b in zip(found, FUNCTIONS[name](np.ascontiguousarray(w), coef), strict=True):
        assert_array_equal(a, b)


@given(seeds, leads, st.floats(0, 10), st.floats(0, 1))
@quick
def test_a_proximal_step_brings_no_two_points_apart(seed, lead, coef, ratio) -> None:
    a, b = draw(seed, lead, np.float64), draw(seed + 1, lead, np.float64)
    pa, pb = (room.elastic_net_prox(w, 0.7, coef, ratio) for w in (a, b))
    before, after = abs(a - b), abs(pa - pb)
    assert (after <= before * (1 + 1e-12) + 1e-15).all()
    assert (abs(pa) <= abs(a)).all()
    assert (pa * a >= 0).all()


@given(seeds, st.floats(0, 1), leads, kinds)
@quick
def test_soft_labels_stay_distributions(seed, alpha, lead, kind) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.dirichlet(np.full(5, 0.3), lead).astype(kind)
    kept = labels.copy()
    soft = room.smooth_labels(labels, alpha)
    assert_array_equal(labels, kept)
    assert (soft.dtype, soft.shape) == (kind, labels.shape)
    assert_allclose(soft.sum(-1), 1, rtol=1e-5)
    assert (soft >= alpha / 5 * (1 - 1e-5)).all()
    clear = np.diff(np.sort(labels, -1)[..., -2:]).min() > 1e-3 and alpha < 0.9
    if clear:
        assert_array_equal(soft.argmax(-1), labels.argmax(-1))


def scores(seed: int, lead: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (*lead, 25))
    sure = 10.0 ** rng.uniform(-2, 2, (*lead, 1, 1))
    return sure * (
        rng.standard_normal((*lead, 25, 3)) + (np.arange(3) == labels[..., None])
    ), labels


@given(seeds, leads, st.integers(1, 20))
@quick
def test_bins_hold_every_sample_once_and_its_confidence(seed, lead, bins) -> None:
    z, labels = scores(seed, lead)
    p = room.softmax(z)
    kept = p.copy(), labels.copy()
    confidence, accuracy, count = room.reliability(p, labels, bins)
    for a, b in zip((p, labels), kept, strict=True):
        assert_array_equal(a, b)
    assert_array_equal(count.sum(-1), np.full(lead, 25))
    assert_array_equal(np.isnan(confidence), count == 0)
    assert_allclose((np.nan_to_num(confidence) * count).sum(-1), p.max(-1).sum(-1), rtol=1e-12)
    right = (p.argmax(-1) == labels).sum(-1)
    assert_allclose((np.nan_to_num(accuracy) * count).sum(-1), right, rtol=1e-12)
    low, high = np.arange(bins) / bins, np.arange(1, bins + 1) / bins
    inside = (confidence > low - 1e-12) & (confidence <= high + 1e-12)
    assert (inside | (count == 0)).all()
    error = room.calibration_error(p, labels, bins)
    assert ((error >= 0) & (error <= 1)).all()
    one = room.calibration_error(p, labels, 1)
    assert (error >= one - 1e-12).all()  # finer bins see more


@given(seeds, leads)
@quick
def test_a_temperature_keeps_the_order_and_never_hurts(seed, lead) -> None:
    z, labels = scores(seed, lead)
    kept = z.copy()
    try:
        t = room.fit_temperature(z, labels)
    except ValueError:  # a run of chance may have no best temperature
        ahead = z - np.take_along_axis(z, labels[..., None], -1)
        none = (ahead.max(-1).mean(-1) <= 0) | (ahead.mean((-2, -1)) >= 0)
        assert none.any()
        return
    assert_array_equal(z, kept)
    assert t.shape == lead
    cooled = z / np.asarray(t)[..., None, None]
    assert (room.nll(cooled, labels) <= room.nll(z, labels) + 1e-14).all()
    assert_allclose(room.fit_temperature(cooled, labels), 1.0, rtol=1e-9)


@given(seeds, st.integers(1, 4), st.floats(0, 1))
@quick
def test_updates_leave_what_they_are_given(seed, patience, min_delta) -> None:
    rng = np.random.default_rng(seed)
    stopping, twin = (
        room.EarlyStopping(patience, min_delta),
        twins.EarlyStopping(patience, min_delta),
    )
    for _ in range(8):
        value, theta = rng.normal(size=3), rng.normal(size=(3, 2))
        kept = value.copy(), theta.copy()
        done = stopping.update(value, theta)
        assert done == twin.update(value, torch.tensor(theta))
        assert_array_equal(value, kept[0])
        assert_array_equal(theta, kept[1])
        assert_array_equal(stopping.best_epoch, twin.best_epoch.numpy())
        assert_array_equal(stopping.best_theta, twin.best_theta.numpy())
    assert done == bool(stopping.stopped.all())


@given(seeds, st.sampled_from(["Penalized", "Proximal", "Decayed"]), kinds)
@quick
def test_gradients_and_coefficients_stay_untouched(seed, kind, dtype) -> None:
    rng = np.random.default_rng(seed)
    w, g = rng.normal(size=(2, 4)).astype(dtype), rng.normal(size=(2, 4)).astype(dtype)
    coef = rng.random(4)
    kept = g.copy(), coef.copy()
    if kind == "Penalized":
        optimizer = room.Penalized(Adam(w), lambda v: room.l1_penalty(v, coef))
    else:
        optimizer = getattr(room, kind)(Adam(w), coef)
    optimizer.step(g)
    assert_array_equal(g, kept[0])
    assert_array_equal(coef, kept[1])
    assert w.dtype == dtype
