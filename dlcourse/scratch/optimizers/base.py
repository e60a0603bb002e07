"""What every optimizer shares: parameters, state, step count, and one blocked pass over all."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, hyper
from dlcourse.arrays import Array, blocks

Schedule = Callable[[int], float]
Rate = float | npt.ArrayLike | Schedule


class Optimizer:
    r"""Memory around a formula: ``step`` walks the parameters, ``update`` is the formula.

    .. math:: \theta_t = \theta_{t-1} + \mathrm{update}(\theta_{t-1}, g_t, \text{state})

    A subclass names its state in ``state_names`` and writes ``update``, nothing else. ``update``
    sees one block of a parameter, its gradient and its state; it returns the step, writes its own
    state in place (``m[...] = ...`` reads "m becomes"), and never touches ``g``.

    Parameters
    ----------
    params : one array or a sequence of arrays, C-contiguous float, any shapes; changed by ``step``
    lr : number >= 0, array ``(runs, 1)``, or schedule ``lr(step)`` with step counted from 0

    Notes
    -----
    A hyper-parameter given as an array ``(runs, 1)`` has one entry for each run on the leading axis
    of every parameter: a grid of settings is trained in one pass. ``rate`` is the learning rate of
    the step being made, ``t`` the number of steps made, counted from 1 inside ``update``.
    Hyper-parameters may be set between steps; they are checked as in the constructor.

    Raises
    ------
    TypeError for parameters that are no float arrays; ValueError for parameters whose memory an
    update could not reach (not C-contiguous, read-only, overlapping) and for values outside their
    interval.
    """

    state_names: tuple[str, ...] = ()
    lr = hyper.Rate()

    def __init__(self, params: Array | Sequence[Array], lr: Rate) -> None:
        self.params = _checked_params(params)
        self.t = 0
        self.runs: int | None = None
        self.lr = lr

    def update(self, theta: Array, g: Array, *state: Array) -> Array:
        """The step for one block of a parameter: the only method a subclass writes."""
        raise TypeError(f"update must be written by the subclass {type(self).__name__}.")

    def step(self, grads: Array | Sequence[Array]) -> None:
        """Move every parameter by its update; ``grads`` mirrors ``params`` and stays untouched."""
        rate = self._hyper("lr", self.lr(self.t)) if callable(self.lr) else self.lr
        gradients = self._checked_grads(grads)  # after the rate, which may be what tells of runs
        self.t, self.rate = self.t + 1, rate
        for index, block, theta, *state in self._blocks:
            g = gradients[index][..., block]
            _check_alike("a gradient's block", g, theta)
            delta = self.update(theta, g, *state)
            _check_alike("what update returns", delta, theta)
            theta += delta

    def __getstate__(self) -> dict[str, Any]:
        """Copies in depth and pickles find the blocks of their own parameters."""
        return {name: value for name, value in self.__dict__.items() if name != "_blocks"}

    @cached_property
    def state(self) -> list[dict[str, Array]]:
        """For each parameter its state arrays by name, zero before the first step."""
        return [{name: np.zeros_like(p) for name in self.state_names} for p in self.params]

    def state_dict(self) -> dict[str, Any]:
        """Everything that a later run needs to go on bit for bit: copies, not views."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "params"]
        return {
            "optimizer": type(self).__name__,
            "t": self.t,
            "state": [{name: a.copy() for name, a in s.items()} for s in self.state],
            "hyper": {name: getattr(self, name) for name in names},
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over step count, state and hyper-parameters; checked whole before any change."""
        new = state_dict
        checks.saved(new, self.state_dict())
        state = [
            {name: np.asarray(a).astype(p.dtype, order="C") for name, a in s.items()}
            for p, s in zip(self.params, new["state"], strict=True)
        ]
        checked = type(self)(self.params, **new["hyper"])  # the constructor knows what is allowed
        if checked.state_names != self.state_names:
            fix = "Build the optimizer with these hyper-parameters, then load."
            checks.fail("state_dict['hyper']", "of the same kinds of state", new["hyper"], fix)
        self.t, self.runs, self.state = int(new["t"]), checked.runs, state
        self.__dict__ |= {name: checked.__dict__[name] for name in new["hyper"]}
        self._forget_views()

    def _hyper(self, name: str, value: Any, high: float = np.inf, **interval: bool) -> Any:
        """A number >= 0, or an array ``(runs, 1)`` in the precision of the parameters."""
        value, kind = (
            checks.number(name, value, 0.0, high, **interval),
            np.result_type(*self.params),
        )
        if np.max(value, initial=0.0) > np.finfo(kind).max:
            checks.fail(name, f"finite in {kind}", value)
        if isinstance(value, float):
            return value
        runs = self.params[0].shape[0] if self.params[0].ndim else 0
        if not runs or value.shape != (runs, 1) or any(p.shape[:1] != (runs,) for p in self.params):
            fix = "The runs are the leading axis of every parameter; write lr[:, None]."
            checks.fail(name, f"a number or an array ({runs}, 1), one entry a run", value, fix)
        if self.runs is None:
            self.runs = runs
            self._forget_views()
        return value.astype(kind)

    def _forget_views(self) -> None:
        """After a change of the state or its layout."""
        self.__dict__.pop("_blocks", None)
        self.__dict__.pop("_owners", None)

    @cached_property
    def _owners(self) -> set[int]:
        """Whose memory a step writes to."""
        return {_owner(a) for a in (*self.params, *(a for s in self.state for a in s.values()))}

    @cached_property
    def _blocks(self) -> list[tuple[Any, ...]]:
        """(parameter, columns, views of it and of its state): the pass that ``step`` makes."""
        passes = []
        for index, (p, s) in enumerate(zip(self.params, self.state, strict=True)):
            views = [a.reshape(self._layout(p)) for a in (p, *s.values())]
            for block in blocks(views[0].shape[-1], rows=self.runs or 1):
                passes.append((index, block, *(view[..., block] for view in views)))
        return passes

    def _layout(self, p: Array) -> tuple[int, ...]:
        return (-1,) if self.runs is None else (self.runs, p.size // self.runs)

    def _checked_grads(self, grads: Array | Sequence[Array]) -> list[Array]:
        given = _listed("grads", grads)
        if len(given) != len(self.params):
            checks.fail("grads", f"{len(self.params)} arrays, one a parameter", len(given))
        checked = []
        for i, (g, p) in enumerate(zip(given, self.params, strict=True)):
            g = np.asarray(g)
            if g.dtype.kind != "f":
                checks.fail(f"grads[{i}]", "a float array", g, error=TypeError)
            if g.shape != p.shape:
                checks.fail(f"grads[{i}]", f"shaped as its parameter, {p.shape}", g.shape)
            cast = g
            if g.dtype != p.dtype:
                with np.errstate(over="ignore"):  # a finite number may become infinite
                    cast = g.astype(p.dtype)
            _check_finite(f"grads[{i}]", cast, g, self.t + 1)
            if _owner(cast) in self._owners:
                cast = cast.copy()  # as in a game of two: all gradients are from before the step
            checked.append(cast.reshape(self._layout(p)))
        return checked


def _listed(name: str, given: Any) -> list[Any]:
    if not isinstance(given, Iterable):
        checks.fail(name, "an array or a sequence of arrays", given, error=TypeError)
    return [given] if isinstance(given, np.ndarray) else list(given)


def _owner(a: Any) -> int:
    """Which object holds the memory of an array; arrays that share any have the same."""
    while isinstance(a, np.ndarray) and a.base is not None:
        a = a.base
    return id(a)


def _check_alike(name: str, a: Array, theta: Array) -> None:
    if np.shape(a) != theta.shape:  # NumPy would spread one run's row over all runs
        checks.fail(name, f"shaped as its block of a parameter, {theta.shape}", np.shape(a))


def _check_finite(name: str, cast: Array, given: Array, step: int) -> None:
    flat = cast.reshape(-1)
    with np.errstate(all="ignore"):  # the square may overflow where the gradient does not
        if math.isfinite(np.dot(flat, flat)):
            return
    wrong = ~np.isfinite(flat)
    if wrong.any():
        fix = "Nothing was changed. A smaller learning rate or a clipped gradient may help."
        value = given.reshape(-1)[wrong][0].item()
        kind = f" in {cast.dtype}" if np.isfinite(value) else ""
        checks.fail(name, f"finite at step {step}{kind}", value, fix)


def _checked_params(params: Array | Sequence[Array]) -> list[Array]:
    given = _listed("params", params)
    if not given:
        checks.fail("params", "at least one array", given)
    for i, p in enumerate(given):
        name = f"params[{i}]"
        if type(p) not in (np.ndarray, np.memmap) or p.dtype not in (np.float64, np.float32):
            fix = "Convert it with numpy.asarray(..., dtype=float)."
            checks.fail(name, "a NumPy array of float64 or float32", p, fix, TypeError)
        if not p.flags.c_contiguous or not p.flags.writeable:
            fix = "Its flat view would be a copy and the update lost; pass numpy.ascontiguousarray."
            checks.fail(name, "C-contiguous and writeable", p, fix)
        if any(np.may_share_memory(p, q) for q in given[:i]):
            checks.fail(name, "in memory of its own", p, "It would be updated twice.")
    return given
