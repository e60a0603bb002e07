"""What the length of normalized weights does: networks whose rows of weights keep their length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.problems.deep import Whole
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import SGD

SIX = (64, *[20] * 6, 10)
"""Six hidden layers of 20."""
Pair = tuple[Array, Array]


def started(
    rng: Generators,
    runs: int | None = None,
    norm: str = "none",
    scale: Any = 1.0,
    sizes: Sequence[int] = SIX,
    dtype: npt.DTypeLike = np.float32,
    **settings: Any,
) -> Whole:
    """A ReLU network with He's start, its hidden weights times ``scale``.

    Parameters
    ----------
    rng, runs, norm, sizes, dtype, settings : as in ``normed_mlp``
    scale : > 0, a number or a column (runs, 1)

    Examples
    --------
    >>> one, two = (started(np.random.default_rng(0), scale=c, sizes=[2, 3, 1]) for c in (1, 2))
    >>> bool((hidden_rows(two)[0] == 2 * hidden_rows(one)[0]).all())
    True
    """
    checks.number("scale", scale, 0, low_open=True)
    init = partial(kaiming_normal, nonlinearity="relu")
    net = normed_mlp(sizes, rng, norm, init=init, runs=runs, dtype=dtype, **settings)
    net = Whole(*net.layers)
    for rows in hidden_rows(net):
        rows *= np.asarray(scale, dtype)[..., None]
    return net


def exactly_normed(scale: float = 1.0) -> Whole:
    """Two normalized layers of 24 without runs, in float64 and with ε = 0: always the same draw.

    >>> bool((hidden_rows(exactly_normed(3.0))[1] == 3 * hidden_rows(exactly_normed())[1]).all())
    True
    """
    plan: Any = {"sizes": (64, 24, 24, 10), "dtype": np.float64, "eps": 0.0}
    return started(np.random.default_rng(0), norm="batch", scale=scale, **plan)


def hidden_names(net: Any) -> list[str]:
    """The names of the hidden layers' weight matrices, the first layer's first."""
    shapes = net.shapes.items()
    return [name for name, shape in shapes if name.endswith("weight") and len(shape) == 2][:-1]


def hidden_rows(net: Any) -> list[Array]:
    """The weight matrices of the hidden layers, (…, out, in) each, as views: a row a unit."""
    return [net.params[name] for name in hidden_names(net)]


def lengths(rows: Array) -> Array:
    """The length of every row, (…, out, 1)."""
    return np.asarray(np.linalg.norm(rows, axis=-1, keepdims=True))


class HeldSGD(SGD):
    """Gradient descent, after which hidden rows of weights have their first length again.

    Parameters
    ----------
    net : its ``theta`` is what is trained
    lr : as of ``SGD``

    Examples
    --------
    >>> net = started(np.random.default_rng(0), sizes=[2, 3, 1])
    >>> before = lengths(hidden_rows(net)[0]).copy()
    >>> HeldSGD(net, lr=0.1).step(np.ones_like(net.theta))
    >>> bool(np.allclose(lengths(hidden_rows(net)[0]), before))
    True
    """

    def __init__(self, net: Any, lr: Any) -> None:
        super().__init__(net.theta, lr=lr)
        self.rows = hidden_rows(net)
        self.held = [lengths(rows) for rows in self.rows]

    def step(self, grads: Any) -> None:
        super().step(grads)
        for rows, held in zip(self.rows, self.held, strict=True):
            rows *= held / lengths(rows)


def with_rate(norm: str, held: bool = False, dtype: npt.DTypeLike = np.float64) -> Any:
    """``build(rng, runs, lr)`` for ``sweep``: a network of six layers and its optimizer.

    At large rates the last digits decide, and those of float32 hang on the processor.

    >>> net, optimizer = with_rate("batch", held=True)(np.random.default_rng(0), None, 0.1)
    >>> type(optimizer).__name__
    'HeldSGD'
    """

    def build(rng: Any, runs: int, lr: Any) -> tuple[Whole, SGD]:
        net = started(rng, runs, norm, dtype=dtype)
        return net, HeldSGD(net, lr) if held else SGD(net.theta, lr=lr)

    return build


def largest_working(trials: Any, metric: str, least: float) -> Array:
    """Of each method and seed the largest rate with ``metric`` above ``least``: (methods, seeds).

    0 where there is none. A run that has diverged is below everything.
    """
    given = trials.axes["lr"]
    works = np.nan_to_num(np.asarray(trials[metric]), nan=-np.inf) > least
    rates = [given[m] if isinstance(given, Mapping) else given for m in trials.axes["method"]]
    return (np.array(rates)[..., None] * works).max(axis=1)


def descend(
    net: Any, batches: Sequence[Pair], rates: Any, hold: bool = False
) -> tuple[Array, list[list[Array]]]:
    """Gradient descent, one batch a step, with a rate for each row of hidden weights if so wished.

    Parameters
    ----------
    net : without a runs axis
    batches : (x, y) for each step
    rates : one number; or of each step a list with a number for the rest of the parameters and
        then, for each hidden matrix, the rates of its rows (out, 1)
    hold : whether the rows get back, after each step, the length they began with

    Returns
    -------
    The losses before each step, and of each step the lengths of the rows before it
    """
    loss, losses, seen = SoftmaxCrossEntropy(), [], []
    rows = hidden_rows(net)
    slopes = [net.grads[name] for name in hidden_names(net)]
    first = [lengths(r) for r in rows]
    for t, (x, y) in enumerate(batches):
        losses.append(float(loss.forward(net.forward(x, True), y)))
        net.backward(loss.backward())
        seen.append([lengths(r) for r in rows])
        rest, *own = rates[t] if isinstance(rates, list) else [rates] * (len(rows) + 1)
        moved = [r - rate * slope for r, rate, slope in zip(rows, own, slopes, strict=True)]
        net.theta -= rest * net.grad
        for r, to, length in zip(rows, moved, first, strict=True):
            r[...] = to * length / lengths(to) if hold else to
    return np.array(losses), seen


def matched(rate: float, seen: Sequence[Sequence[Array]]) -> list[list[Any]]:
    """For each step the rates at which rows of held length turn as those of lengths ``seen`` did.

    A row of length a that is held at c takes the rate times c²/a².
    """
    return [
        [rate, *((c / a) ** 2 * rate for c, a in zip(seen[0], now, strict=True))] for now in seen
    ]
