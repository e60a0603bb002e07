"""Wrong batch, group and instance norms that the checks must catch, as they are often written."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from cases.normalization import NORMALIZATION
from harness import relative

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import batch, core, group

EPS = 1e-5


def both_gains(x, weight, bias, axes=None):
    """γ and β as they are laid out for x."""
    return [np.expand_dims(p, axes or core.batch_axes(x)) for p in (weight, bias)]


def norm_over(x, weight, bias, eps, over, ddof=0, outside=False):
    d, var = x - x.mean(over, keepdims=True), x.var(over, keepdims=True, ddof=ddof)
    gain, shift = both_gains(x, weight, bias)
    std = np.sqrt(var) + eps if outside else np.sqrt(var + eps)
    return gain * d / std + shift


def pairs_a_pixel(x, weight, bias, eps=EPS):
    """As if (n, c, h, w) were (n, d): the samples alone are averaged."""
    return norm_over(x, weight, bias, eps, -2 if x.ndim < 4 else -4)


def one_pair_for_all_channels(x, weight, bias, eps=EPS):
    return norm_over(x, weight, bias, eps, (-2, -1) if x.ndim < 4 else (-4, -3, -2, -1))


def channels_last(x, weight, bias, eps=EPS):
    if x.ndim < 4 or x.shape[-1] != x.shape[-3]:
        return norm_over(x, weight, bias, eps, -2 if x.ndim < 4 else (-4, -3, -2))
    return norm_over(x, weight, bias, eps, (-4, -3, -2))


def runs_together(x, weight, bias, eps=EPS):
    own = core.batch_axes(x)
    return norm_over(x, weight, bias, eps, (0, *own) if x.ndim in (3, 5) else own)


def normalized_by_the_unbiased_variance(x, weight, bias, eps=EPS):
    return norm_over(x, weight, bias, eps, core.batch_axes(x), ddof=1)


def eps_outside_the_root(x, weight, bias, eps=EPS):
    return norm_over(x, weight, bias, eps, core.batch_axes(x), outside=True)


def divided_by_the_variance(x, weight, bias, eps=EPS):
    axes = core.batch_axes(x)
    gain, shift = both_gains(x, weight, bias)
    d = x - x.mean(axes, keepdims=True)
    return gain * d / (x.var(axes, keepdims=True) + eps) + shift


def gain_and_shift_swapped(x, weight, bias, eps=EPS):
    return normalization.batch_norm(x, bias, weight, eps)[0]


def every_other_channel(x, weight, bias, num_groups, eps=EPS):
    """A group of channels 0, 2, 4 instead of 0, 1, 2."""
    axis = -1 if x.ndim < 4 else -3
    c = x.shape[axis]
    order = np.arange(c).reshape(-1, num_groups).T.ravel()
    y = normalization.group_norm(x.take(order, axis), None, None, num_groups, eps)[0]
    gain, shift = both_gains(x, weight, bias)
    return gain * y.take(np.argsort(order), axis) + shift


def size_of_a_group_for_their_number(x, weight, bias, num_groups, eps=EPS):
    c = x.shape[-1 if x.ndim < 4 else -3]
    return normalization.group_norm(x, weight, bias, c // num_groups, eps)[0]


def groups_over_the_batch(x, weight, bias, num_groups, eps=EPS):
    x, gain, shift = group.grouped(num_groups, x, *both_gains(x, weight, bias))
    over = (-5, *group.GROUP)
    d = x - x.mean(over, keepdims=True)
    return gain * d / np.sqrt(x.var(over, keepdims=True) + eps) + shift


def parameters_a_group(x, weight, bias, num_groups, eps=EPS):
    weight, bias = (
        np.repeat(p.reshape(*p.shape[:-1], num_groups, -1).mean(-1), p.shape[-1] // num_groups, -1)
        for p in (weight, bias)
    )
    return normalization.group_norm(x, weight, bias, num_groups, eps)[0]


def instances_of_the_whole_batch(x, weight, bias, eps=EPS):
    return normalization.batch_norm(x, weight, bias, eps)[0]


FORWARDS = [
    ("batch_norm", one_pair_for_all_channels),
    ("batch_norm", pairs_a_pixel),
    ("batch_norm", channels_last),
    ("batch_norm", runs_together),
    ("batch_norm", normalized_by_the_unbiased_variance),
    ("batch_norm", eps_outside_the_root),
    ("batch_norm", divided_by_the_variance),
    ("batch_norm", gain_and_shift_swapped),
    ("group_norm", every_other_channel),
    ("group_norm", size_of_a_group_for_their_number),
    ("group_norm", groups_over_the_batch),
    ("group_norm", parameters_a_group),
    ("instance_norm", instances_of_the_whole_batch),
]


def differs(name: str, wrong) -> bool:
    """Whether some case of the table tells the wrong pair from PyTorch's."""
    for case in NORMALIZATION:
        if case.name == name:
            inputs = case.inputs(np.random.default_rng(2))
            right, _ = getattr(twins, name)(*map(torch.tensor, inputs), **case.kwargs)
            y = wrong(*inputs, **case.kwargs).reshape(right.shape)
            if not relative(y, right) < 1e-13:
                return True
    return False


@pytest.mark.parametrize(("name", "wrong"), FORWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_norm_is_caught(name: str, wrong) -> None:
    assert differs(name, wrong)
    assert not differs(name, lambda *a, **k: getattr(normalization, name)(*a, **k)[0])


def statistics_are_constants(dy, cache):
    """The way through the mean and the variance is left out: as in evaluation."""
    d, inv_std, weight, bias, _ = cache
    return batch.batch_norm_inference_backward(dy, (d, inv_std, weight, bias))


def the_mean_is_a_constant(dy, cache):
    d, inv_std, weight, _, _ = cache
    right = normalization.batch_norm_backward(dy, cache)
    axes = core.batch_axes(d)
    scale = inv_std * np.expand_dims(weight, axes)
    return right[0] + scale * dy.mean(axes, keepdims=True), *right[1:]


def the_variance_is_a_constant(dy, cache):
    d, inv_std, weight, _, _ = cache
    right = normalization.batch_norm_backward(dy, cache)
    axes = core.batch_axes(d)
    scale = inv_std**3 * np.expand_dims(weight, axes)
    return right[0] + scale * d * (dy * d).mean(axes, keepdims=True), *right[1:]


def part_along_x_not_divided(dy, cache):
    """x - μ where it should be x̂: off by the variance, which is near 1 too often to be seen."""
    d, inv_std, weight, *_ = cache
    right = normalization.batch_norm_backward(dy, cache)
    axes = core.batch_axes(d)
    scale, along = inv_std * np.expand_dims(weight, axes), (dy * d).mean(axes, keepdims=True)
    return right[0] + scale * d * along * (inv_std**2 - inv_std), *right[1:]


def divided_by_the_samples_alone(dy, cache):
    """Means over n where there are n h w values of a channel."""
    d, inv_std, weight, _, _ = cache
    right = normalization.batch_norm_backward(dy, cache)
    if d.ndim < 4:
        return right
    axes, pixels = core.batch_axes(d), d.shape[-1] * d.shape[-2]
    rest = dy.mean(axes, keepdims=True) + d * inv_std**2 * (dy * d).mean(axes, keepdims=True)
    scale = inv_std * np.expand_dims(weight, axes)
    return right[0] - (pixels - 1) * scale * rest, *right[1:]


def gradient_of_gain_with_x(dy, cache):
    d, inv_std, *_ = cache
    dx, dweight, dbias = normalization.batch_norm_backward(dy, cache)
    return dx, dweight / inv_std.squeeze(core.batch_axes(d)), dbias


def gradient_of_shift_averaged(dy, cache):
    dx, dweight, dbias = normalization.batch_norm_backward(dy, cache)
    return dx, dweight, dbias / core.values(dy, core.batch_axes(dy))


def gain_left_out(dy, cache):
    d, inv_std, _, bias, seen = cache
    right = normalization.batch_norm_backward(dy, cache)
    return normalization.batch_norm_backward(dy, (d, inv_std, None, bias, seen))[0], *right[1:]


def gain_after_the_means(dy, cache):
    """The mean of dy is taken out of γ dy: for batch norm the same, for groups it is not."""
    d, inv_std, weight, bias = cache
    right = normalization.group_norm_backward(dy, cache)
    plain = normalization.group_norm_backward(dy, (d, inv_std, None, bias))[0]
    (gain,) = core.per_channel(core.batch_axes(dy), weight)
    return gain * plain, *right[1:]


def of_the_first_sample(dy, cache):
    dx, dweight, dbias = normalization.group_norm_backward(dy, cache)
    return dx, dweight, dbias / dy.shape[-2 if dy.ndim < 4 else -4]


BACKWARDS = [
    ("batch_norm", statistics_are_constants),
    ("batch_norm", the_mean_is_a_constant),
    ("batch_norm", the_variance_is_a_constant),
    ("batch_norm", part_along_x_not_divided),
    ("batch_norm", divided_by_the_samples_alone),
    ("batch_norm", gradient_of_gain_with_x),
    ("batch_norm", gradient_of_shift_averaged),
    ("batch_norm", gain_left_out),
    ("group_norm", gain_after_the_means),
    ("group_norm", of_the_first_sample),
    ("instance_norm", of_the_first_sample),
]


def caught(name: str, wrong) -> bool:
    """Whether a case of the table finds a number of the wrong backward to be off."""
    for case in NORMALIZATION:
        if case.name == name:
            rng = np.random.default_rng(7)
            pair = partial(getattr(normalization, name), **case.kwargs)
            try:
                check_vjp(pair, wrong, case.inputs(rng), rng)
            except AssertionError as error:
                return "is off by" in str(error)
    return False


@pytest.mark.parametrize(("name", "wrong"), BACKWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_backward_is_caught(name: str, wrong) -> None:
    assert caught(name, wrong)
    assert not caught(name, getattr(normalization, f"{name}_backward"))
