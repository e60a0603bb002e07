"""Twin of ``scratch.plateau``: a ``ReduceLROnPlateau`` for each run."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dlcourse import hyper


class ReduceOnPlateau(hyper.Patient):
    """``ReduceLROnPlateau`` in mode "min" with a relative threshold, on one idle parameter."""

    @cached_property
    def _clocks(self) -> list[ReduceLROnPlateau]:
        made = []
        for rate in np.ravel(self.lr).tolist():
            idle = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
            settings: dict[str, Any] = {"threshold": self.threshold, "min_lr": self.min_lr}
            made.append(
                ReduceLROnPlateau(
                    idle, "min", self.factor, self.patience, threshold_mode="rel", eps=0, **settings
                )
            )
        return made

    def update(self, value: Any) -> Any:
        """Each run's scheduler sees its own loss."""
        value = self.looked_at(value)
        for clock, loss in zip(self._clocks, np.ravel(value).tolist(), strict=True):
            clock.step(loss)
        rates = [clock.optimizer.param_groups[0]["lr"] for clock in self._clocks]
        self.best = np.reshape([clock.best for clock in self._clocks], value.shape)
        self.waited = np.reshape([clock.num_bad_epochs for clock in self._clocks], value.shape)
        self.lr = np.array(rates)[:, None] if value.ndim else rates[0]
        return self.lr.copy() if value.ndim else self.lr
