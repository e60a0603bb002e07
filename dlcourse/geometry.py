"""What the geometry of a loss takes in, refused at the door in the same words by both rooms; and
where the units of a network are in its vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, inputs


def point(name: str, value: Any, kind: type) -> None:
    """Parameters (d,) or (runs, d): finite numbers of one of the two precisions."""
    inputs.values(name, value, kind, "float")
    inputs.precision(name, value)
    if value.ndim not in (1, 2) or 0 in value.shape:
        checks.fail(name, "shaped (d,) or (runs, d), with d >= 1", value)
    inputs.finite(name, value)


def alike(name: str, value: Any, other: str, theta: Any, kind: type) -> None:
    """A second point, or a direction, shaped as the first one."""
    point(name, value, kind)
    if tuple(value.shape) != tuple(theta.shape):
        checks.fail(name, f"shaped {tuple(theta.shape)} as {other}", value)


def function(name: str, value: Any) -> None:
    """Something to be called with theta."""
    if not callable(value):
        fix = "Objective(model, loss, x, y) is one, and its method grad."
        checks.fail(name, "a function of theta", value, fix, TypeError)


def losses(found: Any, theta: Any) -> Any:
    """What a loss returned: one finite number a run."""
    lead = tuple(theta.shape[:-1])
    if tuple(np.shape(found)) != lead:
        wanted = f"a function that gives one number a run, shaped {lead}"
        checks.fail("loss", wanted, f"shape {tuple(np.shape(found))}")
    host = np.asarray(_host(found))
    bad = ~(abs(host) < math.inf)
    if bad.any():
        value = host[bad].flat[0].item()
        checks.fail("loss", "finite wherever it is looked at", value, "Go less far from theta.")
    return found


def gradients(found: Any, theta: Any) -> Any:
    """What a gradient function returned: numbers shaped as theta."""
    if tuple(np.shape(found)) != tuple(theta.shape):
        wanted = f"a function that gives an array shaped {tuple(theta.shape)} as theta"
        checks.fail("loss_grad", wanted, f"shape {tuple(np.shape(found))}")
    return found


def places(name: str, value: Any, ends: bool = False) -> np.ndarray[Any, Any]:
    """Numbers (m,) along a line; with ``ends`` increasing from 0 to 1."""
    found = checks.number(name, _host(value))
    if not isinstance(found, np.ndarray) or found.ndim != 1 or not found.size:
        checks.fail(name, "an array (m,) of at least one number, as np.linspace(0, 1, 11)", value)
    if ends and (found[0] != 0 or found[-1] != 1 or (np.diff(found) <= 0).any()):
        checks.fail(name, "increasing from 0 to 1", [float(found[0]), "...", float(found[-1])])
    return found


def directions(value: Any, theta: Any, kind: type) -> None:
    """The columns of A, (d, p) or (runs, d, p)."""
    inputs.values("directions", value, kind, "float")
    d, lead = theta.shape[-1], tuple(theta.shape[:-1])
    fits = value.ndim in (2, 2 + len(lead)) and value.shape[-2] == d and value.shape[-1] > 0
    if not fits or tuple(value.shape[:-2]) not in ((), lead):
        wanted = f"shaped ({d}, p)" + (f" or ({lead[0]}, {d}, p)" if lead else "")
        checks.fail("directions", wanted, value)
    inputs.finite("directions", value)


class Hidden(NamedTuple):
    """A layer's units: the parameters whose rows, and whose columns, belong to one of them each."""

    units: int
    incoming: tuple[str, ...]
    outgoing: str


def hidden_layers(
    model: Any, weighted: tuple[type, ...], passing: tuple[type, ...], what: str = "units"
) -> list[Hidden]:
    """The hidden layers of a row of ``weighted`` layers, with none but ``passing`` ones between."""
    if not hasattr(model, "layers") or not hasattr(model, "slices"):
        checks.fail("model", "a row of layers, as MLP([2, 3, 1], rng)", model, error=TypeError)
    at = [i for i, one in enumerate(model.layers) if type(one) in weighted]
    found = []
    for i, one in enumerate(model.layers):
        inside = at and at[0] < i < at[-1]
        if type(one) not in weighted and (one.shapes or (inside and type(one) not in passing)):
            names = ", ".join(kind.__name__ for kind in (*weighted, *passing))
            fix = f"Between weights every layer has to keep the {what} apart."
            checks.fail("model", f"a row of {names}", type(one).__name__, fix)
    if len(at) < 2:
        checks.fail("model", "one with a hidden layer", f"{len(at)} layers with weights")
    for i, j in pairwise(at):
        units = model.layers[i].shapes["weight"][0]
        incoming = tuple(f"{i}.{name}" for name in model.layers[i].shapes)
        found.append(Hidden(units, incoming, f"{j}.weight"))
    return found


def vector_of(model: Any, name: str, theta: Any, kind: type) -> None:
    """Parameters of this model, of any number of runs."""
    point(name, theta, kind)
    d = model.theta.shape[-1]
    if theta.shape[-1] != d:
        checks.fail(name, f"of {d} entries a run, as model.theta", theta)


def one_a_layer(
    name: str, given: Any, hidden: Sequence[Hidden], theta: Any,
    check: Callable[[str, Any, int], Any],
) -> list[Any]:  # fmt: skip
    """An array (units,) or (runs, units) for each hidden layer; None where nothing changes."""
    if not isinstance(given, list | tuple) or len(given) != len(hidden):
        got = len(given) if isinstance(given, list | tuple) else given
        checks.fail(name, f"a list of {len(hidden)}, one a hidden layer", got)
    found: list[Any] = []
    for i, (one, layer) in enumerate(zip(given, hidden, strict=True)):
        if one is None:
            found.append(None)
            continue
        array = check(f"{name}[{i}]", one, layer.units)
        lead = tuple(theta.shape[:-1])
        if array.shape not in ((layer.units,), (*lead, layer.units)):
            wanted = f"shaped ({layer.units},)" + (f" or {(*lead, layer.units)}" if lead else "")
            checks.fail(f"{name}[{i}]", wanted, array)
        found.append(np.broadcast_to(array, (*lead, layer.units)))
    return found


def _host(value: Any) -> Any:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _numbers(name: str, value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(checks.number(name, _host(value)))


def permutation(name: str, value: Any, units: int) -> np.ndarray[Any, Any]:
    """Each of 0 .. units - 1 once, a row a run."""
    found = inputs.integers(name, _host(value))
    if found.shape[-1:] != (units,) or (np.sort(found, -1) != np.arange(units)).any():
        checks.fail(name, f"a permutation of 0 .. {units - 1}", value)
    return found


def signs(name: str, value: Any, units: int) -> np.ndarray[Any, Any]:
    """1 or -1 a unit."""
    found = _numbers(name, value)
    if (abs(found) != 1).any():
        checks.fail(name, "of 1 and -1", found[abs(found) != 1].flat[0].item())
    return found


def factors(name: str, value: Any, units: int) -> np.ndarray[Any, Any]:
    """A positive number a unit."""
    found = _numbers(name, value)
    if (found <= 0).any():
        fix = "max(a z, 0) = a max(z, 0) only for a > 0."
        checks.fail(name, "> 0", found[found <= 0].flat[0].item(), fix)
    return found


def square(value: Any, kind: type) -> None:
    """A cost for each pair of as many rows as columns, (n, n) or (runs, n, n)."""
    inputs.values("cost", value, kind)
    if inputs.numbers_of(value) not in ("float", "int"):
        checks.fail("cost", "of numbers", value, error=TypeError)
    if value.ndim not in (2, 3) or value.shape[-1] != value.shape[-2] or 0 in value.shape:
        fix = "Fill up with rows or columns of a constant."
        checks.fail("cost", "square, shaped (n, n) or (runs, n, n)", value, fix)
    if inputs.numbers_of(value) == "float":
        inputs.finite("cost", value, "What is forbidden gets a large number.")


def same_row(model_a: Any, model_b: Any) -> None:
    """Two models of the same layers and as many runs."""
    if not hasattr(model_b, "layers") or not hasattr(model_b, "slices"):
        checks.fail("model_b", "a row of layers, as MLP([2, 3, 1], rng)", model_b, error=TypeError)
    kinds = [[type(one).__name__ for one in m.layers] for m in (model_a, model_b)]
    if kinds[0] != kinds[1] or model_a.shapes != model_b.shapes:
        checks.fail("model_b", "of the same layers as model_a", list(model_b.shapes.values()))
    if model_a.runs != model_b.runs:
        checks.fail("model_b", f"of {model_a.runs} runs as model_a", model_b.runs)


def sizes(small: Any, big: Any) -> tuple[int, int]:
    """Two sizes of a batch, the smaller first."""
    small = checks.integer("batch_sizes[0]", small, 1)
    big = checks.integer("batch_sizes[1]", big, 1)
    if big <= small:
        checks.fail("batch_sizes", "(small, big) with small < big", (small, big))
    return small, big
