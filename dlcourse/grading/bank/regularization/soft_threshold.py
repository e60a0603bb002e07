"""Exercise ``soft_threshold``: the step of L1 that ends at zero and not beside it."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="soft_threshold",
    title="A step that ends at zero",
    chapter="7-regularization",
    position=2,
    entry="step",
    parameters=("w", "grad", "lr", "l1"),
    conventions=(
        "grad is the gradient of the loss alone, without the penalty l1 Σ|w|",
        "first a step of gradient descent with the rate lr, then every entry moves towards 0 by "
        "lr·l1, and stops at 0",
        "returns the new w, an array shaped as w",
    ),
    hints=(
        "A step along the slope of |w| jumps over 0 and back for ever. Where should a weight end "
        "that is nearer to 0 than the step is long?",
        "Let v = w − lr·grad. The size of v becomes max(|v| − lr·l1, 0), its sign stays.",
        "By hand, with w = [1, 0.5, -2], grad = [2, -1, 3], lr = 0.1, l1 = 7: v = (0.8, 0.6, "
        "-2.3), the threshold is 0.7, so w becomes (0.1, 0, -1.6).",
    ),
    result="One array comes back, shaped as w.",
)


@EXERCISE.solution
def step(w, grad, lr, l1):
    v = w - lr * grad
    return np.sign(v) * np.maximum(np.abs(v) - lr * l1, 0)


def _case(rng, *shape, lr=None, l1=None):
    """Weights after whose step some lie within the threshold, some on either side of it."""
    lr = round(float(rng.uniform(0.1, 0.4)), 2) if lr is None else lr
    l1 = round(float(rng.uniform(1, 2)), 2) if l1 is None else l1
    size = int(np.prod(shape))
    inside = rng.uniform(-0.8, 0.8, size // 2)
    outside = rng.uniform(1.5, 4, size - size // 2) * rng.choice([-1, 1], size - size // 2)
    v = rng.permuted(np.concatenate([inside, outside])).reshape(shape) * lr * max(l1, 0.5)
    grad = np.round(rng.normal(size=shape), 2)
    return Case((v + lr * grad, grad, lr, l1))


@EXERCISE.probe("six weights", group="core")
def six(rng):
    return _case(rng, 6)


@EXERCISE.probe("a matrix", group="core")
def matrix(rng):
    return _case(rng, 3, 4)


@EXERCISE.probe("no gradient at all", group="edge")
def no_gradient(rng):
    w, grad, lr, l1 = _case(rng, 8).args
    return Case((w - lr * grad, 0 * grad, lr, l1))


@EXERCISE.probe("no penalty", group="edge")
def no_penalty(rng):
    return _case(rng, 5, l1=0.0)


@EXERCISE.probe("weights that are zero", group="edge")
def at_zero(rng):
    _, grad, lr, l1 = _case(rng, 6).args
    grad = np.round(np.array([0.3, -0.5, 0.9, -2.0, 3.0, 1.5]) * l1 + 0 * grad, 3)
    return Case((np.zeros(6), grad, lr, l1))


@EXERCISE.probe("a rate above one", group="edge")
def large_rate(rng):
    return _case(rng, 7, lr=round(float(rng.uniform(1.5, 2.5)), 2))


@EXERCISE.mistake(
    "subgradient",
    kind="logic",
    says="takes a step along the sign of w",
    hint="Weights that should be 0 lie on either side of it: l1 times the sign was added to the "
    "gradient. That step jumps over 0; the proximal step stops there.",
)
def subgradient(w, grad, lr, l1):
    return w - lr * (grad + l1 * np.sign(w))


@EXERCISE.mistake(
    "no_stop",
    kind="logic",
    says="does not stop at zero",
    hint="Small weights change their sign: they were moved towards 0 by lr·l1, and past it. The "
    "size must not fall below 0.",
)
def no_stop(w, grad, lr, l1):
    v = w - lr * grad
    return np.sign(v) * (np.abs(v) - lr * l1)


@EXERCISE.mistake(
    "hard",
    kind="logic",
    says="cuts small weights and leaves the others",
    hint="The zeros are right, but the other weights were not moved. Hard thresholding keeps them; "
    "the step of L1 brings each lr·l1 nearer to 0.",
)
def hard(w, grad, lr, l1):
    v = w - lr * grad
    return v * (np.abs(v) > lr * l1)


@EXERCISE.mistake(
    "no_rate",
    kind="factor",
    says="uses l1 as the threshold",
    hint="The threshold is l1, whatever the rate. A step of lr moves by lr times the slope: the "
    "threshold is lr·l1.",
)
def no_rate(w, grad, lr, l1):
    v = w - lr * grad
    return np.sign(v) * np.maximum(np.abs(v) - l1, 0)


@EXERCISE.mistake(
    "before",
    kind="order",
    says="thresholds before the gradient step",
    hint="The threshold came first, then the gradient step, which moves the zeros away again. "
    "First the loss, then the penalty.",
)
def before(w, grad, lr, l1):
    return np.sign(w) * np.maximum(np.abs(w) - lr * l1, 0) - lr * grad


@EXERCISE.mistake(
    "old_sign",
    kind="logic",
    says="takes the sign from the weight before the step",
    hint="Where the gradient step crosses 0 the sign is wrong: it is that of w. It must be that of "
    "v = w − lr·grad.",
)
def old_sign(w, grad, lr, l1):
    v = w - lr * grad
    return np.sign(w) * np.maximum(np.abs(v) - lr * l1, 0)


@EXERCISE.mistake(
    "positive",
    kind="sign",
    says="loses negative weights",
    hint="Negative weights became 0: only max(v − lr·l1, 0) was taken. The threshold works on the "
    "size, the sign is put back.",
)
def positive_only(w, grad, lr, l1):
    return np.maximum(w - lr * grad - lr * l1, 0)


@EXERCISE.mistake(
    "uphill",
    kind="sign",
    says="adds the gradient",
    hint="The gradient was added: the step goes uphill. v = w − lr·grad.",
)
def uphill(w, grad, lr, l1):
    return step(w, -grad, lr, l1)


@EXERCISE.mistake(
    "half",
    kind="factor",
    says="halves the threshold",
    hint="The threshold is half of what it should be. The penalty is l1·Σ|w|; the 1/2 belongs to "
    "squares.",
)
def half(w, grad, lr, l1):
    v = w - lr * grad
    return np.sign(v) * np.maximum(np.abs(v) - lr * l1 / 2, 0)


@EXERCISE.mistake(
    "ridge",
    kind="logic",
    says="shrinks by a factor",
    hint="Every weight was multiplied by one factor, and none is 0: that is what L2 does. L1 takes "
    "the same amount from each.",
)
def ridge(w, grad, lr, l1):
    return (w - lr * grad) / (1 + lr * l1)


@EXERCISE.variant("what clipping takes away")
def by_clipping(w, grad, lr, l1):
    v = w - lr * grad
    return v - np.clip(v, -lr * l1, lr * l1)


@EXERCISE.variant("three cases, in Python numbers")
def by_cases(w, grad, lr, l1):
    new = []
    for a, g in zip(w.ravel().tolist(), grad.ravel().tolist(), strict=True):
        v = a - lr * g
        new.append(v - lr * l1 if v > lr * l1 else v + lr * l1 if v < -lr * l1 else 0.0)
    return np.reshape(new, w.shape).tolist()


@EXERCISE.variant("two ramps, one a side")
def by_ramps(w, grad, lr, l1):
    v = w - lr * grad
    return np.maximum(v - lr * l1, 0) - np.maximum(-v - lr * l1, 0)


@EXERCISE.variant("float32")
def single_precision(w, grad, lr, l1):
    return step(w.astype(np.float32), grad.astype(np.float32), np.float32(lr), np.float32(l1))
