"""Wrong members of the dropout family that the checks must catch, planted where one writes them."""

from __future__ import annotations

import numpy as np
import pytest
from cases.regularization_drop import PAIRS, DropCase
from harness import relative
from test_regularization_drop import both, pair

from dlcourse.gradcheck import check_vjp
from dlcourse.scratch import regularization
from dlcourse.scratch.layers import linear, linear_backward
from dlcourse.scratch.regularization import dropout


def facing(p, ndim):
    return p.reshape(-1, *[1] * (ndim - 1)) if np.ndim(p) else p


def p_and_keep_exchanged(x, mask, p):
    return x * mask / facing(p, x.ndim), None


def not_rescaled(x, mask, p):
    return x * mask, None


def rescaled_always(x, mask, p):
    """What is dropped is not 0 but small: a mask of 1 − p and p."""
    return np.where(mask, x / (1 - facing(p, x.ndim)), x * facing(p, x.ndim)), None


def dropped_is_kept(x, mask, p):
    return x * ~mask / (1 - facing(p, x.ndim)), None


def by_the_share_of_the_batch(x, mask, p):
    return x * mask / mask.mean(), None


def one_p_for_all_runs(x, mask, p):
    return dropout(x, mask, float(np.mean(p)))


def by_one_minus_p(x, mask):
    return x * mask / 0.7, None


def share_of_each_image(x, mask):
    return x * mask / mask.mean((-3, -2, -1), keepdims=True), None


def share_of_all_runs(x, mask):
    return x * mask / mask.mean(), None


def noise_that_is_added(x, noise):
    return x + noise - 1, None


def bias_dropped_too(x, weight, bias, mask, p):
    kept = mask / (1 - facing(p, mask.ndim))
    return linear(x, weight * kept, bias * kept[..., 0])


def units_dropped(x, weight, bias, mask, p):
    kept = mask[..., :1, :] / (1 - facing(p, mask.ndim))
    return linear(x, weight * kept, bias)


def bias_rescaled(x, weight, bias, mask, p):
    y, cache = regularization.drop_connect(x, weight, 0 * bias, mask, p)
    return y + (bias / (1 - facing(p, bias.ndim)))[..., None, :], cache


def output_of_the_place_dropped(x, w_ih, w_hh, bias, m_x, m_h, p_x, p_h, nonlinearity="tanh"):
    """The new state in place of the carried one: the readers above miss it too."""
    y, cache = regularization.dropped_rnn(
        x, w_ih, w_hh, bias, m_x, m_h, p_x, p_h, nonlinearity=nonlinearity
    )
    return y * m_h / (1 - facing(p_h, y.ndim)), cache


def masks_exchanged_in_time(x, w_ih, w_hh, bias, m_x, m_h, p_x, p_h, nonlinearity="tanh"):
    return regularization.dropped_rnn(
        x, w_ih, w_hh, bias, m_x[..., ::-1, :], m_h[..., ::-1, :], p_x, p_h, nonlinearity
    )


def probabilities_exchanged(x, w_ih, w_hh, bias, m_x, m_h, p_x, p_h, nonlinearity="tanh"):
    return regularization.dropped_rnn(x, w_ih, w_hh, bias, m_x, m_h, p_h, p_x, nonlinearity)


FORWARDS = [
    ("dropout", p_and_keep_exchanged),
    ("dropout", not_rescaled),
    ("dropout", rescaled_always),
    ("dropout", dropped_is_kept),
    ("dropout", by_the_share_of_the_batch),
    ("dropout", one_p_for_all_runs),
    ("spatial_dropout", not_rescaled),
    ("spatial_dropout", by_the_share_of_the_batch),
    ("drop_block", by_one_minus_p),
    ("drop_block", share_of_each_image),
    ("drop_block", share_of_all_runs),
    ("gaussian_dropout", noise_that_is_added),
    ("drop_connect", bias_dropped_too),
    ("drop_connect", units_dropped),
    ("drop_connect", bias_rescaled),
    ("dropped_rnn", output_of_the_place_dropped),
    ("dropped_rnn", masks_exchanged_in_time),
    ("dropped_rnn", probabilities_exchanged),
]


@pytest.mark.parametrize(("name", "wrong"), FORWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_forward_is_not_the_twins(name: str, wrong) -> None:
    worst = 0.0
    for case in (case for case in PAIRS if case.name == name):
        inputs = case.inputs(np.random.default_rng(2))
        (_, right), *_ = both(case, inputs)
        given = case.given(np.random.default_rng(3))  # the chance that ``both`` has
        y, _ = wrong(*inputs, *given, **case.kwargs)
        worst = max(worst, relative(y, right))
    assert worst > 1e-3, "and the parity allows 1e-13"


def mask_forgotten(dy, cache):
    return dy


def scale_forgotten(dy, cache):
    return dy * (cache > 0)


def scaled_twice(dy, cache):
    return dy * cache * cache


def a_fresh_mask(dy, cache):
    flat = np.random.default_rng(0).permutation(cache.ravel())
    return dy * flat.reshape(cache.shape)


def the_whole_weight_on_the_way_back(dy, cache):
    (_, weight), kept = cache
    whole = np.divide(weight, kept, out=np.ones_like(weight), where=kept > 0)
    _, dweight, dbias = regularization.drop_connect_backward(dy, cache)
    return dy @ whole, dweight, dbias


def gradient_of_dropped_weights(dy, cache):
    return linear_backward(dy, cache[0])


def carried_without_its_mask(dy, cache):
    *rest, kept, kind = cache
    return regularization.dropped_rnn_backward(dy, (*rest, [kept[0], 0 * kept[1] + 1], kind))


def read_without_its_mask(dy, cache):
    *rest, kept, kind = cache
    return regularization.dropped_rnn_backward(dy, (*rest, [0 * kept[0] + 1, kept[1]], kind))


def weights_of_the_whole_state(dy, cache):
    """dW from the state that was there, not from the part that was carried."""
    ih, w_hh, carried, slopes, kept, kind = cache
    states = [np.zeros_like(carried[0]), *slopes[:-1]]  # y of tanh
    dx, dw_ih, _, dbias = regularization.dropped_rnn_backward(dy, cache)
    wrong = regularization.dropped_rnn_backward(dy, (ih, w_hh, states, slopes, kept, kind))[2]
    return dx, dw_ih, wrong, dbias


BACKWARDS = [
    *(
        (name, wrong)
        for name in ("dropout", "spatial_dropout", "drop_block", "gaussian_dropout")
        for wrong in (mask_forgotten, scale_forgotten, scaled_twice, a_fresh_mask)
    ),
    ("drop_connect", the_whole_weight_on_the_way_back),
    ("drop_connect", gradient_of_dropped_weights),
    ("dropped_rnn", carried_without_its_mask),
    ("dropped_rnn", read_without_its_mask),
    ("dropped_rnn", weights_of_the_whole_state),
]


def caught(case: DropCase, wrong) -> bool:
    rng = np.random.default_rng(7)
    try:
        check_vjp(pair(case)[0], wrong, case.inputs(rng), rng)
    except AssertionError as error:
        return "is off by" in str(error)
    return False


@pytest.mark.parametrize(("name", "wrong"), BACKWARDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_backward_is_caught(name: str, wrong) -> None:
    case = next(case for case in PAIRS if case.name == name)
    assert caught(case, wrong)
    assert not caught(case, getattr(regularization, f"{name}_backward"))
