"""Rows of layers in rows of layers: one vector, PyTorch's names, views all the way down."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from harness import relative
from networks import NETWORKS, ROOMS, SCRATCH, batch, loss

from dlcourse.scratch.layers import Embedding, Flatten, Linear, ReLU, Tanh
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.optimizers import SGD


def nested(room, runs: int | None = None):
    rng, kinds = np.random.default_rng(0), room.layers
    linear = [kinds.Linear(4, 4, rng=rng, runs=runs) for _ in range(4)]
    inner = room.models.Sequential(linear[1], kinds.Tanh(), linear[2])
    middle = room.models.Sequential(kinds.Tanh(), inner)
    return room.models.Sequential(linear[0], middle, linear[3]), inner


@pytest.mark.parametrize("room", ROOMS)
def test_names_and_order_are_those_of_torch(room: str) -> None:
    model, _ = nested(ROOMS[room])
    nn = torch.nn
    inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    theirs = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Tanh(), inner), nn.Linear(4, 4))
    given = {name: tuple(p.shape) for name, p in theirs.state_dict().items()}
    assert model.shapes == given
    assert list(model.slices) == list(given)
    ends = [part.stop for part in model.slices.values()]
    assert [part.start for part in model.slices.values()] == [0, *ends[:-1]]
    assert ends[-1] == model.theta.shape[-1]


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("room", ROOMS)
def test_it_computes_what_the_same_layers_in_one_row_compute(room: str, runs: int | None) -> None:
    one, rng = ROOMS[room], np.random.default_rng(1)
    (model, inner), kinds = nested(one, runs), one.layers
    linear = [kinds.Linear(4, 4, rng=rng, runs=runs) for _ in range(4)]
    between = kinds.Tanh(), kinds.Tanh()
    flat = one.models.Sequential(linear[0], between[0], linear[1], between[1], linear[2], linear[3])
    flat.theta[...] = model.theta
    x, dy = (
        one.number(rng.standard_normal((*lead, 5, 4))) for lead in ((), (runs,) if runs else ())
    )
    y = model.forward(x)
    assert relative(y, flat.forward(x)) < 1e-14
    assert relative(model.backward(dy), flat.backward(dy)) < 1e-14
    assert relative(model.grad, flat.grad) < 1e-14
    model.theta[...] = 0
    assert (inner.theta == 0).all(), "the rows inside hold views of the one vector"
    assert inner.theta.shape[-1] == 40 and inner.runs == runs
    assert inner.params["2.bias"].shape[-1] == 4


@pytest.mark.parametrize("runs", [None, 2])
def test_every_parameter_is_a_view_of_the_outermost_vector(runs: int | None) -> None:
    model, inner = nested(SCRATCH, runs)
    model.theta[...] = np.arange(model.theta.size).reshape(model.theta.shape)
    for held, vector in ((model.params, model.theta), (model.grads, model.grad)):
        for name, p in held.items():
            assert np.shares_memory(p, vector)
            np.testing.assert_array_equal(p, model.unflatten(vector)[name])
    first, last = inner.layers[0], inner.layers[2]
    for name in ("weight", "bias"):
        np.testing.assert_array_equal(first.params[name], model.params[f"1.1.0.{name}"])
        np.testing.assert_array_equal(last.params[name], model.params[f"1.1.2.{name}"])
        assert np.shares_memory(first.grads[name], model.grad)


@pytest.mark.parametrize("name", ["residual", "transformer"])
def test_parts_and_copies_of_a_nested_model_leave_it_alone(name: str) -> None:
    model, (x, y) = NETWORKS[name](SCRATCH, 3), batch(name, SCRATCH, 4)
    criterion = loss(name, SCRATCH)
    out = model.forward(x)
    value = criterion.forward(out, y)
    part, theta = model.rows(slice(1, 3)), model.theta.copy()
    other = criterion.forward(part.forward(x[:2]), y[:2])  # its caches are not the model's
    assert abs(other - value[1:]).max() > 1e-3
    criterion.forward(out, y)
    model.backward(criterion.backward(), input_grad=False)
    whole = model.grad.copy()
    model.forward(x)
    model.backward(criterion.backward(), input_grad=False)
    np.testing.assert_array_equal(model.grad, whole)
    part.theta += 1
    np.testing.assert_array_equal(model.theta[0], theta[0])
    np.testing.assert_array_equal(model.theta[1:], theta[1:] + 1)
    single = NETWORKS[name](SCRATCH)
    copies, kept = single.repeat(2), single.theta.copy()
    assert copies.runs == 2 and single.runs is None
    copies.theta += 1
    np.testing.assert_array_equal(single.theta, kept)
    assert not np.shares_memory(copies.layers[2].theta, single.theta)
    assert single.layers[2].runs is None and copies.layers[2].runs == 2
    assert copy.deepcopy(single).forward(x).shape == single.forward(x).shape


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_do_not_depend_on_whether_that_of_the_input_is_wanted(
    name: str, room: str
) -> None:
    one = ROOMS[room]
    model, criterion, (x, y) = NETWORKS[name](one), loss(name, one), batch(name, one, 5)
    criterion.forward(model.forward(x), y)
    dx = model.backward(criterion.backward())
    whole = model.grad + 0
    assert (dx is None) == (name in {"transformer", "recurrent"}), "integers have no gradient"
    model.grad[...] = 0
    criterion.forward(model.forward(x), y)
    assert model.backward(criterion.backward(), input_grad=False) is None
    assert (model.grad == whole).all()
    for part, place in model.slices.items():
        assert abs(whole[place]).max() > 0, part


def test_no_product_is_made_for_the_inputs_of_the_first_layer() -> None:
    """Whichever it is, and however deep in: where the gradient is dear it is None."""
    made, rng = {"rng": np.random.default_rng(2)}, np.random.default_rng(3)
    kinds = SCRATCH.layers
    images, sequences = rng.standard_normal((3, 2, 5, 5)), rng.standard_normal((3, 5, 4))
    for layer, x in (
        (kinds.Conv2d(2, 3, 3, **made), images),
        (kinds.RNN(4, 6, **made), sequences),
        (kinds.CausalSelfAttention(4, 2, **made), sequences),
        (Residual(Sequential(Linear(4, 4, **made), Tanh())), sequences[0]),
    ):
        y = layer.forward(x)
        assert layer.backward(y).shape == x.shape
        assert layer.backward(y, input_grad=False) is None
        model = Sequential(Sequential(Flatten(0), layer)) if x.ndim < 2 else Sequential(layer)
        model.forward(x)
        assert model.backward(y, input_grad=False) is None


def test_a_residual_block_without_parameters_and_rows_without_layers() -> None:
    block = Residual(ReLU())
    x = np.array([[1.0, -2.0]])
    assert (block.forward(x) == [[2.0, -2.0]]).all()
    assert (block.backward(x) == [[2.0, -2.0]]).all()
    double = Sequential(Residual(), Sequential())
    assert (double.forward(x) == 2 * x).all()
    assert (double.backward(x) == 2 * x).all()
    assert double.theta.shape == (0,) and double.shapes == {}


def test_an_embedding_ends_the_way_back_wherever_it_stands() -> None:
    model = Sequential(Flatten(), Embedding(5, 3, rng=np.random.default_rng(4)))
    y = model.forward(np.array([[1, 2], [3, 3]]))
    assert model.backward(y) is None
    assert (model.grads["1.weight"][3] == y[1].sum(0)).all()


def test_an_inner_row_cannot_be_trained_behind_the_outer_ones_back() -> None:
    """With runs its vector is a part of each row of the whole one."""
    _, inner = nested(SCRATCH, 2)
    with pytest.raises(ValueError, match="C-contiguous"):
        SGD(inner.theta)
