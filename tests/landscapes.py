"""Small networks in both rooms, and their Hessians by torch.func, for the tests of curvature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from dlcourse.reference import layers as twin_layers
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.scratch import layers, losses, models


class Room(NamedTuple):
    layers: Any
    losses: Any
    models: Any
    array: Callable[[Any], Any]


ROOMS = {
    "scratch": Room(layers, losses, models, np.asarray),
    "reference": Room(twin_layers, twin_losses, twin_models, torch.as_tensor),
}


def chain(room: Room, kind: str, runs: int | None, **how: Any) -> Any:
    """Two linear layers with an activation between, one of them without a bias."""
    plan: Any = {"rng": np.random.default_rng(0), "runs": runs}
    first = room.layers.Linear(3, 4, **plan)
    second = room.layers.Linear(4, 3, bias=False, **plan)
    return room.models.Sequential(first, getattr(room.layers, kind)(**how), second)


def nested(room: Room, runs: int | None) -> Any:
    plan: Any = {"rng": np.random.default_rng(1), "runs": runs}
    block = room.models.Residual(room.layers.Linear(3, 3, **plan), room.layers.Tanh())
    tail = room.models.Sequential(room.layers.Sigmoid(), room.layers.Linear(3, 3, **plan))
    return room.models.Sequential(block, tail)


def images(room: Room, runs: int | None, pool: str) -> Any:
    plan: Any = {"rng": np.random.default_rng(2), "runs": runs}
    between = {
        "max": [
            room.layers.MaxPool2d(2),
            room.layers.Flatten(-3),
            room.layers.Linear(8, 3, **plan),
        ],
        "max, overlapping": [
            room.layers.MaxPool2d(3, 1, 1),
            room.layers.AvgPool2d(2),
            room.layers.Flatten(-3),
            room.layers.Linear(8, 3, **plan),
        ],
        "mean": [room.layers.GlobalAvgPool2d(), room.layers.Linear(2, 3, **plan)],
    }
    conv = room.layers.Conv2d(1, 2, 3, padding=1, **plan)
    return room.models.Sequential(conv, room.layers.Tanh(), *between[pool])


NETWORKS: dict[str, Callable[[Room, int | None], Any]] = {
    "tanh": lambda room, runs: chain(room, "Tanh", runs),
    "sigmoid": lambda room, runs: chain(room, "Sigmoid", runs),
    "relu": lambda room, runs: chain(room, "ReLU", runs),
    "leaky relu": lambda room, runs: chain(room, "LeakyReLU", runs, negative_slope=0.3),
    "gelu": lambda room, runs: chain(room, "GELU", runs),
    "gelu with tanh": lambda room, runs: chain(room, "GELU", runs, approximate="tanh"),
    "residual": nested,
    "max pool": lambda room, runs: images(room, runs, "max"),
    "overlapping pool": lambda room, runs: images(room, runs, "max, overlapping"),
    "mean pool": lambda room, runs: images(room, runs, "mean"),
    "sequences": lambda room, runs: chain(room, "Tanh", runs),
}
LOSSES = ("labels", "soft", "mse")


def batch(name: str, told: str, own: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, shared by the runs, or for each its own."""
    rng = np.random.default_rng(3)
    lead = (7,) if own is None else (own, 7)
    if "pool" in name:
        x = rng.standard_normal((*lead, 1, 4, 4))
    elif name == "sequences":
        x, lead = rng.standard_normal((*lead, 5, 3)), (*lead, 5)
    else:
        x = rng.standard_normal((*lead, 3))
    if told == "labels":
        return x, rng.integers(0, 3, lead)
    # of a soft target the sum need not be 1
    return x, rng.random((*lead, 3)) if told == "soft" else rng.standard_normal((*lead, 3))


def criterion(room: Room, name: str, told: str) -> Any:
    if name == "sequences":
        return room.losses.SequenceCrossEntropy()
    return room.losses.MSE() if told == "mse" else room.losses.SoftmaxCrossEntropy()


def told_of(name: str) -> tuple[str, ...]:
    return ("labels",) if name == "sequences" else LOSSES


def torch_hessian(model: Any, loss: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By ``torch.func`` through the twin, run by run: nothing of either landscape room."""
    shapes = model.shapes
    at, own, targets = model.theta.detach(), torch.as_tensor(x), torch.as_tensor(y)

    def value(theta: Any) -> Any:
        parts, end = {}, 0
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            parts[name] = theta[end : end + size].reshape(shape)
            end += size
        return loss.value(model.apply(parts, own), targets)

    twice = torch.func.jacrev(torch.func.jacrev(value))
    return twice(at).numpy() if at.ndim == 1 else np.stack([twice(one).numpy() for one in at])


def digits_net(runs: int | None = None) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """A net of 93 parameters after some descent, so that its curvatures are unlike."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((40, 6))
    y = (x[:, 0] * x[:, 1] > 0).astype(int) + (x[:, 2] > 1)
    model = models.MLP([6, 9, 3], np.random.default_rng(0), "tanh", runs=runs)
    loss = losses.SoftmaxCrossEntropy()
    for _ in range(60):
        loss.forward(model.forward(x, True), y)
        model.backward(loss.backward())
        model.theta -= 0.5 * model.grad
    return model, loss, x, y
