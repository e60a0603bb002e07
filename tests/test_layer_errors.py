"""Bad input to a layer meets one clear error, the same in both rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import ROOMS, Room
from test_errors import SENTENCE


def made(runs: int | None = None) -> dict[str, Any]:
    return {"rng": np.random.default_rng(0), "runs": runs}


def conv(room: Room, *shape: int, runs: int | None = None, kind: type = float, **plan: int) -> Any:
    """A convolution with 3 channels, and an input of that shape."""
    layer = room.layers.Conv2d(3, 4, plan.pop("size", 3), **plan, **made(runs))
    return layer.forward(room.number(np.ones(shape, kind)))


def after(layer: Any, x: Any, *shape: int) -> Any:
    """A cotangent of the wrong shape."""
    layer.forward(x)
    return layer.backward(x.reshape(-1)[:1].repeat(int(np.prod(shape))).reshape(shape))


def ones(room: Room, *shape: int) -> Any:
    return room.number(np.ones(shape))


def ids(room: Room, *values: int) -> Any:
    return room.layers.Embedding(7, 2, **made()).forward(room.number(np.array([values])))


A = r"(an array|a tensor)"
GOT = r"got (ndarray|Tensor) of "
ROWS: list[tuple[str, Callable[[Room], Any], type[Exception], str]] = [
    # convolution and pooling
    ("no channels", lambda r: r.layers.Conv2d(0, 4, 3, **made()), ValueError, "in_channels must be >= 1; got 0"),
    ("half a kernel", lambda r: r.layers.Conv2d(1, 4, 1.5, **made()), TypeError, r"kernel_size must be an integer; got 1\.5"),
    ("a pair for a kernel", lambda r: r.layers.Conv2d(1, 4, (3, 3), **made()), TypeError, r"kernel_size must be an integer; got \(3, 3\)"),
    ("no stride", lambda r: r.layers.Conv2d(1, 4, 3, stride=0, **made()), ValueError, "stride must be >= 1; got 0"),
    ("negative padding", lambda r: r.layers.Conv2d(1, 4, 3, padding=-1, **made()), ValueError, "padding must be >= 0; got -1"),
    ("padding as wide as the kernel", lambda r: r.layers.Conv2d(1, 4, 3, padding=3, **made()), ValueError, "padding must be at most 2, one less than the window; got 3"),
    ("padding by name", lambda r: r.layers.Conv2d(1, 4, 3, padding="same", **made()), TypeError, "padding must be an integer; got 'same'"),
    ("integer images", lambda r: conv(r, 2, 3, 5, 5, kind=int), TypeError, f"x must be {A} of floats; {GOT}(torch.)?int64"),
    ("a list of images", lambda r: r.layers.Conv2d(1, 1, 1, **made()).forward([[1.0]]), TypeError, rf"x must be {A} of floats; got \[\[1\.0\]\]"),
    ("channels last", lambda r: conv(r, 2, 5, 5, 3), ValueError, rf"x must be shaped \(n, 3, h, w\); {GOT}.* \(2, 5, 5, 3\)"),
    ("one image alone", lambda r: conv(r, 3, 5, 5), ValueError, r"x must be shaped \(n, 3, h, w\)"),
    ("a runs axis too many", lambda r: conv(r, 2, 2, 3, 5, 5), ValueError, r"x must be shaped \(n, 3, h, w\); "),
    ("images of other runs", lambda r: conv(r, 3, 2, 3, 5, 5, runs=2), ValueError, r"x must be shaped \(n, 3, h, w\) or \(2, n, 3, h, w\), one entry a run"),
    ("an image below the kernel", lambda r: conv(r, 2, 3, 4, 2, size=5, padding=1), ValueError, "x must be at least as large as the window of 5, padding included; got '4 x 2'"),
    ("no images", lambda r: conv(r, 0, 3, 5, 5), ValueError, "x must be without an axis of length 0"),
    ("a cotangent of another image", lambda r: after(r.layers.Conv2d(1, 1, 2, **made()), ones(r, 1, 1, 3, 3), 1, 1, 3, 3), ValueError, r"dy must be shaped \(1, 1, 2, 2\) as y; got \(1, 1, 3, 3\)"),
    ("a window of none", lambda r: r.layers.MaxPool2d(0), ValueError, "kernel_size must be >= 1; got 0"),
    ("a pool's padding above half", lambda r: r.layers.MaxPool2d(3, padding=2), ValueError, "padding must be at most 1, half the window; got 2"),
    ("a mean's padding above half", lambda r: r.layers.AvgPool2d(2, padding=2), ValueError, "padding must be at most 1, half the window; got 2"),
    ("no stride of a pool", lambda r: r.layers.AvgPool2d(2, 0), ValueError, "stride must be >= 1; got 0"),
    ("pooling an image alone", lambda r: r.layers.MaxPool2d(2).forward(ones(r, 3, 4, 4)), ValueError, rf"x must be shaped \(\.\.\., n, c, h, w\); {GOT}"),
    ("pooling below the window", lambda r: r.layers.AvgPool2d(3).forward(ones(r, 1, 1, 2, 9)), ValueError, "x must be at least as large as the window of 3"),
    ("pooling rows", lambda r: r.layers.GlobalAvgPool2d().forward(ones(r, 4, 4)), ValueError, r"x must be shaped \(\.\.\., n, c, h, w\)"),
    ("a pool's cotangent", lambda r: after(r.layers.MaxPool2d(2), ones(r, 1, 1, 4, 4), 1, 1, 4, 4), ValueError, r"dy must be shaped \(1, 1, 2, 2\) as y"),
    # sequences
    ("float ids", lambda r: r.layers.Embedding(7, 2, **made()).forward(ones(r, 2, 3)), TypeError, f"x must be {A} of integers; {GOT}(torch.)?float64"),
    ("an id too large", lambda r: ids(r, 3, 7), ValueError, r"x must be in 0 \.\. 6; got 7"),
    ("a negative id", lambda r: ids(r, 3, -1), ValueError, r"x must be in 0 \.\. 6; got -1"),
    ("ids of one sequence", lambda r: r.layers.Embedding(7, 2, **made()).forward(r.number(np.array([1, 2]))), ValueError, r"x must be shaped \(n, t\); "),
    ("an empty table", lambda r: r.layers.Embedding(0, 2, **made()), ValueError, "num_embeddings must be >= 1; got 0"),
    ("a sequence too long", lambda r: r.layers.PositionEmbedding(4, 2, **made()).forward(ones(r, 3, 5, 2)), ValueError, "x must be of at most 4 places; got 5"),
    ("places of another size", lambda r: r.layers.PositionEmbedding(4, 2, **made()).forward(ones(r, 3, 4, 3)), ValueError, r"x must be shaped \(n, t, 2\)"),
    ("an unknown nonlinearity", lambda r: r.layers.RNN(2, 3, "tahn", **made()), ValueError, "nonlinearity must be one of 'tanh', 'relu'; got 'tahn'. Did you mean 'tanh'"),
    ("no state", lambda r: r.layers.RNN(2, 0, **made()), ValueError, "hidden_size must be >= 1; got 0"),
    ("samples for sequences", lambda r: r.layers.RNN(2, 3, **made()).forward(ones(r, 4, 2)), ValueError, r"x must be shaped \(n, t, 2\); "),
    ("sequences of length 0", lambda r: r.layers.RNN(2, 3, **made()).forward(ones(r, 4, 0, 2)), ValueError, "x must be without an axis of length 0"),
    ("a state for all states", lambda r: after(r.layers.RNN(2, 2, **made()), ones(r, 1, 3, 2), 1, 2), ValueError, r"dy must be shaped \(1, 3, 2\) as y; got \(1, 2\)"),
    ("heads that do not divide", lambda r: r.layers.CausalSelfAttention(6, 4, **made()), ValueError, "embed_dim must be a multiple of num_heads, 4; got 6"),
    ("no heads", lambda r: r.layers.CausalSelfAttention(6, 0, **made()), ValueError, "num_heads must be >= 1; got 0"),
    ("attention to samples", lambda r: r.layers.CausalSelfAttention(6, 2, **made()).forward(ones(r, 4, 6)), ValueError, r"x must be shaped \(n, t, 6\)"),
    ("integer sequences", lambda r: r.layers.CausalSelfAttention(2, 1, **made()).forward(r.number(np.ones((1, 2, 2), int))), TypeError, f"x must be {A} of floats"),
    ("an unknown approximation", lambda r: r.layers.GELU("erf"), ValueError, "approximate must be one of 'none', 'tanh'; got 'erf'"),
    ("labels for runs", lambda r: r.losses.SequenceCrossEntropy().forward(ones(r, 3, 4), r.number(np.array([1, 2, 3]))), ValueError, r"y must be shaped \(\.\.\., n, t, k\); got"),
    ("labels a place short", lambda r: r.losses.SequenceCrossEntropy().forward(ones(r, 2, 3, 4), r.number(np.zeros((2, 2), int))), ValueError, r"target must be integer labels \(\.\.\., 2, 3\), one a place"),
    # rows of layers
    ("a layer twice", lambda r: r.models.Sequential(a := r.layers.ReLU(), a), ValueError, "layers must be different objects; got 'one of them twice'. Each remembers"),
    ("a layer twice, once within", lambda r: r.models.Sequential(a := r.layers.ReLU(), r.models.Residual(a)), ValueError, "layers must be different objects"),
    ("a class for a layer", lambda r: r.models.Sequential(r.layers.ReLU), TypeError, r"layers must be layers, as ReLU\(\); got <class"),
    ("a list of layers", lambda r: r.models.Sequential([r.layers.ReLU()]), TypeError, r"layers must be layers, as ReLU\(\)"),
    ("rows of different runs", lambda r: r.models.Sequential(r.layers.Linear(2, 2, **made()), r.models.Residual(r.layers.Linear(2, 2, **made(2)))), ValueError, "layers must be alike in their number of runs"),
    ("a block that changes the shape", lambda r: r.models.Residual(r.layers.Linear(2, 3, **made())).forward(ones(r, 4, 2)), ValueError, r"block must be of outputs shaped as its inputs, \(4, 2\); got \(4, 3\)"),
    ("a block of width one", lambda r: r.models.Residual(r.layers.Linear(2, 1, **made())).forward(ones(r, 4, 2)), ValueError, "block must be of outputs shaped as its inputs"),
    ("backward first", lambda r: r.layers.Conv2d(1, 1, 1, **made()).backward(ones(r, 1, 1, 2, 2)), RuntimeError, "backward must be called after forward; got 'Conv2d'"),
]  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(("name", "call", "error", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_both_rooms_say_the_same(name, call, error, message, room: str) -> None:
    with pytest.raises(error, match=message) as raised:
        call(ROOMS[room])
    assert SENTENCE.match(raised.value.args[0])


def test_the_names_of_the_rows_are_unique() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)
