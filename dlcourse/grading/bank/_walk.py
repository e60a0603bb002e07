"""The frame that the adaptive exercises share, for their mistakes and variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Path = list[dict[str, Any]]

BY_SHAPE = {
    "id": "by_shape",
    "kind": "state",
    "says": "all parameters of a shape share their memory",
    "hint": "Parameters of different shapes agree, two of one shape do not: what is remembered was "
    "kept by shape, so that both wrote into one. Keep it by name, as the parameters are.",
}
"""A mistake of every exercise that remembers something for each parameter."""


def walk(params: dict, grads: list[dict], rule: Callable[..., tuple], memories: int = 1) -> Path:
    """The weights after each step of ``*memory, delta = rule(*memory, g)``, per parameter."""
    w, path = dict(params), []
    memory = {name: (0 * p,) * memories for name, p in params.items()}
    for g in grads:
        for name in w:
            *kept, delta = rule(*memory[name], g[name])
            memory[name], w[name] = tuple(kept), w[name] - delta
        path.append(dict(w))
    return path


def by_shape(
    params: dict, grads: list[dict], rule: Callable[..., tuple], memories: int = 1
) -> Path:
    """As `walk`, but one memory for all parameters of a shape; ``rule(*memory, g, t)`` has t."""
    w, path = dict(params), []
    memory = {p.shape: (0 * p,) * memories for p in params.values()}
    for t, g in enumerate(grads, start=1):
        for name, p in w.items():
            *kept, delta = rule(*memory[p.shape], g[name], t)
            memory[p.shape], w[name] = tuple(kept), p - delta
        path.append(dict(w))
    return path


def single(*values: Any) -> tuple[Any, ...]:
    """Dicts of arrays, and lists of such dicts, in float32."""
    return tuple(
        {name: p.astype(np.float32) for name, p in value.items()}
        if isinstance(value, dict)
        else list(single(*value))
        for value in values
    )


def number_by_number(
    params: dict, grads: list[dict], rule: Callable[..., tuple], memories: int = 1
) -> Path:
    """As `walk`, in loops over Python floats; the result holds nested lists."""
    flat = {name: p.ravel().tolist() for name, p in params.items()}
    memory = {name: [(0.0,) * memories] * p.size for name, p in params.items()}
    path = []
    for g in grads:
        for name, w in flat.items():
            for i, slope in enumerate(g[name].ravel().tolist()):
                *kept, delta = rule(*memory[name][i], slope)
                memory[name][i] = tuple(kept)
                w[i] -= delta
        path.append({n: np.reshape(w, params[n].shape).tolist() for n, w in flat.items()})
    return path
