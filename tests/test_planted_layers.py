"""Wrong layers that the checks must catch: each is planted into a pair of the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cases
import numpy as np
import pytest
from harness import relative
from networks import SCRATCH, TWIN, trained
from test_layers import both

from dlcourse.gradcheck import check_vjp
from dlcourse.scratch import layers
from dlcourse.scratch.layers import attention, embeddings, pooling
from dlcourse.scratch.models import Residual

Backward = Callable[..., Any]


def flipped(dy, cache):
    """The kernel turned round, as a convolution of the mathematicians would."""
    frame, kernel, shape, *window = cache
    turned = kernel.reshape(*kernel.shape[:-1], -1, shape[-3])[..., ::-1, :]
    return layers.conv2d_backward(dy, (frame, turned.reshape(kernel.shape), shape, *window))


def weight_flipped(dy, cache):
    dx, dweight, dbias = layers.conv2d_backward(dy, cache)
    return dx, dweight[..., ::-1, ::-1], dbias


def cropped_wrongly(dy, cache):
    """The frame is cut off at one side instead of at both."""
    dx, dweight, dbias = layers.conv2d_backward(dy, cache)
    return np.roll(dx, 1, -1), dweight, dbias


def bias_of_one_place(dy, cache):
    dx, dweight, _ = layers.conv2d_backward(dy, cache)
    return dx, dweight, dy.mean((-2, -1)).sum(-2)


def all_that_are_large(dy, cache):
    """The gradient goes to every entry of a window, as that of the mean does."""
    passes, *window = cache
    return layers.avg_pool2d_backward(dy, ([(whole, axis) for whole, _, axis in passes], *window))


def overlaps_lost(dy, cache):
    """Where windows overlap the last one overwrites the others."""
    passes, size, stride, padding = cache
    for whole, beaten, axis in reversed(passes):
        first, *others = pooling.windows(dx := np.zeros_like(whole), size, stride, axis)
        rest = dy
        for other, won in zip(reversed(others), reversed(beaten), strict=True):
            other[...] = rest * won
            rest = rest - rest * won
        first[...] = rest
        dy = dx
    return pooling.cropped(dy, padding)


def unshared_mean(dy, cache):
    return layers.avg_pool2d_backward(dy, cache) * cache[1]


def places_counted_once(dy, cache):
    return layers.global_avg_pool2d_backward(dy, cache) * cache.shape[-1]


def repeated_rows_overwritten(dy, cache):
    ids, v = cache
    dweight = np.zeros((v, dy.shape[-1]))
    dweight[ids] += dy
    return None, dweight


def places_of_one_sample(dy, cache):
    dx, dweight = layers.position_embedding_backward(dy, cache)
    return dx, dweight / len(dy)


def truncated_by_a_step(dy, cache):
    """The last link of the chain is missing: the first place hears nothing of the others."""
    dx, *rest = layers.rnn_backward(dy, cache)
    alone, *_ = layers.rnn_backward(dy * (np.arange(dy.shape[-2]) == 0)[:, None], cache)
    dx[..., 0, :] = alone[..., 0, :]
    return dx, *rest


def state_of_the_place_itself(dy, cache):
    """dW_hh with h of the same place instead of the one before."""
    ih, weight_hh, states, slopes, kind = cache
    right = layers.rnn_backward(dy, cache)
    wrong = layers.rnn_backward(dy, (ih, weight_hh, [*states[1:], states[0]], slopes, kind))
    return *right[:2], wrong[2], *right[3:]


def softmax_without_its_sum(dy, cache):
    query, key, value, weight, scale = cache
    dscores = weight * (dy @ value.swapaxes(-1, -2)) * scale
    _, _, dvalue = layers.scaled_dot_product_attention_backward(dy, cache)
    return dscores @ key, dscores.swapaxes(-1, -2) @ query, dvalue


def unscaled(dy, cache):
    *qkvw, _ = cache
    return layers.scaled_dot_product_attention_backward(dy, (*qkvw, 1.0))


def density_lost(dy, cache):
    return dy * cache[1]


def heads_mixed_up(dy, cache):
    dx, din_weight, *rest = layers.causal_self_attention_backward(dy, cache)
    return dx, np.roll(din_weight, 1, -2), *rest


BACKWARDS: list[tuple[str, Backward]] = [
    ("conv2d", flipped),
    ("conv2d", weight_flipped),
    ("conv2d", cropped_wrongly),
    ("conv2d", bias_of_one_place),
    ("max_pool2d", all_that_are_large),
    ("max_pool2d", overlaps_lost),
    ("avg_pool2d", unshared_mean),
    ("global_avg_pool2d", places_counted_once),
    ("embedding", repeated_rows_overwritten),
    ("position_embedding", places_of_one_sample),
    ("rnn", truncated_by_a_step),
    ("rnn", state_of_the_place_itself),
    ("scaled_dot_product_attention", softmax_without_its_sum),
    ("scaled_dot_product_attention", unscaled),
    ("causal_self_attention", heads_mixed_up),
    ("gelu", density_lost),
]


def caught(name: str, wrong: Backward) -> bool:
    """Whether a case of the table finds a number of the wrong backward to be off."""
    for case in (case for case in cases.LAYERS if case.name == name):
        rng, pair = np.random.default_rng(7), getattr(layers, name)
        try:
            check_vjp(partial(pair, **case.kwargs), wrong, case.inputs(rng), rng)
        except AssertionError as error:
            return "is off by" in str(error)
    return False


@pytest.mark.parametrize(("name", "wrong"), BACKWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_backward_is_caught(name: str, wrong: Backward) -> None:
    assert caught(name, wrong)
    assert not caught(name, getattr(layers, f"{name}_backward"))


def parts(name: str, monkeypatch: pytest.MonkeyPatch, pair: Backward) -> float:
    """The largest difference of a planted forward pass from PyTorch's."""
    monkeypatch.setattr(layers, name, pair)
    worst = 0.0
    for case in (case for case in cases.LAYERS if case.name == name):
        (y, right), *_ = both(case, case.inputs(np.random.default_rng(1)))
        worst = max(worst, relative(y, right))
    return worst


def test_a_mask_that_is_off_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that reads the next one learns to copy: its loss is too good to be true."""
    monkeypatch.setattr(attention.np, "triu", lambda a, k: np.tril(a, -k - 1).T.copy())
    case = next(c for c in cases.LAYERS if c.name == "causal_self_attention")
    pairs = both(case, case.inputs(np.random.default_rng(1)))
    assert relative(*pairs[0]) > 1e-3
    ours, theirs = (
        [float(step.loss) for step in trained("transformer", room, steps=5)]
        for room in (SCRATCH, TWIN)
    )
    assert relative(ours, theirs) > 1e-8


def test_an_average_that_leaves_out_the_padding_is_caught(monkeypatch) -> None:
    def padding_left_out(x, kernel_size, stride=None, padding=0):
        y, cache = avg(x, kernel_size, stride, padding)
        counted, _ = avg(np.ones_like(x), kernel_size, stride, padding)
        return y / counted, cache

    avg = layers.avg_pool2d
    assert parts("avg_pool2d", monkeypatch, padding_left_out) > 1e-3


def test_a_maximum_over_a_padding_of_zeros_is_caught(monkeypatch) -> None:
    def zeros(x, kernel_size, stride=None, padding=0):
        return pool(pooling.padded(x, padding), kernel_size, stride)

    pool = layers.max_pool2d
    assert parts("max_pool2d", monkeypatch, zeros) > 1e-3


def test_an_approximate_gelu_is_no_exact_one(monkeypatch) -> None:
    gelu = layers.gelu
    wrong = lambda x, approximate="none": gelu(x, "tanh")  # noqa: E731
    assert 1e-5 < parts("gelu", monkeypatch, wrong) < 1e-2


def test_training_catches_a_row_that_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = staticmethod(lambda dy, cache, input_grad=True: repeated_rows_overwritten(dy, cache))
    monkeypatch.setattr(embeddings.Embedding, "pair_backward", wrong)
    ours, theirs = (
        [float(step.loss) for step in trained("recurrent", room, steps=5)]
        for room in (SCRATCH, TWIN)
    )
    assert ours[0] == pytest.approx(theirs[0], abs=1e-12)
    assert relative(ours, theirs) > 1e-8


def test_a_way_round_without_its_gradient_is_caught() -> None:
    class Lost(Residual):
        def backward(self, dy, input_grad=True):
            return super().backward(dy, input_grad) - dy

    for kind, right in ((Residual, True), (Lost, False)):
        rng = np.random.default_rng(2)
        block = kind(layers.Linear(4, 4, rng=rng), layers.Tanh())

        def check(block=block, rng=rng) -> None:
            check_vjp(
                lambda x: (block.forward(x), None),
                lambda dy, _: block.backward(dy),
                [rng.standard_normal((5, 4))],
                rng,
            )

        if right:
            check()
        else:
            with pytest.raises(AssertionError, match="gradient 0 is off"):
                check()
