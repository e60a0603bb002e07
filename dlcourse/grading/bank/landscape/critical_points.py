"""Exercise ``critical_points``: what the curvatures say where the gradient is zero."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="critical_points",
    title="What kind of critical point",
    chapter="1-landscape",
    position=3,
    entry="classify",
    parameters=("H", "tol"),
    conventions=(
        "H (d, d) is the Hessian where the gradient is 0; only its symmetric part (H + Hᵀ)/2 "
        "counts",
        "an eigenvalue counts as zero if its size is at most tol times the largest size",
        'eigenvalues of both signs: "saddle", even if others are zero; else any zero: '
        '"degenerate"; else "minimum" or "maximum"',
        "one of these four words comes back, in small letters; H = 0 is degenerate",
    ),
    hints=(
        "Neither the diagonal nor the determinant is enough. Which numbers say how the loss curves "
        "along directions that do not mix?",
        "Take np.linalg.eigvalsh of the symmetric part and set a bar, tol times the largest size. "
        "Is one above the bar, is one below minus the bar? Ask for both signs first.",
        "By hand, H = ((1, 3), (3, 1)): along (1, 1) the curvature is 1 + 3 = 4, along (1, -1) it "
        'is 1 - 3 = -2. Both signs: "saddle", though the diagonal is positive.',
    ),
    result='One word comes back: "minimum", "maximum", "saddle" or "degenerate".',
)


@EXERCISE.solution
def classify(H, tol=1e-8):
    curvatures = np.linalg.eigvalsh(H + H.T)
    bar = tol * abs(curvatures).max()
    signs = np.sign(curvatures) * (abs(curvatures) > bar)
    if 1 in signs and -1 in signs:
        return "saddle"
    if 0 in signs:
        return "degenerate"
    return "minimum" if 1 in signs else "maximum"


def _turned(rng, *curvatures):
    """A symmetric matrix of about these eigenvalues; a 0 is one."""
    values = np.array(curvatures) * rng.uniform(0.9, 1.1, len(curvatures))
    q, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    found = (q * values) @ q.T
    return (found + found.T) / 2


@EXERCISE.probe("a positive diagonal and both signs", group="core")
def positive_diagonal(rng):
    a, b, c = np.round(rng.uniform((1, 1, 3), (2, 2, 4)), 2)
    return Case((np.array([[a, c], [c, b]]),))


@EXERCISE.probe("two of four directions down", group="core")
def two_down(rng):
    return Case((_turned(rng, 3.0, 2.0, -1.0, -2.0),))


@EXERCISE.probe("a bowl", group="core")
def bowl(rng):
    return Case((_turned(rng, 3.0, 2.0, 1.0),))


@EXERCISE.probe("a summit", group="core")
def summit(rng):
    return Case((_turned(rng, -3.0, -2.0, -1.0),))


@EXERCISE.probe("a valley with a level floor", group="edge")
def valley(rng):
    return Case((_turned(rng, 2.0, 1.0, 0.0), 1e-4))


@EXERCISE.probe("a ridge with a level top", group="edge")
def ridge(rng):
    return Case((_turned(rng, -2.0, -1.0, 0.0), 1e-4))


@EXERCISE.probe("a saddle with a level direction", group="edge")
def level_saddle(rng):
    return Case((_turned(rng, 2.0, 0.0, -1.0), 1e-4))


@EXERCISE.probe("level by a hair", group="edge")
def by_a_hair(rng):
    values = np.append(np.round(rng.uniform(1, 2, 2), 2), -1e-10)
    return Case((np.diag(rng.permutation(values)),))


@EXERCISE.probe("a bowl in small units", group="edge")
def small_units(rng):
    return Case((1e-6 * _turned(rng, 3.0, 1.5, 1.0), 1e-4))


@EXERCISE.probe("a matrix that is not symmetric", group="edge")
def not_symmetric(rng):
    a, b, low, high = np.round(rng.uniform((2, 2, 0.2, 7), (3, 3, 0.6, 8)), 2)
    return Case((np.array([[a, high], [low, b]]),))


@EXERCISE.probe("its transpose", group="edge")
def transposed(rng):
    (H,) = not_symmetric(rng).args
    return Case((H.T.copy(),))


@EXERCISE.probe("no curvature at all", group="edge")
def none_at_all(rng):
    return Case((np.zeros((3, 3)), round(float(rng.uniform(1e-5, 1e-3)), 6)))


def _named(up, down, level):
    """The word that goes with these three answers."""
    if up and down:
        return "saddle"
    if level:
        return "degenerate"
    return "minimum" if up else "maximum"


def _curvatures(H):
    return np.linalg.eigvalsh((H + H.T) / 2)


@EXERCISE.mistake(
    "det",
    kind="logic",
    says="determinant test in any dimension",
    hint="Two negative eigenvalues give a positive determinant in four dimensions: the determinant "
    "test only works in 2-D. Look at the eigenvalues.",
)
def s_det(H, tol=1e-8):
    S = (H + H.T) / 2
    d, size = np.linalg.det(S), np.max(np.abs(S)) ** len(S) or 1.0
    if abs(d) <= tol * size:
        return "degenerate"
    if d < 0:
        return "saddle"
    return "minimum" if np.trace(S) > 0 else "maximum"


@EXERCISE.mistake(
    "diag",
    kind="logic",
    says="signs of the diagonal instead of the eigenvalues",
    hint="A positive diagonal does not make a minimum: off-diagonal entries matter, use "
    "eigenvalues.",
)
def s_diag(H, tol=1e-8):
    e = np.diag(H)
    t = tol * np.max(np.abs(e))
    return _named((e > t).any(), (e < -t).any(), (np.abs(e) <= t).any())


@EXERCISE.mistake(
    "semidefinite",
    kind="edge-case",
    says="zero eigenvalue counted as positive",
    hint="A flat direction (eigenvalue 0) leaves the second-order test undecided: that is "
    "'degenerate'.",
)
def s_semidefinite(H, tol=1e-8):
    e = _curvatures(H)
    t = tol * np.max(np.abs(e))
    if not e.any():
        return "degenerate"
    return "minimum" if (e >= -t).all() else "maximum" if (e <= t).all() else "saddle"


@EXERCISE.mistake(
    "any",
    kind="logic",
    says="any positive eigenvalue taken for a minimum",
    hint="One positive curvature is not enough: a minimum needs all eigenvalues positive.",
)
def s_any(H, tol=1e-8):
    e = _curvatures(H)
    t = tol * np.max(np.abs(e))
    up, down = (e > t).any(), (e < -t).any()
    if (np.abs(e) <= t).any() and not (up and down):
        return "degenerate"
    return "minimum" if up else "maximum"


@EXERCISE.mistake(
    "absolute",
    kind="logic",
    says="takes tol for a bound on the eigenvalues themselves",
    hint="In small units everything is degenerate: tol was compared with the eigenvalues as they "
    "are. Another unit of the loss changes no kind of point: the bar is tol times the largest.",
)
def absolute(H, tol=1e-8):
    e = _curvatures(H)
    return _named((e > tol).any(), (e < -tol).any(), (abs(e) <= tol).any())


@EXERCISE.mistake(
    "exact",
    kind="logic",
    says="counts only an exact zero",
    hint="Rounding decided: an eigenvalue of 0 comes out as ±1e-16, and its sign was believed. "
    "Whatever is at most tol times the largest counts as zero.",
)
def exact(H, tol=1e-8):
    e = _curvatures(H)
    return _named((e > 0).any(), (e < 0).any(), (e == 0).any())


@EXERCISE.mistake(
    "precedence",
    kind="logic",
    says="asks for zeros before it asks for both signs",
    hint="A saddle with a level direction was called degenerate. Up one way and down another is no "
    "minimum, whatever a third direction does: ask for both signs first.",
)
def precedence(H, tol=1e-8):
    e = _curvatures(H)
    t = tol * np.max(np.abs(e))
    if (abs(e) <= t).any():
        return "degenerate"
    return _named((e > t).any(), (e < -t).any(), False)


@EXERCISE.mistake(
    "half_read",
    kind="edge-case",
    says="hands a matrix that is not symmetric to eigvalsh",
    hint="Where H is not symmetric, half of it was not read: eigvalsh looks at the lower triangle "
    "only. Hand over the symmetric part, (H + H.T) / 2.",
)
def half_read(H, tol=1e-8):
    e = np.linalg.eigvalsh(H)
    t = tol * np.max(np.abs(e))
    return _named((e > t).any(), (e < -t).any(), (abs(e) <= t).any())


@EXERCISE.mistake(
    "upside_down",
    kind="sign",
    says="takes a minimum for a maximum",
    hint="Minimum and maximum are exchanged. Where every curvature is positive, the loss rises "
    "whichever way one goes.",
)
def upside_down(H, tol=1e-8):
    return classify(-H, tol)


@EXERCISE.variant("by the smallest and the largest eigenvalue, in order of size")
def by_ends(H, tol=1e-8):
    e = np.linalg.eigvalsh(0.5 * (H + H.T))
    low, high = e[0], e[-1]
    bar = tol * max(-low, high)
    if low < -bar and high > bar:
        return "saddle"
    return "minimum" if low > bar else "maximum" if high < -bar else "degenerate"


@EXERCISE.variant("by counting signs")
def by_counting(H, tol=1e-8):
    e, _ = np.linalg.eig((H + H.T) / 2)
    size = np.abs(e).max()
    signs = {0 if abs(x) <= tol * size else int(np.sign(x)) for x in e.real}
    if {1, -1} <= signs:
        return "saddle"
    return {frozenset({1}): "minimum", frozenset({-1}): "maximum"}.get(
        frozenset(signs), "degenerate"
    )


@EXERCISE.variant("a word of NumPy's, chosen from a table")
def by_table(H, tol=1e-8):
    e = np.linalg.eigh((H + H.T) / 2).eigenvalues
    bar = tol * np.abs(e).max()
    down, up, level = (e < -bar).any(), (e > bar).any(), (abs(e) <= bar).any()
    words = np.array(["maximum", "minimum", "degenerate", "saddle"])
    return words[3 if up and down else 2 if level else int(up)]


@EXERCISE.variant("float32")
def single_precision(H, tol=1e-8):
    return classify(H.astype(np.float32), np.float32(tol))
