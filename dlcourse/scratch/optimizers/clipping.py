"""Clipping: shorten a gradient, or limit its entries, before an optimizer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.optimizers.base import _listed


def clip_grad_norm(
    grads: Array | Sequence[Array], max_norm: float, runs: int | None = None
) -> tuple[Any, Any]:
    r"""Scale all gradients by one factor so that their common norm is at most ``max_norm``.

    .. math:: g \leftarrow g \min(1,\ c / (\|g\| + 10^{-6})), \quad
              \|g\|^2 = \sum_{\text{arrays}} \sum_{\text{entries}} g^2

    Parameters
    ----------
    grads : one array or a sequence of them; not changed
    max_norm : c, a number > 0
    runs : None for one norm over everything, or the number of runs on the leading axis of every
        array: then each run has its own norm and factor

    Returns
    -------
    The clipped gradients as new arrays, and the norm before clipping, a float or an array (runs,).

    Notes
    -----
    As ``torch.nn.utils.clip_grad_norm_``: the 1e-6 leaves the clipped norm a millionth short of c.
    The direction stays, which ``clip_grad_value`` does not promise.

    Examples
    --------
    >>> clipped, norm = clip_grad_norm(np.array([3.0, 4.0]), max_norm=1.0)
    >>> clipped.round(4), norm
    (array([0.6, 0.8]), 5.0)
    """
    c = checks.scalar("max_norm", max_norm, low_open=True)
    arrays = _checked(grads, runs)
    rows = [g.reshape(-1 if runs is None else (runs, -1)) for g in arrays]
    norm = _norm(rows)
    factor = np.minimum(1.0, c / (norm + 1e-6))
    with np.errstate(invalid="ignore"):  # an infinite entry times 0
        scaled = [(factor[..., None] * g).astype(g.dtype) for g in rows]
    clipped = [g.reshape(a.shape) for g, a in zip(scaled, arrays, strict=True)]
    whole = float(norm) if runs is None else norm
    return clipped[0] if isinstance(grads, np.ndarray) else clipped, whole


def _norm(rows: Sequence[Array]) -> Array:
    """The norm of each run over all arrays, float64.

    It is taken in units of the power of two just above the largest entry, which rounds nothing:
    the square of a finite entry could overflow or vanish.
    """
    largest = np.max([np.abs(g).max(-1, initial=0.0) for g in rows], axis=0).astype(float)
    unit = np.ldexp(1.0, np.frexp(largest)[1].clip(-1000, 1000))
    parts = [g / unit[..., None] for g in rows]
    with np.errstate(over="ignore"):  # of finite entries the norm itself may be infinite
        return unit * np.sqrt(sum((part * part).sum(-1) for part in parts))


def clip_grad_value(grads: Array | Sequence[Array], clip_value: float) -> Any:
    """Limit every entry to [-clip_value, clip_value]; new arrays, as ``clip_grad_value_``.

    Examples
    --------
    >>> clip_grad_value(np.array([3.0, -0.5]), 1.0)
    array([ 1. , -0.5])
    """
    c = checks.scalar("clip_value", clip_value, low_open=True)
    clipped = [np.clip(g, -c, c) for g in _checked(grads, None)]
    return clipped[0] if isinstance(grads, np.ndarray) else clipped


def _checked(grads: Array | Sequence[Array], runs: int | None) -> list[Array]:
    arrays = _listed("grads", grads)
    if runs is not None:
        checks.integer("runs", runs, 1)
    if not arrays:
        checks.fail("grads", "at least one array", grads)
    for i, g in enumerate(arrays):
        if not isinstance(g, np.ndarray) or g.dtype not in (np.float64, np.float32):
            checks.fail(f"grads[{i}]", "an array of float64 or float32", g, error=TypeError)
        if runs is not None and g.shape[:1] != (runs,):
            checks.fail(f"grads[{i}]", f"of {runs} runs on its leading axis", g)
    return arrays
