"""The minima that small and large batches find: from one start, on one draw of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.drawn_digits import Drawn, draw_digits
from dlcourse.scratch.landscape import Objective
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam

LOSS = SoftmaxCrossEntropy()


class Descent(NamedTuple):
    """Where training began and where it ended, one row a run, and what was seen on the way.

    ``seen`` holds curves (runs, looks): ``train_loss``, and if they were asked for ``val_error``
    and ``test_error``. ``reached`` (runs, d) are the weights at the first look at which the
    training loss was at most ``until``, ``when`` (runs,) is the place of that look; a run that
    never got there has its last weights and -1.
    """

    net: MLP
    drawn: Drawn
    start: Array
    end: Array
    reached: Array
    when: Array
    seen: dict[str, Array]

    def loss(self) -> Objective:
        """The loss on the images that were learned, as a function of the weights."""
        return Objective(self.net, LOSS, *self.drawn.train)

    def error(self, theta: Array, part: str = "test") -> Array:
        """The share of the "train", "val" or "test" images misread with these weights."""
        x, y = getattr(self.drawn, part)
        mine = self.net.theta.copy()
        self.net.theta[...] = theta
        out = self.net.forward(x)
        self.net.theta[...] = mine
        return np.asarray((out.argmax(-1) != y).mean(-1))


def descend(
    rng: Generators, runs: int, lr: Any, *, batch_size: int, epochs: int, n: int = 256,
    width: int = 32, until: float = 0.0, every: int | None = None, errors: bool = False,
    start: Array | None = None, order: int = 0, stop: bool = False,
) -> Descent:  # fmt: skip
    """Networks 64-width-10 of ReLUs under Adam, each on images of its own, in batches of one size.

    The same seeds give the same images and the same start, whatever the batch and the order.

    Parameters
    ----------
    batch_size : divides n
    until : the training loss that is waited for
    every : steps between two looks; None: an epoch
    errors : whether a look is also at validation and test images
    start : (runs, d), weights to go on from; None: drawn
    order : another number is another order of the same images
    stop : whether to end with the epoch in which the last run has reached ``until``
    """
    if n % checks.integer("batch_size", batch_size, 1):
        checks.fail("batch_size", f"a divisor of the {n} images", batch_size)
    rngs = run_generators(rng, runs)
    drawn = draw_digits(rngs, n)
    net = MLP([64, width, 10], rngs, runs=runs, dtype=np.float32)
    if start is not None:
        net.theta[...] = start
    for _ in range(order):
        rngs = [one.spawn(1)[0] for one in rngs]
    step = Adam(net.theta, lr=lr)
    return follow(net, step, drawn, rngs, batch_size, epochs, until, every, errors, stop)


def follow(
    net: MLP, step: Any, drawn: Drawn, rngs: Sequence[np.random.Generator], batch_size: int,
    epochs: int, until: float, every: int | None, errors: bool, stop: bool,
) -> Descent:  # fmt: skip
    """Train, and look every so many steps."""
    (x, y), begin = drawn.train, net.theta.copy()
    runs, n = y.shape
    run, done, every = np.arange(runs)[:, None], 0, every or n // batch_size
    when, reached = np.full(runs, -1), net.theta.copy()
    seen: list[dict[str, Array]] = []
    for _ in range(epochs):
        order = np.stack([one.permutation(n) for one in rngs])
        for first in range(0, n, batch_size):
            now = order[:, first : first + batch_size]
            LOSS.forward(net.forward(x[run, now], True), y[run, now])
            net.backward(LOSS.backward(), input_grad=False)
            step.step(net.grad)
            done += 1
            if done % every == 0:
                seen.append(look(net, drawn, errors))
                reached[when < 0] = net.theta[when < 0]
                when[(when < 0) & (seen[-1]["train_loss"] <= until)] = len(seen) - 1
        if stop and (when >= 0).all():
            break
    curves = {name: np.stack([one[name] for one in seen], axis=-1) for name in seen[0]}
    return Descent(net, drawn, begin, net.theta.copy(), reached, when, curves)


def look(net: Any, drawn: Drawn, errors: bool) -> dict[str, Array]:
    """The training loss, and the share misread of the validation and test images."""
    x, y = drawn.train
    found = {"train_loss": LOSS.forward(net.forward(x), y)}
    if errors:
        for name, (x, y) in zip(("val", "test"), drawn[1:3], strict=True):
            found[f"{name}_error"] = (net.forward(x).argmax(-1) != y).mean(-1)
    return found
