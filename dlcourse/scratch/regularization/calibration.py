"""Calibration: does a network that says 80 % get 80 % right? And one number that mends it."""

from __future__ import annotations

import numpy as np

from dlcourse import checks, regularized
from dlcourse.arrays import Array
from dlcourse.scratch.losses import softmax_cross_entropy


def softmax(logits: Array) -> Array:
    r"""Probabilities over the last axis, :math:`p_k = e^{z_k} / \sum_j e^{z_j}`.

    Examples
    --------
    >>> softmax(np.array([0.0, np.log(3.0)]))
    array([0.25, 0.75])
    """
    regularized.parameters("logits", logits, np.ndarray)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p


def nll(logits: Array, labels: Array) -> Array:
    r"""The mean negative log-likelihood, :math:`-\frac1n \sum_i \log p_{i, y_i}`: one number a run.

    Parameters
    ----------
    logits : (..., n, k); labels : integers (n,) or (..., n)

    Examples
    --------
    >>> float(nll(np.log([[0.25, 0.75], [0.5, 0.5]]), np.array([0, 1])).round(4))  # ½ log 8
    1.0397
    """
    regularized.labelled("logits", logits, labels, np.ndarray)
    return softmax_cross_entropy(logits, labels)[0]


def reliability(probabilities: Array, labels: Array, bins: int = 15) -> tuple[Array, Array, Array]:
    r"""Predictions sorted by how sure they are: in each bin, what they said and what was true.

    The bin m of M has the samples whose largest probability is in ((m − 1)/M, m/M].

    Parameters
    ----------
    probabilities : (..., n, k), rows that add up to 1
    labels : integers (n,) or (..., n)
    bins : int >= 1

    Returns
    -------
    confidence, accuracy : (..., bins), the mean largest probability of the samples in the bin and
        the share of them that are right; NaN where there is none
    count : (..., bins), how many there are

    Examples
    --------
    >>> p = np.array([[0.6, 0.4], [0.8, 0.2], [0.1, 0.9]])
    >>> reliability(p, np.array([0, 1, 1]), bins=4)
    (array([ nan, nan, 0.6 , 0.85]), array([nan, nan, 1. , 0.5]), array([0, 0, 1, 2]))

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), section 2. Lesson: smoothing.
    """
    regularized.labelled("probabilities", probabilities, labels, np.ndarray)
    regularized.distribution("probabilities", probabilities, np.ndarray)
    checks.integer("bins", bins, 1)
    sure = probabilities.max(-1)
    right = probabilities.argmax(-1) == labels
    edges = (np.arange(1, bins) / bins).astype(sure.dtype)
    inside = np.searchsorted(edges, sure)[..., None, :] == np.arange(bins)[:, None]
    count = inside.sum(-1)
    with np.errstate(invalid="ignore"):
        confidence = np.vecdot(inside, sure[..., None, :], dtype=float) / count
        accuracy = (inside & right[..., None, :]).sum(-1) / count
    return confidence.astype(sure.dtype), accuracy.astype(sure.dtype), count


def calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> Array:
    r"""How far what a network says is from what is true, on average over the samples.

    .. math:: \text{ECE} = \sum_m \frac{n_m}{n} \left|\text{acc}_m - \text{conf}_m\right|

    Parameters
    ----------
    probabilities, labels, bins : as of ``reliability``

    Returns
    -------
    one number a run, in [0, 1]

    Notes
    -----
    It is no loss: a network that says 10 % for each of ten classes, always, has none. And it is
    biased: a bin with few samples is off by chance, always by something positive.

    Examples
    --------
    >>> p = np.array([[0.6, 0.4], [0.8, 0.2], [0.1, 0.9]])
    >>> float(calibration_error(p, np.array([0, 1, 1]), bins=4).round(4))  # (0.4 + 2 · 0.35) / 3
    0.3667

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), section 2. Lesson: smoothing.
    """
    confidence, accuracy, count = reliability(probabilities, labels, bins)
    gap = np.where(count > 0, abs(accuracy - confidence), 0.0)
    return (count * gap).sum(-1).astype(gap.dtype) / probabilities.shape[-2]


def fit_temperature(logits: Array, labels: Array) -> Array:
    r"""The one number by which to divide the logits so that held-out labels are likeliest.

    .. math:: T = \arg\min_T\ -\frac1n \sum_i \log \operatorname{softmax}(z_i / T)_{y_i}

    Parameters
    ----------
    logits : (..., n, k) of data that were not trained on; labels : integers (n,) or (..., n)

    Returns
    -------
    T > 0, one number a run: above 1 for a network that is too sure, below 1 for one in doubt

    Notes
    -----
    Newton's method on log 1/T, inside a bracket. Dividing by T leaves the order of the classes and
    so the accuracy. There is a best T only if some sample is wrong (else T → 0) and the right
    classes have more than average logits (else T → ∞): both are checked.

    Examples
    --------
    >>> logits = np.array([[4.0, 0.0]] * 4)  # says 98 %, three of four are right
    >>> T = fit_temperature(logits, np.array([0, 0, 0, 1]))
    >>> softmax(logits[0] / T).round(4)
    array([0.75, 0.25])

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), section 4.2. Lesson: smoothing.
    """
    regularized.labelled("logits", logits, labels, np.ndarray)
    z = logits.astype(float)
    told = np.take_along_axis(z, np.broadcast_to(labels, z.shape[:-1])[..., None], -1)
    z = z - told  # how far each class is ahead of the right one
    regularized.improvable(z.mean((-2, -1)), z.max(-1).mean(-1))
    low, high = np.full(z.shape[:-2], -np.inf), np.full(z.shape[:-2], np.inf)
    u = -np.log(z.std((-2, -1)))  # log 1/T, where the logits are about 1
    for _ in range(200):
        slope, bend = _slope(z, np.exp(u))
        low, high = np.where(slope < 0, u, low), np.where(slope > 0, u, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = u - np.clip(slope / abs(bend), -1, 1)  # downhill always
        inside = (new >= low) & (new <= high)
        new = np.where(slope == 0, u, np.where(inside, new, (low + high) / 2))
        if (abs(new - u) <= 1e-14 * (1 + abs(u))).all():
            break
        u = new
    return np.exp(-u).astype(logits.dtype)


def _slope(z: Array, beta: Array) -> tuple[Array, Array]:
    """First and second derivative of the NLL in log β, where the logits are β z."""
    scaled = beta[..., None, None] * z
    p = softmax(scaled)
    mean = (p * scaled).sum(-1, keepdims=True)
    slope = mean.mean((-2, -1))
    return slope, slope + (p * np.square(scaled - mean)).sum(-1).mean(-1)
