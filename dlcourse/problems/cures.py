"""One deep network in thirty-two forms: five cures of hard training, each there or not.

A network of seven hidden layers learns a few digits with some labels wrong. It can begin with
weights that are too small or right, normalize its layers or not, have ways around them or not, step
with SGD or Adam, and let its weights decay or not. All else, images, labels, draws, batches, is the
same in all thirty-two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.crossed import in_rows
from dlcourse.problems.stopped_digits import spread_out
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.layers import Layer, Linear, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import SGD, AdamW

CLASSES, WIDTH = 5, 16
SILENT = float(np.log(CLASSES))
"""The loss of a network that gives all five digits the same odds."""
NAMES = ("Adam", "norm", "skip", "start", "decay")
STARTS = (1 / 3, 2.0)
METHODS: dict[str, Callable[..., Any]] = {"SGD": SGD, "Adam": AdamW}
LOSS = SoftmaxCrossEntropy()


def cured_network(
    rng: Generators, runs: int, c: Any = 2.0, norm: bool = False,
    skip: bool = False, blocks: int = 3, dtype: npt.DTypeLike = np.float64,
) -> Sequential:  # fmt: skip
    """A ReLU network 64-16-…-16-5 of 2·blocks + 2 matrices, of which a block has two.

    Parameters
    ----------
    rng, runs : as in ``MLP``
    c : weights are N(0, c/n), n their inputs; a number or a column (runs, 1), and runs of one
        generator have the same draw, times √c. 1/3 is the variance of PyTorch's default, 2 is He's
    norm : whether batch normalization stands before every ReLU
    skip : whether there is a way around every block

    Examples
    --------
    >>> net = cured_network(np.random.default_rng(0), 1, norm=True, blocks=1)
    >>> [type(leaf).__name__ for leaf in net.leaves][:4]
    ['Linear', 'BatchNorm', 'ReLU', 'Linear']
    """
    checks.number("c", c, 0, low_open=True)
    rngs = run_generators(rng, runs)
    plan: dict[str, Any] = {"runs": runs, "dtype": dtype}
    he: dict[str, Any] = {"rng": rngs, "init": kaiming_normal, **plan}

    def layer(out: int = WIDTH) -> list[Layer]:
        held = [BatchNorm(WIDTH, **plan)] if norm else []
        return [*held, ReLU(), Linear(WIDTH, out, **he)]

    block = Residual if skip else Sequential
    count = checks.integer("blocks", blocks, 1)
    body = [block(*layer(), *layer()) for _ in range(count)]
    net = Sequential(Linear(64, WIDTH, **he), *body, *layer(CLASSES))
    scale = np.sqrt(np.asarray(c, float) / 2).astype(dtype)
    for part in matrices(net):
        net.theta[..., part] *= scale
    return net


def matrices(net: Sequential) -> list[slice]:
    """The places in ``theta`` of the weight matrices; biases and normalizations have one axis."""
    return [part for name, part in net.slices.items() if len(net.shapes[name]) == 2]


def learn_cured(
    rng: Generators, runs: int, lr: Any, c: Any = 2.0, decay: Any = 0.0, *, pool: Any,
    test: Any = None, optimizer: str = "SGD", norm: bool = False, skip: bool = False,
    blocks: int = 3, few: int = 128, wrong: float = 0.2, batch_size: int = 32, epochs: int = 20,
) -> dict[str, Array]:  # fmt: skip
    """Train the network on images of its own, drawn anew for each run.

    Parameters
    ----------
    lr, c, decay : the rate, the start, the weight decay (L2 for SGD, decoupled for Adam); numbers
        or columns (runs, 1)
    pool : (x, y), from which ``few`` images are drawn, a share ``wrong`` of them under a wrong
        label
    test : (x, y), new images under their right labels; the first 200 validate, the others test;
        without them no errors are returned
    optimizer : "SGD" or "Adam"
    norm, skip, blocks : as of ``cured_network``

    Returns
    -------
    ``train_loss`` on all images learned, at the end; ``curve`` (runs, epochs), the mean loss of
    each epoch's batches; with new images, ``val_error`` and ``test_error``. A run that is lost, or
    worse than ``SILENT``, counts as a network that gives all digits the same odds.
    """
    checks.choice("optimizer", optimizer, METHODS)
    rngs = run_generators(rng, runs)
    x, y = _drawn(rngs, pool, few, wrong)
    net = cured_network(rngs, runs, c, norm, skip, blocks)
    lr, decay = (np.asarray(v, float) for v in (lr, decay))
    step = METHODS[optimizer](net.theta, lr=lr, weight_decay=decay)
    run, lost = np.arange(runs)[:, None], np.zeros(runs, bool)
    curve = np.zeros((runs, epochs))
    with np.errstate(all="ignore"):
        for epoch in range(epochs):
            order = np.stack([g.permutation(few) for g in rngs])
            for start in range(0, few, batch_size):
                now = order[:, start : start + batch_size]
                seen = LOSS.forward(net.forward(x[run, now], True), y[run, now])
                net.backward(LOSS.backward(), input_grad=False)
                lost |= ~(net.grad_norm() < 1e6)  # also nan
                if lost.any():
                    net.theta[lost], net.grad[lost] = 0, 0
                curve[:, epoch] += _counted(seen, lost) * (now.shape[1] / few)
                step.step(net.grad)
        at_end = LOSS.forward(net.forward(x), y)
        found = {"train_loss": _counted(at_end, lost), "curve": curve}
        if test is None:
            return found
        out = net.forward(np.broadcast_to(test[0], (runs, *test[0].shape)))
    miss = np.where(lost[:, None], (CLASSES - 1) / CLASSES, out.argmax(-1) != test[1])
    return {**found, "val_error": miss[:, :200].mean(-1), "test_error": miss[:, 200:].mean(-1)}


def _counted(loss: Array, lost: Array) -> Array:
    return np.where(lost, SILENT, np.fmin(loss, SILENT)).astype(float)


def _drawn(rngs: Sequence[Any], pool: Any, few: int, wrong: float) -> tuple[Array, Array]:
    x, y = pool
    which = np.stack([g.permutation(len(x))[: checks.integer("few", few, 1)] for g in rngs])
    away = np.stack([g.integers(1, CLASSES, few) for g in rngs]) * spread_out(few, wrong)
    return x[which], (y[which] + away) % CLASSES


class Crossed(NamedTuple):
    """Every combination of the five at its own rate; the first five axes are those of ``NAMES``.

    ``tried`` (2, 2, 2, 2, 2, rates, tries), training losses; ``rate`` (2, 2, 2, 2, 2), the chosen
    one; ``loss`` (2, 2, 2, 2, 2, fresh), training loss; ``curve`` (2, 2, 2, 2, 2, fresh, epochs).
    """

    tried: Array
    rate: Array
    loss: Array
    curve: Array


def all_combinations(
    try_all: Callable[..., Any], learn: Callable[..., Any], rates: Mapping[str, Sequence[float]],
    decay: Mapping[str, float], *, tries: Sequence[int], fresh: Sequence[int],
) -> Crossed:  # fmt: skip
    """Train all thirty-two, each at the rate with the least mean log loss on the ``tries``.

    Parameters
    ----------
    try_all : of ``dlcourse.training``, which is not below this room
    learn : ``learn_cured`` with its data given
    rates, decay : {optimizer: …}, as many rates for each
    tries, fresh : seeds that choose the rate, and seeds that are reported, none of them in both

    Raises
    ------
    ValueError where the best rate is the smallest or largest tried, unless no rate took a tenth
    from ``SILENT``: then there is nothing to choose.
    """
    if shared := {*tries} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    parts: list[tuple[Array, ...]] = []
    trained = partial(try_all, block=96, progress=False)
    for adam, norm, skip in np.ndindex(2, 2, 2):
        name = list(METHODS)[adam]
        run = partial(learn, optimizer=name, norm=bool(norm), skip=bool(skip))
        grid = {"c": [*STARTS], "decay": [0.0, decay[name]], "lr": rates[name]}
        tried = np.asarray(trained(run, seeds=tries, **grid)["train_loss"])
        pick = np.log(tried).mean(-1).argmin(-1)
        best = np.take_along_axis(tried.mean(-1), pick[..., None], -1)[..., 0]
        edge = (pick == 0) | (pick == len(rates[name]) - 1)
        if (edge & (best < 0.9 * SILENT)).any():
            fix = "Try rates on both sides of the best one."
            checks.fail("rates", f"wide enough for {name}", list(rates[name]), fix)
        rate = np.asarray(rates[name])[pick]
        cells = [*np.ndindex(2, 2)]
        rows = [
            {"c": STARTS[i], "decay": grid["decay"][j], "lr": float(rate[i, j])} for i, j in cells
        ]
        again = trained(in_rows(run, rows), seeds=fresh, row=range(4))
        found = [np.asarray(again["train_loss"]), again.curve("curve")]
        parts.append((tried, rate, *(a.reshape(2, 2, *a.shape[1:]) for a in found)))
    joined = (np.stack(a) for a in zip(*parts, strict=True))
    return Crossed(*(a.reshape(2, 2, 2, *a.shape[1:]) for a in joined))


def added_up(log_loss: Array) -> Array:
    """What every combination would have if effects added up: the plain one plus each effect alone.

    >>> log_loss = np.array([[[0.0], [-1.0]], [[-2.0], [-2.5]]])
    >>> added_up(log_loss)[..., 0]
    array([[ 0., -1.],
           [-2., -3.]])
    """
    axes = log_loss.ndim - 1
    plain = log_loss[(0,) * axes]
    total = np.zeros_like(log_loss) + plain
    for k in range(axes):
        alone = log_loss[tuple(int(j == k) for j in range(axes))] - plain
        used = np.arange(2).reshape([-1 if j == k else 1 for j in range(axes + 1)])
        total = total + used * alone
    return total


def one_after_the_other(log_loss: Array) -> list[tuple[int, ...]]:
    """Add the cure that helps most, then the next, while the mean over seeds falls: the way taken.

    >>> one_after_the_other(np.array([[[0.0], [-1.0]], [[-2.0], [-1.5]]]))
    [(0, 0), (1, 0)]
    """
    mean = log_loss.mean(-1)
    way = [(0,) * mean.ndim]
    while True:
        here = way[-1]
        more = [(*here[:k], 1, *here[k + 1 :]) for k in range(mean.ndim) if not here[k]]
        best = min(more, key=lambda place: mean[place], default=here)
        if not mean[best] < mean[here]:
            return way
        way.append(best)
