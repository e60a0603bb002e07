"""Exercise ``dropout``: who is dropped, what the others pay for it, and the way back."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._masks import about, child, of_mask, same_mask, untouched
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return ("y", "dx")[path[0]] + "".join(f"[{i}]" for i in path[1:]) if path else ""


EXERCISE = Exercise(
    id="dropout",
    title="Inverted dropout",
    chapter="7-regularization",
    position=6,
    entry="dropout",
    parameters=("x", "dy", "p", "training", "rng"),
    conventions=(
        "p is the probability of *dropping*, 0 <= p < 1; every entry of x by itself",
        "in training a kept entry is divided by 1 − p, a dropped one is 0; otherwise y = x",
        "dx is the gradient for the incoming dy, through the very same mask",
        "any way of drawing from rng is fine: judged are the shares, never single draws; returns "
        "(y, dx)",
    ),
    hints=(
        "y is x times something random that does not depend on x. What is then the slope of y in "
        "x? And how large must that something be so that its mean is 1?",
        "Draw u in the shape of x, keep where u >= p, and let m = kept/(1 − p). Then y = m·x and "
        "dx = m·dy; without training m is 1.",
        "By hand, x = (2, -3, 5), dy = (1, 1, 4), p = 0.6, u = (0.7, 0.1, 0.9): m = "
        "(2.5, 0, 2.5), so y = (5, 0, 12.5) and dx = (2.5, 0, 10).",
    ),
    result="Two arrays come back, y and dx, shaped as x.",
    places=_place,
)


@EXERCISE.solution
def dropout(x, dy, p, training, rng):
    if not training:
        return x.copy(), dy.copy()
    m = rng.binomial(1, 1 - p, x.shape) / (1 - p)
    return x * m, dy * m


def _case(rng, *shape, p=None, training=True):
    p = round(float(rng.uniform(0.2, 0.4)), 2) if p is None else p
    x, dy = about(rng, shape), about(rng, shape)
    args = (x, dy, p, training, child(rng))
    if not (training and p):
        return Case(args, moments=untouched(x, dy))
    axes = tuple(range(len(shape)))
    return Case(args, moments=(*of_mask(x, p, lambda share: share, axes), same_mask(x, dy)))


@EXERCISE.probe("few are dropped", group="core")
def few(rng):
    return _case(rng, 60, 50)


@EXERCISE.probe("most are dropped", group="core")
def most(rng):
    return _case(rng, 50, 60, p=round(float(rng.uniform(0.7, 0.85)), 2))


@EXERCISE.probe("in evaluation", group="core")
def in_evaluation(rng):
    return _case(rng, 4, 5, training=False)


@EXERCISE.probe("three axes", group="edge")
def three_axes(rng):
    return _case(rng, 10, 16, 20)


@EXERCISE.probe("p = 0", group="edge")
def nobody(rng):
    return _case(rng, 3, 4, p=0.0)


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="takes p for the probability of keeping",
    hint="With p = 0.8 four in five survive: p was taken for the share that is kept. Here p is "
    "what is dropped.",
)
def keep(x, dy, p, training, rng):
    return dropout(x, dy, 1 - p if p else 0.0, training, rng)


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not divide by 1 − p",
    hint="The survivors are as they were, so that y is too small by 1 − p on average, and the next "
    "layer sees less in training than later. Divide by 1 − p.",
)
def unscaled(x, dy, p, training, rng):
    y, dx = dropout(x, dy, p, training, rng)
    scale = 1 - p if training else 1.0
    return y * scale, dx * scale


@EXERCISE.mistake(
    "by_p",
    kind="factor",
    says="divides by p",
    hint="The survivors were divided by p. A share of 1 − p survives, so 1 − p is what brings the "
    "mean back.",
)
def by_p(x, dy, p, training, rng):
    y, dx = dropout(x, dy, p, training, rng)
    scale = (1 - p) / p if training and p else 1.0
    return y * scale, dx * scale


@EXERCISE.mistake(
    "twice",
    kind="logic",
    says="draws a second mask for the way back",
    hint="y and dx have different zeros: a new mask was drawn for the way back. The gradient goes "
    "through the units that took part, and no others. Keep the mask.",
)
def fresh_mask(x, dy, p, training, rng):
    return dropout(x, dy, p, training, rng)[0], dropout(x, dy, p, training, rng)[1]


@EXERCISE.mistake(
    "back_unscaled",
    kind="factor",
    says="does not scale the gradient",
    hint="The gradient has the right zeros and the wrong size: y = m·x with m = kept/(1 − p), so "
    "dx is m·dy, the factor too.",
)
def unscaled_back(x, dy, p, training, rng):
    y, dx = dropout(x, dy, p, training, rng)
    return y, dx * (1 - p if training else 1.0)


@EXERCISE.mistake(
    "all_back",
    kind="logic",
    says="lets the gradient through everywhere",
    hint="The gradient passes where nothing was kept. An entry that was dropped had no part in the "
    "output, so its gradient is 0.",
)
def all_back(x, dy, p, training, rng):
    return dropout(x, dy, p, training, rng)[0], dy.copy()


@EXERCISE.mistake(
    "rows",
    kind="axis",
    says="draws one mask for all samples",
    hint="All samples lose the same units: one mask was drawn for the whole batch. Each sample has "
    "its own sub-network: draw in the shape of x.",
)
def one_for_all(x, dy, p, training, rng):
    if not training:
        return x.copy(), dy.copy()
    m = (rng.random(x.shape[1:]) >= p) / (1 - p)
    return x * m, dy * m


@EXERCISE.mistake(
    "whole",
    kind="axis",
    says="drops whole samples",
    hint="Whole samples vanish or stay: one number was drawn for each of them. Every entry has its "
    "own.",
)
def whole_samples(x, dy, p, training, rng):
    if not training:
        return x.copy(), dy.copy()
    m = (rng.random((len(x),) + (1,) * (x.ndim - 1)) >= p) / (1 - p)
    return x * m, dy * m


@EXERCISE.mistake(
    "always",
    kind="logic",
    says="drops in evaluation too",
    hint="In evaluation entries are dropped too. There the whole network answers, and y is x.",
)
def always(x, dy, p, training, rng):
    return dropout(x, dy, p, True, rng)


@EXERCISE.mistake(
    "scaled_later",
    kind="convention",
    says="scales in evaluation",
    hint="This is the older form: nothing is scaled in training, and everything by 1 − p later. "
    "Inverted dropout pays in training, so that nobody has to know of it afterwards.",
)
def scaled_later(x, dy, p, training, rng):
    y, dx = dropout(x, dy, p, training, rng)
    return y * (1 - p), dx * (1 - p)


@EXERCISE.variant("coins from the binomial distribution")
def by_coins(x, dy, p, training, rng):
    kept = rng.binomial(1, 1 - p, x.shape) if training else np.ones(x.shape)
    scale = 1 / (1 - p) if training else 1
    return np.where(kept, x, 0) * scale, np.where(kept, dy, 0) * scale


@EXERCISE.variant("entry by entry, in Python numbers")
def by_loop(x, dy, p, training, rng):
    if not training:
        return x.tolist(), dy.tolist()
    y, dx = [], []
    for a, d in zip(x.ravel().tolist(), dy.ravel().tolist(), strict=True):
        dropped = rng.random() < p
        y.append(0.0 if dropped else a / (1 - p))
        dx.append(0.0 if dropped else d / (1 - p))
    return np.reshape(y, x.shape).tolist(), np.reshape(dx, x.shape).tolist()


@EXERCISE.variant("float32, a mask of numbers")
def single_precision(x, dy, p, training, rng):
    m = np.ones(x.shape, np.float32)
    if training:
        m -= rng.random(x.shape, np.float32) < p
        m /= np.float32(1 - p)
    return x.astype(np.float32) * m, dy.astype(np.float32) * m
