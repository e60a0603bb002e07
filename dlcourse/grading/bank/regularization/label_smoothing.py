"""Exercise ``label_smoothing``: a target that asks for less than certainty, and its gradient."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path:
        return ""
    return ("targets", "loss", "dlogits")[path[0]] + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="label_smoothing",
    title="Label smoothing",
    chapter="7-regularization",
    position=4,
    entry="smoothed",
    parameters=("logits", "labels", "alpha"),
    conventions=(
        "logits is (N, K), labels (N,) whole numbers",
        "targets = (1 − alpha)·onehot + alpha/K: the right class gets 1 − alpha + alpha/K, every "
        "other alpha/K",
        "loss = −(1/N) Σ_i Σ_k targets_ik log softmax(logits_i)_k, also for logits of 1000",
        "returns (targets, loss, dlogits), dlogits the gradient of loss, (N, K); nothing given is "
        "changed",
    ),
    hints=(
        "Where does the mass alpha go that is taken from the right class? To the K − 1 others, or "
        "to all K?",
        "log softmax(z) = z − max − log Σ exp(z − max). The gradient of cross-entropy with any "
        "targets that sum to 1 is (softmax − targets)/N.",
        "By hand, one sample, logits (0, ln 3), label 1, alpha = 0.2: softmax = (0.25, 0.75), "
        "targets = (0.1, 0.9), loss = -0.1·ln 0.25 - 0.9·ln 0.75 = 0.397543, "
        "dlogits = (0.15, -0.15).",
    ),
    result="Three things come back: targets (N, K), a number, and dlogits (N, K).",
    places=_place,
)


def _log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@EXERCISE.solution
def smoothed(logits, labels, alpha):
    n, k = logits.shape
    targets = (1 - alpha) * np.eye(k)[labels] + alpha / k
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return targets, -(targets * log_p).sum() / n, (np.exp(log_p) - targets) / n


def _case(rng, n, k, alpha=None, scale=2.0):
    logits = np.round(scale * rng.normal(size=(n, k)), 3)
    alpha = round(float(rng.uniform(0.1, 0.3)), 2) if alpha is None else alpha
    return Case((logits, rng.permutation(np.arange(n) % k), alpha))


@EXERCISE.probe("five classes", group="core")
def five(rng):
    return _case(rng, 4, 5)


@EXERCISE.probe("two classes", group="core")
def two(rng):
    return _case(rng, 6, 2)


@EXERCISE.probe("no smoothing", group="edge")
def none(rng):
    return _case(rng, 3, 4, alpha=0.0)


@EXERCISE.probe("huge logits", group="edge")
def huge(rng):
    return _case(rng, 3, 4, scale=1000.0)


@EXERCISE.probe("one sample", group="edge")
def one(rng):
    return _case(rng, 1, 7)


@EXERCISE.mistake(
    "others",
    kind="convention",
    says="gives alpha/(K − 1) to the wrong classes only",
    hint="The right class gets 1 − alpha here, and the others share alpha. By convention alpha is "
    "spread over all K classes, the right one among them.",
)
def among_others(logits, labels, alpha):
    k = logits.shape[1]
    return smoothed(logits, labels, alpha * k / (k - 1))


@EXERCISE.mistake(
    "sum",
    kind="factor",
    says="does not take alpha from the one-hot part",
    hint="The targets of a sample add up to 1 + alpha: alpha/K was added, but the one-hot part was "
    "not multiplied by 1 − alpha.",
)
def too_much(logits, labels, alpha):
    n, k = logits.shape
    targets = np.eye(k)[labels] + alpha / k
    log_p = _log_softmax(logits)
    dlogits = (np.exp(log_p) * targets.sum(1, keepdims=True) - targets) / n
    return targets, -(targets * log_p).sum() / n, dlogits


@EXERCISE.mistake(
    "overflow",
    kind="numerics",
    says="takes the logarithm of a softmax that overflowed",
    hint="Only huge logits go wrong: exp overflows, or the logarithm of 0 is taken. Subtract the "
    "largest logit of each row, and write log softmax as a difference.",
)
def overflow(logits, labels, alpha):
    targets, _, _ = smoothed(logits, labels, alpha)
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        return targets, -(targets * np.log(p)).sum() / len(p), (p - targets) / len(p)


@EXERCISE.mistake(
    "mean",
    kind="factor",
    says="averages over the classes too",
    hint="Loss and gradient are K times too small: the mean was taken over all entries. Add up the "
    "classes, average over the samples.",
)
def mean_of_all(logits, labels, alpha):
    targets, loss, dlogits = smoothed(logits, labels, alpha)
    k = logits.shape[1]
    return targets, loss / k, dlogits / k


@EXERCISE.mistake(
    "batch",
    kind="factor",
    says="has a gradient that is N times too large",
    hint="The loss is right, the gradient N times too large: the mean over the samples has to be "
    "differentiated as well.",
)
def not_averaged(logits, labels, alpha):
    targets, loss, dlogits = smoothed(logits, labels, alpha)
    return targets, loss, dlogits * len(logits)


@EXERCISE.mistake(
    "hard_gradient",
    kind="logic",
    says="has the gradient of the hard labels",
    hint="Targets and loss are right, the gradient belongs to hard labels: softmax minus one-hot. "
    "Subtract the targets you just made.",
)
def hard_gradient(logits, labels, alpha):
    targets, loss, _ = smoothed(logits, labels, alpha)
    return targets, loss, smoothed(logits, labels, 0.0)[2]


@EXERCISE.mistake(
    "hard_loss",
    kind="logic",
    says="takes the loss of the hard labels",
    hint="The loss counts the right class only, as if nothing were smoothed. All K terms stand in "
    "the sum.",
)
def hard_loss(logits, labels, alpha):
    targets, _, dlogits = smoothed(logits, labels, alpha)
    return targets, smoothed(logits, labels, 0.0)[1], dlogits


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="takes alpha for what is kept",
    hint="The right class gets little and the others much: alpha was taken for the share that "
    "stays. It is the share that is spread out.",
)
def keep(logits, labels, alpha):
    return smoothed(logits, labels, 1 - alpha)


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="has the gradient the wrong way round",
    hint="The gradient has the wrong sign: it is softmax minus targets. The logit of the right "
    "class must grow when the gradient is subtracted.",
)
def wrong_sign(logits, labels, alpha):
    targets, loss, dlogits = smoothed(logits, labels, alpha)
    return targets, loss, -dlogits


@EXERCISE.variant("two losses, mixed")
def mixed(logits, labels, alpha):
    n, k = logits.shape
    top = logits.max(1)
    log_total = top + np.log(np.exp(logits - top[:, None]).sum(1))
    right, all_of_them = logits[np.arange(n), labels], logits.mean(1)
    loss = np.mean(log_total - (1 - alpha) * right - alpha * all_of_them)
    targets = np.full((n, k), alpha / k)
    targets[np.arange(n), labels] += 1 - alpha
    return targets, loss, (np.exp(logits - log_total[:, None]) - targets) / n


@EXERCISE.variant("sample by sample, in Python numbers")
def by_loop(logits, labels, alpha):
    n, k = logits.shape
    targets, loss, dlogits = [], 0.0, []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        powers = [2.718281828459045 ** (z - max(row)) for z in row]
        t = [alpha / k + (1 - alpha) * (j == label) for j in range(k)]
        log_total = float(np.log(sum(powers))) + max(row)
        loss += sum(a * (log_total - z) for a, z in zip(t, row, strict=True)) / n
        targets.append(t)
        pairs = zip(powers, t, strict=True)
        dlogits.append([(p / sum(powers) - a) / n for p, a in pairs])
    return targets, loss, dlogits


@EXERCISE.variant("float32")
def single_precision(logits, labels, alpha):
    return smoothed(logits.astype(np.float32), labels, np.float32(alpha))
