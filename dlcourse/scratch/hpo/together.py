"""The survivors of a rung in one model with a runs axis: they train together and go on together."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks

Build = Callable[[list[dict[str, Any]]], tuple[Any, Any]]
Train = Callable[[Any, Any, int, int], npt.ArrayLike]


class Together:
    """An objective for ``successive_halving`` and ``Hyperband`` whose configurations are runs.

    Parameters
    ----------
    build : configs -> (model, optimizer), one run for each configuration; the model has ``theta``
        (runs, d) and ``buffers``, as ``Sequential`` has
    train : (model, optimizer, done, resource) -> values (runs,): trains on from ``done`` to
        ``resource`` and says how good each run then is

    Notes
    -----
    ``build`` is called again when runs have left. Parameters, buffers and the optimizer's state
    are then those of before; the hyper-parameters, one entry a run, those of ``build``.
    Runs left alone go on exactly as they would have gone among all.
    """

    def __init__(self, build: Build, train: Train) -> None:
        for name, one in (("build", build), ("train", train)):
            if not callable(one):
                checks.fail(name, "a function", one, error=TypeError)
        self.build, self.advance = build, train

    def start(self, configs: Sequence[dict[str, Any]]) -> None:
        """One run a configuration, none of them trained."""
        self.configs, self.rows, self.done = list(configs), list(range(len(configs))), 0
        self.model, self.optimizer = self.build(self.configs)

    def train(self, survivors: Sequence[int], resource: int) -> npt.ArrayLike:
        """These alone, up to ``resource``."""
        if list(survivors) != self.rows:
            self.keep(survivors)
        values = self.advance(self.model, self.optimizer, self.done, resource)
        self.done = resource
        return values

    def keep(self, survivors: Sequence[int]) -> None:
        """A smaller model with the state of those who are left."""
        places = [self.rows.index(place) for place in survivors]
        model, optimizer = self.build([self.configs[place] for place in survivors])
        model.theta[...] = self.model.theta[places]
        for name, a in model.buffers.items():
            a[...] = self.model.buffers[name][places]
        state = copy.deepcopy(self.optimizer.state_dict()["state"])
        rows = [{name: np.asarray(a)[places] for name, a in one.items()} for one in state]
        mine = optimizer.state_dict()
        optimizer.load_state_dict(mine | {"t": self.optimizer.t, "state": rows})
        self.model, self.optimizer, self.rows = model, optimizer, list(survivors)
