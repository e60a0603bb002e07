"""A learning rate that waits: it falls when the loss has not improved for a while.

No schedule in the sense of ``schedules``, which are functions of the step: what the rate is depends
on the losses that were reported, so that there is a state, and it is printed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import hyper


class ReduceOnPlateau(hyper.Patient):
    r"""Lower the rate when more than ``patience`` losses in a row have not improved.

    .. math:: \eta \leftarrow \max(\gamma\,\eta,\ \eta_{\min})
              \quad \text{when } b > p, \qquad
              b \leftarrow \begin{cases}
              0 & L < (1 - \delta)\, L_{\text{best}} \\ b + 1 & \text{otherwise} \end{cases}

    Symbols
    -------
    η ``lr`` · γ ``factor`` · p ``patience`` · δ ``threshold`` · η_min ``min_lr`` · b ``waited``

    Parameters
    ----------
    lr : the first rate, a number or (runs, 1)
    factor : γ in [0, 1)
    patience : int >= 0, how many losses without improvement are borne with
    threshold : δ in [0, 1), a share of the best loss
    min_lr : where it ends, at most lr

    Attributes
    ----------
    lr, best, waited : the rate in force, the last loss that improved, how many have not since then
        or since the last reduction; of each run, where there are runs

    Notes
    -----
    As ``torch.optim.lr_scheduler.ReduceLROnPlateau`` with its defaults, but that torch leaves a
    rate as it is where it would change by 1e-8 or less. The first loss improves; NaN never does.
    A reduction keeps the best loss and begins to count anew. The loss must be one that chance
    does not move by more than the threshold: that of a single batch triggers by accident.

    Examples
    --------
    >>> rate = ReduceOnPlateau(0.8, factor=0.5, patience=1, threshold=0.0)
    >>> [rate.update(loss) for loss in (5.0, 4.0, 4.0, 6.0, 4.0, 4.0)]
    [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]
    >>> rate
    ReduceOnPlateau(lr=0.2): best 4, waited 0, patience 1

    In a loop of one's own, or in ``fit(callbacks=[rate.callback()])``:

    >>> from dlcourse.scratch.optimizers import SGD
    >>> w = np.array([10.0])
    >>> opt, rate = SGD(w, lr=2.0), ReduceOnPlateau(2.0, factor=0.25, patience=2)
    >>> for _ in range(30):
    ...     opt.step(w.copy())  # the gradient of w²/2: at rate 2 it jumps to and fro for ever
    ...     opt.lr = rate.update(float(w[0] ** 2 / 2))
    >>> opt.lr, bool(abs(w[0]) < 1e-6)
    (0.5, True)

    References
    ----------
    He et al. (2016), section 3.4: "divided by 10 when the error plateaus". Lesson: schedules.
    """

    def update(self, value: Any) -> Any:
        """Take in a loss, a number or (runs,); the rate from now on, a number or (runs, 1)."""
        value = self.looked_at(value)
        better = value < (1 - self.threshold) * self.best
        self.best = np.where(better, value, self.best)
        waited = np.where(better, 0, self.waited + 1)
        tired = waited > self.patience
        self.waited = np.where(tired, 0, waited)
        lower = np.maximum(self.factor * self.lr, self.min_lr)
        rate = np.where(tired[..., None] if value.ndim else tired, lower, self.lr)
        self.lr = rate if value.ndim else float(rate)
        return rate.copy() if value.ndim else self.lr
