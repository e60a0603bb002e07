"""Trials, and what every search has in common: it is asked for a trial and told how it went."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.space import Space, parameters, validate

RUNNING, COMPLETE, PRUNED, FAILED = "running", "complete", "pruned", "failed"


@dataclass(eq=False)
class Trial:
    """One configuration, and what came of it.

    Attributes
    ----------
    number : from 0, in the order asked
    params : {name: value} of the active parameters
    state : "running", "complete", "pruned" or "failed"
    value : a finite number of a complete trial, smaller is better; of a pruned one, its last report
    intermediate : {resource: value} as reported, resources in epochs, say
    error : of a failed trial, what went wrong
    """

    number: int
    params: dict[str, Any]
    state: str = RUNNING
    value: float | None = None
    intermediate: dict[float, float] = field(default_factory=dict)
    error: str | None = None


# Asked after each report, in which the trial's latest is the last of trial.intermediate:
# "should it stop?" The trials are all of the search, this one among them.
Pruner = Callable[[Trial, Sequence[Trial]], bool]


class Exhausted(RuntimeError):
    """There is nothing left to ask for."""


class Search:
    """Ask for a trial, try it, tell its value; the smallest value wins.

    A search of one's own writes ``suggest`` alone: it returns the parameters to try next, and may
    look at ``self.trials``, those still running included, ``self.space`` and ``self.rng``.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> class Middle(Search):
    ...     def suggest(self):
    ...         return {"lr": 0.5}
    >>> search = Middle({"lr": Float(0, 1)}, np.random.default_rng(0))
    >>> trial = search.ask()
    >>> search.tell(trial, 3.0)
    >>> search.best.value, search.best.params
    (3.0, {'lr': 0.5})
    """

    def __init__(self, space: Space, rng: np.random.Generator | None) -> None:
        self.space = dict(validate(space))
        self.parameters = parameters(self.space)
        self.rng = rng if rng is None else checks.generator("rng", rng)
        self.trials: list[Trial] = []

    def suggest(self) -> dict[str, Any]:
        """The parameters to try next; ``Exhausted`` when there are none."""
        raise TypeError(f"suggest must be written by the subclass {type(self).__name__}.")

    def ask(self) -> Trial:
        """A new trial, running from now on."""
        trial = Trial(len(self.trials), self.suggest())
        self.trials.append(trial)
        return trial

    def tell(
        self,
        trial: Trial,
        value: float | None = None,
        *,
        error: BaseException | str | None = None,
        pruned: bool = False,
    ) -> None:
        """How a trial went.

        Parameters
        ----------
        trial : as ``ask`` gave it, told once
        value : a number; NaN or an infinity make the trial a failed one, which is kept and survived
        error : what went wrong instead
        pruned : it was stopped early; ``value`` may be left out, then its last report stands
        """
        self._mine(trial)
        if error is not None:
            text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
            trial.state, trial.error = FAILED, text
            return
        if pruned and value is None and trial.intermediate:
            value = list(trial.intermediate.values())[-1]
        value = told(value)
        if math.isfinite(value):
            trial.state, trial.value = (PRUNED if pruned else COMPLETE), value
        else:
            trial.state, trial.error = FAILED, f"its value was {value}"

    @property
    def best(self) -> Trial:
        """The complete trial with the smallest value, the first of equals."""
        complete = [t for t in self.trials if t.state == COMPLETE]
        if not complete:
            raise RuntimeError(
                "best must be asked for after a complete trial; got none." + self._why()
            )
        return min(complete, key=lambda t: (t.value, t.number))

    def signature(self) -> str:
        """What kind of search it is: by this a journal knows its own."""
        return type(self).__name__

    def state_dict(self) -> dict[str, Any]:
        """What a resumed search needs besides its trials: the state of its generator."""
        return {} if self.rng is None else {"rng": _plain(self.rng.bit_generator.state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        if self.rng is not None:
            self.rng.bit_generator.state = _arrays(state["rng"])

    def _mine(self, trial: Any) -> None:
        if not isinstance(trial, Trial):
            checks.fail("trial", "a Trial, as ask() gave it", trial, error=TypeError)
        n = trial.number
        if not (0 <= n < len(self.trials) and self.trials[n] is trial):
            checks.fail("trial", "one of this search's own, as ask() gave it", n)
        if trial.state != RUNNING:
            checks.fail("trial", "told once", f"{trial.state} {n}", error=RuntimeError)

    def _why(self) -> str:
        failed = [t for t in self.trials if t.state == FAILED]
        return f" {len(failed)} failed, the first with {failed[0].error}" if failed else ""


def told(value: Any) -> float:
    """A value as it is told: one real number, which may be NaN or infinite."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        checks.fail("value", "a number", value, error=TypeError)
    return float(value)


def _plain(state: Any) -> Any:
    """A generator's state without arrays, which JSON has not."""
    if isinstance(state, dict):
        return {k: _plain(v) for k, v in state.items()}
    if isinstance(state, np.ndarray):
        return {"uint": state.tolist(), "dtype": state.dtype.name}
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict):
        if state.keys() == {"uint", "dtype"}:
            return np.array(state["uint"], state["dtype"])
        return {k: _arrays(v) for k, v in state.items()}
    return state
