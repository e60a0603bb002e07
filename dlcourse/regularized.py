"""What regularization takes in, refused at the door in the same words by both rooms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlcourse import checks, inputs


def parameters(name: str, value: Any, kind: type) -> None:
    """An array or a tensor (d,) or (runs, d) of one of the two precisions."""
    inputs.values(name, value, kind, "float")
    inputs.precision(name, value)
    if value.ndim == 0:
        checks.fail(name, "shaped (d,) or (runs, d)", value)


def spread(name: str, value: Any, shape: tuple[int, ...], high: float = math.inf) -> Any:
    """A number in [0, high], or an array of them that broadcasts to ``shape``."""
    found = checks.number(name, _host(value), 0.0, high)
    if isinstance(found, np.ndarray):
        try:
            fits = np.broadcast_shapes(found.shape, shape) == tuple(shape)
        except ValueError:
            fits = False
        if not fits:
            fix = f"Runs lie on the first axis; write {name}[:, None]."
            checks.fail(name, f"a number or an array that broadcasts to {tuple(shape)}", value, fix)
    return found


def _host(value: Any) -> Any:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def by_layer(model: Any, coef: Any, layers: dict[str, Any]) -> dict[str, Any]:
    """{parameter: its coefficient}: a layer's own where it has one, 0 for what is no weight."""
    shapes, lead = model.shapes, (1,) if model.runs is None else (model.runs, 1)
    free = {*_gains(model)}
    of_all = spread("coef", coef, lead)
    own: dict[str, Any] = {}
    for place, value in layers.items():
        if not any(name.startswith(f"{place}.") for name in shapes):
            known = sorted({name.rpartition(".")[0] for name in shapes})
            fix = "Write coefficients(model, coef, **{'0': 1e-2})."
            checks.fail("a layer's place", f"one of {', '.join(known)}", place, fix)
        own[place] = spread(f"layers[{place!r}]", value, lead)
    found = {}
    for name, shape in shapes.items():
        within = [place for place in own if name.startswith(f"{place}.")]
        value = own[max(within, key=len)] if within else of_all
        weight = "weight" in name.rpartition(".")[2] and len(shape) > 1 and name not in free
        found[name] = value if weight else 0.0
    return found


class Spread:
    """An attribute of something around an optimizer, checked whenever it is set."""

    def __init__(self, high: float = math.inf) -> None:
        self.high = high

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, around: Any, owner: type | None = None) -> Any:
        return self if around is None else around.__dict__[self.name]

    def __set__(self, around: Any, value: Any) -> None:
        around.__dict__[self.name] = around.spread(self.name, value, self.high)


def _gains(layer: Any, place: str = "") -> Iterator[str]:
    """The parameters of norms, also of those whose gain has several axes."""
    if hasattr(layer, "normalized_shape"):
        yield from (f"{place}{name}" for name in layer.shapes)
    for i, one in enumerate(getattr(layer, "layers", ())):
        yield from _gains(one, f"{place}{i}.")


def optimizer(value: Any) -> None:
    """One of the optimizers, or something around one."""
    if not all(hasattr(value, name) for name in ("params", "lr", "t", "step")):
        checks.fail("optimizer", "an optimizer, as SGD(model.theta)", value, error=TypeError)


def alike(name: str, given: Any, params: Any) -> None:
    """One array or tensor a parameter, shaped as that one."""
    if len(given) != len(params):
        checks.fail(name, f"{len(params)}, one a parameter", len(given))
    for i, (a, p) in enumerate(zip(given, params, strict=True)):
        if tuple(np.shape(a)) != tuple(p.shape):
            wanted = f"shaped as its parameter, {tuple(p.shape)}"
            checks.fail(f"{name}[{i}]", wanted, tuple(np.shape(a)))


def penalty_found(found: Any, p: Any) -> tuple[Any, Any]:
    """What a penalty returned: (value, grad), grad shaped as the parameter."""
    if not isinstance(found, tuple) or len(found) != 2:
        fix = "As l2_penalty(theta, 1e-4) does."
        checks.fail("penalty", "a function of theta that returns (value, grad)", found, fix)
    if tuple(np.shape(found[1])) != tuple(p.shape):
        wanted = f"a function whose gradient is shaped as theta, {tuple(p.shape)}"
        checks.fail("penalty", wanted, found[1])
    return found


def regression(x: Any, y: Any, kind: type) -> None:
    """Samples (..., n, d) and a target (..., n), of finite numbers."""
    for name, a in (("x", x), ("y", y)):
        inputs.values(name, a, kind, "float")
        inputs.precision(name, a)
    inputs.batch(x, ("n", "d"), None, kind)
    if tuple(y.shape) != tuple(x.shape[:-1]):
        checks.fail("y", f"shaped {tuple(x.shape[:-1])}, one number a sample of x", y)
    inputs.finite("x", x)
    inputs.finite("y", y)


def path(coefs: Any, l1_ratio: Any, tol: Any) -> tuple[Any, float, float]:
    """Coefficients (m,), the share of L1 among them, and how exact the answers are to be."""
    found = checks.number("coefs", _host(coefs), 0.0)
    if not isinstance(found, np.ndarray) or found.ndim != 1 or not found.size:
        checks.fail("coefs", "a list or an array (m,) of at least one number", coefs)
    ratio = checks.number("l1_ratio", l1_ratio, 0.0, 1.0)
    if isinstance(ratio, np.ndarray):
        checks.fail("l1_ratio", "a number, the same for all runs", l1_ratio)
    return found, ratio, checks.scalar("tol", tol, low_open=True)


def distribution(name: str, value: Any, kind: type) -> None:
    """Probabilities (..., k) that add up to 1."""
    inputs.values(name, value, kind)
    if inputs.numbers_of(value) not in ("float", "int", "bool"):
        checks.fail(name, "of numbers", value, error=TypeError)
    if value.ndim == 0 or 0 in value.shape:
        checks.fail(name, "shaped (..., k), without an axis of length 0", value)
    if inputs.numbers_of(value) == "float":
        inputs.precision(name, value)
    least, sums = value.min().item(), value.sum(-1).reshape(-1)
    if not least >= 0:
        checks.fail(name, "probabilities >= 0", least)
    worst = sums[abs(sums - 1.0).argmax()].item()
    if not abs(worst - 1) <= 1e-4:
        fix = "Pass one-hot rows, or softmax(logits)."
        checks.fail(name, "probabilities that add up to 1 over the last axis", worst, fix)


def labelled(name: str, scores: Any, labels: Any, kind: type) -> None:
    """Scores (..., n, k) and the right class of each sample, (n,) or (..., n)."""
    inputs.batch(scores, ("n", "k"), None, kind, name=name)
    inputs.precision(name, scores)
    inputs.finite(name, scores)
    inputs.values("labels", labels, kind, "int")
    lead, n = tuple(scores.shape[:-2]), scores.shape[-2]
    if tuple(labels.shape) not in ((n,), (*lead, n)):
        shapes = " or ".join(dict.fromkeys((str((n,)), str((*lead, n)))))
        checks.fail("labels", f"shaped {shapes}, one a sample", labels)
    inputs.indices("labels", labels, scores.shape[-1])


def monitored(value: Any, runs: tuple[int, ...] | None) -> np.ndarray[Any, Any]:
    """A number, or one a run, as many as before; NaN is a number here."""
    found = np.asarray(_host(value))
    if found.dtype.kind not in "iuf" or found.ndim > 1 or not found.size:
        kinds = "a number or an array (runs,) of numbers"
        checks.fail("value", kinds, value, error=TypeError)
    if runs is not None and found.shape != runs:
        checks.fail("value", f"shaped {runs} as before", value)
    return found.astype(float)


def kept(theta: Any, buffers: Any, runs: tuple[int, ...], before: Any) -> None:
    """Arrays or tensors whose first axis is that of the runs, the same as ``before`` if that is."""
    named = {"theta": theta, **(buffers or {})}
    for name, a in named.items():
        if not hasattr(a, "shape"):
            checks.fail(name, "an array", a, error=TypeError)
        if runs and tuple(a.shape[:1]) != runs:
            checks.fail(name, f"shaped ({runs[0]}, ...), one entry a run", a)
    _same(named, before or named)


def _same(given: dict[str, Any], before: dict[str, Any], as_what: str = "as before") -> None:
    if given.keys() != before.keys():
        checks.fail("buffers", f"{', '.join([*before][1:]) or 'none'} {as_what}", [*given][1:])
    for name, a in before.items():
        if tuple(given[name].shape) != tuple(a.shape):
            checks.fail(name, f"shaped {tuple(a.shape)} {as_what}", given[name])


def restorable(held: dict[str, Any], model: Any) -> None:
    """Of a best epoch there is something, and it is a state of this model."""
    if held["theta"] is None:
        checks.fail("restore", "called after update", "nothing kept", "", RuntimeError)
    mine = {"theta": model.theta, **model.buffers}
    if held.keys() != mine.keys():
        fix = "Pass buffers=model.buffers to update."
        checks.fail("the buffers kept", f"{', '.join([*mine][1:]) or 'none'}", [*held][1:], fix)
    _same(mine, held, "as in the model watched")


def curve(losses: Any) -> np.ndarray[Any, Any]:
    """Losses (epochs,) or (epochs, runs), of at least one epoch."""
    found = np.asarray(_host(losses))
    if found.dtype.kind not in "iuf":
        checks.fail("losses", "an array of numbers", losses, error=TypeError)
    if found.ndim not in (1, 2) or not found.size:
        checks.fail("losses", "shaped (epochs,) or (epochs, runs), of an epoch or more", losses)
    return found.astype(float)


def function(name: str, value: Any) -> None:
    """Something that can be called."""
    if not callable(value):
        checks.fail(name, "a function of theta that returns (value, grad)", value, error=TypeError)


def ridge_coef(coef: Any) -> Any:
    """A number >= 0, or several (m,)."""
    found = checks.number("coef", _host(coef), 0.0)
    if isinstance(found, np.ndarray) and (found.ndim != 1 or not found.size):
        checks.fail("coef", "a number or an array (m,)", coef)
    return found


def solvable(s: Any, shape: tuple[int, ...], coef: Any) -> None:
    """Singular values of x that leave a single solution."""
    n, d = shape[-2:]
    rank = (s > s.max(-1, keepdims=True) * max(n, d) * 2.0**-52).sum(-1).min()
    if rank < d and np.min(coef) == 0:
        fix = "Without a penalty there are many solutions."
        checks.fail("coef", f"> 0 where x has rank {rank} and {d} columns", 0.0, fix)


def share(name: str, value: Any) -> float:
    """One number in [0, 1], the same for all runs."""
    found = checks.number(name, value, 0.0, 1.0)
    if isinstance(found, np.ndarray):
        checks.fail(name, "a number, the same for all runs", value)
    return found


def improvable(average: Any, ahead: Any) -> None:
    """How far the mean class, and the likeliest one, are ahead of the right class: one each a run.

    The NLL then has a minimum at a temperature that is neither 0 nor infinite.
    """
    if not (ahead > 0).all():
        fix = "Every label has the largest logit: the smaller T, the better. Use more data."
        checks.fail("logits", "wrong for some sample, in every run", "none wrong", fix)
    if not (average < 0).all():
        fix = "The larger T, the better: the network is worse than a guess."
        wanted = "larger at the labels than on average"
        checks.fail("logits", wanted, f"{float(average.max()):.3g} smaller", fix)
