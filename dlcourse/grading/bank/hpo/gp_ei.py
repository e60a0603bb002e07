"""Exercise ``gp_ei``: what a Gaussian process knows, and where it pays to look next."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path:
        return ""
    return ("mu", "sd", "ei")[path[0]] + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="gp_ei",
    title="Gaussian process and expected improvement",
    chapter="6-hpo",
    position=5,
    entry="gp_ei",
    parameters=("X", "y", "Xs", "length", "sigma_f", "sigma_n", "xi"),
    conventions=(
        "k(a, b) = sigma_f² exp(−|a − b|²/(2 length²)); the mean of the process is 0, the noise of "
        "an observation has variance sigma_n²",
        "X (n, d), y (n,), Xs (m, d); mu and sd (m,) are mean and standard deviation of the "
        "*function* at Xs, given y: the noise of a new observation is not in sd",
        "ei (m,) is the expected improvement for minimizing: (best − mu − xi)·Φ(z) + sd·φ(z), with "
        "best = min(y) and z = (best − mu − xi)/sd; max(best − mu − xi, 0) where sd is 0",
        "a jitter of up to 1e-8 on the diagonal is fine; returns (mu, sd, ei)",
    ),
    hints=(
        "Three matrices are all you need: of X with X, of Xs with X, and the identity. In which of "
        "them is the noise?",
        "K = k(X, X) + sigma_n² I, Ks = k(Xs, X). mu = Ks K⁻¹ y; the variance is sigma_f² less the "
        "diagonal of Ks K⁻¹ Ksᵀ. Φ(z) = (1 + erf(z/√2))/2, with erf from math.",
        "By hand: X = [[0]], y = [-1], Xs = [[0], [9]], length 1, sigma_f = sigma_n = 1: K = 2, "
        "Ks = 1 and about 0. mu = (-0.5, 0), sd = (0.707107, 1), z = (-0.707107, -1), "
        "ei = (0.0998206, 0.0833155).",
    ),
    result="Three arrays come back, mu, sd and ei, each with a number for every row of Xs.",
    places=_place,
)


@EXERCISE.solution
def gp_ei(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    from math import erf

    def kernel(A, B):
        squared = ((A[:, None] - B) ** 2).sum(axis=-1)
        return sigma_f**2 * np.exp(-squared / (2 * length**2))

    K = kernel(X, X) + sigma_n**2 * np.eye(len(X))
    Ks = kernel(Xs, X)
    mu = Ks @ np.linalg.solve(K, y)
    variance = sigma_f**2 - (Ks * np.linalg.solve(K, Ks.T).T).sum(axis=-1)
    sd = np.sqrt(np.maximum(variance, 0))
    gain = y.min() - mu - xi
    z = gain / np.maximum(sd, 1e-12)
    below = np.array([0.5 * (1 + erf(v)) for v in z / 2**0.5])
    density = np.exp(-(z**2) / 2) / (2 * np.pi) ** 0.5
    return mu, sd, gain * below + sd * density


def _case(rng, n, d, m, sigma_f=None, **kwargs):
    """Observations of a wave, a little apart from each other."""
    size = int(np.ceil(n ** (1 / d)))
    places = np.stack(np.meshgrid(*[np.linspace(-2, 2, size)] * d), axis=-1).reshape(-1, d)
    X = np.round(rng.permutation(places)[:n] + rng.uniform(-0.2, 0.2, (n, d)), 3)
    y = np.round(np.sin(2 * X.sum(axis=1)) + rng.normal(0, 0.2, n), 3)
    Xs = np.round(rng.uniform(-3, 3, (m, d)), 3)
    length = round(float(rng.uniform(0.6, 0.85)), 2)
    sigma_f = round(float(rng.uniform(1.2, 1.6)), 2) if sigma_f is None else sigma_f
    return Case((X, y, Xs, length, sigma_f, round(float(rng.uniform(0.2, 0.3)), 2)), kwargs)


@EXERCISE.probe("six points on a line", group="core")
def on_a_line(rng):
    return _case(rng, 6, 1, 9)


@EXERCISE.probe("in the plane", group="core")
def in_the_plane(rng):
    return _case(rng, 7, 2, 5)


@EXERCISE.probe("a margin", group="core")
def margin(rng):
    return _case(rng, 5, 1, 8, xi=round(float(rng.uniform(0.2, 0.4)), 2))


@EXERCISE.probe("as many old as new points", group="edge")
def as_many(rng):
    return _case(rng, 5, 3, 5)


@EXERCISE.probe("one observation", group="edge")
def one(rng):
    case = _case(rng, 1, 1, 6)
    return Case((case.args[0], np.array([-0.6]), *case.args[2:]))


@EXERCISE.probe("a function that is known to be 0", group="edge")
def known(rng):
    case = _case(rng, 4, 1, 3, sigma_f=0.0)
    return Case((case.args[0], np.abs(case.args[1]) + 0.5, *case.args[2:]))


def _kernel(A, B, length, sigma_f):
    apart = A[:, None] - B[None]
    return sigma_f**2 * np.exp(-np.einsum("ijk,ijk->ij", apart, apart) / (2 * length**2))


def _posterior(X, y, Xs, length, sigma_f, noise):
    """Mean and standard deviation; ``noise`` is what is added to the diagonal."""
    K = _kernel(X, X, length, sigma_f) + noise * np.eye(len(X))
    Ks = _kernel(Xs, X, length, sigma_f)
    variance = sigma_f**2 - np.einsum("ij,ji->i", Ks, np.linalg.solve(K, Ks.T))
    return Ks @ np.linalg.solve(K, y), np.sqrt(np.maximum(variance, 0))


def _cdf(z):
    from math import erf

    return np.array([(1 + erf(v / 2**0.5)) / 2 for v in z])


def _pdf(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def _ei(gain, sd):
    z = gain / np.maximum(sd, 1e-12)
    return gain * _cdf(z) + sd * _pdf(z)


@EXERCISE.mistake(
    "max",
    kind="sign",
    says="asks for improvement upwards",
    hint="The expected improvement is large where the mean is high. For minimizing, improvement is "
    "best − mu, and best is the smallest of y.",
)
def upwards(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    mu, sd = _posterior(X, y, Xs, length, sigma_f, sigma_n**2)
    return mu, sd, _ei(mu - y.max() - xi, sd)


@EXERCISE.mistake(
    "var",
    kind="logic",
    says="takes the variance for the standard deviation",
    hint="sd is squared: it is the variance. Take the root before it goes into z.",
)
def variance_for_sd(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    mu, sd = _posterior(X, y, Xs, length, sigma_f, sigma_n**2)
    return mu, sd**2, _ei(y.min() - mu - xi, sd**2)


@EXERCISE.mistake(
    "pdf_cdf",
    kind="logic",
    says="exchanges density and distribution function",
    hint="mu and sd agree, ei does not: φ and Φ are exchanged. The gain is weighted with the "
    "probability Φ (cdf), sd with the density φ (pdf).",
)
def pdf_cdf(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    mu, sd = _posterior(X, y, Xs, length, sigma_f, sigma_n**2)
    gain = y.min() - mu - xi
    z = gain / np.maximum(sd, 1e-12)
    return mu, sd, gain * _pdf(z) + sd * _cdf(z)


@EXERCISE.mistake(
    "length",
    kind="logic",
    says="does not square the length",
    hint="The kernel has the wrong width unless length is 1: a squared distance is divided by a "
    "squared length, 2·length**2.",
)
def length_not_squared(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    return gp_ei(X, y, Xs, length**0.5, sigma_f, sigma_n, xi)


@EXERCISE.mistake(
    "no_two",
    kind="factor",
    says="leaves the 2 out of the kernel",
    hint="The kernel falls too fast: it is exp(−|a − b|²/(2 length²)), and the 2 is missing.",
)
def no_two(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    return gp_ei(X, y, Xs, length / 2**0.5, sigma_f, sigma_n, xi)


@EXERCISE.mistake(
    "height",
    kind="logic",
    says="does not square sigma_f",
    hint="Far from all data sd has to be sigma_f, and is its root here: sigma_f is a standard "
    "deviation, so the kernel begins with its square.",
)
def height_not_squared(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    return gp_ei(X, y, Xs, length, sigma_f**0.5, sigma_n, xi)


@EXERCISE.mistake(
    "noise",
    kind="logic",
    says="adds sigma_n instead of its square",
    hint="The data is trusted too little: sigma_n itself was added to the diagonal. It is a "
    "standard deviation, and K holds variances: add its square.",
)
def noise_not_squared(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    return gp_ei(X, y, Xs, length, sigma_f, sigma_n**0.5, xi)


@EXERCISE.mistake(
    "observed",
    kind="convention",
    says="has the noise of a new observation in sd",
    hint="sd is too large: it is that of a new observation, with its noise. Asked for is what is "
    "known of the function: nothing is added to the variance at Xs.",
)
def observed(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    mu, sd = _posterior(X, y, Xs, length, sigma_f, sigma_n**2)
    sd = np.sqrt(sd**2 + sigma_n**2)
    return mu, sd, _ei(y.min() - mu - xi, sd)


@EXERCISE.mistake(
    "margin",
    kind="sign",
    says="adds the margin",
    hint="With a margin more is expected, not less: xi was added to the gain. It is what an "
    "improvement must exceed, best − mu − xi.",
)
def margin_added(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    return gp_ei(X, y, Xs, length, sigma_f, sigma_n, -xi)


@EXERCISE.mistake(
    "not_scaled",
    kind="logic",
    says="takes the gain for z",
    hint="mu and sd are right; Φ and φ were asked at the gain itself. They belong to the standard "
    "normal: divide by sd first.",
)
def not_scaled(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    mu, sd = _posterior(X, y, Xs, length, sigma_f, sigma_n**2)
    gain = y.min() - mu - xi
    return mu, sd, gain * _cdf(gain) + sd * _pdf(gain)


@EXERCISE.variant("by Cholesky factors, with a jitter of 1e-8")
def by_cholesky(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    K = _kernel(X, X, length, sigma_f) + (sigma_n**2 + 1e-8) * np.eye(len(X))
    L = np.linalg.cholesky(K)
    V = np.linalg.solve(L, _kernel(X, Xs, length, sigma_f))
    mu = V.T @ np.linalg.solve(L, y)
    sd = np.sqrt(np.clip(sigma_f**2 - (V**2).sum(axis=0), 0, None))
    return mu, sd, _ei(y.min() - mu - xi, sd)


@EXERCISE.variant("point by point, in Python numbers, erfc for Φ")
def by_loop(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    from math import erfc, exp, pi, sqrt

    def k(a, b):
        return sigma_f**2 * exp(
            -sum((s - t) ** 2 for s, t in zip(a, b, strict=True)) / 2 / length**2
        )

    pairs = [[k(a, b) + sigma_n**2 * (i == j) for j, b in enumerate(X)] for i, a in enumerate(X)]
    inverse = np.linalg.inv(pairs)
    mu, sd, ei = [], [], []
    for x in Xs:
        row = np.array([k(x, a) for a in X])
        mu.append(float(row @ inverse @ y))
        sd.append(sqrt(max(k(x, x) - float(row @ inverse @ row), 0)))
        gain = min(y) - mu[-1] - xi
        if sd[-1] == 0:
            ei.append(max(gain, 0))
            continue
        z = gain / sd[-1]
        ei.append(gain * erfc(-z / sqrt(2)) / 2 + sd[-1] * exp(-z * z / 2) / sqrt(2 * pi))
    return mu, sd, ei


@EXERCISE.variant("float32")
def single_precision(X, y, Xs, length, sigma_f, sigma_n, xi=0.0):
    arrays = (each.astype(np.float32) for each in (X, y, Xs))
    found = gp_ei(*arrays, *map(np.float32, (length, sigma_f, sigma_n, xi)))
    return [each.astype(np.float32) for each in found]
