"""Exercise ``mc_dropout``: many thinned networks answer; what they agree on, and how far."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    names = ("mean", "std", "mutual")
    return names[path[0]] + "".join(f"[{i}]" for i in path[1:]) if path else ""


EXERCISE = Exercise(
    id="mc_dropout",
    title="Monte-Carlo dropout",
    chapter="7-regularization",
    position=11,
    entry="predict",
    parameters=("logits",),
    conventions=(
        "logits is (S, N, K): S passes with masks of their own, N inputs, K classes",
        "mean (N, K): softmax of each pass, then averaged over the passes",
        "std (N, K): the deviation of these probabilities over the passes, divided by S, not S − 1",
        "mutual (N,): the entropy of the mean, less the mean of the entropies, in natural "
        "logarithms; 0 log 0 is 0. Also for logits of 1000. Returns (mean, std, mutual)",
    ),
    hints=(
        "Two networks, each certain, that contradict each other; or two that both shrug. The mean "
        "is the same. Which of the three results tells them apart?",
        "p = softmax over the last axis, with the largest logit subtracted. mean = p.mean(0), "
        "std = p.std(0), mutual = H(mean) − H(p).mean(0) with H = −Σ p log p.",
        "By hand, two passes, one input: probabilities (0.5, 0.5) and (1, 0) give mean "
        "(0.75, 0.25), std (0.25, 0.25), and 0.562335 - 0.693147/2 = 0.215762.",
    ),
    result="Three arrays come back: mean (N, K), std (N, K), mutual (N,).",
    places=_place,
)


@EXERCISE.solution
def predict(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    mean = p.mean(axis=0)

    def entropy(q):
        return -(q * np.log(np.where(q > 0, q, 1))).sum(axis=-1)

    return mean, p.std(axis=0), entropy(mean) - entropy(p).mean(axis=0)


def _case(rng, s, n, k, scale=2.0):
    return Case((np.round(rng.normal(0, scale, (s, n, k)) + rng.normal(0, scale, (n, k)), 3),))


@EXERCISE.probe("five passes", group="core")
def five(rng):
    return _case(rng, 5, 3, 4)


@EXERCISE.probe("two classes", group="core")
def two_classes(rng):
    return _case(rng, 3, 4, 2)


@EXERCISE.probe("as many of everything", group="edge")
def cube(rng):
    return _case(rng, 3, 3, 3)


@EXERCISE.probe("passes that agree on one input", group="edge")
def agree(rng):
    (logits,) = _case(rng, 4, 3, 5).args
    logits[:, 0] = logits[0, 0]
    return Case((logits,))


@EXERCISE.probe("certain passes that differ", group="edge")
def certain(rng):
    return _case(rng, 4, 3, 3, scale=1000.0)


@EXERCISE.probe("two passes", group="edge")
def two_passes(rng):
    return _case(rng, 2, 4, 3)


def _softmax(z):
    p = np.exp(z - z.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def _entropy(q):
    return -(q * np.log(np.where(q > 0, q, 1))).sum(-1)


@EXERCISE.mistake(
    "logits",
    kind="order",
    says="averages the logits",
    hint="The logits were averaged, and softmax came last: that is a geometric mean of the "
    "networks. Here their probabilities are averaged.",
)
def of_logits(logits):
    _, std, mutual = predict(logits)
    return _softmax(logits.mean(0)), std, mutual


@EXERCISE.mistake(
    "std_logits",
    kind="order",
    says="takes the deviation of the logits",
    hint="The mean is right; the deviation is that of the logits. How far apart two logits of a "
    "certain network are says nothing about its answer: take that of the probabilities.",
)
def std_of_logits(logits):
    mean, _, mutual = predict(logits)
    return mean, logits.std(0), mutual


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="divides by S − 1",
    hint="The deviation was divided by S − 1. Here it is divided by S, so that one pass would "
    "have a deviation of 0.",
)
def unbiased(logits):
    mean, std, mutual = predict(logits)
    s = len(logits)
    return mean, std * np.sqrt(s / (s - 1)), mutual


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="returns the variance",
    hint="The spread is the variance; its root is asked for.",
)
def variance(logits):
    mean, std, mutual = predict(logits)
    return mean, std**2, mutual


@EXERCISE.mistake(
    "axis",
    kind="axis",
    says="takes softmax over the inputs",
    hint="The probabilities of one input do not add up to 1: softmax ran over the inputs. Classes "
    "are on the last axis.",
)
def over_inputs(logits):
    p = _softmax(logits.swapaxes(1, 2)).swapaxes(1, 2)
    return p.mean(0), p.std(0), _entropy(p.mean(0)) - _entropy(p).mean(0)


@EXERCISE.mistake(
    "total",
    kind="logic",
    says="leaves the mean of the entropies in",
    hint="That is the entropy of the mean, all of the doubt. Subtract the mean entropy of the "
    "passes: the doubt that each of them has by itself.",
)
def total(logits):
    mean, std, _ = predict(logits)
    return mean, std, _entropy(mean)


@EXERCISE.mistake(
    "own",
    kind="sign",
    says="subtracts the wrong way round",
    hint="The mutual information has the wrong sign. The mean is never more certain than its "
    "parts, so its entropy comes first.",
)
def negative(logits):
    mean, std, mutual = predict(logits)
    return mean, std, -mutual


@EXERCISE.mistake(
    "bits",
    kind="convention",
    says="counts in bits",
    hint="The entropies are 1.44 times too large: they were counted in bits. Take natural "
    "logarithms.",
)
def in_bits(logits):
    mean, std, mutual = predict(logits)
    return mean, std, mutual / np.log(2)


@EXERCISE.mistake(
    "nan",
    kind="numerics",
    says="takes the logarithm of zero",
    hint="Certain passes give no number: 0·log 0 was computed. Its limit is 0.",
)
def log_of_zero(logits):
    p = _softmax(logits)
    mean = p.mean(0)
    with np.errstate(all="ignore"):
        mine = [-(q * np.log(q)).sum(-1) for q in (mean, p)]
    return mean, p.std(0), mine[0] - mine[1].mean(0)


@EXERCISE.mistake(
    "overflow",
    kind="numerics",
    says="lets the exponential overflow",
    hint="Large logits give no number: exp overflows. Subtract each row's largest logit first.",
)
def overflow(logits):
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        return p.mean(0), p.std(0), _entropy(p.mean(0)) - _entropy(p).mean(0)


@EXERCISE.variant("the mean divergence from the mean")
def by_divergence(logits):
    top = logits.max(-1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
    p = np.exp(log_p)
    mean = p.sum(0) / len(p)
    ratio = np.where(p > 0, log_p - np.log(np.where(mean > 0, mean, 1)), 0)
    return mean, np.sqrt(((p - mean) ** 2).mean(0)), (p * ratio).sum(-1).mean(0)


@EXERCISE.variant("input by input, in Python numbers")
def by_loop(logits):
    means, stds, mutual = [], [], []
    for rows in logits.swapaxes(0, 1).tolist():
        p = []
        for row in rows:
            powers = [2.718281828459045 ** (z - max(row)) for z in row]
            p.append([a / sum(powers) for a in powers])
        mean = [sum(column) / len(p) for column in zip(*p, strict=True)]
        columns = list(zip(zip(*p, strict=True), mean, strict=True))
        stds.append([(sum((a - m) ** 2 for a in c) / len(p)) ** 0.5 for c, m in columns])
        h = [-sum(a * float(np.log(a)) for a in row if a > 0) for row in [mean, *p]]
        mutual.append(h[0] - sum(h[1:]) / len(p))
        means.append(mean)
    return means, stds, mutual


@EXERCISE.variant("float32")
def single_precision(logits):
    return predict(logits.astype(np.float32))
