"""Exercise ``init_fixed``: a start without any chance, the biases of the output."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="init_fixed",
    title="A fixed start: the biases of the output",
    chapter="3-initialization",
    position=2,
    entry="output_bias",
    parameters=("labels", "classes"),
    conventions=(
        "labels are whole numbers from 0 to classes − 1; a class may not occur",
        "softmax of the biases is the share of each class, every class counted once more than it "
        "occurs: (count + 1) / (n + classes)",
        "a constant added to all biases changes no softmax; here their exponentials add up to 1",
        "returns an array (classes,)",
    ),
    hints=(
        "Look at a network whose last weights are all 0: its logits are the biases, whatever the "
        "image. Which probabilities are the best that it can name?",
        "The shares of the classes. Softmax takes an exponential, so the biases are their "
        "logarithms: count each class (np.bincount with minlength), add 1, divide, take np.log.",
        "By hand, with the labels 0, 0, 2 and three classes: the counts are 2, 0, 1, plus one 3, "
        "1, 2, the shares 1/2, 1/6, 1/3, the biases -0.693147, -1.79176, -1.09861.",
    ),
    result="One array with a bias for each class.",
)


@EXERCISE.solution
def output_bias(labels, classes):
    counts = np.bincount(labels, minlength=classes)
    return np.log((counts + 1) / (len(labels) + classes))


def _labels(rng, counts):
    return rng.permutation(np.repeat(np.arange(len(counts)), counts))


@EXERCISE.probe("unequal classes", group="core")
def unequal(rng):
    counts = rng.permutation([3, 11, 30, int(rng.integers(60, 99))])
    return Case((_labels(rng, counts), 4))


@EXERCISE.probe("two classes, one of them rare", group="core")
def rare(rng):
    return Case((_labels(rng, [int(rng.integers(90, 99)), 2]), 2))


@EXERCISE.probe("a class that does not occur", group="edge")
def absent(rng):
    counts = [int(rng.integers(20, 40)), 5, int(rng.integers(2, 5)), 0]
    return Case((_labels(rng, counts), 4))


@EXERCISE.probe("few labels", group="edge")
def few(rng):
    return Case((_labels(rng, [int(rng.integers(2, 4)), 1, 4]), 5))


@EXERCISE.mistake(
    "zero",
    kind="logic",
    says="all biases 0",
    hint="All biases are equal, so that every class is as likely as the other. Right where classes "
    "are equally frequent; here the network would first have to learn the counts.",
)
def zero(labels, classes):
    return np.zeros(classes)


@EXERCISE.mistake(
    "no_log",
    kind="logic",
    says="takes the shares themselves",
    hint="These are the shares themselves. A softmax takes the exponential of what it gets, so the "
    "biases are their logarithms.",
)
def no_log(labels, classes):
    return np.exp(output_bias(labels, classes))


@EXERCISE.mistake(
    "log2",
    kind="factor",
    says="takes logarithms with base 2",
    hint="The differences between the biases are too large by 1.44: logarithms with base 2. "
    "Softmax uses e, so np.log.",
)
def log2(labels, classes):
    return output_bias(labels, classes) / np.log(2)


@EXERCISE.mistake(
    "log_odds",
    kind="logic",
    says="takes the logarithm of the odds, p / (1 − p)",
    hint="This is log(p / (1 − p)), the right bias of a *sigmoid* with one output. A softmax with "
    "one output a class divides by the sum itself: log p.",
)
def log_odds(labels, classes):
    share = np.exp(output_bias(labels, classes))
    return np.log(share / (1 - share))


@EXERCISE.mistake(
    "too_short",
    kind="edge-case",
    says="knows only the classes that occur",
    hint="Where all classes occur it agrees; else biases are missing: np.bincount stops at the "
    "largest label it sees. Tell it how many there are, minlength.",
)
def too_short(labels, classes):
    counts = np.bincount(labels)
    return np.log((counts + 1) / (len(labels) + classes))


@EXERCISE.mistake(
    "not_counted_once_more",
    kind="edge-case",
    says="takes the bare shares",
    hint="With many labels it nearly agrees; a class that does not occur gets -∞, and could never "
    "be learned. Count each class once more than it occurs.",
)
def not_counted_once_more(labels, classes):
    counts = np.bincount(labels, minlength=classes)
    with np.errstate(divide="ignore"):
        return np.log(counts / len(labels))


@EXERCISE.mistake(
    "shifted",
    kind="convention",
    says="takes the logarithms of the counts, not of the shares",
    hint="All biases are too large by one and the same constant: logarithms of counts. A softmax "
    "does not see the constant, but here the exponentials add up to 1: divide by n + classes.",
)
def shifted(labels, classes):
    return np.log(np.bincount(labels, minlength=classes) + 1)


@EXERCISE.variant("counts minus the logarithm of their sum, in a loop, as a list")
def in_a_loop(labels, classes):
    counts = [1 + sum(int(label) == c for label in labels) for c in range(classes)]
    total = np.log(sum(counts))
    return [float(np.log(count) - total) for count in counts]


@EXERCISE.variant("a log-softmax of the logarithms")
def normalized(labels, classes):
    logits = np.log(np.sum(np.asarray(labels)[:, None] == np.arange(classes), axis=0) + 1.0)
    return logits - np.logaddexp.reduce(logits)


@EXERCISE.variant("float32")
def single_precision(labels, classes):
    return output_bias(labels, classes).astype(np.float32)
