"""Few training images and many versions of each: all networks side by side, equally many steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Flatten, Linear, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.optimizers import Adam
from dlcourse.scratch.regularization import softmax

Change = Callable[[Array, np.random.Generator], Array]
Blend = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]
CLASSES, PART = 10, 100
"""And how many images are looked at at a time."""


def dense(rng: Generators, runs: int, image: tuple[int, ...], hidden: int = 32) -> Any:
    """One hidden layer of ReLUs, which has all pixels before it as a row.

    >>> net = dense(np.random.default_rng(0), 2, (1, 8, 8))
    >>> net.forward(np.zeros((2, 5, 1, 8, 8), np.float32)).shape
    (2, 5, 10)
    """
    made: Any = {"rng": run_generators(rng, runs), "runs": runs, "dtype": np.float32}
    first = Linear(math.prod(image), hidden, **made)
    return Sequential(Flatten(-3), first, ReLU(), Linear(hidden, CLASSES, **made))


def enlarged(
    x: Array, y: Array, copies: int, change: Change, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The images as they are, and behind them ``copies`` changed versions of all of them.

    Examples
    --------
    >>> x, y = np.zeros((2, 1, 3, 3)), np.eye(2)
    >>> more, labels = enlarged(x, y, 2, lambda x, rng: x + 1, np.random.default_rng(0))
    >>> more[:, 0, 0, 0].tolist(), labels[:, 0].tolist()
    ([0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    """
    again = np.concatenate([x] * copies)
    images = np.concatenate([x, change(again, rng)])
    return images, np.concatenate([y] * (copies + 1))


def alike(rngs: Sequence[np.random.Generator]) -> tuple[list[int], list[int]]:
    """Which generators are the first in their state, and for each the place of its like in those.

    A seed is tried at many rates, and what is drawn for it need only be made once.

    >>> alike([np.random.default_rng(seed) for seed in (3, 4, 3)])
    ([0, 1], [0, 1, 0])
    """
    states = [repr(g.bit_generator.state) for g in rngs]
    seen = list(dict.fromkeys(states))
    return [states.index(one) for one in seen], [seen.index(one) for one in states]


def own_sets(
    rngs: Sequence[np.random.Generator], train: Any, few: int, change: Change | None = None,
    copies: int = 0, blend: Blend | None = None, noise: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    """For each run images of its own, and what becomes of them.

    From each generator are drawn ``few`` images, then which labels are wrong, then the changes: so
    a run has the same images and labels whatever is made of them.

    Returns
    -------
    ``drawn`` (runs, few, c, h, w) with the integers ``label``, and ``x`` (runs, m, c, h, w) with
    the one-hot or mixed labels ``y``
    """
    sets: dict[str, list[Array]] = {name: [] for name in ("drawn", "label", "x", "y")}
    for g in rngs:
        rows = g.permutation(len(train[0]))[:few]
        wrong, other = g.random(few) < noise, g.integers(1, CLASSES, few)
        drawn, label = train[0][rows], train[1][rows]
        label = np.where(wrong, (label + other) % CLASSES, label)
        x, y = drawn, np.eye(CLASSES, dtype=drawn.dtype)[label]
        if change is not None:
            x, y = enlarged(x, y, copies, change, g)
        if blend is not None:
            x, y = blend(np.concatenate([x] * copies), np.concatenate([y] * copies), g)
        for name, value in zip(sets, (drawn, label, x, y), strict=True):
            sets[name].append(value)
    return {name: np.stack(values) for name, values in sets.items()}


def learn_enlarged(
    rng: Generators, runs: int, lr: Any, *, train: Any, looks: Mapping[str, Any], few: int = 100,
    change: Change | None = None, copies: int = 20, blend: Blend | None = None, noise: float = 0.0,
    steps: int = 150, batch_size: int = 32, network: Any = dense, measure: Any = None,
    part: str = "",
) -> dict[str, Array]:  # fmt: skip
    """Train with Adam on ``few`` images of each run, enlarged, and see how others are read.

    Parameters
    ----------
    rng, runs, lr : as ``try_all`` hands them over
    train : images (n, c, h, w) and labels; each run draws its own ``few`` of them
    looks : {name: (images, labels)} that are looked at in the end
    change, copies : what makes further versions, and how many of each image; None: none
    blend : function of images, one-hot labels and a generator, in the place of ``change``: makes
        ``copies`` versions that are mixed with one another, and nothing stays as it is
    noise : the share of the training labels that are wrong
    steps, batch_size : the same, however large the set is
    network : function of (rng, runs, size of an image)
    measure : function of the trained model that returns further metrics
    part : what the names of those looks begin with that are wanted

    Returns
    -------
    ``fit_loss``, on the images as they were drawn, and for each look ``…_error``, the share
    misread, ``…_loss``, the mean of -log p(label), ``…_confidence``, that of the largest p
    """
    rngs, loss = run_generators(rng, runs), SoftmaxCrossEntropy()
    first, same = alike(rngs)
    sets = own_sets([rngs[i] for i in first], train, few, change, copies, blend, noise)
    for g, one in zip(rngs, same, strict=True):
        g.bit_generator.state = rngs[first[one]].bit_generator.state
    x, y = sets["x"], sets["y"]
    net = network(rngs, runs, x.shape[2:])
    adam, own = Adam(net.theta, lr=lr), np.array(same)[:, None]
    order = np.stack([g.integers(x.shape[1], size=(steps, batch_size)) for g in rngs], axis=1)
    for now in order:
        loss.forward(net.forward(x[own, now], training=True), y[own, now])
        net.backward(loss.backward(), input_grad=False)
        adam.step(net.grad)
    found = {"fit_loss": looked(net, sets["drawn"][same], sets["label"][same])["loss"]}
    wanted = {name: look for name, look in looks.items() if name.startswith(part)}
    for name, (seen, label) in wanted.items():
        found |= {f"{name}_{what}": value for what, value in looked(net, seen, label).items()}
    return found | (dict(measure(net)) if measure else {})


def looked(net: Any, x: Array, label: Array) -> dict[str, Array]:
    """How the networks read images that all share, or that each has its own of, (runs,) each."""
    p = read(net, x)
    told = np.take_along_axis(p, np.broadcast_to(label, p.shape[:2])[..., None], -1)
    return {
        "error": (p.argmax(-1) != label).mean(-1),
        "loss": -np.log(np.maximum(told, 1e-30)).mean((-2, -1)),
        "confidence": p.max(-1).mean(-1),
    }


def read(net: Any, x: Array) -> Array:
    """Probabilities (runs, n, classes) for images (n, c, h, w), or (runs, n, c, h, w)."""
    own = np.broadcast_to(x, (net.runs, *x.shape[-4:]))
    parts = [own[:, i : i + PART] for i in range(0, own.shape[1], PART)]
    return softmax(np.concatenate([net.forward(part) for part in parts], axis=1))
