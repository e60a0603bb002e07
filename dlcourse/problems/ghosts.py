"""Batch normalization by the statistics of a few samples inside a larger batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import SGD


def ghost_batch_norm(
    x: Array, size: int, pooled: bool = False, eps: float = 1e-5
) -> tuple[Array, Cache]:
    r"""Cut the batch into ghosts of ``size`` samples; each is normalized by its own statistics.

    .. math:: \hat x = \frac{x - \mu_g}{\sqrt{\sigma_g^2 + \epsilon}}

    Parameters
    ----------
    x : (n, c) or (runs, n, c), n a multiple of ``size``
    pooled : whether the mean of all the ghosts' variances divides, in place of each one's own
    eps : ε

    Examples
    --------
    >>> x = np.array([[1.0], [3.0], [10.0], [24.0]])
    >>> ghost_batch_norm(x, 2, eps=0.0)[0].ravel()
    array([-1.,  1., -1.,  1.])
    >>> ghost_batch_norm(x, 2, pooled=True, eps=0.0)[0].ravel()
    array([-0.2,  0.2, -1.4,  1.4])

    References
    ----------
    Hoffer, Hubara and Soudry (2017), algorithm 1, without its running statistics.
    """
    ghosts = x.reshape(*x.shape[:-2], -1, size, x.shape[-1])
    mean = ghosts.mean(axis=-2, keepdims=True)
    xhat = ghosts - mean
    axes = (-3, -2) if pooled else (-2,)
    var = (xhat * xhat).mean(axis=axes, keepdims=True)
    inv_std = 1 / np.sqrt(var + var.dtype.type(eps))
    xhat *= inv_std
    return xhat.reshape(x.shape), (xhat, inv_std, axes, mean, var)


def ghost_batch_norm_backward(dxhat: Array, cache: Cache) -> Array:
    """Out goes what would shift a ghost, and what would stretch what shares one variance."""
    xhat, inv_std, axes, *_ = cache
    dx = dxhat.reshape(xhat.shape)
    dx = dx - xhat * (dx * xhat).mean(axis=axes, keepdims=True)
    dx -= dx.mean(axis=-2, keepdims=True)
    return np.asarray((dx * inv_std).reshape(dxhat.shape))


class GhostBatchNorm(BatchNorm):
    """``BatchNorm`` whose training mode is ``ghost_batch_norm``; in use there is no difference.

    The running statistics take in the mean of the ghosts' means and of their unbiased variances,
    once a batch.

    Parameters
    ----------
    num_features : channels
    size, pooled : as in ``ghost_batch_norm``
    runs, dtype : as in ``Linear``
    """

    def __init__(
        self,
        num_features: int,
        size: int,
        pooled: bool = False,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__(num_features, runs=runs, dtype=dtype)
        self.size, self.pooled = checks.integer("size", size, 2), pooled

    def pair(self, x: Array) -> tuple[Array, Cache]:
        if not self.training:
            return super().pair(x)
        if x.shape[-2] % self.size:
            checks.fail("size", f"a divisor of the {x.shape[-2]} samples of a batch", self.size)
        xhat, cache = ghost_batch_norm(x, self.size, self.pooled, self.eps)
        *_, mean, var = cache
        self.remember(mean.mean(axis=(-3, -2)), var.mean(axis=(-3, -2)), self.size)
        weight, bias = (self.params[name][..., None, :] for name in ("weight", "bias"))
        return weight * xhat + bias, ("ghosts", (xhat, weight, cache))

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        mode, kept = cache
        if mode != "ghosts":
            return super().pair_backward(dy, cache, input_grad)
        xhat, weight, ghosts = kept
        dx = ghost_batch_norm_backward(dy * weight, ghosts)
        return dx, (dy * xhat).sum(axis=-2), dy.sum(axis=-2)


def common_share(model: Any, loss: Any, data: Any, size: int, name: str) -> tuple[Array, Array]:
    """How much of a gradient is the same in every batch, one number a run; and its size.

    The batches are those of ``size`` in the order of the data. The squared length of the mean
    gradient, over the mean squared length: 1 if all are alike, one over their number if they have
    nothing in common.

    Parameters
    ----------
    model : Sequential with runs, of which only the state of its normalization changes
    name : of the parameter whose gradient it is, as "0.weight"

    Returns
    -------
    (share, root mean square), each (runs,)
    """
    x, y = data
    seen = []
    for start in range(0, len(x) - size + 1, size):
        batch = slice(start, start + size)
        loss.forward(model.forward(x[batch], True), y[batch])
        model.backward(loss.backward(), input_grad=False)
        seen.append(model.grad[..., model.slices[name]].copy())
    g = np.array(seen)
    squares = (g**2).mean(axis=0).mean(axis=-1)
    return (g.mean(axis=0) ** 2).mean(axis=-1) / squares, np.sqrt(squares)


def frozen(make: Any) -> Any:
    """A build for ``sweep``: the network of ``make``, in which only the last layer's weights learn.

    All other weights stay as they were drawn; scales and biases learn as they do anywhere.

    Parameters
    ----------
    make : function of (rng, runs=…) to a Sequential that ends with a ``Linear``
    """

    def build(rng: Any, runs: int, lr: Any) -> tuple[Any, Any]:
        model = make(rng, runs=runs)
        optimizer: Any = SGD(model.theta, lr=lr)
        last, step = f"{len(model.layers) - 1}.weight", optimizer.step
        still = [
            part for name, part in model.slices.items()
            if len(model.shapes[name]) == 2 and name != last
        ]  # fmt: skip

        def of_the_rest(grads: Array) -> None:
            for part in still:
                grads[..., part] = 0.0
            step(grads)

        optimizer.step = of_the_rest
        return model, optimizer

    return build
