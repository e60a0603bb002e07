"""Exercise ``pca_whitening``: onto the axes of the covariance, each at deviation 1."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.preprocessing._tables import ask_whitening, part_and_place, same_signs
from dlcourse.grading.spec import Exercise

EXERCISE = Exercise(
    id="pca_whitening",
    title="PCA whitening",
    chapter="4-preprocessing",
    position=3,
    entry="whiten",
    parameters=("Xtr", "Xte", "eps"),
    conventions=(
        "the covariance of the training part, C = XᵀX / n after centering: divided by n",
        "components in the order of falling eigenvalues; the sign of each is free",
        "component i is divided by √(λᵢ + eps)",
        "the test part goes the same way: training mean, training axes, training eigenvalues",
        "returns (Ztr, Zte), new arrays, a component in each column",
    ),
    hints=(
        "Look at the covariance of your training part: with eps = 0 it has to be the identity. If "
        "it is not diagonal, the axes are wrong; if it is, the lengths.",
        "Center with the training mean; np.linalg.eigh of C gives the eigenvalues in rising order "
        "and the eigenvectors as columns of V: turn both around. Then (X − mean) @ V, and each "
        "column divided by the root of its eigenvalue plus eps.",
        "By hand, with Xtr = [[3, 0], [-3, 0], [0, 1], [0, -1]] and Xte = [[3, 1]]: the mean is 0, "
        "C = diag(4.5, 0.5), V the identity. Divide the columns by 2.12132 and 0.707107: the test "
        "row becomes (1.41421, 1.41421), and so do, up to sign, the 3 and the 1 in Xtr.",
    ),
    result="Two arrays come back: the training part and the test part, shaped as they came.",
    places=part_and_place,
    free=same_signs,
)


@EXERCISE.solution
def whiten(Xtr, Xte, eps=0.0):
    mean = Xtr.mean(axis=0)
    centered = Xtr - mean
    values, axes = np.linalg.eigh(centered.T @ centered / len(Xtr))
    W = axes[:, ::-1] / np.sqrt(values[::-1] + eps)
    return centered @ W, (Xte - mean) @ W


ask_whitening(EXERCISE)


def _axes(Xtr, mean=None):
    """Training mean, falling eigenvalues and their eigenvectors in columns."""
    mean = Xtr.mean(axis=0) if mean is None else mean
    values, axes = np.linalg.eigh((Xtr - mean).T @ (Xtr - mean) / len(Xtr))
    return mean, values[::-1], axes[:, ::-1]


@EXERCISE.mistake(
    "uncentred",
    kind="logic",
    says="does not subtract the mean",
    hint="The first component points to where the data lies, not along where it spreads: no mean "
    "was subtracted. Center both parts with the training mean, then take C.",
)
def uncentred(Xtr, Xte, eps=0.0):
    _, values, V = _axes(Xtr, mean=0)
    return Xtr @ V / np.sqrt(values + eps), Xte @ V / np.sqrt(values + eps)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="divides by the eigenvalue",
    hint="The components have the variance 1/λ: they were divided by λ, which is a variance. Its "
    "root is the deviation.",
)
def no_root(Xtr, Xte, eps=0.0):
    mean, values, V = _axes(Xtr)
    return (Xtr - mean) @ V / (values + eps), (Xte - mean) @ V / (values + eps)


@EXERCISE.mistake(
    "rotate",
    kind="logic",
    says="turns the data and does not scale it",
    hint="The covariance is diagonal, and its entries are the eigenvalues: the data was turned and "
    "not scaled. Divide component i by √(λᵢ + eps).",
)
def rotate(Xtr, Xte, eps=0.0):
    mean, _, V = _axes(Xtr)
    return (Xtr - mean) @ V, (Xte - mean) @ V


@EXERCISE.mistake(
    "transposed",
    kind="axis",
    says="multiplies by the transposed eigenvectors",
    hint="The covariance is not diagonal: the data was multiplied by Vᵀ. The eigenvectors are the "
    "columns of V, and X @ V takes the inner product of each row with each of them.",
)
def transposed(Xtr, Xte, eps=0.0):
    mean, values, V = _axes(Xtr)
    return (Xtr - mean) @ V.T / np.sqrt(values + eps), (Xte - mean) @ V.T / np.sqrt(values + eps)


@EXERCISE.mistake(
    "zca",
    kind="convention",
    says="turns back: ZCA whitening",
    hint="This is white, too, but turned back onto the old axes: ZCA. PCA whitening stays on the "
    "axes of the covariance, the largest first.",
)
def zca(Xtr, Xte, eps=0.0):
    mean, values, V = _axes(Xtr)
    W = V / np.sqrt(values + eps) @ V.T
    return (Xtr - mean) @ W, (Xte - mean) @ W


@EXERCISE.mistake(
    "own_mean",
    kind="leakage",
    says="centers the test part with its own mean",
    hint="The training part is right; the test part came out with mean 0, though it lies "
    "elsewhere. It is centered with the training mean.",
)
def own_mean(Xtr, Xte, eps=0.0):
    return whiten(Xtr, Xte - Xte.mean(axis=0) + Xtr.mean(axis=0), eps)


@EXERCISE.mistake(
    "rising",
    kind="convention",
    says="keeps eigh's order, smallest first",
    hint="The components are right and in the wrong order: eigh gives the smallest eigenvalue "
    "first. Turn eigenvalues and columns around.",
)
def rising(Xtr, Xte, eps=0.0):
    return tuple(Z[:, ::-1] for Z in whiten(Xtr, Xte, eps))


@EXERCISE.mistake(
    "eps_outside",
    kind="convention",
    says="adds eps outside the root",
    hint="Without eps all agrees, with it not: it was added outside the root. Here it is a "
    "variance and is added to λ, √(λ + eps).",
)
def eps_outside(Xtr, Xte, eps=0.0):
    mean, values, V = _axes(Xtr)
    scale = np.sqrt(values) + eps
    return (Xtr - mean) @ V / scale, (Xte - mean) @ V / scale


@EXERCISE.mistake(
    "ddof",
    kind="convention",
    says="divides the covariance by n − 1",
    hint="All is a little too small: the covariance was divided by n − 1, as np.cov does unless "
    "told otherwise. Here it is divided by n.",
)
def ddof(Xtr, Xte, eps=0.0):
    mean, values, V = _axes(Xtr)
    scale = np.sqrt(values * len(Xtr) / (len(Xtr) - 1) + eps)
    return (Xtr - mean) @ V / scale, (Xte - mean) @ V / scale


@EXERCISE.variant("by the singular values of the centered data: λ = s² / n")
def by_svd(Xtr, Xte, eps=0.0):
    mean = Xtr.mean(axis=0)
    _, s, Vt = np.linalg.svd(Xtr - mean, full_matrices=False)
    W = Vt.T / np.sqrt(s**2 / len(Xtr) + eps)
    return [(Xtr - mean) @ W, (Xte - mean) @ W]


@EXERCISE.variant("np.cov, a sorted general eigensolver, and other signs")
def other_signs(Xtr, Xte, eps=0.0):
    mean = Xtr.mean(axis=0)
    values, V = np.linalg.eig(np.cov(Xtr.T, ddof=0))
    order = np.argsort(-values)
    W = -(V[:, order] / np.sqrt(values[order] + eps)).real
    return (Xtr - mean) @ W, (Xte - mean) @ W


@EXERCISE.variant("float32, as nested lists")
def single_precision(Xtr, Xte, eps=0.0):
    parts = whiten(Xtr.astype(np.float32), Xte.astype(np.float32), np.float32(eps))
    return [Z.tolist() for Z in parts]
