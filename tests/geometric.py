"""Small landscapes in either room: networks with their data, and functions with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from networks import ROOMS

from dlcourse.reference import landscape as twin
from dlcourse.scratch import landscape

GEOMETRY = {"scratch": landscape, "reference": twin}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def number(room: str, a: Any) -> Any:
    return np.array(a) if room == "scratch" else torch.tensor(a)


def host(value: Any) -> Any:
    """What a function of either room gave, in NumPy."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: host(one) for name, one in value._asdict().items()}
    return [host(one) for one in value] if isinstance(value, list) else value


def same(ours: Any, theirs: Any, atol: float = 1e-10) -> None:
    """Equal within 1e-10, whatever it is made of."""
    ours, theirs = host(ours), host(theirs)
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name in ours:
            same(ours[name], theirs[name], atol)
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other, atol)
    else:
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=atol)


def mlp(
    room: str = "scratch", runs: int | None = None, activation: str = "relu", seed: int = 0,
    sizes: tuple[int, ...] = (4, 6, 5, 3),
) -> Any:  # fmt: skip
    return ROOMS[room].models.MLP(list(sizes), rng(seed), activation, runs=runs)


def convolutional(room: str = "scratch", runs: int | None = None, seed: int = 0) -> Any:
    """Two convolutions, a pool, and places of a channel that become columns of the last layer."""
    kinds, made = ROOMS[room].layers, {"rng": rng(seed), "runs": runs}
    return ROOMS[room].models.Sequential(
        kinds.Conv2d(1, 3, 3, padding=1, **made),
        kinds.ReLU(),
        kinds.MaxPool2d(2),
        kinds.Conv2d(3, 4, 2, bias=False, **made),
        kinds.LeakyReLU(),
        kinds.Flatten(-3),
        kinds.Linear(16, 5, **made),
        kinds.ReLU(),
        kinds.Linear(5, 2, **made),
    )


def data(room: str = "scratch", images: bool = False) -> tuple[Any, Any]:
    """Twelve samples of 4 columns and 3 classes, or of 6 by 6 pixels and 2 classes."""
    x = rng(5).standard_normal((12, 1, 6, 6) if images else (12, 4))
    y = rng(6).integers(0, 2 if images else 3, 12)
    return number(room, x), number(room, y)


def objective(room: str = "scratch", model: Any = None, images: bool = False) -> Any:
    model = mlp(room) if model is None else model
    loss = ROOMS[room].losses.SoftmaxCrossEntropy()
    return GEOMETRY[room].Objective(model, loss, *data(room, images))


class Quadratic:
    """Half the sum of h (θ - c)², for every run; of either room."""

    def __init__(self, room: str, h: Any, c: Any = 0.0) -> None:
        self.h, self.c = (number(room, np.asarray(a, float)) for a in (h, c))

    def __call__(self, theta: Any) -> Any:
        return (self.h * (theta - self.c) ** 2).sum(-1) / 2

    def grad(self, theta: Any) -> Any:
        return self.h * (theta - self.c)
