"""Wrong weight and local response normalization that the checks must catch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cases.normalization_weights import RESPONSES, WEIGHTS
from harness import relative
from networks import SCRATCH
from numpy.testing import assert_allclose
from test_normalization_response import exact_lrn
from test_normalization_weights import both, made, next_batch

from dlcourse.gradcheck import check_vjp
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import response


def one_norm_for_all(v, g):
    rows = v.reshape(*g.shape, -1)
    norm = np.sqrt((rows**2).sum((-2, -1), keepdims=True))
    return (g[..., None] * rows / norm).reshape(v.shape)


def one_norm_per_input(v, g):
    rows = v.reshape(*g.shape, -1)
    norm = np.sqrt((rows**2).sum(-2, keepdims=True))
    return (g[..., None] * rows / norm).reshape(v.shape)


def length_ignored(v, g):
    return normalization.weight_norm(v, np.ones_like(g))[0]


def no_projection(dw, cache):
    u, scale, shape = cache
    rows = dw.reshape(u.shape)
    return (scale[..., None] * rows).reshape(shape), np.vecdot(u, rows)


def not_divided_by_the_length(dw, cache):
    u, scale, shape = cache
    return normalization.weight_norm_backward(dw, (u, np.ones_like(scale), shape))


def length_of_v_for_g(dw, cache):
    u, _, _ = cache
    dv, _ = normalization.weight_norm_backward(dw, cache)
    return dv, dw.reshape(u.shape).sum(-1)


@pytest.mark.parametrize("wrong", [one_norm_for_all, one_norm_per_input, length_ignored])
def test_a_wrong_weight_norm_is_not_pytorchs(wrong) -> None:
    caught = []
    for case in WEIGHTS:
        inputs = case.inputs(np.random.default_rng(2))
        y, ty = wrong(*inputs), normalization.weight_norm(*inputs)[0]
        caught.append(relative(y, ty) > 0.05)
    assert sum(caught) >= 3, "hardly a case separates them"


@pytest.mark.parametrize("wrong", [no_projection, not_divided_by_the_length, length_of_v_for_g])
@pytest.mark.parametrize("case", WEIGHTS, ids=lambda case: case.id)
def test_a_wrong_gradient_is_no_derivative(wrong, case) -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(AssertionError):
        check_vjp(normalization.weight_norm, wrong, case.inputs(rng), rng)


def test_without_the_projection_v_is_no_longer_orthogonal_to_its_gradient() -> None:
    v, g = WEIGHTS[0].inputs(np.random.default_rng(1))
    dw = np.random.default_rng(2).standard_normal(v.shape)
    _, cache = normalization.weight_norm(v, g)
    assert abs(np.vecdot(v, normalization.weight_norm_backward(dw, cache)[0])).max() < 1e-14
    assert abs(np.vecdot(v, no_projection(dw, cache)[0])).max() > 0.1


def lrn_of(x, size, alpha=1e-4, beta=0.75, k=1.0, *, shift=0, circular=False, divided=True):
    """By a loop over channels, with one thing wrong."""
    axis = x.ndim - (3 if x.ndim > 3 else 1)
    q, channels = np.moveaxis(x, axis, 0) ** 2, x.shape[axis]
    s = np.full_like(q, k)
    for c in range(channels):
        window = range(c - size // 2 + shift, c + (size - 1) // 2 + 1 + shift)
        for j in window:
            if circular or 0 <= j < channels:
                s[c] += alpha / (size if divided else 1) * q[j % channels]
    s = np.moveaxis(s, 0, axis)
    return x / s**beta, (x, s)


def as_room(**wrong) -> SimpleNamespace:
    """A room whose forward is ``lrn_of``; the backward stays."""

    def forward(x, **kwargs):
        y, _ = lrn_of(x, **kwargs, **wrong)
        return y, normalization.local_response_norm(x, **kwargs)[1]

    backward = normalization.local_response_norm_backward
    return SimpleNamespace(local_response_norm=forward, local_response_norm_backward=backward)


def differences(room) -> list[float]:
    rng = np.random.default_rng(2)
    return [max(relative(a, b) for a, b in both(c, c.inputs(rng), room)) for c in RESPONSES]


def test_the_loop_is_right_when_nothing_is_wrong() -> None:
    assert max(differences(as_room())) < 1e-13


@pytest.mark.parametrize(
    "wrong", [{"divided": False}, {"shift": 1}, {"shift": -1}, {"circular": True}], ids=str
)
def test_a_wrong_lrn_is_not_pytorchs(wrong) -> None:
    assert sum(d > 0.01 for d in differences(as_room(**wrong))) >= 4


def gradient(dy, cache, *, turned=True, factor=2.0):
    """By a loop; an even window lies one more to the left, so backward one more to the right."""
    x, s, (size, alpha, beta) = cache
    axis = x.ndim - (3 if x.ndim > 3 else 1)
    shared, spread = np.moveaxis(dy * x / s ** (beta + 1), axis, 0), np.zeros_like(x)
    into = np.moveaxis(spread, axis, 0)
    before, after = size // 2, (size - 1) // 2
    before, after = (after, before) if turned else (before, after)
    for c in range(x.shape[axis]):
        into[c] = shared[max(c - before, 0) : c + after + 1].sum(0)
    return dy / s**beta - factor * alpha * beta / size * x * spread


def checked(case, **wrong) -> None:
    """``check_vjp`` of the room's forward and of that gradient."""

    def forward(x):
        y, (x, s, *_, settings) = normalization.local_response_norm(x, **case.kwargs)
        return y, (x, s.reshape(x.shape), settings)

    rng = np.random.default_rng(7)
    check_vjp(forward, lambda dy, cache: gradient(dy, cache, **wrong), case.inputs(rng), rng)


@pytest.mark.parametrize("case", RESPONSES[:5], ids=lambda case: case.id)
def test_a_wrong_gradient_of_lrn_is_no_derivative(case) -> None:
    checked(case)
    with pytest.raises(AssertionError):
        checked(case, factor=1.0)
    with pytest.raises(AssertionError):
        checked(case, factor=0.0)
    if case.kwargs["size"] % 2 == 0:
        with pytest.raises(AssertionError):
            checked(case, turned=False)


def test_a_running_sum_that_subtracts_leaves_noise(monkeypatch) -> None:
    def cancelling(frame, size, start, out=None):
        total = np.cumsum(frame, axis=1)
        total = np.concatenate([np.zeros_like(total[:, :1]), total], axis=1)
        found = start + total[:, size:] - total[:, :-size]
        if out is not None:
            out[...] = found
        return found

    x = np.random.default_rng(1).standard_normal((2, 24))
    x[:, 5] = 1e6
    right = x / exact_lrn(x, 3, 1.0, 1.0) ** 0.75
    assert_allclose(normalization.local_response_norm(x, 3, 1.0)[0], right, rtol=1e-14)
    monkeypatch.setattr(response, "window_sum", cancelling)
    wrong = normalization.local_response_norm(x, 3, 1.0)[0]
    assert relative(wrong, right) > 1e-6


def test_a_start_by_the_unbiased_variance_has_another_variance() -> None:
    layer, x = normalization.WeightNorm(made("linear", SCRATCH)), next_batch("linear")
    y = normalization.data_dependent_init(layer, x)
    assert abs(y.var(0) - 1).max() < 1e-12
    layer.params["weight_g"] *= np.sqrt((len(x) - 1) / len(x))
    layer.params["bias"] *= np.sqrt((len(x) - 1) / len(x))
    assert abs(layer.forward(x).var(0) - 1).min() > 0.1
    assert abs(layer.forward(x).mean(0)).max() < 1e-12, "only the variance tells them apart"


def test_without_the_mean_the_outputs_are_not_centred() -> None:
    layer, x = normalization.WeightNorm(made("linear", SCRATCH)), next_batch("linear")
    normalization.data_dependent_init(layer, x)
    layer.params["bias"][...] = 0.0
    assert abs(layer.forward(x).mean(0)).max() > 0.1
