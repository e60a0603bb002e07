"""Comparisons that the tests and the planted errors share: a check, and what it must catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = 300
SHAPES = ((3, 70), (70,), (), (3, 1, 5))
Make = Callable[[list[Any]], Any]


def gradients(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Gradients over eleven decades: the small ones meet epsilon, the large the rest."""
    return [
        np.asarray(rng.standard_normal(s) * 10.0 ** rng.integers(-9, 2, size=s)) for s in shapes
    ]


def relative(a: Any, b: Any) -> float:
    """Largest difference over the largest magnitude, at least 1."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise AssertionError(f"shapes {a.shape} and {b.shape}")
    if not a.size:
        return 0.0
    return float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))


def assert_same_path(
    make: Make,
    make_twin: Make,
    *,
    runs: int | None = None,
    steps: int = STEPS,
    tolerance: float = 1e-12,
    compare_state: bool = True,
    to_twin: Callable[[np.ndarray], Any] = lambda a: a.copy(),
    from_twin: Callable[[Any], np.ndarray] = np.asarray,
) -> float:
    """Walk both optimizers along the same gradients; compare values and state after every step.

    State is compared entry by entry relative to its own size, so that a v of 1e-18 counts too.
    """
    rng = np.random.default_rng(20)
    shapes = [s if runs is None else (runs, *s[1:]) if len(s) > 1 else (runs, 7) for s in SHAPES]
    params = [np.asarray(rng.standard_normal(s)) for s in shapes]
    twins = [to_twin(p) for p in params]
    one, two = make(params), make_twin(twins)
    worst = 0.0
    for step in range(steps):
        grads = gradients(rng, shapes)
        before = [g.copy() for g in grads]
        one.step(grads)
        two.step([to_twin(g) for g in before])
        for g, kept in zip(grads, before, strict=True):
            np.testing.assert_array_equal(g, kept, "a gradient was changed")
        pairs = [
            (f"params[{i}]", p, from_twin(q), 1.0)
            for i, (p, q) in enumerate(zip(params, twins, strict=True))
        ]
        if compare_state:
            a, b = one.state_dict(), two.state_dict()
            assert a["t"] == b["t"] == step + 1
            for i, (s, t) in enumerate(zip(a["state"], b["state"], strict=True)):
                assert s.keys() == t.keys()
                for name in s:
                    other = from_twin(t[name])
                    scale = np.abs(other).max() if np.any(other) else 1.0
                    pairs.append((f"{name}[{i}]", s[name] / scale, other / scale, 1.0))
        for name, p, q, _ in pairs:
            difference = relative(p, q)
            assert difference <= tolerance, f"{name} differs by {difference:.1e} at step {step + 1}"
            worst = max(worst, difference)
    return worst


def run(optimizer, grads):
    """The path of the optimizer's parameters under given gradients."""
    path = []
    for g in grads:
        optimizer.step(g.copy())
        path.append(optimizer.params[0].copy())
    return np.array(path)


def differs(ours, theirs, by):
    """Whether the forms part by more than ``by`` of the distance that ours has gone."""
    return np.abs(ours - theirs).max() > by * np.abs(ours).max()
