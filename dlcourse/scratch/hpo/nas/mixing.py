"""The mixture of operations that DARTS puts on every edge, and how one of them is picked."""

from __future__ import annotations

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def softmax(logits: Array) -> Array:
    """Shares along the last axis."""
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def softmax_backward(dp: Array, p: Array) -> Array:
    r""":math:`dα_o = p_o (dp_o - \\sum_k p_k\\, dp_k)`."""
    return p * (dp - (p * dp).sum(-1, keepdims=True))


def mixed_op(alpha: Array, outs: Array) -> tuple[Array, tuple[Array, Array]]:
    r"""Do everything at once, each operation in the share of its logit.

    .. math:: \bar o(x) = \sum_{o} \frac{\exp α_o}{\sum_{o'} \exp α_{o'}}\; o(x)

    Parameters
    ----------
    alpha : α, (..., operations); leading axes are runs
    outs : o(x), (..., operations, n, d)

    Examples
    --------
    >>> y, _ = mixed_op(np.log([1.0, 3.0]), np.array([[[4.0]], [[8.0]]]))
    >>> y
    array([[7.]])

    References
    ----------
    Liu, Simonyan and Yang (2019), eq. 2.
    """
    shape = outs.shape[:-2]
    if alpha.ndim < 1 or outs.ndim < 3 or alpha.shape != shape:
        checks.fail("alpha", f"shaped {shape}, one logit an operation", alpha)
    p = softmax(alpha)
    return np.einsum("...o,...ond->...nd", p, outs), (p, outs)


def mixed_op_backward(
    dy: Array,
    cache: tuple[Array, Array],
) -> tuple[Array, Array]:
    """(dalpha, douts): through the shares, and to every operation its share of dy."""
    p, outs = cache
    dp = np.einsum("...nd,...ond->...o", dy, outs)
    return softmax_backward(dp, p), p[..., None, None] * dy[..., None, :, :]


def discretize(alpha: Array, zero: bool = False) -> Array:
    """The strongest operation of each edge, (..., edges, operations) to (..., edges).

    Operation 0, the zero, is passed over unless ``zero``, as DARTS does it: its logit grows
    where the others of its edge are merely too strong.

    >>> discretize(np.array([[5.0, 0.0, 1.0, 0.0]])), discretize(np.array([[5.0, 0, 1, 0]]), True)
    (array([2]), array([0]))
    """
    first = 0 if zero else 1
    return alpha[..., first:].argmax(-1) + first
