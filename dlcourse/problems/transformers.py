"""Transformers on characters, of any depth, with the normalization where one wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

import dlcourse.scratch.models
import dlcourse.scratch.normalization
from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.characters import ALPHABET

NORMS = ("layer", "rms", "batch", "dyt")
PLACES = ("pre", "post", "none", "rezero")


def transformer(
    rng: Generators,
    runs: int | None = None,
    *,
    blocks: int = 2,
    width: int = 16,
    heads: int = 2,
    length: int = 16,
    place: str = "pre",
    norm: str = "layer",
    final: bool = True,
    approximate: str = "none",
    dtype: npt.DTypeLike = np.float32,
    room: Any = dlcourse.scratch,
) -> Any:
    """A transformer for the characters' problem: ``Sequential`` of ``room``.

    Parameters
    ----------
    rng, runs, dtype : as in ``MLP``; blocks alike start from the same numbers wherever their norms
        are, for these draw nothing
    blocks : int >= 1, each of attention and of a GELU network twice as wide
    width, heads, length : of the embedding, of attention, and the longest window
    place : of the norms. "pre": x + f(norm(x)); "post": norm(x + f(x)), as at first published;
        "none"; "rezero": x + α f(x) with α at first 0
    norm : "layer", "rms", "dyt" (``DynamicTanh``), or "batch", over all places of all windows
    final : whether one more norm follows the last block of "pre"
    approximate : as in ``GELU``; "tanh" is a little quicker

    Examples
    --------
    >>> model = transformer(np.random.default_rng(0), runs=5, place="post")
    >>> [type(layer).__name__ for layer in model.layers]
    ['Embedding', 'PositionEmbedding', 'Sequential', 'Sequential', 'Linear']
    >>> [type(layer).__name__ for layer in model.layers[2].layers]
    ['Residual', 'LayerNorm', 'Residual', 'LayerNorm']

    References
    ----------
    Vaswani, Shazeer, Parmar et al. (2017); Xiong, Yang, He et al. (2020) for "pre" and "post".
    """
    checks.integer("blocks", blocks, 1)
    checks.choice("place", place, PLACES)
    kinds = room.layers
    made: Any = {"rng": run_generators(rng, runs), "runs": runs, "dtype": dtype}
    one = norm_maker(norm, width, runs, dtype, room)

    def block() -> Any:
        attention = [kinds.CausalSelfAttention(width, heads, **made)]
        wide = kinds.Linear(width, 2 * width, **made)
        network = [wide, kinds.GELU(approximate), kinds.Linear(2 * width, width, **made)]
        branches: Any = [attention, network]
        if place == "pre":
            branches = [[one(), *branch] for branch in branches]
        if place == "rezero":
            gate = room.normalization.Gate
            branches = [[*branch, gate(runs=runs, dtype=dtype)] for branch in branches]
        steps = [room.models.Residual(*branch) for branch in branches]
        if place == "post":
            steps = [steps[0], one(), steps[1], one()]
        return room.models.Sequential(*steps)

    return room.models.Sequential(
        kinds.Embedding(len(ALPHABET), width, **made),
        kinds.PositionEmbedding(length, width, **made),
        *(block() for _ in range(blocks)),
        *([one()] if place == "pre" and final else []),
        kinds.Linear(width, len(ALPHABET), **made),
    )


def norm_maker(norm: str, width: int, runs: int | None, dtype: npt.DTypeLike, room: Any) -> Any:
    """A function that makes one norm of that many features, for tokens (..., n, t, width)."""
    checks.choice("norm", norm, NORMS)
    found, made = room.normalization, {"runs": runs, "dtype": dtype}
    if norm == "batch":
        return lambda: found.Tokens(found.BatchNorm(width, **made))
    kind = {"layer": "LayerNorm", "rms": "RMSNorm", "dyt": "DynamicTanh"}[norm]
    return lambda: getattr(found, kind)(width, **made)


def blocks_of(model: Any) -> dict[int, Any]:
    """The blocks of a ``transformer`` by their place in it."""
    kind = type(model)
    return {i: layer for i, layer in enumerate(model.layers) if type(layer) is kind}


def block_gradients(model: Any, loss: Any, batch: tuple[Any, Any]) -> Array:
    """The norm of the loss' gradient in the parameters of each block: (blocks, runs), or (blocks,).

    In the mode of training, but the model remembers nothing of it save ``grad``.

    Parameters
    ----------
    loss : ``SequenceCrossEntropy()`` of the model's room
    batch : (x, y), windows and what follows each of their characters
    """
    x, y = batch
    with _state_kept(model):
        loss.forward(model.forward(x, True), y)
        model.backward(loss.backward(), input_grad=False)
    norms = []
    for i in blocks_of(model):
        places = [place for name, place in model.slices.items() if name.startswith(f"{i}.")]
        grad = np.asarray(model.grad[..., places[0].start : places[-1].stop])
        norms.append(np.sqrt(np.vecdot(grad, grad)))
    return np.array(norms)


def block_activations(model: Any, x: Any) -> Array:
    """The root mean square of what enters the first block and leaves each: (1 + blocks, runs)."""
    sizes, last = [], max(blocks_of(model))
    with _state_kept(model):
        for layer in model.layers[: last + 1]:
            x = layer.forward(x, True)
            sizes.append(np.sqrt((np.asarray(x) ** 2).mean(axis=(-3, -2, -1))))
    return np.array(sizes[1:])


@contextmanager
def _state_kept(model: Any) -> Iterator[None]:
    """Running statistics as before, whatever was done."""
    kept = {name: a + 0 for name, a in model.buffers.items()}
    try:
        yield
    finally:
        for name, a in model.buffers.items():
            a[...] = kept[name]
