"""What the room of the landscape takes in, refused at the door: points, directions, operators.

Arrays of the one room and tensors of the other are asked the same questions, in the same words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcourse import checks, inputs

ENDS = ("largest", "smallest", "both")
LARGEST = 4_000
"""Parameters up to which a whole Hessian is written down: 128 MB in float64, for each run."""


def vector(name: str, value: Any, kind: type) -> None:
    """A point or a direction: finite floats (d,), or (runs, d)."""
    inputs.values(name, value, kind, "float")
    if value.ndim not in (1, 2) or 0 in value.shape:
        checks.fail(name, "shaped (d,) or (runs, d)", value)
    inputs.finite(name, value)


def direction(v: Any, theta: Any, kind: type) -> None:
    """A direction at the point ``theta``."""
    vector("v", v, kind)
    if v.shape != theta.shape:
        checks.fail("v", f"shaped {tuple(theta.shape)} as theta", v)


def point(theta: Any, model: Any, kind: type) -> None:
    """Parameters of that model, of one run or of many."""
    vector("theta", theta, kind)
    if theta.shape[-1] != (d := model.theta.shape[-1]):
        checks.fail("theta", f"of {d} parameters, as the model", theta)


def function(name: str, value: Any) -> None:
    """Something that can be called."""
    if not callable(value):
        checks.fail(name, "a function", value, error=TypeError)


def answer(name: str, value: Any, asked: Any, kind: type) -> None:
    """What a function gave: finite floats in the shape of what it was asked about."""
    if not isinstance(value, kind) or inputs.numbers_of(value) != "float":
        noun = "an array" if kind is np.ndarray else "a tensor"
        checks.fail(name, f"a function that gives {noun} of floats", value, error=TypeError)
    given: Any = value
    if given.shape != asked.shape:
        shape = tuple(asked.shape)
        checks.fail(name, f"a function that gives what is shaped {shape} for {shape}", given)
    bad = ~(abs(given) < math.inf)
    if bad.any():
        checks.fail(name, "a function that gives finite numbers", given[bad].reshape(-1)[0].item())


def writable(dim: Any) -> int:
    """A number of parameters whose Hessian can be written down."""
    if checks.integer("dim", dim, 1) > LARGEST:
        fix = "Ask for top_eigenvalues or spectral_density, which need products alone."
        checks.fail("dim", f"<= {LARGEST} for a whole Hessian", dim, fix)
    return int(dim)


def ends(dim: Any, k: Any, which: Any) -> tuple[int, int]:
    """How many parameters, and how many eigenvalues of each end: no more than there are."""
    dim, k = checks.integer("dim", dim, 1), checks.integer("k", k, 1)
    checks.choice("which", which, ENDS)
    most = dim // 2 if which == "both" else dim
    if k > most:
        each = f", {k} of each end" if which == "both" else ""
        checks.fail("k", f"<= {most} of {dim} eigenvalues{each}", k)
    return dim, k


def some_steps(max_steps: Any, least: int, dim: int) -> int:
    """How many products a search may cost: enough for what is asked, and of use."""
    most = max(20 * least, 200) if max_steps is None else checks.integer("max_steps", max_steps, 1)
    if most < min(least, dim):
        checks.fail("max_steps", f">= {least}, the eigenvalues asked for", max_steps)
    return min(most, dim)


def square(name: str, value: Any, kind: type) -> None:
    """A matrix (d, d), or one a run: finite floats."""
    inputs.values(name, value, kind, "float")
    if value.ndim not in (2, 3) or value.shape[-1] != value.shape[-2] or 0 in value.shape:
        fix = "Of eigenvalues ask classify_eigenvalues." if value.ndim == 1 else ""
        checks.fail(name, "shaped (d, d) or (runs, d, d)", value, fix)
    inputs.finite(name, value)
