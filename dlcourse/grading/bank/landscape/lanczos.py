"""Exercise ``lanczos``: a large matrix, as a small one with three diagonals."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return ("alpha", "beta")[path[0]] + "".join(f"[{i}]" for i in path[1:]) if path else ""


EXERCISE = Exercise(
    id="lanczos",
    title="Lanczos: a Hessian in a few products",
    chapter="1-landscape",
    position=5,
    entry="lanczos",
    parameters=("A", "v", "steps"),
    conventions=(
        "A (d, d) is symmetric, v (d,) is not 0; q₁ = v/‖v‖",
        "step j: w = A qⱼ, αⱼ = qⱼᵀw; then w is made orthogonal to all of q₁ … qⱼ, βⱼ = ‖w‖, and "
        "qⱼ₊₁ = w/βⱼ",
        "βⱼ counts as 0 if it is at most 1e-4 times the root of the sum of squares of A; the step "
        "with such a β is the last, for nothing new can follow",
        "returns (alpha, beta), each with one number a step that was made, the last β among them",
    ),
    hints=(
        "A step needs one product with A and all the q so far. What is left of w once every q has "
        "been taken out of it, and what is its length?",
        "Taking q out is w ← w − (qᵀw) q, for one q after the other. In exact numbers the last two "
        "would do; in ours eigenvalues that were found come back, unless all are taken out.",
        "By hand, A = diag(1, 3), v = (1, 1), steps = 2: q₁ = (1, 1)/√2, w = (1, 3)/√2, α₁ = 2, w "
        "becomes (-1, 1)/√2, β₁ = 1. q₂ = (-1, 1)/√2, w = (-1, 3)/√2, α₂ = 2, and nothing is left: "
        "β₂ = 0. T = ((2, 1), (1, 2)) has the eigenvalues 1 and 3 of A.",
    ),
    result="Two arrays come back, alpha and beta, a number for each step that was made.",
    places=_place,
)


@EXERCISE.solution
def lanczos(A, v, steps):
    basis, (alpha, beta) = [v / np.linalg.norm(v)], np.zeros((2, steps))
    for j in range(steps):
        w = A @ basis[j]
        alpha[j] = basis[j] @ w
        for q in basis:
            w = w - (q @ w) * q
        beta[j] = np.linalg.norm(w)
        if beta[j] <= 1e-4 * np.linalg.norm(A):
            break
        basis.append(w / beta[j])
    return alpha[: j + 1], beta[: j + 1]


def _turn(rng, d):
    q, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return q


def _case(rng, curvatures, steps, among=None):
    """A matrix of these eigenvalues, and a vector with a share in all, or ``among`` so many."""
    d = len(curvatures)
    q, share = _turn(rng, d), numbers(rng, d)
    if among is not None:
        share[rng.permutation(d)[among:]] = 0
    return Case(((q * np.asarray(curvatures)) @ q.T, 3 * q @ share, steps))


@EXERCISE.probe("three steps", group="core")
def three_steps(rng):
    return _case(rng, [6, 3, 2, 1, -1, -2], 3)


@EXERCISE.probe("two steps", group="core")
def two_steps(rng):
    return _case(rng, [5, 2, -3, 1, 4], 2)


@EXERCISE.probe("one curvature far above the others", group="core")
def valley(rng):
    return _case(rng, [60, *np.linspace(-1, 1, 29)], 14)


@EXERCISE.probe("two directions and no more", group="edge")
def two_directions(rng):
    return _case(rng, [5, 3, 1, -1, -3], 5, among=2)


@EXERCISE.probe("as many steps as directions", group="edge")
def all_steps(rng):
    return _case(rng, [3, 1, -2], 3)


@EXERCISE.probe("more steps than directions", group="edge")
def too_many(rng):
    return _case(rng, [4, 1, -2], 6)


@EXERCISE.probe("in small units", group="edge")
def small_units(rng):
    return _case(rng, [6e-5, 3e-5, 1e-5, -2e-5], 2)


def _walk(A, v, steps, next_q, first=None, stops=True):
    """Alphas and betas of a process with another idea of how q follows from w."""
    basis = [v / np.linalg.norm(v) if first is None else first]
    alpha: list[float] = []
    beta: list[float] = []
    bar = 1e-4 * np.linalg.norm(A)
    for _ in range(steps):
        w = A @ basis[-1]
        alpha.append(basis[-1] @ w)
        w = next_q(w, basis, alpha, beta)
        beta.append(float(np.linalg.norm(w)))
        if stops and beta[-1] <= bar:
            break
        basis.append(w / beta[-1])
    return np.array(alpha), np.array(beta)


def _all(w, basis, alpha, beta):
    for q in basis:
        w = w - (q @ w) * q
    return w


@EXERCISE.mistake(
    "last_two",
    kind="logic",
    says="takes out the last two vectors only",
    hint="The first steps agree, later ones find the largest curvature again: w was made "
    "orthogonal to the last two q only. Rounding brings the others back: take all of them out.",
)
def last_two(A, v, steps):
    def rule(w, basis, alpha, beta):
        w = w - alpha[-1] * basis[-1]
        return w - beta[-1] * basis[-2] if beta else w

    return _walk(A, v, steps, rule)


@EXERCISE.mistake(
    "no_beta",
    kind="logic",
    says="takes out the last vector only",
    hint="The first step agrees, from the second on β is too large: w was made orthogonal to the "
    "last q only. A qⱼ has a share in qⱼ₋₁, too, namely βⱼ₋₁: take out all q.",
)
def no_beta(A, v, steps):
    return _walk(A, v, steps, lambda w, basis, alpha, beta: w - alpha[-1] * basis[-1])


@EXERCISE.mistake(
    "square",
    kind="factor",
    says="gives the squares of beta",
    hint="alpha is right, beta is its own square: the root is missing. βⱼ is the length of w.",
)
def square(A, v, steps):
    alpha, beta = lanczos(A, v, steps)
    return alpha, beta**2


@EXERCISE.mistake(
    "start",
    kind="logic",
    says="does not divide v by its length",
    hint="The first α grows with the length of v: q₁ must have the length 1. Divide v by it.",
)
def start(A, v, steps):
    return _walk(A, v, steps, _all, first=v)


@EXERCISE.mistake(
    "shifted",
    kind="off-by-one",
    says="begins beta with a 0",
    hint="beta is shifted by one: it begins with a 0 and ends too early. β₁ is what is left after "
    "the first step; the last β says how much is still outside.",
)
def shifted(A, v, steps):
    alpha, beta = lanczos(A, v, steps)
    return alpha, np.append(0.0, beta[:-1])


@EXERCISE.mistake(
    "between",
    kind="off-by-one",
    says="leaves the last beta out",
    hint="One β is missing, the last. T does not need it, but it tells how far the q are from a "
    "space that A maps into itself: 0 there.",
)
def between(A, v, steps):
    alpha, beta = lanczos(A, v, steps)
    return alpha, beta[:-1]


@EXERCISE.mistake(
    "on_and_on",
    kind="edge-case",
    says="goes on where nothing is left",
    hint="Where the vectors so far span a space that A maps into itself, w is rounding, and "
    "divided by its length it looks like a direction. A β that counts as 0 ends the process.",
)
def on_and_on(A, v, steps):
    return _walk(A, v, steps, _all, stops=False)


@EXERCISE.mistake(
    "padded",
    kind="shape",
    says="fills up with zeros",
    hint="Zeros stand where no step was made. Only what was measured comes back: zeros in T would "
    "be read as eigenvalues of A.",
)
def padded(A, v, steps):
    return tuple(np.pad(a, (0, steps - len(a))) for a in lanczos(A, v, steps))


@EXERCISE.mistake(
    "unscaled",
    kind="logic",
    says="does not divide w by beta",
    hint="The first step agrees, then the numbers run away: w itself was taken for the next q. It "
    "has the length βⱼ: divide by it.",
)
def unscaled(A, v, steps):
    basis, alpha, beta = [v / np.linalg.norm(v)], [], []
    for _ in range(steps):
        w = A @ basis[-1]
        alpha.append(basis[-1] @ w)
        for q in basis:
            w = w - (q @ w) * q / (q @ q)
        beta.append(np.linalg.norm(w))
        if beta[-1] <= 1e-4 * np.linalg.norm(A):
            break
        basis.append(w)
    return np.array(alpha), np.array(beta)


@EXERCISE.variant("the whole basis as a matrix, taken out twice")
def by_matrix(A, v, steps):
    Q = v[None] / np.sqrt(v @ v)
    pairs = []
    for _ in range(steps):
        w = A @ Q[-1]
        a = w @ Q[-1]
        for _ in range(2):
            w = w - Q.T @ (Q @ w)
        pairs.append((a, np.sqrt(w @ w)))
        if pairs[-1][1] <= 1e-4 * np.sqrt((A**2).sum()):
            break
        Q = np.vstack([Q, w / pairs[-1][1]])
    alpha, beta = zip(*pairs, strict=True)
    return alpha, beta


@EXERCISE.variant("by the QR factors of a growing Krylov space, in the basis so far")
def by_qr(A, v, steps):
    Q = v[:, None] / np.linalg.norm(v)
    alpha: list[float] = []
    beta: list[float] = []
    while len(alpha) < steps:
        w = A @ Q[:, -1]
        alpha.append(float(Q[:, -1] @ w))
        _, R = np.linalg.qr(np.column_stack([Q, w]))
        left = w - Q @ (Q.T @ w)
        left = left - Q @ (Q.T @ left)
        beta.append(float(np.linalg.norm(left)))
        if beta[-1] <= 1e-4 * np.linalg.norm(A) or R.shape[0] < R.shape[1]:
            break
        Q = np.column_stack([Q, left / beta[-1]])
    return [alpha, beta]


@EXERCISE.variant("float32")
def single_precision(A, v, steps):
    return lanczos(A.astype(np.float32), v.astype(np.float32), steps)
