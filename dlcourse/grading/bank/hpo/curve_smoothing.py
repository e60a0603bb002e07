"""Exercise ``curve_smoothing``: two ways to see through the noise of a loss curve."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path:
        return ""
    return ("means", "averages")[path[0]] + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="curve_smoothing",
    title="Smoothing a curve",
    chapter="6-hpo",
    position=2,
    entry="smooth",
    parameters=("losses", "window", "beta"),
    conventions=(
        "losses is (T,); both results have T numbers, one for each loss",
        "means[t]: the mean of the last `window` losses up to and with losses[t]; of all there are "
        "while there are fewer",
        "averages[t] = m_t/(1 − betaᵗ) with m_t = beta·m_{t−1} + (1 − beta)·loss_t, where losses "
        "count from t = 1 and m_0 = 0",
        "returns (means, averages)",
    ),
    hints=(
        "At the first loss there is nothing to average with. What do both results have to be "
        "there?",
        "For the mean slice from max(0, t − window) to t, t losses having been seen. For the "
        "average keep m without a correction, and divide by 1 − beta**t only what you give back.",
        "By hand, losses 4, 2, 6 with window 2 and beta = 0.5: means 4, 3, 4. m is 2, 2, 4; "
        "divided by 0.5, 0.75, 0.875 the averages are 4, 2.66667, 4.57143.",
    ),
    result="Two arrays come back, means and averages, each as long as losses.",
    places=_place,
)


@EXERCISE.solution
def smooth(losses, window, beta):
    means, averages = np.zeros((2, len(losses)))
    m = 0.0
    for i, loss in enumerate(losses):
        means[i] = losses[max(0, i + 1 - window) : i + 1].mean()
        m = beta * m + (1 - beta) * loss
        averages[i] = m / (1 - beta ** (i + 1))
    return means, averages


def _case(rng, length, window, beta):
    falling = 1 + 2 * np.exp(-np.arange(length) / 5)
    return Case((np.round(falling * rng.uniform(0.7, 1.3, length), 3), window, beta))


@EXERCISE.probe("a noisy curve", group="core")
def noisy(rng):
    return _case(rng, 12, 4, round(float(rng.uniform(0.75, 0.9)), 2))


@EXERCISE.probe("a short memory", group="core")
def short(rng):
    return _case(rng, 9, 3, round(float(rng.uniform(0.3, 0.45)), 2))


@EXERCISE.probe("a window longer than the curve", group="edge")
def long_window(rng):
    return _case(rng, 5, 8, 0.98)


@EXERCISE.probe("a window of one, no memory", group="edge")
def one_value(rng):
    return _case(rng, 6, 1, 0.0)


@EXERCISE.probe("a single loss", group="edge")
def single(rng):
    return _case(rng, 1, 3, 0.9)


def _averages(losses, beta, corrected, m=0.0):
    """The exponential average, ``corrected(m, t)`` of it shown after t losses."""
    shown = []
    for t, loss in enumerate(losses, start=1):
        m = beta * m + (1 - beta) * loss
        shown.append(corrected(m, t))
    return np.array(shown)


@EXERCISE.mistake(
    "uncorrected",
    kind="logic",
    says="does not correct the bias",
    hint="The averages start near 0 and creep up: m begins at 0, and after t losses it holds only "
    "a share of 1 − betaᵗ of them. Divide by that share.",
)
def uncorrected(losses, window, beta):
    return smooth(losses, window, beta)[0], _averages(losses, beta, lambda m, t: m)


@EXERCISE.mistake(
    "stored_back",
    kind="state",
    says="keeps the corrected average as m",
    hint="From the second loss on the averages are too large: the corrected value was kept as m, "
    "and corrected again. Keep m as it is, divide only what is shown.",
)
def stored_back(losses, window, beta):
    m, shown = 0.0, []
    for t, loss in enumerate(losses, start=1):
        m = (beta * m + (1 - beta) * loss) / (1 - beta**t)
        shown.append(m)
    return smooth(losses, window, beta)[0], np.array(shown)


@EXERCISE.mistake(
    "one_late",
    kind="off-by-one",
    says="corrects with the exponent of the next loss",
    hint="The first average is not the first loss: the exponent counts one loss too many. After "
    "the first loss it is 1.",
)
def one_late(losses, window, beta):
    late = _averages(losses, beta, lambda m, t: m / (1 - beta ** (t + 1)))
    return smooth(losses, window, beta)[0], late


@EXERCISE.mistake(
    "from_first",
    kind="convention",
    says="begins with the first loss instead of a correction",
    hint="The averages begin with the first loss as m, so that it weighs too much for long. Begin "
    "with m = 0 and divide by 1 − betaᵗ: then all weights fall off evenly.",
)
def from_first(losses, window, beta):
    begun = _averages(losses, beta, lambda m, t: m, m=losses[0])
    return smooth(losses, window, beta)[0], begun


@EXERCISE.mistake(
    "exchanged",
    kind="convention",
    says="gives the new loss the weight beta",
    hint="The average follows each loss closely where it should be slow: beta and 1 − beta are "
    "exchanged. beta is the weight of the past.",
)
def exchanged(losses, window, beta):
    swapped = _averages(losses, 1 - beta, lambda m, t: m / (1 - (1 - beta) ** t))
    return smooth(losses, window, beta)[0], swapped


@EXERCISE.mistake(
    "by_window",
    kind="factor",
    says="divides by window at the start as well",
    hint="The first means are too small: a sum of fewer losses was divided by window. Divide by "
    "how many there are.",
)
def by_window(losses, window, beta):
    sums = [losses[max(0, i + 1 - window) : i + 1].sum() for i in range(len(losses))]
    return np.array(sums) / window, smooth(losses, window, beta)[1]


@EXERCISE.mistake(
    "too_wide",
    kind="off-by-one",
    says="looks back one loss too far",
    hint="Each mean holds one loss more than window says: from t − window to t, both included, "
    "there are window + 1.",
)
def too_wide(losses, window, beta):
    return smooth(losses, window + 1, beta)[0], smooth(losses, window, beta)[1]


@EXERCISE.mistake(
    "centered",
    kind="logic",
    says="looks ahead",
    hint="The means use losses that come later: the window is centered on its loss. While training "
    "runs nobody has these yet; only look back.",
)
def centered(losses, window, beta):
    ahead = window // 2
    means = [
        losses[max(0, i + 1 + ahead - window) : i + 1 + ahead].mean() for i in range(len(losses))
    ]
    return np.array(means), smooth(losses, window, beta)[1]


@EXERCISE.mistake(
    "all_so_far",
    kind="logic",
    says="averages everything so far",
    hint="The mean never forgets: it runs over all losses so far. After `window` losses each new "
    "one pushes the oldest out.",
)
def all_so_far(losses, window, beta):
    return smooth(losses, len(losses), beta)[0], smooth(losses, window, beta)[1]


@EXERCISE.variant("weights written out, as two triangular matrices")
def by_matrices(losses, window, beta):
    age = np.subtract.outer(np.arange(len(losses)), np.arange(len(losses)))
    seen = (age >= 0) & (age < window)
    past = np.where(age >= 0, float(beta) ** np.maximum(age, 0), 0)
    means = seen @ losses / seen.sum(axis=1)
    return means, past @ losses / past.sum(axis=1)


@EXERCISE.variant("Python numbers, a sum that is carried along")
def by_loop(losses, window, beta):
    means, averages, total, m, left = [], [], 0.0, 0.0, 1.0
    for i, loss in enumerate(losses.tolist()):
        total += loss - (float(losses[i - window]) if i >= window else 0.0)
        means.append(total / min(i + 1, window))
        m += (1 - beta) * (loss - m)
        left *= beta
        averages.append(m / (1 - left))
    return means, averages


@EXERCISE.variant("float32")
def single_precision(losses, window, beta):
    means, averages = smooth(losses.astype(np.float32), window, np.float32(beta))
    return means.astype(np.float32), averages.astype(np.float32)
