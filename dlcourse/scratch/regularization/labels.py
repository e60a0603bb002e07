"""Label smoothing: targets that leave some doubt."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import inputs, regularized
from dlcourse.arrays import Array, indicators
from dlcourse.scratch.losses import SoftmaxCrossEntropy, softmax_cross_entropy


def smooth_labels(onehot: Array, alpha: float | npt.ArrayLike) -> Array:
    r"""Take the share α of a sample's label and spread it evenly over all classes.

    .. math:: t = (1 - \alpha)\, y + \frac{\alpha}{C}

    Parameters
    ----------
    onehot : (..., C), rows of probabilities: one-hot, or soft labels, as mixup makes them
    alpha : in [0, 1], a number or an array that broadcasts to the labels

    Returns
    -------
    array shaped as the labels; of integers float64

    Notes
    -----
    The right class gets 1 − α + α/C, since the share goes over *all* classes, as in PyTorch's
    ``label_smoothing``. Spread over the C − 1 wrong ones the same α smooths more.

    Examples
    --------
    >>> smooth_labels(np.array([[0.0, 1.0, 0.0, 0.0]]), 0.2)
    array([[0.05, 0.85, 0.05, 0.05]])

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), section 7. Lesson: smoothing.
    """
    regularized.distribution("onehot", onehot, np.ndarray)
    return smoothed(onehot, alpha)


def smoothed(onehot: Array, alpha: float | npt.ArrayLike) -> Array:
    """``smooth_labels`` of what is known to be a distribution."""
    share = regularized.spread("alpha", alpha, onehot.shape, 1.0)
    kind = onehot.dtype if onehot.dtype.kind == "f" else np.dtype(float)
    share = share.astype(kind) if isinstance(share, np.ndarray) else share
    return (1 - share) * onehot.astype(kind) + share / onehot.shape[-1]


class SmoothedCrossEntropy(SoftmaxCrossEntropy):
    """``softmax_cross_entropy`` with smoothed labels; labels (..., n) or soft ones (..., n, k).

    Parameters
    ----------
    alpha : number in [0, 1], the share that is spread over all classes

    Notes
    -----
    As ``torch.nn.CrossEntropyLoss(label_smoothing=alpha)``. What ``fit`` reports as validation loss
    is smoothed too, and has a floor above 0: compare models that are trained with unlike α by
    ``nll`` or accuracy.

    Examples
    --------
    >>> logits = np.log([[0.7, 0.1, 0.1, 0.1]])
    >>> [round(float(SmoothedCrossEntropy(a).forward(logits, [0])), 4) for a in (0.0, 0.4)]
    [0.3567, 0.9404]

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), section 7. Lesson: smoothing.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = regularized.share("alpha", alpha)

    def forward(self, y: Array, target: Any) -> Array:
        inputs.batch(y, ("n", "k"), None, np.ndarray, name="y")
        inputs.classes(y, target := inputs.target(np.asarray, target))
        if target.dtype.kind in "iu":
            target = indicators(target, y.shape[-1], y.dtype).swapaxes(-1, -2)
        else:
            regularized.distribution("target", target, np.ndarray)
        soft = smoothed(target.astype(y.dtype, copy=False), self.alpha)
        value, self.cache = softmax_cross_entropy(y, soft)
        return value
