"""What enters a model or a loss is refused, or taken, alike in both rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from harness import relative
from networks import ROOMS, SCRATCH, TWIN, Room
from test_errors import SENTENCE

from dlcourse.reference import landscape as twin_landscape
from dlcourse.scratch import landscape

WIDTHS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
NAMES = [("a tensor", "an array"), ("Tensor", "ndarray"), ("tensor(", "array("), ("torch.", "")]
OTHER = {"scratch": torch.tensor, "reference": np.array}


def made(**more: Any) -> dict[str, Any]:
    return {"rng": np.random.default_rng(0), **more}


LAYERS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "Linear": (lambda r, **m: r.layers.Linear(4, 3, **m), (2, 4)),
    "Linear of runs": (lambda r, **m: r.layers.Linear(4, 3, runs=2, **m), (2, 4)),
    "Conv2d": (lambda r, **m: r.layers.Conv2d(1, 2, 2, **m), (2, 1, 4, 4)),
    "PositionEmbedding": (lambda r, **m: r.layers.PositionEmbedding(5, 4, **m), (2, 3, 4)),
    "RNN": (lambda r, **m: r.layers.RNN(4, 3, **m), (2, 3, 4)),
    "CausalSelfAttention": (lambda r, **m: r.layers.CausalSelfAttention(4, 2, **m), (2, 3, 4)),
    "MLP": (lambda r, **m: r.models.MLP([4, 5, 3], **m), (2, 4)),
}
PLAIN = ["ReLU", "LeakyReLU", "Tanh", "Sigmoid", "GELU", "GlobalAvgPool2d"]


def said(call: Callable[[Room], Any], error: type[Exception]) -> str:
    """The one sentence of both rooms, without the names that the rooms have for their arrays."""
    sentences = []
    for room in ROOMS.values():
        with pytest.raises(error) as raised:
            call(room)
        assert type(raised.value) is error
        sentence = raised.value.args[0]
        assert SENTENCE.match(sentence)
        for theirs, ours in NAMES:
            sentence = sentence.replace(theirs, ours)
        sentences.append(sentence)
    assert sentences[0] == sentences[1]
    return sentences[0]


@pytest.mark.parametrize("given", [0, -1, True, False, 2.0, "2", np.array([2])], ids=repr)
@pytest.mark.parametrize("rng", [lambda g: g, lambda g: [g], lambda g: [g, g]])
@pytest.mark.parametrize("name", LAYERS)
def test_runs_are_a_whole_number_of_at_least_one(name: str, rng: Callable, given: Any) -> None:
    if "runs" in name:
        return
    whole = isinstance(given, int) and not isinstance(given, bool)
    wanted = f"runs must be >= 1; got {given}." if whole else "runs must be an integer; got "
    make, error = LAYERS[name][0], ValueError if whole else TypeError
    found = said(lambda r: make(r, rng=rng(np.random.default_rng(0)), runs=given), error)
    assert found.startswith(wanted)


@pytest.mark.parametrize("kind", WIDTHS)
@pytest.mark.parametrize("runs", [None, 3])
def test_integers_of_any_width_are_ids(kind: str, runs: int | None) -> None:
    """More rows in the tables of all runs than the small kinds can count."""
    ids = np.array([[0, 99, 3], [99, 99, 1]])
    right = SCRATCH.layers.Embedding(100, 2, **made(runs=runs))
    y = right.forward(ids)
    right.backward(dy := np.random.default_rng(1).standard_normal(y.shape))
    for room in ROOMS.values():
        layer = room.layers.Embedding(100, 2, **made(runs=runs))
        assert relative(layer.forward(room.number(ids.astype(kind))), y) == 0
        layer.backward(room.number(dy))
        assert relative(layer.grads["weight"], right.grads["weight"]) < 1e-15
        weight = layer.params["weight"]
        assert relative(room.layers.embedding(room.number(ids.astype(kind)), weight)[0], y) == 0


@pytest.mark.parametrize("kind", WIDTHS)
def test_ids_outside_of_the_table_are_refused_in_any_width(kind: str) -> None:
    def call(worst: int) -> Callable[[Room], Any]:
        ids = np.array([[1, worst]]).astype(kind)
        return lambda r: r.layers.Embedding(7, 2, **made()).forward(r.number(ids))

    assert said(call(7), ValueError) == "x must be in 0 .. 6; got 7."
    if kind.startswith("int"):
        assert said(call(-1), ValueError) == "x must be in 0 .. 6; got -1."


@pytest.mark.parametrize("kind", ["bool", "float32", "float64", "complex128"])
def test_what_is_no_integer_is_no_id(kind: str) -> None:
    ids = np.ones((1, 2), kind)
    found = said(lambda r: r.layers.Embedding(7, 2, **made()).forward(r.number(ids)), TypeError)
    assert found == f"x must be an array of integers; got ndarray of {kind} with shape (1, 2)."


@pytest.mark.parametrize("given", ["float64", "float32", "float16"])
@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("name", [*LAYERS, "Residual"])
def test_mixed_precisions_meet_in_the_wider_and_gradients_keep_their_own(
    name: str, kind: str, given: str
) -> None:
    rng = np.random.default_rng(4)
    make, shape = LAYERS[name if name in LAYERS else "Linear"]
    found = []
    for room in ROOMS.values():
        layer = make(room, dtype=np.dtype(kind), **made())
        if name == "Residual":
            linear = room.layers.Linear(4, 4, dtype=np.dtype(kind), **made())
            layer = room.models.Residual(room.layers.Tanh(), linear)
        rng = np.random.default_rng(4)
        y = layer.forward(room.number(rng.standard_normal(shape).astype(given)))
        wide = np.result_type(np.dtype(kind), np.dtype(given))
        dx = layer.backward(room.number(rng.standard_normal(tuple(y.shape)).astype(wide)))
        kinds = [str(a.dtype).removeprefix("torch.") for a in (y, dx, *layer.grads.values())]
        assert kinds == [wide.name, given, *[kind] * len(layer.grads)]
        found.append([np.asarray(a, float) for a in (y, dx, *layer.grads.values())])
    rough = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-12}
    for ours, theirs, own in zip(*found, kinds, strict=True):
        if ours.ndim > theirs.ndim:  # an input that runs share: PyTorch adds its gradients up
            ours = ours.sum(0)
        coarse = rough[given] if name == "Residual" else 0.0  # its tanh is in that precision
        assert relative(ours, theirs) < max(rough[own], coarse)


@pytest.mark.parametrize("given", ["int64", "bool", "complex128"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_takes_floats(name: str, given: str) -> None:
    make, shape = LAYERS[name]
    x = np.ones(shape, given)
    found = said(lambda r: make(r, **made()).forward(r.number(x)), TypeError)
    assert found == f"x must be an array of floats; got ndarray of {given} with shape {shape}."


@pytest.mark.parametrize("name", [*LAYERS, "ReLU"])
def test_a_cotangent_is_of_the_precision_of_the_outputs(name: str) -> None:
    def call(room: Room) -> Any:
        make, shape = LAYERS.get(name, (lambda r, **_: r.layers.ReLU(), (2, 3)))
        layer = make(room, **made())
        y = layer.forward(room.number(np.ones(shape)))
        return layer.backward(room.number(np.ones(tuple(y.shape), np.float32)))

    assert said(call, TypeError).startswith(
        "dy must be an array of float64; got ndarray of float32"
    )


@pytest.mark.parametrize("name", PLAIN)
def test_layers_without_parameters_take_floats_of_any_precision(name: str) -> None:
    for kind in ("float16", "float32", "float64"):
        x = np.ones((1, 1, 2, 2), kind)
        for room in ROOMS.values():
            layer = getattr(room.layers, name)()
            y = layer.forward(room.number(x))
            assert {str(a.dtype).removeprefix("torch.") for a in (y, layer.backward(y))} == {kind}
    for kind in ("int64", "bool"):
        x = np.ones((1, 1, 2, 2), kind)
        found = said(lambda r, x=x: getattr(r.layers, name)().forward(r.number(x)), TypeError)
        assert (
            found == f"x must be an array of floats; got ndarray of {kind} with shape (1, 1, 2, 2)."
        )


@pytest.mark.parametrize("name", [*LAYERS, *PLAIN, "Flatten", "Embedding", "MaxPool2d", "loss"])
def test_the_other_rooms_arrays_and_lists_are_refused(name: str) -> None:
    def call(room: Room, given: Callable[[np.ndarray], Any]) -> Any:
        if name == "loss":
            return room.losses.MSE().forward(given(np.ones((2, 3))), room.number(np.ones((2, 3))))
        if name in LAYERS:
            make, shape = LAYERS[name]
            return make(room, **made()).forward(given(np.ones(shape)))
        if name == "Embedding":
            return room.layers.Embedding(7, 2, **made()).forward(given(np.ones((1, 2), int)))
        layer = getattr(room.layers, name)
        layer = layer(2) if name == "MaxPool2d" else layer()
        return layer.forward(given(np.ones((1, 1, 2, 2))))

    for room, wanted in (("scratch", "an array"), ("reference", "a tensor")):
        for given in (OTHER[room], np.ndarray.tolist):
            with pytest.raises(TypeError, match=rf"^[xy] must be {wanted}.*; got ") as raised:
                call(ROOMS[room], given)
            assert SENTENCE.match(raised.value.args[0])


@pytest.mark.parametrize(
    ("given", "error", "end"),
    [
        *((value, TypeError, "an integer; got ") for value in (True, 1.5, "a", None, (1,))),
        *((value, ValueError, f"in -4 .. 3, an axis of x; got {value}.") for value in (4, 5, -5)),
    ],
)
def test_flatten_begins_at_an_axis(given: Any, error: type[Exception], end: str) -> None:
    x = np.ones((2, 3, 4, 5))
    found = said(lambda r: r.layers.Flatten(given).forward(r.number(x)), error)
    assert found.startswith(f"start_dim must be {end}")


@pytest.mark.parametrize("start", range(-4, 4))
def test_flatten_at_every_axis_is_torchs(start: int) -> None:
    x = np.random.default_rng(3).standard_normal((2, 3, 4, 5))
    one, two = (room.layers.Flatten(start) for room in ROOMS.values())
    y, z = one.forward(x), two.forward(torch.tensor(x))
    assert relative(y, z) == 0 and relative(one.backward(y), x) == 0
    assert relative(two.backward(z), x) == 0


@pytest.mark.parametrize("slope", [np.array([0.1, 0.2]), [0.1], True, "a", float("nan")], ids=repr)
def test_a_slope_is_one_number(slope: Any) -> None:
    error = ValueError if isinstance(slope, float | list | np.ndarray) else TypeError
    assert said(lambda r: r.layers.LeakyReLU(slope), error).startswith("negative_slope must be ")
    assert SCRATCH.layers.LeakyReLU(-0.5).forward(np.array([-1.0, 2.0])).tolist() == [0.5, 2.0]
    assert TWIN.layers.LeakyReLU(-0.5).forward(torch.tensor([-1.0, 2.0])).tolist() == [0.5, 2.0]


@pytest.mark.parametrize("name", ["a class", "an id", "a target"])
def test_gradients_of_samples_refuse_what_a_loss_refuses(name: str) -> None:
    def call(room: Room) -> Any:
        module = landscape if room is SCRATCH else twin_landscape
        kinds, x = room.layers, np.array([[1, 2], [3, 4]])
        model = room.models.Sequential(
            kinds.Embedding(5, 2, **made()), kinds.Flatten(-2), kinds.Linear(4, 3, **made())
        )
        y = np.array([0, -100]) if name == "a class" else np.array([0.0, 1.0])
        if name == "an id":
            x, y = x + 1, np.array([0, 1])
        loss = room.losses.SoftmaxCrossEntropy()
        return module.per_sample_gradients(model, loss, room.number(x), room.number(y))

    sentences = {
        "a class": "labels must be in 0 .. 2; got -100.",
        "an id": "x must be in 0 .. 4; got 5.",
        "a target": "target must be integer labels",
    }
    for room in ROOMS.values():
        with pytest.raises(ValueError, match=sentences[name]):
            call(room)
