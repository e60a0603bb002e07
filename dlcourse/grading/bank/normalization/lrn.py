"""Exercise ``lrn``: loud channels quieten their neighbors."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="lrn",
    title="Local response normalization",
    chapter="5-normalization",
    position=11,
    entry="lrn",
    parameters=("x", "n", "k", "alpha", "beta"),
    conventions=(
        "x is (N, C, H, W); n is odd; the window of channel i are the channels from i − n//2 to i "
        "+ n//2 that exist",
        "y[:, i] = x[:, i] / (k + alpha·S)^beta, S the sum of x² over the window, at the same "
        "position",
        "alpha multiplies the plain sum, as in the paper (PyTorch divides alpha by n)",
        "returns y, a new array shaped as x",
    ),
    hints=(
        "How many channels does the window of the first channel hold, if n is 5?",
        "For each channel i: low = max(0, i − n//2), high = i + n//2 + 1 (slices stop at the end "
        "by themselves), S = the sum of x[:, low:high]**2 over axis 1.",
        "By hand, one position with three channels x = (1, 2, 3), n = 3, k = 1, alpha = 1, beta = "
        "0.5: the sums are 5, 14 and 13, so y = (1/√6, 2/√15, 3/√14) = (0.408248, 0.516398, "
        "0.801784).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def lrn(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    y = np.empty(x.shape)
    for i in range(x.shape[1]):
        low, high = max(0, i - n // 2), i + n // 2 + 1
        total = (x[:, low:high] ** 2).sum(axis=1)
        y[:, i] = x[:, i] / (k + alpha * total) ** beta
    return y


def _case(rng, shape, **settings):
    x = np.round(rng.normal(0, 1.5, shape) + 0.5, 3)
    return Case((x,), {"alpha": round(float(rng.uniform(0.5, 1.5)), 2)} | settings)


@EXERCISE.probe("seven channels", group="core")
def seven_channels(rng):
    return _case(rng, (2, 7, 2, 3))


@EXERCISE.probe("one loud channel", group="core")
def one_loud_channel(rng):
    x = np.full((1, 9, 1, 1), 0.1)
    x[0, 4] = round(float(rng.uniform(2, 4)), 2)
    return Case((x,), {"alpha": 1.0, "n": 3})


@EXERCISE.probe("the settings of the paper", group="edge")
def of_the_paper(rng):
    return Case((np.round(rng.normal(0, 150, (2, 6, 2, 1)), 1),))


@EXERCISE.probe("another root", group="edge")
def another_root(rng):
    return _case(rng, (2, 5, 1, 2), beta=round(float(rng.uniform(0.3, 0.6)), 2), k=1.0, n=3)


@EXERCISE.probe("the window is wider than the channels", group="edge")
def wide_window(rng):
    return _case(rng, (2, 4, 2, 2), n=9)


def _sums(square, n):
    """The sums over the window, the channels on axis 1."""
    half, c = n // 2, square.shape[1]
    return np.stack([square[:, max(0, i - half) : i + half + 1].sum(1) for i in range(c)], axis=1)


@EXERCISE.mistake(
    "alpha_n",
    kind="convention",
    says="divides alpha by n",
    hint="The normalization is n times too weak: alpha was divided by n, as PyTorch does. Here "
    "alpha multiplies the sum itself.",
)
def alpha_n(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return lrn(x, n, k, alpha / n, beta)


@EXERCISE.mistake(
    "no_square",
    kind="logic",
    says="sums the values instead of their squares",
    hint="Negative neighbors made the response louder, or no number at all: the values were "
    "summed. Sum their squares.",
)
def no_square(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    with np.errstate(invalid="ignore"):
        return x / (k + alpha * _sums(x, n)) ** beta


@EXERCISE.mistake(
    "wide",
    kind="factor",
    says="n channels on each side",
    hint="Too many neighbors take part: n is the width of the whole window, n//2 on each side.",
)
def wide(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return lrn(x, 2 * n + 1, k, alpha, beta)


@EXERCISE.mistake(
    "wrap",
    kind="edge-case",
    says="lets the window begin before the first channel",
    hint="All agrees but for the first channels: i − n//2 is negative there, and a slice that "
    "begins at a negative index begins near the end. Clip it at 0.",
)
def wrap(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    half, c = n // 2, x.shape[1]
    sums = [(x[:, i - half : i + half + 1] ** 2).sum(1) for i in range(c)]
    return x / (k + alpha * np.stack(sums, axis=1)) ** beta


@EXERCISE.mistake(
    "circular",
    kind="edge-case",
    says="the window goes round from the last channel to the first",
    hint="All agrees but for the first and last channels: the window went round, and the last "
    "channel became the neighbor of the first. At the ends it is simply smaller.",
)
def circular(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    c, half = x.shape[1], n // 2
    near = [sorted({(i + j) % c for j in range(-half, half + 1)}) for i in range(c)]
    sums = np.stack([(x[:, channels] ** 2).sum(1) for channels in near], axis=1)
    return x / (k + alpha * sums) ** beta


@EXERCISE.mistake(
    "without_itself",
    kind="logic",
    says="leaves the channel itself out of its window",
    hint="The loud channel itself stayed as loud as it was: it was left out of its own window. It "
    "belongs to it.",
)
def without_itself(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return x / (k + alpha * (_sums(x**2, n) - x**2)) ** beta


@EXERCISE.mistake(
    "root",
    kind="logic",
    says="takes a square root, whatever beta is",
    hint="The power of the denominator is not beta: a square root was taken. Raise to the power "
    "beta.",
)
def root(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return lrn(x, n, k, alpha, 0.5)


@EXERCISE.mistake(
    "positions",
    kind="axis",
    says="the window goes along the width of the image",
    hint="The window went along the width of the image. The neighbors are the neighboring "
    "channels, at the same position: axis 1.",
)
def positions(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    turned = np.moveaxis(x, -1, 1)
    return np.moveaxis(lrn(turned, n, k, alpha, beta), 1, -1)


@EXERCISE.mistake(
    "short",
    kind="off-by-one",
    says="the window ends one channel too soon",
    hint="Each channel sees n//2 neighbors before it and one fewer after it: the end of a slice is "
    "not part of it. Add 1.",
)
def short(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    half = n // 2
    sums = [(x[:, max(0, i - half) : i + half] ** 2).sum(1) for i in range(x.shape[1])]
    return x / (k + alpha * np.stack(sums, axis=1)) ** beta


@EXERCISE.variant("a band matrix of ones")
def band(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    i = np.arange(x.shape[1])
    near = (abs(i[:, None] - i) <= n // 2).astype(float)
    return x * (k + alpha * np.einsum("ij,njhw->nihw", near, x**2)) ** -beta


@EXERCISE.variant("differences of running sums, after padding with zeros")
def running(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    pad = n // 2
    square = np.pad(x**2, ((0, 0), (pad + 1, pad), (0, 0), (0, 0)))
    sums = np.cumsum(square, axis=1)
    return (x / (k + alpha * (sums[:, n:] - sums[:, :-n])) ** beta).tolist()


@EXERCISE.variant("float32")
def single_precision(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    x = x.astype(np.float32)
    return (x / np.float32(k + alpha * _sums(x * x, n)) ** np.float32(beta)).astype(np.float32)
