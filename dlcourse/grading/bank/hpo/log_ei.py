"""Exercise ``log_ei``: an improvement so small that only its logarithm can be written down."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return f"log_ei[{path[0]}]" if path else ""


EXERCISE = Exercise(
    id="log_ei",
    title="The logarithm of expected improvement",
    chapter="6-hpo",
    position=6,
    entry="log_ei",
    parameters=("mean", "std", "best"),
    conventions=(
        "for minimizing: z = (best − mean)/std, and EI = std·h(z) with h(z) = φ(z) + z·Φ(z)",
        "mean and std are (m,), std is a standard deviation and above 0; best is a number",
        "returns the natural logarithm of EI, (m,), finite and right also where EI itself is too "
        "small to be written down, as at z = −40, where log h(z) is −808.3",
    ),
    hints=(
        "Make z more and more negative and look at φ(z), at z·Φ(z), and at their sum. What goes "
        "wrong first, and at which z?",
        "log EI = log std + log h(z). Near 0 take the logarithm of the sum. Far down, "
        "h(z) ≈ φ(z)/(z² + 3), so log h(z) ≈ −z²/2 − log √(2π) − log(z² + 3): no exp is needed.",
        "By hand, best = 0, mean = (0, 80), std = (3, 2): z = (0, -40). h(0) = φ(0) = 0.398942, so "
        "log EI = log 1.19683 = 0.179674. At -40: -800 - 0.918939 - log 1603 + log 2 = "
        "-807.60542.",
    ),
    result="One array comes back, a number for each mean.",
    places=_place,
)


@EXERCISE.solution
def log_ei(mean, std, best):
    from math import erfc

    z = (best - mean) / std
    logs = np.log(std)
    for i, v in enumerate(z):
        log_density = -(v**2) / 2 - np.log(2 * np.pi) / 2
        if v > -8:
            below = erfc(-v / 2**0.5) / 2
            logs[i] += np.log(np.exp(log_density) + v * below)
        else:
            logs[i] += log_density - np.log(v**2 + 3)
    return logs


def _case(rng, z, low=0.5, high=3.0):
    """Means such that z is about this, with deviations between low and high."""
    z = np.asarray(z, dtype=float)
    std = np.round(rng.uniform(low, high, len(z)), 3)
    best = round(float(rng.uniform(-2, 2)), 3)
    return Case((np.round(best - (z + rng.uniform(-0.1, 0.1, len(z))) * std, 3), std, best))


@EXERCISE.probe("near the best", group="core")
def near(rng):
    return _case(rng, [-1.6, -0.8, 0.3, 1.4, 2.2, 3.5])


@EXERCISE.probe("far above the best", group="core")
def far(rng):
    return _case(rng, [-40.0, -25.0, -60.0, -38.0])


@EXERCISE.probe("not quite hopeless", group="core")
def unlikely(rng):
    return _case(rng, [-3.0, -5.0, -6.5, -4.2])


@EXERCISE.probe("just beyond eight deviations", group="edge")
def just_beyond(rng):
    return _case(rng, [-8.12, -8.11, -8.13], 0.9, 1.6)


@EXERCISE.probe("tiny deviations", group="edge")
def tiny(rng):
    return _case(rng, [0.4, -0.5, -1.2], 1e-3, 5e-3)


@EXERCISE.probe("one mean, surely better", group="edge")
def better(rng):
    return _case(rng, [12.0], 2.0, 4.0)


def _log_h(z):
    """log h(z), by a continued fraction where both parts of h nearly cancel."""
    from math import erfc

    found = []
    for v in np.asarray(z, dtype=float):
        log_density = -(v**2) / 2 - np.log(2 * np.pi) / 2
        if v > -1:
            found.append(np.log(np.exp(log_density) + v * erfc(-v / 2**0.5) / 2))
            continue
        rest = 0.0
        for k in range(80, 0, -1):
            rest = k / (rest - v)
        found.append(log_density + np.log(rest / (rest - v)))
    return np.array(found)


def _cdf(z):
    from math import erfc

    return np.array([erfc(-v / 2**0.5) / 2 for v in z])


def _pdf(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


@EXERCISE.mistake(
    "naive",
    kind="numerics",
    says="takes the logarithm of an EI that has vanished",
    hint="Near the best all is well; far above it the logarithm of 0 is taken, or of what rounding "
    "left. Write the logarithm down before anything becomes that small.",
)
def naive(mean, std, best):
    z = (best - mean) / std
    with np.errstate(all="ignore"):
        return np.log(std * (_pdf(z) + z * _cdf(z)))


@EXERCISE.mistake(
    "floor",
    kind="numerics",
    says="keeps EI from falling below 1e-12",
    hint="All hopeless points look alike: EI was kept above some small number. Finite, but flat: a "
    "search that follows its slope goes nowhere.",
)
def floored(mean, std, best):
    return np.maximum(log_ei(mean, std, best), np.log(1e-12))


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="asks for improvement upwards",
    hint="Means above the best look promising here: z has the wrong sign. For minimizing it is "
    "(best − mean)/std.",
)
def upwards(mean, std, best):
    return log_ei(-mean, std, -best)


@EXERCISE.mistake(
    "no_std",
    kind="factor",
    says="leaves the factor std out",
    hint="log h(z) is right, log std is missing: h counts in deviations, EI in units of the "
    "objective. EI = std·h(z).",
)
def no_std(mean, std, best):
    return log_ei(mean, std, best) - np.log(std)


@EXERCISE.mistake(
    "probability",
    kind="logic",
    says="gives the logarithm of the probability of improvement",
    hint="This is log Φ(z): how likely an improvement is, not how large. EI = std·(φ(z) + z·Φ(z)).",
)
def probability(mean, std, best):
    z = (best - mean) / std
    far = -(z**2) / 2 - np.log(2 * np.pi) / 2 - np.log(np.maximum(-z, 1) + 1 / np.maximum(-z, 1))
    return np.where(z > -8, np.log(np.maximum(_cdf(z), 1e-300)), far)


@EXERCISE.mistake(
    "one_power",
    kind="factor",
    says="divides by |z| instead of z² far down",
    hint="Far down the values are too large by log |z|: φ(z)/|z| is Φ(z), not h(z). One power more "
    "is lost when φ and z·Φ cancel: h(z) ≈ φ(z)/(z² + 3).",
)
def one_power(mean, std, best):
    z = (best - mean) / std
    return log_ei(mean, std, best) + np.where(z > -8, 0, np.log(np.maximum(-z, 1)))


@EXERCISE.mistake(
    "density",
    kind="factor",
    says="forgets the factor 1/√(2π) of the density",
    hint="The density is exp(−z²/2) here: its factor 1/√(2π) is missing, near the best and far "
    "down.",
)
def no_root(mean, std, best):
    z = (best - mean) / std
    root = np.sqrt(2 * np.pi)
    near = np.log(np.maximum(root * _pdf(z) + z * _cdf(z), 1e-300))
    return np.log(std) + np.where(z > -1, near, _log_h(z) + np.log(root))


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="takes std for a variance",
    hint="std is a standard deviation already: its root was taken.",
)
def of_variance(mean, std, best):
    return log_ei(mean, np.sqrt(std), best)


@EXERCISE.mistake(
    "log10",
    kind="convention",
    says="takes the logarithm to base 10",
    hint="All values are 2.303 times too small: the logarithm to base 10 was taken.",
)
def log10(mean, std, best):
    return log_ei(mean, std, best) / np.log(10)


@EXERCISE.variant("a continued fraction")
def by_fraction(mean, std, best):
    return np.log(std) + _log_h((best - mean) / std)


@EXERCISE.variant("an integral of Φ, on a grid of its own for each z")
def by_integral(mean, std, best):
    from math import log, pi

    found = []
    for m, s in zip(mean.tolist(), std.tolist(), strict=True):
        z = (best - m) / s
        t = np.linspace(0, 40 / max(1, abs(z)) if z < -1 else 12 + abs(z), 20_001)
        # h(z) = ∫ t φ(z − t) dt over t > 0, and φ(z − t) = φ(z) exp(zt − t²/2)
        power = z * t - t**2 / 2
        top = power.max()
        whole = np.sum(t * np.exp(power - top)) * (t[1] - t[0])
        found.append(log(s) - z * z / 2 - log(2 * pi) / 2 + top + log(whole))
    return found


@EXERCISE.variant("float32")
def single_precision(mean, std, best):
    found = log_ei(mean.astype(np.float32), std.astype(np.float32), np.float32(best))
    return found.astype(np.float32)
