"""Few digits, some under wrong labels, learned for long, with a held-out part that watches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam
from dlcourse.scratch.regularization import Penalized, coefficients, l2_penalty

CLASSES = 10
LOSS = SoftmaxCrossEntropy()


class Drawn(NamedTuple):
    """Images of every run, (runs, n, d), the labels given, which are wrong, and the right ones."""

    x: Array
    y: Array
    wrong: Array
    right: Array
    held_x: Array
    held_y: Array


def spread_out(n: int, share: float) -> Array:
    """Which of ``n`` places are taken when a share of any first so many is.

    >>> spread_out(7, 0.3).nonzero()[0]
    array([3, 6])
    """
    return np.diff(np.floor(share * np.arange(n + 1) + 1e-9)) > 0


def mislabel(rng: np.random.Generator, y: Array, share: float) -> Array:
    """Another class instead of the right one, for a share of the labels.

    Examples
    --------
    >>> mislabel(np.random.default_rng(0), np.array([1, 1, 1, 1]), 0.5)
    array([1, 7, 1, 4])
    """
    away = rng.integers(1, CLASSES, len(y)) * spread_out(len(y), share)
    return (y + away) % CLASSES


def draw_digits(rng: Generators, runs: int, pool: Any, few: int, held: int, wrong: float) -> Drawn:
    """For each run its own images to learn and to hold out, none twice, equally badly labelled.

    Parameters
    ----------
    pool : (x, y), what is drawn from
    few, held : how many images are learned, and how many are held out: the same images under the
        same labels wherever the cut between them is
    wrong : share of labels that are changed, in either part
    """
    x, y = pool
    if few + held > len(x):
        checks.fail("few + held", f"at most {len(x)}, the images of the pool", few + held)
    which = [g.permutation(len(x))[: few + held] for g in run_generators(rng, runs)]
    images = x[np.stack(which)]
    labels = np.stack(
        [mislabel(g, y[i], wrong) for g, i in zip(run_generators(rng, runs), which, strict=True)]
    )
    bad = spread_out(few + held, wrong)[:few]
    right = y[np.stack(which)[:, :few]]
    return Drawn(images[:, :few], labels[:, :few], bad, right, images[:, few:], labels[:, few:])


def learn_long(
    rng: Generators, runs: int, lr: Any, coef: Any = 0.0, *, pool: Any, test: Any, epochs: int,
    few: int = 200, held: int = 100, wrong: float = 0.3, batch_size: int = 25, width: int = 32,
    optimizer: Callable[..., Any] = Adam, rates: Mapping[int, float] | None = None,
    looks: Collection[int] | None = None,
) -> dict[str, Array]:  # fmt: skip
    """Learn images of one's own with an MLP 64-width-10, and look after every epoch.

    Parameters
    ----------
    lr : the rate, a number or (runs, 1)
    coef : of an L2 penalty on the weights, likewise
    pool, few, held, wrong : as of ``draw_digits``
    test : (x, y), new images under their right labels
    rates : {epoch: factor}, by which the rate is multiplied before that epoch, counted from 0
    looks : the epochs after which training and new images are looked at, nan after the others; None
        for all. The held-out part is always looked at

    Returns
    -------
    Curves (runs, epochs): ``train_loss``; ``clean_fitted`` and ``wrong_fitted``, the shares of the
    training labels that the network gives, of the right and of the wrong ones; ``val_loss`` and
    ``val_error`` on the held-out part; ``test_loss``, ``test_error``; ``new_loss`` and
    ``new_error``, of the test images when their labels are as bad as the others; and ``moved``, how
    far the weights are from where they were an epoch before
    """
    rngs = run_generators(rng, runs)
    data = draw_digits(rngs, runs, pool, few, held, wrong)
    bad = np.stack([mislabel(g, test[1], wrong) for g in rngs])
    net = MLP([64, width, CLASSES], rngs, runs=runs, dtype=np.float32)
    inner = optimizer(net.theta, lr=lr)
    step, run = inner, np.arange(runs)[:, None]
    if np.any(np.asarray(coef) > 0):
        spread = coefficients(net, coef).astype(np.float32)
        step = Penalized(inner, lambda theta: l2_penalty(theta, spread))
    seen: list[dict[str, Array]] = []
    for epoch in range(epochs):
        before = net.theta.copy()
        inner.lr = inner.lr * (rates or {}).get(epoch, 1.0)
        order = np.stack([g.permutation(few) for g in rngs])
        for start in range(0, few, batch_size):
            now = order[:, start : start + batch_size]
            LOSS.forward(net.forward(data.x[run, now], True), data.y[run, now])
            net.backward(LOSS.backward(), input_grad=False)
            step.step(net.grad)
        full = looks is None or epoch in looks
        seen.append(_watch(net, data) | (_look(net, data, test, bad) if full else {}))
        seen[-1]["moved"] = np.linalg.norm(net.theta - before, axis=-1)
    unseen = np.full(runs, np.nan)
    names = dict.fromkeys(name for one in seen for name in one)
    return {name: np.stack([one.get(name, unseen) for one in seen], axis=-1) for name in names}


def _watch(net: Any, data: Drawn) -> dict[str, Array]:
    held = data.held_x.shape[1]
    return _scores("val", net.forward(data.held_x), data.held_y) if held else {}


def _look(net: Any, data: Drawn, test: Any, bad: Array) -> dict[str, Array]:
    out = net.forward(data.x)
    fitted, found = out.argmax(-1) == data.y, {"train_loss": LOSS.forward(out, data.y)}
    for name, which in (("clean", ~data.wrong), ("wrong", data.wrong)):
        if which.any():
            found[f"{name}_fitted"] = fitted[:, which].mean(-1)
    out = net.forward(np.broadcast_to(test[0], (len(data.y), *test[0].shape)))
    return found | _scores("test", out, test[1]) | _scores("new", out, bad)


def _scores(name: str, out: Array, y: Array) -> dict[str, Array]:
    wrong = (out.argmax(-1) != y).mean(-1)
    return {f"{name}_loss": LOSS.forward(out, y), f"{name}_error": wrong}


def at_epoch(curve: Array, epoch: Any) -> Array:
    """The value of each run's curve, (runs, epochs), at that run's epoch.

    >>> at_epoch(np.array([[5.0, 4.0], [3.0, 2.0]]), np.array([1, 0]))
    array([4., 3.])
    """
    where = np.broadcast_to(np.asarray(epoch), curve.shape[:1])
    return np.take_along_axis(curve, where[:, None], axis=1)[:, 0]


def bare_stop(losses: Array, patience: int, min_delta: float = 0.0) -> Any:
    """The rule of ``early_stop`` for a single curve: the epoch it ends at, and the one it keeps.

    >>> bare_stop(np.array([5.0, 3.0, 4.0, 4.0, 1.0]), patience=2)
    (3, 1)
    """
    best, kept, epoch = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best, kept = loss, epoch
        if epoch - kept >= patience:
            break
    return epoch, kept
