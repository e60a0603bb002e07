"""Wrong norms of a sample that the checks must catch, each planted where it would be written."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from cases.normalization_sample import NORMALIZATION_SAMPLE
from harness import relative
from test_normalization_sample import both

from dlcourse.gradcheck import check_vjp
from dlcourse.scratch import normalization
from dlcourse.scratch.layers import rnn, tanh_backward
from dlcourse.scratch.normalization import layer_norm, recurrent, rms_norm

EPS = 1e-5


def affine(xhat, weight, bias, axes):
    """γ x̂ + β, for planted forward passes."""
    lead = (len(weight), *[1] * (xhat.ndim - axes - 1)) if weight.ndim > axes else ()
    weight, bias = (p.reshape(*lead, *p.shape[-axes:]) for p in (weight, bias))
    return weight * xhat + bias


def standardized(x, over, eps, ddof=0, outside=False):
    d = x - x.mean(over, keepdims=True)
    var = x.var(over, keepdims=True, ddof=ddof)
    return d / (np.sqrt(var) + eps if outside else np.sqrt(var + eps))


def over_the_batch(x, weight, bias, eps=EPS, axes=1):
    return affine(standardized(x, -axes - 1, eps), weight, bias, axes), None


def over_the_whole_sequence(x, weight, bias, eps=EPS, axes=1):
    """All places of a sequence together: a place then sees those after it."""
    return affine(standardized(x, tuple(range(-axes - 1, 0)), eps), weight, bias, axes), None


def over_the_last_axis_alone(x, weight, bias, eps=EPS, axes=1):
    return affine(standardized(x, -1, eps), weight, bias, axes), None


def unbiased(x, weight, bias, eps=EPS, axes=1):
    over = tuple(range(-axes, 0))
    return affine(standardized(x, over, eps, ddof=1), weight, bias, axes), None


def eps_outside_the_root(x, weight, bias, eps=EPS, axes=1):
    over = tuple(range(-axes, 0))
    return affine(standardized(x, over, eps, outside=True), weight, bias, axes), None


def one_gain_for_all_features(x, weight, bias, eps=EPS, axes=1):
    weight, bias = (p * 0 + p.mean() for p in (weight, bias))
    return layer_norm(x, weight, bias, eps, axes)


def less_its_mean(x, weight, eps=None, axes=1):
    return layer_norm(x, weight, 0 * weight, np.finfo(float).eps if eps is None else eps, axes)


def the_norm_for_the_mean_square(x, weight, eps=None, axes=1):
    y, cache = rms_norm(x, weight, eps, axes)
    return y / np.sqrt(np.prod(x.shape[x.ndim - axes :])), cache


def eps_of_layer_norm(x, weight, eps=None, axes=1):
    return rms_norm(x, weight, EPS if eps is None else eps, axes)


def gain_before_the_norm(x, weight_ih, weight_hh, bias, gain, h0, nonlinearity="tanh", eps=EPS):
    """γ on what enters the norm, which takes most of it away again."""
    return normalization.layer_norm_rnn(
        x,
        weight_ih * gain[..., None],
        weight_hh * gain[..., None],
        bias,
        0 * gain + 1,
        h0,
        nonlinearity,
        eps,
    )


def bias_before_the_norm(x, weight_ih, weight_hh, bias, gain, h0, nonlinearity="tanh", eps=EPS):
    x = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)
    weight_ih = np.concatenate([weight_ih, bias[..., None]], axis=-1)
    none = 0 * bias
    return right_rnn(x, weight_ih, weight_hh, none, gain, h0, nonlinearity, eps)


def not_normalized(x, weight_ih, weight_hh, bias, gain, h0, nonlinearity="tanh", eps=EPS):
    return rnn(x, weight_ih, weight_hh, bias, h0, nonlinearity)


def shut_by_a_tanh(x, alpha):
    return normalization.gate(x, np.tanh(alpha))


def scale_outside(x, alpha, weight, bias):
    facing = alpha.reshape(*alpha.shape[:-1], *[1] * (x.ndim - alpha.ndim), 1)
    return affine(facing * np.tanh(x), weight, bias, 1), None


right_rnn = normalization.layer_norm_rnn
FORWARDS = [
    ("layer_norm", over_the_batch),
    ("layer_norm", over_the_whole_sequence),
    ("layer_norm", over_the_last_axis_alone),
    ("layer_norm", unbiased),
    ("layer_norm", eps_outside_the_root),
    ("layer_norm", one_gain_for_all_features),
    ("rms_norm", less_its_mean),
    ("rms_norm", the_norm_for_the_mean_square),
    ("rms_norm", eps_of_layer_norm),
    ("layer_norm_rnn", gain_before_the_norm),
    ("layer_norm_rnn", bias_before_the_norm),
    ("layer_norm_rnn", not_normalized),
    ("gate", shut_by_a_tanh),
    ("dynamic_tanh", scale_outside),
]


@pytest.mark.parametrize(("name", "wrong"), FORWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_forward_is_not_pytorchs(name: str, wrong) -> None:
    worst = 0.0
    for case in (case for case in NORMALIZATION_SAMPLE if case.name == name):
        inputs = case.inputs(np.random.default_rng(2))
        (_, right), *_ = both(case, inputs)
        y, _ = wrong(*inputs, **case.kwargs)
        worst = max(worst, relative(y, right))
    assert worst > 1e-6, "and the parity allows 1e-13"


def part_along_xhat_left_in(dy, cache):
    """Only the mean is removed: right for what is centered and not stretched."""
    _, std, gain, *_ = cache
    right = normalization.layer_norm_backward(dy, cache)
    g = dy * gain.reshape(*gain.shape[:1], *[1] * (dy.ndim - 2), -1)
    dx = (g - g.mean(-1, keepdims=True)) / std.reshape(*dy.shape[:-1], 1)
    return dx, *right[1:]


def mean_left_in(dy, cache):
    xhat, std, gain, *_ = cache
    right = normalization.layer_norm_backward(dy, cache)
    g = dy * gain.reshape(*gain.shape[:1], *[1] * (dy.ndim - 2), -1)
    xhat = xhat.reshape(dy.shape)
    dx = (g - xhat * (g * xhat).mean(-1, keepdims=True)) / std.reshape(*dy.shape[:-1], 1)
    return dx, *right[1:]


def gain_left_out(dy, cache):
    """γ is forgotten on the way back: unseen where all gains are 1."""
    xhat, std, gain, *rest = cache
    _, *grads = normalization.layer_norm_backward(dy, cache)
    dx, *_ = normalization.layer_norm_backward(dy, (xhat, std, 0 * gain + 1, *rest))
    return dx, *grads


def gradient_of_gain_with_x(dy, cache):
    """dγ from what went in, not from x̂."""
    xhat, std, *rest = cache
    dx, _, dbias = normalization.layer_norm_backward(dy, cache)
    _, dweight, _ = normalization.layer_norm_backward(dy, (xhat * std, std, *rest))
    return dx, dweight, dbias


def not_divided(dy, cache):
    _, std, *_ = cache
    dx, *grads = normalization.layer_norm_backward(dy, cache)
    return dx * std.reshape(*dx.shape[:-1], 1), *grads


def rms_part_left_in(dy, cache):
    _, root, gain, *_ = cache
    _, dweight = normalization.rms_norm_backward(dy, cache)
    g = dy * gain.reshape(*gain.shape[:1], *[1] * (dy.ndim - 2), -1)
    return g / root.reshape(*dy.shape[:-1], 1), dweight


def rms_less_its_mean(dy, cache):
    dx, dweight = normalization.rms_norm_backward(dy, cache)
    return dx - dx.mean(-1, keepdims=True), dweight


def around_the_norm_in_time(dy, cache):
    """To the place before goes what enters the norm from above, not what leaves it below."""
    _, weight_hh, *_, slopes, kind = cache
    right = normalization.layer_norm_rnn_backward(dy, cache)
    dh = 0.0
    for i in reversed(range(dy.shape[-2])):
        activation_backward = recurrent.NONLINEARITIES[kind][1]
        dh = activation_backward(dy[..., i, :] + dh, slopes[i]) @ weight_hh
    return *right[:-1], dh


def gradient_of_gain_at_the_last_place(dy, cache):
    *_, norms, slopes, _ = cache
    dx, dih, dhh, dbias, _, dh0 = normalization.layer_norm_rnn_backward(dy, cache)
    dgain = np.einsum("...nk,...nk->...k", tanh_backward(dy[..., -1, :], slopes[-1]), norms[-1][0])
    return dx, dih, dhh, dbias, dgain, dh0


def gate_without_x(dy, cache):
    dx, dalpha = normalization.gate_backward(dy, cache)
    return dx, dalpha / cache[0].mean()


def tanh_without_alpha(dy, cache):
    dx, *grads = normalization.dynamic_tanh_backward(dy, cache)
    return dx / cache[2].mean(), *grads


BACKWARDS = [
    ("layer_norm", part_along_xhat_left_in),
    ("layer_norm", mean_left_in),
    ("layer_norm", gain_left_out),
    ("layer_norm", gradient_of_gain_with_x),
    ("layer_norm", not_divided),
    ("rms_norm", rms_part_left_in),
    ("rms_norm", rms_less_its_mean),
    ("layer_norm_rnn", around_the_norm_in_time),
    ("layer_norm_rnn", gradient_of_gain_at_the_last_place),
    ("gate", gate_without_x),
    ("dynamic_tanh", tanh_without_alpha),
]


def caught(name: str, wrong) -> bool:
    """Whether the first case of the table finds a number of the wrong backward to be off."""
    case = next(case for case in NORMALIZATION_SAMPLE if case.name == name)
    rng, pair = np.random.default_rng(7), partial(getattr(normalization, name), **case.kwargs)
    try:
        check_vjp(pair, wrong, case.inputs(rng), rng)
    except AssertionError as error:
        return "is off by" in str(error)
    return False


@pytest.mark.parametrize(("name", "wrong"), BACKWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_backward_is_caught(name: str, wrong) -> None:
    assert caught(name, wrong)
    assert not caught(name, getattr(normalization, f"{name}_backward"))
