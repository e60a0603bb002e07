"""The dropout family's arithmetic: PyTorch's numbers, torchvision's, and exact ones; its doors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases.kinds import ErrorCase
from cases.regularization_drop import ERRORS, PAIRS, SHARED, DropCase
from harness import relative
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision
from test_errors import SENTENCE

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import regularization as twins
from dlcourse.scratch import regularization
from dlcourse.scratch.layers import linear, rnn, rnn_backward
from dlcourse.scratch.regularization import (
    draw_block_mask,
    draw_dropout_mask,
    drop_block,
    drop_block_backward,
    drop_connect,
    dropout,
    dropout_backward,
    dropped_rnn,
    dropped_rnn_backward,
    gaussian_dropout,
    spatial_dropout,
)

ids = {"ids": lambda case: case.id}


def pair(case: DropCase, seed: int = 3, room=regularization, make=np.asarray):
    """The case's pair as functions of its inputs, its chance drawn."""
    given = [make(a) if np.ndim(a) > 1 else a for a in case.given(np.random.default_rng(seed))]
    forward, backward = (getattr(room, case.name + end) for end in ("", "_backward"))
    return lambda *inputs: forward(*inputs, *given, **case.kwargs), backward


def listed(grads) -> list:
    return list(grads) if isinstance(grads, tuple) else [grads]


def both(case: DropCase, inputs: list, lead: tuple[int, ...] = ()) -> list[tuple]:
    """Outputs and gradients, in NumPy and by autograd."""
    forward, backward = pair(case)
    y, cache = forward(*inputs)
    tforward, tbackward = pair(case, room=twins, make=torch.tensor)
    ty, tcache = tforward(*map(torch.tensor, inputs))
    dy = np.random.default_rng(4).standard_normal((*lead, *y.shape)).astype(y.dtype)
    ours, theirs = listed(backward(dy, cache)), listed(tbackward(torch.tensor(dy), tcache))
    return [(a, b.numpy()) for a, b in zip([y, *ours], [ty, *theirs], strict=True)]


@pytest.mark.parametrize("case", [*PAIRS, *SHARED], **ids)
def test_pairs_are_autograds(case: DropCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(2))):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", PAIRS, **ids)
def test_backward_is_the_derivative(case: DropCase) -> None:
    rng = np.random.default_rng(7)
    check_vjp(*pair(case), case.inputs(rng), rng)


@pytest.mark.parametrize("case", SHARED, **ids)
def test_what_runs_share_gets_one_gradient_a_run(case: DropCase) -> None:
    for a, _ in both(case, case.inputs(np.random.default_rng(2))):
        assert a.shape[0] == case.runs_of_chance
        assert abs(a[0] - a[1]).max() > 0.1, "the runs are alike"


@pytest.mark.parametrize("case", [c for c in PAIRS if len(c.shapes) == 1], **ids)
def test_runs_that_only_the_cotangent_has(case: DropCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(5)), (3,))[1:]:
        assert a.shape[0] == 3
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", [*PAIRS, *SHARED], **ids)
def test_float32_stays_float32_and_inputs_stay_as_they_are(case: DropCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == b.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 1e-4
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("case", PAIRS, **ids)
def test_the_order_in_memory_is_no_matter(case: DropCase) -> None:
    inputs = case.inputs(np.random.default_rng(3))
    forward, backward = pair(case)
    y, cache = forward(*inputs)
    turned = [np.asfortranarray(a)[::-1][::-1] for a in inputs]
    other, other_cache = forward(*turned)
    assert relative(other, y) < 1e-13
    dy = np.random.default_rng(4).standard_normal(y.shape)
    grads = zip(listed(backward(dy, cache)), listed(backward(dy, other_cache)), strict=True)
    assert all(relative(a, b) < 1e-12 for a, b in grads)


@pytest.mark.parametrize("case", ERRORS, **ids)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message) as raised:
        case.call()
    assert type(raised.value) is case.error
    assert SENTENCE.match(str(raised.value))


# PyTorch's own functions that take or hand out a mask


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_dropout_is_native_dropout_with_its_mask(p: float) -> None:
    torch.manual_seed(3)
    x = torch.randn(40, 30, dtype=torch.float64)
    right, mask = torch.native_dropout(x, p, True)
    ours, cache = dropout(x.numpy(), mask.numpy(), p)
    assert_allclose(ours, right.numpy(), rtol=1e-15)
    dy = torch.randn_like(x)
    grad = torch.ops.aten.native_dropout_backward(dy, mask, 1 / (1 - p))
    assert_allclose(dropout_backward(dy.numpy(), cache), grad.numpy(), rtol=1e-15)


@pytest.mark.parametrize("channels", [True, False])
def test_spatial_dropout_is_dropout2d_with_its_mask(channels: bool) -> None:
    torch.manual_seed(3)
    x = torch.randn(6, 5, 4, 3, dtype=torch.float64)
    right = (F.dropout2d if channels else F.dropout)(x, 0.4)
    mask = (right != 0).numpy()[..., :1, :1]
    ours, _ = spatial_dropout(x.numpy(), mask, 0.4)
    assert 0 < mask.mean() < 1
    assert (relative(ours, right) < 1e-14) == channels, "pixels dropped alone are another thing"


@pytest.mark.parametrize(("b", "h", "w"), [(1, 4, 6), (3, 8, 5), (5, 7, 9)])
def test_drop_block_is_torchvisions(b: int, h: int, w: int) -> None:
    torch.manual_seed(4)
    x = torch.randn(4, 3, h, w, dtype=torch.float64, requires_grad=True)
    right = torchvision().ops.drop_block2d(x, 0.3, b, eps=0.0)
    ours, cache = drop_block(x.detach().numpy(), (right != 0).numpy())
    assert 0.3 < (right != 0).double().mean() < 0.95
    assert_allclose(ours, right.detach().numpy(), rtol=1e-13)
    dy = torch.randn_like(x)
    right.backward(dy)
    assert_allclose(drop_block_backward(dy.numpy(), cache), x.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize(("b", "h", "w"), [(1, 4, 6), (3, 8, 5), (5, 7, 9)])
def test_the_blocks_are_those_of_torchvision(b: int, h: int, w: int, monkeypatch) -> None:
    """Its γ, and its squares, where ours begin in the places that it has drawn."""
    seen: dict[str, torch.Tensor] = {}

    def begins(noise, gamma):
        u = torch.as_tensor(np.random.default_rng(5).random(noise.shape, np.float32))
        seen["gamma"] = gamma
        return noise.copy_(u < gamma)

    monkeypatch.setattr(torch.Tensor, "bernoulli_", begins)
    x = torch.ones(4, 3, h, w, dtype=torch.float64)
    right = torchvision().ops.drop_block2d(x, 0.3, b) != 0
    assert seen["gamma"] == pytest.approx(regularization.block_rate(0.3, b, (h, w)), rel=1e-14)
    for room in (regularization, twins):
        mask = room.draw_block_mask((4, 3, h, w), 0.3, b, np.random.default_rng(5))
        assert_array_equal(mask, right.numpy())


def test_nothing_kept_is_nothing_and_no_warning() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 1, 4, 4))
    mask = np.zeros(x.shape, bool)
    mask[1, :, :, :2] = True
    y, cache = drop_block(x, mask)
    assert not y[0].any()
    assert_array_equal(y[1, :, :, :2], 2 * x[1, :, :, :2])
    assert not drop_block_backward(x, cache)[0].any()
    twin, _ = twins.drop_block(torch.tensor(x), torch.tensor(mask))
    assert_array_equal(twin.numpy(), y)


# Exact relations


def test_a_mask_of_ones_and_p_zero_change_nothing() -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = rng.standard_normal((5, 4)), rng.standard_normal((3, 4)), rng.normal(size=3)
    assert_array_equal(dropout(x, np.ones_like(x, bool), 0.0)[0], x)
    assert_array_equal(gaussian_dropout(x, np.ones_like(x))[0], x)
    whole, _ = drop_connect(x, weight, bias, np.ones_like(weight, bool), 0.0)
    assert_array_equal(whole, linear(x, weight, bias)[0])
    images = x.reshape(1, 1, 5, 4)
    assert_array_equal(drop_block(images, np.ones_like(images, bool))[0], images)


def test_dropping_inputs_is_dropping_columns_of_the_weights() -> None:
    """One mask for the batch: units of x, or the same columns of W."""
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((5, 4)), rng.standard_normal((3, 4))
    mask = np.array([True, False, True, True])
    units, _ = linear(dropout(x, mask, 0.25)[0], weight)
    columns, _ = drop_connect(x, weight, None, np.broadcast_to(mask, (3, 4)), 0.25)
    assert relative(units, columns) < 1e-14


def test_a_network_that_drops_nothing_is_the_elman_network() -> None:
    rng = np.random.default_rng(0)
    given = [rng.standard_normal(s) for s in ((5, 6, 3), (4, 3), (4, 4), (4,))]
    y, cache = dropped_rnn(*given)
    right, right_cache = rnn(*given)
    assert_array_equal(y, right)
    dy = rng.standard_normal(y.shape)
    for a, b in zip(dropped_rnn_backward(dy, cache), rnn_backward(dy, right_cache), strict=False):
        assert_array_equal(a, b)


def test_one_mask_for_all_places_is_a_network_of_other_weights() -> None:
    """For one sequence: the columns of both matrices that belong to what is dropped, by PyTorch."""
    rng = np.random.default_rng(0)
    x, w_ih, w_hh, b = (rng.standard_normal(s) for s in ((1, 6, 3), (4, 3), (4, 4), (4,)))
    m_x, m_h = np.array([[[True, False, True]]]), np.array([[[False, True, True, True]]])
    ours, _ = dropped_rnn(x, w_ih, w_hh, b, m_x, m_h, 0.3, 0.2)
    weights = [w_ih * m_x[0] / 0.7, w_hh * m_h[0] / 0.8, b, 0 * b]
    h0 = torch.zeros(1, 1, 4, dtype=torch.float64)
    plan = (True, 1, 0.0, False, False, True)
    right, _ = torch.rnn_tanh(torch.tensor(x), h0, [*map(torch.tensor, weights)], *plan)
    assert relative(ours, right.numpy()) < 1e-13


def test_a_forgotten_state_is_forgotten() -> None:
    """Nothing carried into a place: what came before has no gradient there."""
    rng = np.random.default_rng(0)
    x, w_ih, w_hh, b = (rng.standard_normal(s) for s in ((2, 5, 3), (4, 3), (4, 4), (4,)))
    mask = np.ones((2, 5, 4), bool)
    mask[:, 3] = False
    y, cache = dropped_rnn(x, w_ih, w_hh, b, mask_h=mask)
    assert relative(y[:, 3:], rnn(x[:, 3:], w_ih, w_hh, b)[0]) < 1e-14
    dy = np.zeros_like(y)
    dy[:, 4] = 1.0
    dx, *_ = dropped_rnn_backward(dy, cache)
    assert not dx[:, :3].any()
    assert (abs(dx[:, 3:]) > 0).all()


def test_masks_of_both_rooms_are_equal() -> None:
    """Whatever p is: numbers on the grid of float32, on which both compare."""
    shape = (7, 4, 6, 5)
    for p in (0.0, 0.1, 1 / 3, 0.5, 0.7, 0.999999):
        for name in ("dropout_mask", "spatial_mask", "sequence_mask", "gaussian_noise"):
            draws = [getattr(room, f"draw_{name}") for room in (regularization, twins)]
            ours, theirs = (draw(shape, p, np.random.default_rng(2)) for draw in draws)
            assert_allclose(ours, theirs.numpy(), rtol=1e-15)
    for b in (1, 2, 3, 4, 5):
        draws = [room.draw_block_mask for room in (regularization, twins)]
        ours, theirs = (draw(shape, 0.3, b, np.random.default_rng(2)) for draw in draws)
        assert ours.dtype == bool
        assert_array_equal(ours, theirs.numpy())


def test_a_larger_p_drops_the_same_and_more() -> None:
    masks = [draw_dropout_mask((50, 40), p, np.random.default_rng(1)) for p in (0.1, 0.3, 0.8)]
    assert (masks[0] >= masks[1]).all()
    assert (masks[1] >= masks[2]).all()
    blocks = [
        draw_block_mask((9, 2, 8, 7), p, 3, np.random.default_rng(1)) for p in (0.1, 0.3, 0.8)
    ]
    assert (blocks[0] >= blocks[1]).all()
    assert (blocks[1] >= blocks[2]).all()
