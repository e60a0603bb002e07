"""Small networks of every family of layers, in either room, from the same weights and batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch

from dlcourse import data, text, training
from dlcourse.reference import layers as twin_layers
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.reference import optimizers as twin_optimizers
from dlcourse.scratch import layers, losses, models, optimizers


class Room(NamedTuple):
    layers: ModuleType
    models: ModuleType
    losses: ModuleType
    optimizers: ModuleType
    number: Any  # an array of this room


SCRATCH = Room(layers, models, losses, optimizers, np.array)
TWIN = Room(twin_layers, twin_models, twin_losses, twin_optimizers, torch.tensor)
ROOMS = {"scratch": SCRATCH, "reference": TWIN}


def convolutional(room: Room, runs: int | None = None, seed: int = 0) -> Any:
    """Two convolutions on the digits."""
    kinds, made = room.layers, {"rng": np.random.default_rng(seed), "runs": runs}
    return room.models.Sequential(
        kinds.Conv2d(1, 4, 3, padding=1, **made),
        kinds.ReLU(),
        kinds.MaxPool2d(2),
        kinds.Conv2d(4, 8, 3, stride=2, padding=1, **made),
        kinds.ReLU(),
        kinds.Flatten(-3),
        kinds.Linear(32, 10, **made),
    )


def residual(room: Room, runs: int | None = None, seed: int = 0) -> Any:
    """Blocks in blocks, and the mean over all places."""
    kinds, made = room.layers, {"rng": np.random.default_rng(seed), "runs": runs}
    block = room.models.Residual(
        kinds.Conv2d(8, 8, 3, padding=1, **made),
        room.models.Sequential(kinds.Tanh(), kinds.Conv2d(8, 8, 1, bias=False, **made)),
    )
    return room.models.Sequential(
        kinds.Conv2d(1, 8, 2, **made),
        kinds.AvgPool2d(3, 2, padding=1),
        block,
        kinds.GlobalAvgPool2d(),
        kinds.Linear(8, 10, **made),
    )


def transformer(room: Room, runs: int | None = None, seed: int = 0) -> Any:
    """One block, on the text."""
    kinds, made = room.layers, {"rng": np.random.default_rng(seed), "runs": runs}
    return room.models.Sequential(
        kinds.Embedding(67, 16, **made),
        kinds.PositionEmbedding(16, 16, **made),
        room.models.Residual(kinds.CausalSelfAttention(16, 4, **made)),
        room.models.Residual(
            kinds.Linear(16, 32, **made), kinds.GELU(), kinds.Linear(32, 16, **made)
        ),
        kinds.Linear(16, 67, **made),
    )


def recurrent(room: Room, runs: int | None = None, seed: int = 0) -> Any:
    """An Elman network, on the text."""
    kinds, made = room.layers, {"rng": np.random.default_rng(seed), "runs": runs}
    return room.models.Sequential(
        kinds.Embedding(67, 16, **made),
        kinds.RNN(16, 24, **made),
        kinds.Linear(24, 67, **made),
    )


NETWORKS = {
    "convolutional": convolutional,
    "residual": residual,
    "transformer": transformer,
    "recurrent": recurrent,
}


def batch(name: str, room: Room, n: int | None = None) -> tuple[Any, Any]:
    """The training data of a network, or the first samples of it."""
    digits = name in {"convolutional", "residual"}
    split = data.load("digits", flat=False).train if digits else text.load(length=16).train
    x, y = (room.number(a[:n]) for a in split)
    return x, y


def loss(name: str, room: Room) -> Any:
    digits = name in {"convolutional", "residual"}
    return room.losses.SoftmaxCrossEntropy() if digits else room.losses.SequenceCrossEntropy()


def trained(
    name: str, room: Room, runs: int | None = None, steps: int = 50
) -> Iterator[training.Step]:
    """Train a network for some steps of Adam."""
    model = NETWORKS[name](room, runs)
    adam = room.optimizers.Adam(model.theta, lr=0.03)
    plan: Any = {"epochs": 9, "batch_size": 32, "rng": np.random.default_rng(1)}
    return islice(training.steps(model, adam, loss(name, room), batch(name, room), **plan), steps)
