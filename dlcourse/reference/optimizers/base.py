"""What every twin shares: ``torch.optim`` behind one adaptor.

``torch.optim`` has no runs axis, so a grid of hyper-parameters becomes one parameter group a run:
the oracle for a run in a grid is PyTorch training that run alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, hyper

Tensor = torch.Tensor
Rate = float | npt.ArrayLike | Callable[[int], float]
Hyper = float | npt.ArrayLike


class Optimizer:
    """Adaptor: gradients handed in, state under the scratch room's names."""

    torch_class: ClassVar[Any]
    torch_names: ClassVar[dict[str, str]] = {}
    state_names: tuple[str, ...] = ()
    lr = hyper.Rate()

    def __init__(self, params: Tensor | Sequence[Tensor], lr: Rate) -> None:
        self.params = _checked_params(params)
        self.t = 0
        self.runs: int | None = None
        self._optimizer: torch.optim.Optimizer | None = None
        self.lr = lr

    def torch_hyper(self) -> dict[str, Any]:
        """The keyword arguments of the class in ``torch.optim``, ``lr`` excepted."""
        raise TypeError(f"torch_hyper must be written by the subclass {type(self).__name__}.")

    def step(self, grads: Tensor | Sequence[Tensor]) -> None:
        """Hand the gradients to ``torch.optim`` and let it step."""
        rate = self._hyper("lr", self.lr(self.t)) if callable(self.lr) else self.lr
        gradients = self._checked_grads(grads)
        optimizer = self._built()
        self.t += 1
        for r, group in enumerate(optimizer.param_groups):
            group |= self._settings(r) | {"lr": _entry(rate, r)}
            for p, g in zip(group["params"], self._rows(gradients, r), strict=True):
                p.grad = g.clone()
        optimizer.step()

    def _checked_grads(self, grads: Tensor | Sequence[Tensor]) -> list[Tensor]:
        given = _listed("grads", grads)
        if len(given) != len(self.params):
            checks.fail("grads", f"{len(self.params)} tensors, one a parameter", len(given))
        checked = []
        for i, (g, p) in enumerate(zip(given, self.params, strict=True)):
            name = f"grads[{i}]"
            if not isinstance(g, Tensor) or not g.is_floating_point():
                checks.fail(name, "a float tensor", g, error=TypeError)
            if g.shape != p.shape:
                checks.fail(name, f"shaped as its parameter, {tuple(p.shape)}", tuple(g.shape))
            cast = g.detach().to(p.dtype)
            if not torch.isfinite(cast).all():
                wrong = g[~torch.isfinite(cast)][0].item()
                fix = "Nothing was changed. A smaller learning rate or a clipped gradient may help."
                kind = f" in {_named(p.dtype)}" if np.isfinite(wrong) else ""
                checks.fail(name, f"finite at step {self.t + 1}{kind}", wrong, fix)
            checked.append(cast)
        return checked

    @property
    def state(self) -> list[dict[str, Tensor]]:
        """For each parameter its state tensors by scratch name, stacked over the runs."""
        held, found = self._built().state, []
        for i in range(len(self.params)):
            rows = [group["params"][i] for group in self._built().param_groups]
            entry = {}
            for name in self.state_names:
                kept = [held.get(p, {}).get(self.torch_names[name]) for p in rows]
                filled = [
                    torch.zeros_like(p) if a is None else a for p, a in zip(rows, kept, strict=True)
                ]
                entry[name] = (
                    filled[0].detach() if self.runs is None else torch.stack(filled).detach()
                )
            found.append(entry)
        return found

    def state_dict(self) -> dict[str, Any]:
        """Step count, copies of the state, and the hyper-parameters."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "params"]
        return {
            "optimizer": type(self).__name__,
            "t": self.t,
            "state": [{name: a.clone() for name, a in s.items()} for s in self.state],
            "hyper": {name: getattr(self, name) for name in names},
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a ``state_dict`` of this class; checked whole before anything changes."""
        new = state_dict
        checks.saved(new, self.state_dict())
        checked = type(self)(self.params, **new["hyper"])
        if checked.state_names != self.state_names:
            fix = "Build the optimizer with these hyper-parameters, then load."
            checks.fail("state_dict['hyper']", "of the same kinds of state", new["hyper"], fix)
        self.t, self.runs = int(new["t"]), checked.runs
        self.__dict__ |= {name: checked.__dict__[name] for name in new["hyper"]}
        self._take_over(new["state"])

    def _take_over(self, state: Sequence[Mapping[str, Tensor]]) -> None:
        """Build the torch optimizer anew, around a state; before the first step it has none."""
        self._optimizer = None
        for r, group in enumerate(self._built().param_groups if self.t else ()):
            for p, s in zip(group["params"], state, strict=True):
                rows = {
                    self.torch_names[name]: self._rows([torch.as_tensor(a)], r)[0].to(p, copy=True)
                    for name, a in s.items()
                }
                self._built().state[p] = {"step": torch.tensor(float(self.t)), **rows}

    def _built(self) -> torch.optim.Optimizer:
        """The torch optimizer: one group, or one a run, whose rows are views of the parameters."""
        if self._optimizer is None:
            groups = []
            for r in range(self.runs or 1):
                rows = [row.requires_grad_() for row in self._rows(self.params, r)]
                groups.append({"params": rows, "lr": 0.0, **self._settings(r)})
            self._optimizer = self.torch_class(groups)
        return self._optimizer

    def _settings(self, run: int) -> dict[str, Any]:
        return {name: _entry(v, run) for name, v in self.torch_hyper().items()}

    def _rows(self, tensors: Sequence[Tensor], run: int) -> list[Tensor]:
        return [a.detach() if self.runs is None else a.detach()[run] for a in tensors]

    def _hyper(self, name: str, value: Any, high: float = np.inf, **interval: bool) -> Any:
        value = checks.number(name, value, 0.0, high, **interval)
        kind = max((p.dtype for p in self.params), key=lambda kind: kind.itemsize)
        if np.max(value, initial=0.0) > torch.finfo(kind).max:
            checks.fail(name, f"finite in {_named(kind)}", value)
        if isinstance(value, float):
            return value
        runs = self.params[0].shape[0] if self.params[0].ndim else 0
        if not runs or value.shape != (runs, 1) or any(p.shape[:1] != (runs,) for p in self.params):
            fix = "The runs are the leading axis of every parameter; write lr[:, None]."
            checks.fail(name, f"a number or an array ({runs}, 1), one entry a run", value, fix)
        if self.runs is None:
            state = self.state if self.t else []
            self.runs = runs
            self._take_over(state)
        return value


def _entry(value: Any, run: int) -> Any:
    """The setting of one run, whether it is shared, an array over runs, or a pair of either."""
    if isinstance(value, tuple):
        return tuple(_entry(v, run) for v in value)
    return float(value[run, 0]) if isinstance(value, np.ndarray) else value


def _listed(name: str, given: Any) -> list[Any]:
    if not isinstance(given, Iterable):
        checks.fail(name, "a tensor or a sequence of tensors", given, error=TypeError)
    return [given] if isinstance(given, Tensor) else list(given)


def _checked_params(params: Tensor | Sequence[Tensor]) -> list[Tensor]:
    given = _listed("params", params)
    if not given:
        checks.fail("params", "at least one tensor", given)
    for i, p in enumerate(given):
        name = f"params[{i}]"
        if not isinstance(p, Tensor) or p.dtype not in (torch.float64, torch.float32):
            checks.fail(name, "a tensor of float64 or float32", p, error=TypeError)
        if not p.is_contiguous():
            checks.fail(name, "C-contiguous", p, "Pass it through contiguous().")
        if any(_overlap(p, q) for q in given[:i]):
            checks.fail(name, "in memory of its own", p, "It would be updated twice.")
    return given


def _named(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _overlap(p: Tensor, q: Tensor) -> bool:
    starts, bytes_ = (p.data_ptr(), q.data_ptr()), (p.nbytes, q.nbytes)
    return p.device == q.device and all(starts[i] < starts[1 - i] + bytes_[1 - i] for i in (0, 1))
