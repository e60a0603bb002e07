"""Mixup and CutMix: two samples become one, and so do their labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import augmented, checks
from dlcourse.arrays import Array
from dlcourse.scratch.augmentation.erasing import inside


def draw_mix(n: int, alpha: float, rng: np.random.Generator, each: bool = False) -> Any:
    """How much of a sample is kept, λ ~ Beta(α, α), and with whom it is mixed: (lam, partner).

    Parameters
    ----------
    n : samples of the batch, int >= 1
    alpha : >= 0; near 0 almost nothing is mixed, 0: nothing, 1: all λ are equally likely
    each : a λ (n,) for each sample, instead of one for the batch

    Returns
    -------
    lam, a number or (n,); partner (n,), a permutation of the batch

    Examples
    --------
    >>> lam, partner = draw_mix(4, 1.0, np.random.default_rng(0))
    >>> 0 <= lam <= 1, sorted(partner.tolist())
    (True, [0, 1, 2, 3])
    """
    n, alpha = checks.integer("n", n, 1), checks.scalar("alpha", alpha)
    checks.generator("rng", rng)
    size = n if each else None
    lam = rng.beta(alpha, alpha, size) if alpha else np.ones(n) if each else 1.0
    return lam, rng.permutation(n)


def taken(a: Array, partner: Array, axis: int) -> Array:
    """The partner's entry in the place of every sample; before ``axis`` of a there are runs."""
    if axis == 0:
        return a[partner]
    lead = np.broadcast_shapes(a.shape[:axis], partner.shape[:-1])
    a = np.broadcast_to(a, (*lead, *a.shape[axis:]))
    n, rest = partner.shape[-1], a.shape[len(lead) + 1 :]
    first = n * np.arange(np.prod(lead, dtype=int)).reshape(*lead, 1)
    return a.reshape(-1, *rest)[first + partner]


def blended(a: Array, lam: Any, partner: Array, axis: int) -> Array:
    """λ a + (1 - λ) of the partners' a; λ (n,), (runs, 1), (runs, n) or a number."""
    lam = np.asarray(lam, a.dtype)
    lam = lam.reshape(*lam.shape, *[1] * (a.ndim - axis - 1)) if lam.ndim else lam
    return lam * a + (1 - lam) * taken(a, partner, axis)


def floats(y: Array, x: Array) -> Array:
    """Labels in their own precision, or, of integers, in that of the samples."""
    return y if y.dtype.kind == "f" else y.astype(x.dtype)


def mixup(x: Array, y: Array, lam: Any, partner: Any) -> tuple[Array, Array]:
    r"""The straight line between two samples, and between their labels.

    .. math:: \tilde x = \lambda x_i + (1 - \lambda) x_j, \quad
              \tilde y = \lambda y_i + (1 - \lambda) y_j

    Parameters
    ----------
    x : samples (n, …) or (runs, n, …)
    y : labels (n, k) or (runs, n, k), each a distribution: one-hot, or soft
    lam : λ in [0, 1], the weight of the sample itself: a number, (n,), (runs, 1) or (runs, n)
    partner : j for each i, integers (n,) or (runs, n)

    Examples
    --------
    >>> x, y = mixup(np.array([[0.0], [10.0]]), np.eye(2), 0.9, [1, 0])
    >>> x.round(12).ravel(), y.round(12)[0]
    (array([1., 9.]), array([0.9, 0.1]))

    References
    ----------
    Zhang, Cisse, Dauphin and Lopez-Paz (2018). Lesson: augmentation.
    """
    lam, partner = augmented.mixed(x, y, lam, partner, np.ndarray)
    axis = y.ndim - 2
    return blended(x, lam, partner, axis), blended(floats(y, x), lam, partner, axis)


def patch(size: Any, lam: Any, cy: Any, cx: Any) -> tuple[Array, Array]:
    """CutMix's box as (…, 1, h, w), and what its clipped area leaves of the image: (mask, share).

    >>> float(patch((8, 8), 0.75, 4, 4)[1]), float(patch((8, 8), 0.75, 0, 0)[1])
    (0.75, 0.9375)
    """
    h, w = size
    root, cy, cx = np.sqrt(1 - np.asarray(lam)), np.asarray(cy), np.asarray(cx)
    half_h, half_w = (h * root).astype(int) // 2, (w * root).astype(int) // 2
    mask = inside(size, cy - half_h, cx - half_w, cy + half_h, cx + half_w)
    return mask, 1 - mask.sum((-3, -2, -1)) / (h * w)


def cutmix(x: Array, y: Array, lam: Any, partner: Any, cy: Any, cx: Any) -> tuple[Array, Array]:
    r"""Paste a box of another image; its label counts by the area that is seen of it.

    Parameters
    ----------
    x : images (n, c, h, w) or (runs, n, c, h, w)
    y : labels (n, k) or (runs, n, k), each a distribution
    lam, partner : as in ``mixup``; 1 - λ is the area of the box before it is clipped
    cy, cx : centre of the box, integers shaped as λ may be

    Notes
    -----
    The box has the height ``int(h √(1 - λ))``: rows ``cy - height // 2`` to ``cy + height // 2``,
    its end excluded, columns likewise, clipped to the image. The weight of a sample's own label
    is the share of its own pixels, 1 - clipped area / (h w), and not λ.

    Examples
    --------
    A quarter of the image, of which the corner keeps a quarter:

    >>> x, y = np.arange(2.0)[:, None, None, None] * np.ones((2, 1, 4, 4)), np.eye(2)
    >>> mixed, labels = cutmix(x, y, 0.75, [1, 0], 0, 0)
    >>> mixed[0, 0, 0], labels[0]
    (array([1., 0., 0., 0.]), array([0.9375, 0.0625]))

    References
    ----------
    Yun, Han, Oh, Chun, Choe and Yoo (2019), eq. 1 and 2.
    """
    lam, partner = augmented.mixed(x, y, lam, partner, np.ndarray)
    axis = y.ndim - 2
    augmented.four_axes(x, axis)
    cy, cx = (augmented.whole(n, a, y.shape[:-1]) for n, a in (("cy", cy), ("cx", cx)))
    mask, share = patch(x.shape[-2:], lam, cy, cx)
    return (
        np.where(mask, taken(x, partner, axis), x),
        blended(floats(y, x), share, partner, axis),
    )
