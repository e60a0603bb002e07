"""Early stopping: training ends when held-out data say so, and its best weights come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, regularized
from dlcourse.arrays import Array


class EarlyStopping:
    r"""Watch a validation loss, keep the weights of its best epoch, and say when to stop.

    .. math:: t^\star = \arg\min_{s \le t} L_{\text{val}}(\theta_s), \qquad
              \text{stop at the first } t \text{ with } t - t^\star \ge \text{patience}

    Parameters
    ----------
    patience : int >= 1, the epochs in a row without an improvement after which a run stops
    min_delta : >= 0; an epoch improves when its value is below the best one by more than this

    Attributes
    ----------
    epoch : the latest epoch, from 0; -1 before the first
    best_value, best_epoch : a number, or one a run; of the latest improvement
    best_theta, best_buffers : copies of what the model was then
    stopped : bool, or one a run
    stop_epoch : the epoch at which a run stopped, the latest one while it has not

    Notes
    -----
    The first epoch always improves; NaN never does, and counts as an epoch without improvement.
    Every run stops by itself: it is frozen from then on, and what comes later is not looked at.
    Only when all have stopped is training over. A model with running statistics has to get back
    those of its best epoch too: pass ``buffers``.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.update(loss, np.array([loss])) for loss in (5.0, 3.0, 4.0, 3.0)]
    [False, False, False, True]
    >>> stopping.best_theta, int(stopping.best_epoch), int(stopping.stop_epoch)
    (array([3.]), 1, 3)

    References
    ----------
    Prechelt (1998). Lesson: early-stopping.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        self.patience = checks.integer("patience", patience, 1)
        self.min_delta = checks.scalar("min_delta", min_delta)
        self.epoch = -1
        self.best_value, self.stopped = np.array(np.inf), np.array(False)
        self.best_epoch = self.stop_epoch = self.waited = np.array(0)
        self.best_theta: Any = None
        self.best_buffers: dict[str, Array] = {}

    def update(self, value: Any, theta: Array, buffers: Mapping[str, Array] | None = None) -> bool:
        """Take in an epoch; True once every run has stopped.

        Parameters
        ----------
        value : a number, or (runs,): the validation loss, smaller is better
        theta : (d,), or (runs, d); copied where it is the best so far
        buffers : {name: array}, likewise, as ``model.buffers``
        """
        first = self.epoch < 0
        value = regularized.monitored(value, None if first else self.best_value.shape)
        regularized.kept(theta, buffers, value.shape, None if first else self.held())
        if first:
            self._begin(value, theta, buffers)
        self.epoch += 1
        going = ~self.stopped
        better = going & ((value < self.best_value - self.min_delta) | (first & ~np.isnan(value)))
        self.best_value = np.where(better, value, self.best_value)
        self.best_epoch = np.where(better, self.epoch, self.best_epoch)
        self.best_theta[better] = theta[better]
        for name, a in (buffers or {}).items():
            self.best_buffers[name][better] = a[better]
        self.waited = np.where(better, 0, self.waited + going)
        self.stop_epoch = np.where(going, self.epoch, self.stop_epoch)
        self.stopped = self.waited >= self.patience
        return bool(self.stopped.all())

    def _begin(self, value: Array, theta: Array, buffers: Mapping[str, Array] | None) -> None:
        self.best_value, self.stopped = np.full(value.shape, np.inf), np.zeros(value.shape, bool)
        self.best_epoch = self.stop_epoch = self.waited = np.zeros(value.shape, int)
        self.best_theta = theta.copy()
        self.best_buffers = {name: a.copy() for name, a in (buffers or {}).items()}

    def held(self) -> dict[str, Any]:
        """All that is kept of the best epoch, by name."""
        return {"theta": self.best_theta, **self.best_buffers}

    def restore(self, model: Any) -> None:
        """Put the best parameters, and buffers, back into the model."""
        regularized.restorable(self.held(), model)
        model.theta[...] = self.best_theta
        for name, a in model.buffers.items():
            a[...] = self.best_buffers[name]

    def callback(self, metric: str = "val_loss") -> Callable[[Any], bool]:
        """What ``fit(callbacks=[...])`` takes: a function of its ``Epoch``.

        ``metric`` is a column of the history. Of an accuracy, which should be large, the negative
        is watched.
        """
        sign = -1.0 if metric.endswith("accuracy") else 1.0

        def watch(epoch: Any) -> bool:
            checks.watched(metric, list(epoch.history))
            value = sign * np.asarray(epoch.history[metric][-1])
            return self.update(value, epoch.model.theta, epoch.model.buffers or None)

        return watch


def early_stop(losses: npt.ArrayLike, patience: int, min_delta: float = 0.0) -> tuple[Array, Array]:
    """Where early stopping would have ended this curve, and which epoch it would have kept.

    Parameters
    ----------
    losses : (epochs,) or (epochs, runs)
    patience, min_delta : as of ``EarlyStopping``

    Returns
    -------
    stop_epoch, the last epoch for a curve that never stops; and best_epoch: numbers, or (runs,)

    Examples
    --------
    >>> stop, best = early_stop([5.0, 4.0, 3.0, 3.0, 3.0, 1.0], patience=2)
    >>> int(stop), int(best)
    (4, 2)
    """
    stopping = EarlyStopping(patience, min_delta)
    for value in regularized.curve(losses):
        if stopping.update(value, value[..., None]):
            break
    return stopping.stop_epoch[()], stopping.best_epoch[()]
