"""Exercise ``mixup``: two images laid over each other, and a label that says how much of each."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import cycle, named, one_hot
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="mixup",
    title="Mixup",
    chapter="7-regularization",
    position=20,
    entry="mixup",
    parameters=("x", "y", "lam", "perm"),
    conventions=(
        "x is (N, …), y (N, K): labels as rows, one-hot or soft; lam in [0, 1] is one number for "
        "the batch, perm a permutation of 0 … N − 1",
        "lam weighs sample i itself, 1 − lam its partner, sample perm[i]",
        "returns (x_mix, y_mix), new arrays",
    ),
    hints=(
        "If a picture is seven parts cat and three parts dog, what should the network answer?",
        "x[perm] has the partners in order. Images and labels are mixed with the same lam.",
        "By hand, x = (10, 20, 30), perm = (1, 2, 0), lam = 0.7: 0.7·(10, 20, 30) + "
        "0.3·(20, 30, 10) = (13, 23, 24).",
    ),
    result="Two arrays come back, shaped as x and y.",
    places=named("x_mix", "y_mix"),
)


@EXERCISE.solution
def mixup(x, y, lam, perm):
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]


def _case(rng, shape, k, lam=None):
    lam = round(float(rng.uniform(0.6, 0.9)), 2) if lam is None else lam
    x = np.round(rng.normal(1, 1, shape), 2)
    return Case((x, one_hot(rng, len(x), k), lam, cycle(rng, len(x))))


@EXERCISE.probe("four images", group="core")
def four(rng):
    return _case(rng, (4, 2, 3, 3), 3)


@EXERCISE.probe("vectors", group="core")
def vectors(rng):
    return _case(rng, (5, 4), 4, round(float(rng.uniform(0.15, 0.35)), 2))


@EXERCISE.probe("soft labels", group="edge")
def soft(rng):
    x, _, lam, perm = _case(rng, (4, 3), 3).args
    y = rng.uniform(0.1, 1, (4, 3))
    return Case((x, np.round(y / y.sum(1, keepdims=True), 4), lam, perm))


@EXERCISE.probe("nothing is mixed", group="edge")
def unmixed(rng):
    return _case(rng, (3, 2), 3, 1.0)


@EXERCISE.probe("only the partner", group="edge")
def partner_alone(rng):
    return _case(rng, (3, 2), 3, 0.0)


@EXERCISE.mistake(
    "labels",
    kind="logic",
    says="does not mix the labels",
    hint="The images are mixed, the labels are not: the network would be asked for certainty about "
    "a mixture. Mix y with the same lam and perm.",
)
def labels_kept(x, y, lam, perm):
    return mixup(x, y, lam, perm)[0], y.copy()


@EXERCISE.mistake(
    "images",
    kind="logic",
    says="does not mix the inputs",
    hint="The labels are mixed, the inputs are not: that is label smoothing of a kind. Mix x as "
    "well.",
)
def inputs_kept(x, y, lam, perm):
    return x.copy(), mixup(x, y, lam, perm)[1]


@EXERCISE.mistake(
    "label_weights",
    kind="logic",
    says="exchanges the weights of the labels",
    hint="The labels have the weights of each other: the sample that fills most of the image gets "
    "the small share. lam goes with the sample itself, in both.",
)
def label_weights(x, y, lam, perm):
    return mixup(x, y, lam, perm)[0], mixup(x, y, 1 - lam, perm)[1]


@EXERCISE.mistake(
    "weights",
    kind="convention",
    says="gives lam to the partner",
    hint="Both are mixed the other way round: lam belongs to sample i, 1 − lam to its partner.",
)
def weights(x, y, lam, perm):
    return mixup(x, y, 1 - lam, perm)


@EXERCISE.mistake(
    "inverse",
    kind="axis",
    says="mixes with the sample that has i as its partner",
    hint="Each sample is mixed with the one whose partner it is: the permutation was inverted. The "
    "partner of i is x[perm[i]].",
)
def inverse(x, y, lam, perm):
    return mixup(x, y, lam, np.argsort(perm))


@EXERCISE.mistake(
    "label_partner",
    kind="logic",
    says="mixes the labels with another partner",
    hint="The labels are mixed with another partner than the images. One permutation serves both.",
)
def label_partner(x, y, lam, perm):
    return mixup(x, y, lam, perm)[0], mixup(x, y, lam, np.roll(np.arange(len(x)), 1))[1]


@EXERCISE.mistake(
    "hard",
    kind="logic",
    says="keeps the larger label",
    hint="The labels are whole: only the sample with the larger share was named. The label is a "
    "mixture, lam of one and 1 − lam of the other.",
)
def hard(x, y, lam, perm):
    return mixup(x, y, lam, perm)[0], y.copy() if lam > 0.5 else y[perm]


@EXERCISE.mistake(
    "sum",
    kind="factor",
    says="adds a share of the partner",
    hint="The shares add up to more than 1: the sample itself was not multiplied by lam.",
)
def added(x, y, lam, perm):
    return x + (1 - lam) * x[perm], y + (1 - lam) * y[perm]


@EXERCISE.mistake(
    "half",
    kind="logic",
    says="mixes half and half",
    hint="Everything is mixed half and half: lam was not used.",
)
def half(x, y, lam, perm):
    return mixup(x, y, 0.5, perm)


@EXERCISE.variant("as far as 1 − lam towards the partner")
def towards(x, y, lam, perm):
    return x + (1 - lam) * (x[perm] - x), y - (1 - lam) * (y - np.take(y, perm, axis=0))


@EXERCISE.variant("by a matrix of mixtures")
def by_matrix(x, y, lam, perm):
    n = len(x)
    M = lam * np.eye(n) + (1 - lam) * np.eye(n)[perm]
    return np.tensordot(M, x, (1, 0)), (M @ y).tolist()


@EXERCISE.variant("float32")
def single_precision(x, y, lam, perm):
    return mixup(x.astype(np.float32), y.astype(np.float32), np.float32(lam), perm)
