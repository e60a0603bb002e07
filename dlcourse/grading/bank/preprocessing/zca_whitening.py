"""Exercise ``zca_whitening``: white, and turned as little as can be."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.preprocessing._tables import ask_whitening, part_and_place
from dlcourse.grading.spec import Exercise

EXERCISE = Exercise(
    id="zca_whitening",
    title="ZCA whitening",
    chapter="4-preprocessing",
    position=4,
    entry="zca",
    parameters=("Xtr", "Xte", "eps"),
    conventions=(
        "the covariance of the training part, C = XᵀX / n after centering: divided by n",
        "W = V diag(1/√(λᵢ + eps)) Vᵀ, symmetric: the inverse root of C + eps·I",
        "both parts are centered with the training mean and multiplied by the same W",
        "returns (Ztr, Zte), new arrays, a feature in each column, as they came",
    ),
    hints=(
        "Look at PCA whitening: white, but each column is a mixture. Which rotation brings each "
        "column as near as possible to the feature that it began as?",
        "Turn back with the eigenvectors you turned with: (X − mean) @ V, divided by "
        "√(λ + eps), @ Vᵀ. Signs and order of the eigenvectors cancel.",
        "By hand, with Xtr = [[2, 1], [1, 2], [-2, -1], [-1, -2]] and Xte = [[1, 0]]: C = "
        "[[2.5, 2], [2, 2.5]], λ = 4.5 along (1, 1)/√2 and 0.5 across. W has (0.471405 + "
        "1.41421)/2 = 0.942809 on the diagonal and (0.471405 − 1.41421)/2 = -0.471405 beside it. "
        "The first training row becomes (1.41421, 0), the test row (0.942809, -0.471405).",
    ),
    result="Two arrays come back: the training part and the test part, shaped as they came.",
    places=part_and_place,
)


@EXERCISE.solution
def zca(Xtr, Xte, eps=0.0):
    mean = Xtr.mean(axis=0)
    centered = Xtr - mean
    values, V = np.linalg.eigh(centered.T @ centered / len(Xtr))
    W = V / np.sqrt(values + eps) @ V.T
    return centered @ W, (Xte - mean) @ W


ask_whitening(EXERCISE)


def _whitened(Xtr, Xte, W, mean=None):
    mean = Xtr.mean(axis=0) if mean is None else mean
    return (Xtr - mean) @ W, (Xte - mean) @ W


def _axes(Xtr, ddof=0):
    return np.linalg.eigh(np.cov(Xtr.T, ddof=ddof))


@EXERCISE.mistake(
    "pca",
    kind="convention",
    says="does not turn back: PCA whitening",
    hint="This is white, but on the axes of the covariance: PCA whitening. The last factor is "
    "missing, @ Vᵀ, which turns back to the features.",
)
def pca(Xtr, Xte, eps=0.0):
    values, V = _axes(Xtr)
    V = V[:, ::-1] * np.where(V[:, ::-1].sum(axis=0) < 0, -1, 1)
    return _whitened(Xtr, Xte, V / np.sqrt(values[::-1] + eps))


@EXERCISE.mistake(
    "transposed",
    kind="axis",
    says="turns forth and back in the wrong order",
    hint="The covariance is not diagonal: the eigenvectors were used as rows, Vᵀ first and V last. "
    "They are the columns of V: turn with V, come back with Vᵀ.",
)
def transposed(Xtr, Xte, eps=0.0):
    values, V = _axes(Xtr)
    return _whitened(Xtr, Xte, V.T / np.sqrt(values + eps) @ V)


@EXERCISE.mistake(
    "uncentred",
    kind="logic",
    says="does not subtract the mean",
    hint="No mean was subtracted, so the covariance is not one. Center both parts with the "
    "training mean.",
)
def uncentred(Xtr, Xte, eps=0.0):
    values, V = np.linalg.eigh(Xtr.T @ Xtr / len(Xtr))
    return _whitened(Xtr, Xte, V / np.sqrt(values + eps) @ V.T, mean=0)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="multiplies by the inverse covariance",
    hint="The components have the variance 1/λ: this is the inverse of C, not its inverse root. "
    "Divide by √(λ + eps).",
)
def no_root(Xtr, Xte, eps=0.0):
    values, V = _axes(Xtr)
    return _whitened(Xtr, Xte, V / (values + eps) @ V.T)


@EXERCISE.mistake(
    "entries",
    kind="logic",
    says="takes the inverse root of each feature's variance alone",
    hint="Each feature has deviation 1, but they are still correlated: only the diagonal of C was "
    "used. That is standardizing; whitening takes the root of the matrix.",
)
def entries(Xtr, Xte, eps=0.0):
    return _whitened(Xtr, Xte, np.diag(1 / np.sqrt(Xtr.var(axis=0) + eps)))


@EXERCISE.mistake(
    "own_mean",
    kind="leakage",
    says="centers the test part with its own mean",
    hint="The training part is right; the test part came out with mean 0, though it lies "
    "elsewhere. It is centered with the training mean.",
)
def own_mean(Xtr, Xte, eps=0.0):
    return zca(Xtr, Xte - Xte.mean(axis=0) + Xtr.mean(axis=0), eps)


@EXERCISE.mistake(
    "eps_outside",
    kind="convention",
    says="adds eps outside the root",
    hint="Without eps all agrees, with it not: it was added outside the root. Here it is a "
    "variance and is added to λ, √(λ + eps).",
)
def eps_outside(Xtr, Xte, eps=0.0):
    values, V = _axes(Xtr)
    return _whitened(Xtr, Xte, V / (np.sqrt(values) + eps) @ V.T)


@EXERCISE.mistake(
    "ddof",
    kind="convention",
    says="divides the covariance by n − 1",
    hint="All is a little too small: the covariance was divided by n − 1, as np.cov does unless "
    "told otherwise. Here it is divided by n.",
)
def ddof(Xtr, Xte, eps=0.0):
    values, V = _axes(Xtr, ddof=1)
    return _whitened(Xtr, Xte, V / np.sqrt(values + eps) @ V.T)


@EXERCISE.variant("by the singular values of the centered data, U Vᵀ up to √n where eps = 0")
def by_svd(Xtr, Xte, eps=0.0):
    mean = Xtr.mean(axis=0)
    _, s, Vt = np.linalg.svd(Xtr - mean, full_matrices=False)
    W = (Vt.T / np.sqrt(s**2 / len(Xtr) + eps)) @ Vt
    return [(Xtr - mean) @ W, (Xte - mean) @ W]


@EXERCISE.variant("C + eps·I first, then its inverse root by Newton's iteration")
def newton(Xtr, Xte, eps=0.0):
    C = np.cov(Xtr.T, ddof=0) + eps * np.eye(Xtr.shape[1])
    scale = np.trace(C)
    Y, Z, unit = C / scale, np.eye(len(C)), np.eye(len(C))
    for _ in range(60):
        step = (3 * unit - Z @ Y) / 2
        Y, Z = Y @ step, step @ Z
    mean = Xtr.mean(axis=0)
    return (Xtr - mean) @ Z / np.sqrt(scale), (Xte - mean) @ Z / np.sqrt(scale)


@EXERCISE.variant("float32, as nested lists")
def single_precision(Xtr, Xte, eps=0.0):
    parts = zca(Xtr.astype(np.float32), Xte.astype(np.float32), np.float32(eps))
    return [Z.tolist() for Z in parts]
