"""Exercise ``darts``: a mixture of operations, and the gradient that chooses among them."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return ("y", "dalpha")[path[0]] + "".join(f"[{index}]" for index in path[1:]) if path else ""


EXERCISE = Exercise(
    id="darts",
    title="A mixed operation",
    chapter="6-hpo",
    position=12,
    entry="mixed_op",
    parameters=("alpha", "outs", "dy"),
    conventions=(
        "alpha (E, K): a row of logits for each of E edges, with K candidate operations each; outs "
        "(E, K, …): what each operation gives; dy (…) = ∂L/∂y",
        "y = Σ_e Σ_k softmax(alpha[e])_k · outs[e, k], shaped as dy",
        "dalpha (E, K) = ∂L/∂alpha, the gradient for the logits; logits of 1000 do no harm",
        "returns (y, dalpha)",
    ),
    hints=(
        "Two steps lead from alpha to y: softmax, and a weighted sum. Take the gradient back "
        "through the second first: what is ∂L/∂p for the weight p of one operation?",
        "s = Σ outs·dy over all but the first two axes, (E, K). Softmax takes it on to "
        "p·(s − Σ_k p·s), edge by edge: an operation is pushed by how it differs from the mixture.",
        "By hand, one edge, alpha (0, ln 3), so p = (0.25, 0.75); outs (8, 4), dy = 2: "
        "y = 2 + 3 = 5. s = (16, 8), the mean Σ p·s = 10, dalpha = (0.25·6, 0.75·(-2)) = "
        "(1.5, -1.5).",
    ),
    result="Two arrays come back: y, shaped as dy, and dalpha, shaped as alpha.",
    places=_place,
)


@EXERCISE.solution
def mixed_op(alpha, outs, dy):
    p = np.exp(alpha - alpha.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    slope = outs.reshape(*alpha.shape, dy.size) @ dy.ravel()
    y = np.tensordot(p, outs, axes=2)
    return y, p * (slope - (p * slope).sum(axis=1, keepdims=True))


def _case(rng, edges, operations, *shape, alpha=None):
    if alpha is None:
        alpha = np.round(rng.normal(0, 1, (edges, operations)), 3)
    outs = np.round(rng.normal(0, 1, (edges, operations, *shape)), 3)
    return Case((alpha, outs, np.round(rng.normal(0, 1, shape), 3)))


@EXERCISE.probe("three edges", group="core")
def three_edges(rng):
    return _case(rng, 3, 4, 2, 5)


@EXERCISE.probe("as many operations as edges", group="core")
def square(rng):
    return _case(rng, 3, 3, 2, 2)


@EXERCISE.probe("one edge", group="core")
def one_edge(rng):
    return _case(rng, 1, 4, 3)


@EXERCISE.probe("two operations", group="edge")
def two(rng):
    return _case(rng, 4, 2, 3, 2, 2)


@EXERCISE.probe("huge logits", group="edge")
def huge(rng):
    eighths = rng.integers(-12, 12, (3, 4)) / 8
    return _case(rng, 3, 4, 6, alpha=eighths + np.array([[1000.0], [-900.0], [800.0]]))


@EXERCISE.probe("shifted logits", group="edge")
def shifted(rng):
    return _case(rng, 2, 3, 4, alpha=np.round(rng.normal(5, 1, (2, 3)), 3))


def _softmax(alpha, axis=-1):
    e = np.exp(alpha - alpha.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _slopes(outs, dy):
    """∂L/∂p, (E, K)."""
    return (outs * dy).sum(axis=tuple(range(2, outs.ndim)))


def _mix(p, outs):
    return np.einsum("ek,ek...->...", p, outs)


def _back(p, slopes, axis=-1):
    return p * (slopes - (p * slopes).sum(axis=axis, keepdims=True))


@EXERCISE.mistake(
    "raw",
    kind="logic",
    says="takes alpha for the weights",
    hint="Adding a constant to alpha changes y: alpha itself was taken for the weights. They are "
    "softmax(alpha), which sum to 1.",
)
def raw(alpha, outs, dy):
    return _mix(alpha, outs), _slopes(outs, dy)


@EXERCISE.mistake(
    "axis",
    kind="axis",
    says="takes the softmax over the edges",
    hint="The weights of one edge do not sum to 1: softmax runs over the edges. It runs over the "
    "operations, the last axis of alpha.",
)
def over_edges(alpha, outs, dy):
    p = _softmax(alpha, axis=0)
    return _mix(p, outs), _back(p, _slopes(outs, dy), axis=0)


@EXERCISE.mistake(
    "everything",
    kind="axis",
    says="takes one softmax over edges and operations",
    hint="All weights together sum to 1: one softmax ran over edges and operations. Each edge "
    "makes a choice of its own, so each row sums to 1.",
)
def over_all(alpha, outs, dy):
    p = _softmax(alpha, axis=(0, 1))
    return _mix(p, outs), _back(p, _slopes(outs, dy), axis=(0, 1))


@EXERCISE.mistake(
    "overflow",
    kind="numerics",
    says="lets exp overflow",
    hint="Huge logits give nan: exp overflows, or all of it vanishes. Subtract the largest of each "
    "row first; softmax does not notice.",
)
def overflow(alpha, outs, dy):
    with np.errstate(all="ignore"):
        p = np.exp(alpha) / np.exp(alpha).sum(axis=1, keepdims=True)
        return _mix(p, outs), _back(p, _slopes(outs, dy))


@EXERCISE.mistake(
    "dp",
    kind="logic",
    says="gives the gradient for the weights",
    hint="y is right; dalpha is ∂L/∂p, the gradient for the weights. One step of the chain rule is "
    "missing, through softmax.",
)
def for_weights(alpha, outs, dy):
    return mixed_op(alpha, outs, dy)[0], _slopes(outs, dy)


@EXERCISE.mistake(
    "no_mean",
    kind="logic",
    says="leaves the mean out of the gradient of softmax",
    hint="The rows of dalpha do not sum to 0: the mean Σ p·s was not subtracted. What one "
    "operation gains in weight the others lose.",
)
def no_mean(alpha, outs, dy):
    return mixed_op(alpha, outs, dy)[0], _softmax(alpha) * _slopes(outs, dy)


@EXERCISE.mistake(
    "sigmoid",
    kind="logic",
    says="takes p(1 − p) for the gradient of softmax",
    hint="p·(1 − p)·s is the gradient of K sigmoids. In softmax every weight hangs on every logit: "
    "p·(s − Σ_k p·s).",
)
def sigmoid(alpha, outs, dy):
    p = _softmax(alpha)
    return mixed_op(alpha, outs, dy)[0], p * (1 - p) * _slopes(outs, dy)


@EXERCISE.mistake(
    "mean",
    kind="factor",
    says="averages over the edges",
    hint="y and dalpha are E times too small: the edges were averaged. A node adds up what comes "
    "in.",
)
def averaged(alpha, outs, dy):
    y, dalpha = mixed_op(alpha, outs, dy)
    return y / len(alpha), dalpha / len(alpha)


@EXERCISE.mistake(
    "argmax",
    kind="logic",
    says="takes the operation with the largest weight",
    hint="Only the strongest operation of each edge is in y. That is what is left after the "
    "search; during the search all of them are mixed.",
)
def hard(alpha, outs, dy):
    chosen = np.eye(alpha.shape[1])[alpha.argmax(axis=1)]
    return _mix(chosen, outs), mixed_op(alpha, outs, dy)[1]


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="has the gradient the wrong way round",
    hint="dalpha has the wrong sign: mean minus s instead of s minus mean. An operation that "
    "raises the loss more than the mixture has a positive gradient.",
)
def wrong_sign(alpha, outs, dy):
    y, dalpha = mixed_op(alpha, outs, dy)
    return y, -dalpha


@EXERCISE.variant("edge by edge, with the matrix of the derivatives of softmax")
def by_jacobian(alpha, outs, dy):
    y, rows = np.zeros_like(dy), []
    for logits, given in zip(alpha, outs, strict=True):
        p = np.exp(logits - logits.max())
        p = p / p.sum()
        y = y + sum(weight * out for weight, out in zip(p, given, strict=True))
        slopes = np.array([np.vdot(out, dy) for out in given])
        rows.append((np.diag(p) - np.outer(p, p)) @ slopes)
    return y, np.stack(rows)


@EXERCISE.variant("how each operation differs from its edge's mixture")
def by_differences(alpha, outs, dy):
    p = _softmax(alpha)
    weights = p.reshape(p.shape + (1,) * dy.ndim)
    mixtures = (weights * outs).sum(axis=1, keepdims=True)
    dalpha = p * ((outs - mixtures) * dy).reshape(*p.shape, -1).sum(axis=-1)
    return mixtures.sum(axis=(0, 1)).tolist(), dalpha.tolist()


@EXERCISE.variant("float32")
def single_precision(alpha, outs, dy):
    found = mixed_op(*(each.astype(np.float32) for each in (alpha, outs, dy)))
    return tuple(each.astype(np.float32) for each in found)
