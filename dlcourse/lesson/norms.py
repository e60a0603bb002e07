"""Parity of ``normalization``: layers while a small network trains, pairs on many inputs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from dlcourse.checks import fail

BOUND = 1e-10
LAYERS: dict[str, dict[str, Any]] = {
    "BatchNorm": {"num_features": 6},
    "GroupNorm": {"num_groups": 2, "num_channels": 6},
    "InstanceNorm": {"num_features": 6},
    "LayerNorm": {"normalized_shape": 6},
    "RMSNorm": {"normalized_shape": 6},
    "WeightNorm": {},
    "LocalResponseNorm": {"size": 3},
    "LayerNormRNN": {"input_size": 6, "hidden_size": 6},
    "Gate": {"start": 0.3},
    "DynamicTanh": {"normalized_shape": 6},
}
"""What each layer is made with where nothing else is said."""
INPUTS = {"features": (7, 4), "sequences": (3, 5, 4), "images": (4, 4, 3, 2)}
TAKES = {
    "features and images": ("BatchNorm", "GroupNorm", "WeightNorm"),
    "images": ("InstanceNorm", "LocalResponseNorm"),
    "features and sequences": ("LayerNorm", "RMSNorm", "Gate", "DynamicTanh"),
    "sequences": ("LayerNormRNN",),
}
PAIRS: dict[str, tuple[tuple[tuple[int, ...], ...], dict[str, Any]]] = {
    "batch_norm": (((4, 6, 3, 2), (6,), (6,)), {}),
    "batch_norm_inference": (((4, 6, 3, 2), (6,), (6,), (6,), (6,)), {}),
    "group_norm": (((4, 6, 3, 2), (6,), (6,)), {"num_groups": 2}),
    "instance_norm": (((4, 6, 3, 2), (6,), (6,)), {}),
    "layer_norm": (((5, 6), (6,), (6,)), {}),
    "rms_norm": (((5, 6), (6,)), {}),
    "layer_norm_rnn": (((3, 5, 4), (6, 4), (6, 6), (6,), (6,)), {}),
    "weight_norm": (((5, 6), (5,)), {}),
    "local_response_norm": (((4, 6, 3, 2),), {"size": 3}),
    "gate": (((5, 6), (1,)), {}),
    "dynamic_tanh": (((5, 6), (1,), (6,), (6,)), {}),
}
"""The shapes of a pair's inputs, and what it is told besides."""
PYTORCH = {
    **dict.fromkeys(("BatchNorm", "batch_norm", "batch_norm_inference"), "F.batch_norm"),
    **dict.fromkeys(("GroupNorm", "group_norm"), "F.group_norm"),
    **dict.fromkeys(("InstanceNorm", "instance_norm"), "F.instance_norm"),
    **dict.fromkeys(("LayerNorm", "layer_norm"), "F.layer_norm"),
    **dict.fromkeys(("RMSNorm", "rms_norm"), "F.rms_norm"),
    **dict.fromkeys(("WeightNorm", "weight_norm"), "parametrizations.weight_norm"),
    **dict.fromkeys(("LocalResponseNorm", "local_response_norm"), "F.local_response_norm"),
}


def normalization_parity(
    scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]
) -> str:
    """Runner of normalization: that many steps of training and an evaluation, or that many inputs.

    With forward and backward pass, parameters, and running values where a layer has any.
    """
    name, largest = scratch.__name__, 0.0
    if name in LAYERS:
        (kinds,) = (kinds for kinds, layers in TAKES.items() if name in layers)
        seen = f"{steps} training steps and an evaluation, {kinds}"
        found = _training(name, kinds, steps, hyper)
    elif name in PAIRS:
        seen = f"{steps} inputs, there and back"
        found = _inputs(scratch, twin, steps, hyper)
    else:
        known = ", ".join((*LAYERS, *PAIRS))
        fail("name", f"a layer or a pair: {known}", name, error=KeyError)
    compared, sizes = dict[str, None](), dict[Any, float]()
    for where, what, place, x, y in found:
        compared[what], x, y = None, np.asarray(x), np.asarray(y)
        if x.shape != y.shape:
            raise AssertionError(f"{call}: {where}, {what}: shaped {x.shape} and {y.shape}.")
        sizes[place] = size = max(sizes.get(place, 1e-300), float(abs(y).max(initial=0.0)))
        relative = float(abs(x - y).max(initial=0.0)) / size
        largest = max(largest, relative)
        if not relative <= BOUND:
            raise AssertionError(
                f"{call}: {where}, {what}: they differ by {relative:.2g}, more than {BOUND:.0e}."
            )
    return (
        f"{call}: {seen},\n  {', '.join(compared)} equal to "
        f"{PYTORCH.get(name, 'its PyTorch twin')} within {BOUND:.0e}\n"
        f"  largest relative difference: ≈{largest:.0e}"
    )


Found = Iterator[tuple[str, str, Any, Any, Any]]
"""When, what, at which place, ours, theirs; relative to the largest number at that place so far."""


def _training(name: str, kinds: str, steps: int, hyper: dict[str, Any]) -> Found:
    """Step by step what both rooms have."""
    import torch

    for kind in kinds.split(" and "):
        nets = [_network(room, name, kind, hyper) for room in ("scratch", "reference")]
        speeds = [0.0 * net.theta for net in nets]
        rng = np.random.default_rng(1)
        for step in range(1, steps + 2):
            x, training = 2 * rng.normal(size=INPUTS[kind]) + 0.5, step <= steps
            where = f"step {step} with {kind}" if training else f"the evaluation with {kind}"
            ys = nets[0].forward(x, training), nets[1].forward(torch.as_tensor(x), training)
            yield where, "outputs", (kind, "outputs"), *ys
            dxs = [net.backward(y / (1 + y * y) - 0.2) for net, y in zip(nets, ys, strict=True)]
            yield where, "gradients", (kind, "dx"), *dxs
            yield where, "gradients", (kind, "grad"), *(net.grad for net in nets)
            if training:  # by hand: the import of torch.optim takes as long as all else here
                for net, speed in zip(nets, speeds, strict=True):
                    speed *= 0.5
                    speed += net.grad
                    net.theta[...] -= 0.05 * speed
            yield where, "parameters", (kind, "theta"), *(net.theta for net in nets)
            for key in nets[0].buffers:
                yield where, "running values", (kind, key), *(net.buffers[key] for net in nets)


def _network(room: str, name: str, kind: str, hyper: dict[str, Any]) -> Any:
    """Linear, norm, tanh, linear; of images 1 × 1 convolutions."""
    layers, kinds = _room(room, "layers"), _room(room, "normalization")
    rng, settings = np.random.default_rng(0), {**LAYERS[name], **hyper}
    more = [1] if kind == "images" else []
    plain = layers.Conv2d if more else layers.Linear
    widths = {key: value for key, value in settings.items() if key in WIDTHS}
    before, after = ([*widths.values()] or [6])[0], ([*widths.values()] or [6])[-1]
    first = plain(4, before, *more, rng=rng)
    if name == "WeightNorm":
        norm = kinds.WeightNorm(plain(before, after, *more, rng=rng), **hyper)
    else:
        given = {"rng": rng} if name == "LayerNormRNN" else {}
        norm = getattr(kinds, name)(**settings, **given)
    last = plain(after, 3, *more, rng=rng)
    return _room(room, "models").Sequential(first, norm, layers.Tanh(), last)


WIDTHS = ("num_features", "num_channels", "normalized_shape", "input_size", "hidden_size")


def _inputs(scratch: Any, twin: Any, steps: int, hyper: dict[str, Any]) -> Found:
    """A pair forward and backward on that many inputs."""
    import torch

    shapes, told = PAIRS[scratch.__name__]
    back = [
        getattr(_room(room, "normalization"), f"{scratch.__name__}_backward")
        for room in ("scratch", "reference")
    ]
    rng, settings = np.random.default_rng(0), {**told, **hyper}
    for step in range(1, steps + 1):
        arrays = [2 * rng.normal(size=shape) + 0.5 for shape in shapes]
        if scratch.__name__ == "batch_norm_inference":
            arrays[2] = arrays[2] ** 2
        y, cache = scratch(*arrays, **settings)
        ty, tcache = twin(*map(torch.as_tensor, arrays), **settings)
        yield f"input {step}", "outputs", step, y, ty
        dy = rng.normal(size=y.shape)
        ours, theirs = back[0](dy, cache), back[1](torch.as_tensor(dy), tcache)
        ours, theirs = (g if isinstance(g, tuple) else (g,) for g in (ours, theirs))
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield f"input {step}", "gradients", (step, i), a, b


def _room(room: str, family: str) -> ModuleType:
    return importlib.import_module(f"dlcourse.{room}.{family}")
