"""Inputs from practice that once gave a wrong number, or a traceback without our sentence."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from networks import ROOMS, SCRATCH
from numpy.testing import assert_allclose, assert_array_equal
from test_buffers import nested, numbers, used
from test_normalization_sample import ROOM

from dlcourse.scratch.layers import Linear
from dlcourse.training.loop import as_numpy

rooms = pytest.mark.parametrize("room", ROOMS)
GRAMMAR = r"^.* must be .*; got "


def weight_norm(room: str, **made: Any) -> Any:
    linear = ROOMS[room].layers.Linear(3, 2, rng=np.random.default_rng(0), **made)
    return ROOM[room].WeightNorm(linear)


@rooms
@pytest.mark.parametrize("how", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_a_copy_in_depth_goes_on_as_the_original_would(room: str, how: Any) -> None:
    """Each array of its own for a view of ``theta`` would leave the layers as they were."""
    one, model = ROOMS[room], used(nested(room, 2), room)
    data = np.random.default_rng(3).standard_normal((3, 2, 5, 3))

    def walk(model: Any, rate: float) -> list[np.ndarray]:
        for x in data:
            y = model.forward(one.number(x), training=True)
            model.backward(y - 1)
            model.theta -= rate * model.grad
        y = model.forward(one.number(data[0]))
        return [as_numpy(a).copy() for a in (y, *model.state_dict().values())]

    walk(model, 0.2)
    kept = numbers(model.state_dict())
    again = how(model)
    found = walk(again, 0.1)
    for name, a in numbers(model.state_dict()).items():
        assert_array_equal(a, kept[name], "the original has changed")
    for a, b in zip(walk(model, 0.1), found, strict=True):
        assert_array_equal(a, b)
    assert (walk(again, 0.1)[0] != found[0]).all(), "it stands still"


@pytest.mark.parametrize("how", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_an_optimizer_is_copied_with_its_model(how: Any) -> None:
    model = used(nested(runs=2))
    adam = SCRATCH.optimizers.Adam(model.theta, lr=0.1)
    for _ in range(2):
        adam.step(np.sin(model.theta))
    kept = model.theta.copy()
    again, its_adam = how((model, adam))
    assert its_adam.params[0] is again.theta
    its_adam.step(np.sin(again.theta))
    assert_array_equal(model.theta, kept)
    adam.step(np.sin(model.theta))
    assert_array_equal(again.theta, model.theta)
    assert (model.theta != kept).any()


@pytest.mark.parametrize("which", [[0, 2], np.array([0, 2]), np.arange(3) > 1, 3, -4, 1.0, None])
def test_runs_that_cannot_be_shared_are_refused(which: Any) -> None:
    """Of a list NumPy makes a copy: whoever trained it would train nothing."""
    with pytest.raises((ValueError, TypeError), match=r"^runs must be .*; got "):
        nested(runs=3).rows(which)


def test_a_model_of_no_runs_has_no_rows_and_one_of_runs_is_not_repeated() -> None:
    with pytest.raises(ValueError, match=r"^runs must be some of the 3 runs.*; got slice"):
        nested(runs=3).rows(slice(2, 1))
    with pytest.raises(ValueError, match=r"^model must be of several runs.*; got None"):
        nested().rows(0)
    with pytest.raises(ValueError, match=r"^model must be without runs to be repeated; got 2"):
        nested(runs=2).repeat(3)


@rooms
@pytest.mark.parametrize("x", [np.ones((4, 3), int), np.ones((4, 5)), np.ones((4, 3))])
def test_a_start_that_is_refused_leaves_the_layer_as_it_was(room: str, x: np.ndarray) -> None:
    layer = weight_norm(room)
    kept = numbers(layer.state_dict())
    with pytest.raises((ValueError, TypeError), match=GRAMMAR):
        ROOM[room].data_dependent_init(layer, ROOMS[room].number(x))
    for name, a in numbers(layer.state_dict()).items():
        assert_array_equal(a, kept[name])


@rooms
def test_images_of_one_pixel_have_no_variance(room: str) -> None:
    one = ROOMS[room]
    for shape in ((4, 3, 1, 1), (1, 3, 1, 1)):
        with pytest.raises(ValueError, match=r"^x must be of images of more than one pixel; got "):
            ROOM[room].InstanceNorm(3).forward(one.number(np.ones(shape)))
    layer = ROOM[room].InstanceNorm(3)
    assert not as_numpy(layer.forward(one.number(np.ones((1, 3, 1, 2))))).any()


@rooms
@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_one_sample_with_groups_of_one_value(room: str, shape: tuple[int, ...]) -> None:
    layer = ROOM[room].GroupNorm(3, 3)
    assert not as_numpy(layer.forward(ROOMS[room].number(np.full(shape, 7.0)))).any()


@rooms
def test_a_sample_with_an_infinity_keeps_its_other_numbers(room: str) -> None:
    """x / ∞ is 0: no number but the infinity itself is none, as in PyTorch."""
    x = np.array([[1.0, np.inf, 2.0], [3.0, 4.0, 0.0], [1e200, -2e200, 1e200]])
    with np.errstate(invalid="ignore"):
        y = as_numpy(ROOM[room].RMSNorm(3).forward(ROOMS[room].number(x)))
    assert_array_equal(y[0], [0, np.nan, 0])
    assert_allclose(y[1], x[1] * np.sqrt(3) / 5)
    if room == "scratch":  # PyTorch's squares overflow
        assert_allclose(y[2], np.array([1, -2, 1]) / np.sqrt(2))


@rooms
@pytest.mark.parametrize("runs", ["a", 2.0, [1], np.array([1, 2]), 0, -1, True])
@pytest.mark.parametrize("kind", ["BatchNorm", "LayerNorm", "Gate"])
def test_runs_are_counted(room: str, kind: str, runs: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^runs must be .*; got "):
        getattr(ROOM[room], kind)(*([] if kind == "Gate" else [3]), runs=runs)


@rooms
@pytest.mark.parametrize("name", [["tanh"], np.array(["tanh"]), {}])
def test_a_choice_is_a_word(room: str, name: Any) -> None:
    with pytest.raises(ValueError, match=r"^nonlinearity must be one of 'tanh', 'relu'; got "):
        ROOM[room].LayerNormRNN(2, 3, name, rng=np.random.default_rng(0))


@rooms
@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3)])
def test_of_no_sequences_there_are_no_outputs(room: str, shape: tuple[int, ...]) -> None:
    layer = weight_norm(room)
    y = layer.forward(ROOMS[room].number(np.zeros(shape)))
    assert tuple(y.shape) == (*shape[:-1], 2)
    assert tuple(layer.backward(y).shape) == shape


@rooms
def test_batch_norm_without_epsilon_trains(room: str) -> None:
    """Nothing then depends on the scale of the weights before it."""
    x = np.random.default_rng(0).standard_normal((7, 3))
    found = []
    for scale in (1.0, 1e-3):
        layer = ROOM[room].BatchNorm(3, eps=0.0)
        y = layer.forward(ROOMS[room].number(scale * x), training=True)
        found.append((as_numpy(y), scale * as_numpy(layer.backward(torch_or_numpy(room, x**2)))))
        pure, _ = ROOM[room].batch_norm(ROOMS[room].number(scale * x), None, None, 0.0)
        assert_allclose(as_numpy(pure), found[-1][0], rtol=1e-12)
    for a, b in zip(*found, strict=True):
        assert_allclose(a, b, rtol=1e-9)
    assert_allclose(found[0][0], (x - x.mean(0)) / x.std(0), rtol=1e-12)


def torch_or_numpy(room: str, a: np.ndarray) -> Any:
    return torch.tensor(a) if room == "reference" else a


def test_weight_norm_keeps_its_own_weights() -> None:
    """The layer it wraps may live on in another model."""
    linear = Linear(3, 2, rng=np.random.default_rng(0))
    layer, x = ROOM["scratch"].WeightNorm(linear), np.eye(3)
    y = layer.forward(x)
    linear.params["weight"][...] = 0.0
    linear.params["bias"][...] = 0.0
    assert_array_equal(layer.forward(x), y)
    layer.folded().params["bias"][...] = 7.0
    assert_array_equal(layer.forward(x), y)


@rooms
def test_fixed_statistics_keep_float32_and_bring_their_own_runs(room: str) -> None:
    """Also where the variance alone has runs."""
    x, mean, var = np.random.default_rng(0).uniform(1, 2, (3, 4, 4)).astype(np.float32)
    given = [ROOMS[room].number(a) for a in (x, mean[0], var)]
    y, _ = ROOM[room].batch_norm_inference(*given, None, None)
    assert as_numpy(y).dtype == np.float32
    assert_allclose(as_numpy(y), (x - mean[0]) / np.sqrt(var + 1e-5)[:, None], rtol=1e-5)
