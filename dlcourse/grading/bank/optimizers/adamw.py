"""Exercise ``adamw``: weight decay that goes past the moments, straight to the weights."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import ALIKE, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="adamw",
    title="AdamW",
    chapter="2-optimizers",
    position=19,
    parameters=("params", "grads", "lr", "beta1", "beta2", "eps", "weight_decay"),
    conventions=(
        "Adam's step on g alone, with no decay inside m or v",
        "w ← w − lr m̂ / (√v̂ + ε) − lr λ w, the decay taken from the old weights and multiplied "
        "by lr",
        "every parameter decays; the inputs are left as they are",
        "one dict for every step, the parameters after that step",
    ),
    hints=(
        "Look at what happens where the gradient is zero. The weights should shrink by the same "
        "factor in every coordinate and at every step.",
        "The decay acts on the weights directly and never meets m, v or the division by √v̂. "
        "Compute Adam's step from g as before; subtract lr λ times the old weights as well.",
        "By hand, with w = (1, -2), zero gradients, lr = 0.1 and λ = 0.5: every step multiplies w "
        "by 1 - 0.1 · 0.5 = 0.95. After one step (0.95, -1.9), after two (0.9025, -1.805).",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    w = {name: p.copy() for name, p in params.items()}
    m = {name: np.zeros_like(p) for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for t, g in enumerate(grads, start=1):
        for name in w:
            m[name] = beta1 * m[name] + (1 - beta1) * g[name]
            v[name] = beta2 * v[name] + (1 - beta2) * g[name] ** 2
            m_hat = m[name] / (1 - beta1**t)
            v_hat = v[name] / (1 - beta2**t)
            decay = weight_decay * w[name]
            w[name] = w[name] - lr * m_hat / (np.sqrt(v_hat) + eps) - lr * decay
        path.append(dict(w))
    return path


@EXERCISE.probe("zero gradients", group="core")
def zero_gradients(rng):
    case = {"lr": 0.1, "weight_decay": 0.5}
    return Case(({"w": numbers(rng, 2)}, [{"w": np.zeros(2)}] * 3), case)


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    return Case((layer(rng), [layer(rng)]), {"lr": 0.5, "weight_decay": 0.4})


@EXERCISE.probe("six steps", group="core")
def six_steps(rng):
    grads = [layer(rng) for _ in range(6)]
    return Case((layer(rng), grads), {"lr": 0.2, "weight_decay": 0.3})


@EXERCISE.probe("no decay", group="edge")
def no_decay(rng):
    return Case((layer(rng), [layer(rng) for _ in range(3)]), {"lr": 0.1, "weight_decay": 0.0})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    case = {"lr": 0.5, "beta1": 0.5, "beta2": 0.8, "eps": 1e-4, "weight_decay": 0.1}
    return Case(({"w": numbers(rng, 2)}, [{"w": numbers(rng, 2, scale=1e-4)}] * 3), case)


@EXERCISE.probe("default decay", group="edge")
def default_decay(rng):
    # With the default rate the default decay is too small to be seen, so the rate is large here.
    return Case(({"w": numbers(rng, 2)}, [{"w": np.zeros(2)}] * 3), {"lr": 1.0})


@EXERCISE.probe("defaults", group="edge")
def defaults(rng):
    # The second parameter's gradients are as small as the default eps, so that eps matters too.
    scales = dict(zip(ALIKE, (1.0, 1e-8, 1.0), strict=True))
    grads = [{name: numbers(rng, 2, scale) for name, scale in scales.items()} for _ in range(3)]
    return Case(({name: np.zeros(2) for name in ALIKE}, grads))


def _walk(params, grads, beta1, beta2, eps, rule, feel=lambda g, w: g):
    """``w = rule(name, w, direction)``, where Adam's direction is computed from ``feel(g, w)``."""
    w, path = dict(params), []
    state = {name: (0 * p, 0 * p) for name, p in params.items()}
    for t, g in enumerate(grads, start=1):
        for name in w:
            slope = feel(g[name], w[name])
            m, v = state[name]
            m, v = beta1 * m + (1 - beta1) * slope, beta2 * v + (1 - beta2) * slope**2
            direction = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
            state[name], w[name] = (m, v), rule(name, w[name], direction)
        path.append(dict(w))
    return path


@EXERCISE.mistake(
    "l2",
    kind="logic",
    says="the decay is added to the gradient: Adam with L2",
    hint="With zero gradients every weight shrinks by about lr a step, whatever its size: the "
    "decay went through the moments and was normalized away. Decoupled, it acts on w directly.",
)
def l2(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def feel(g, w):
        return g + weight_decay * w

    return _walk(params, grads, beta1, beta2, eps, lambda name, w, d: w - lr * d, feel)


@EXERCISE.mistake(
    "no_lr",
    kind="convention",
    says="the decay is not multiplied by lr",
    hint="With zero gradients the weights shrink by 1 − λ a step; expected is 1 − lr λ. In this "
    "convention (PyTorch's) the learning rate multiplies the decay as well.",
)
def no_lr(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def rule(name, w, d):
        return w - lr * d - weight_decay * w

    return _walk(params, grads, beta1, beta2, eps, rule)


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="the decay has the wrong sign",
    hint="With zero gradients the weights grow: the decay has the wrong sign. It pulls towards "
    "zero.",
)
def sign(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def rule(name, w, d):
        return w - lr * d + lr * weight_decay * w

    return _walk(params, grads, beta1, beta2, eps, rule)


@EXERCISE.mistake(
    "updated_weights",
    kind="logic",
    says="the decay is taken from the weights after Adam's step",
    hint="With zero gradients all agrees, otherwise it is off by lr² λ: the decay was taken from "
    "the weights that Adam's step had already moved. Take both from the old weights.",
)
def updated_weights(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def rule(name, w, d):
        w = w - lr * d
        return w - lr * weight_decay * w

    return _walk(params, grads, beta1, beta2, eps, rule)


@EXERCISE.mistake(
    "skips_vectors",
    kind="convention",
    says="only matrices decay, vectors such as biases do not",
    hint="Matrices agree, vectors do not shrink: they were left out of the decay. That is a "
    "common choice for biases, but here every parameter decays.",
)
def skips_vectors(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def rule(name, w, d):
        return w - lr * d - (lr * weight_decay * w if w.ndim > 1 else 0)

    return _walk(params, grads, beta1, beta2, eps, rule)


@EXERCISE.mistake(
    "no_decay",
    kind="logic",
    says="no decay at all: plain Adam",
    hint="With zero gradients the weights do not move: weight_decay is never used. Subtract lr λ "
    "w at each step.",
)
def no_decay_at_all(
    params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01
):  # fmt: skip
    return _walk(params, grads, beta1, beta2, eps, lambda name, w, d: w - lr * d)


@EXERCISE.mistake(
    "no_bias",
    kind="logic",
    says="no bias correction in the Adam step",
    hint="With zero gradients all agrees, but the first real step is too long: m and v are not "
    "corrected. Divide them by 1 − β₁ᵗ and 1 − β₂ᵗ, as in Adam.",
)
def no_bias(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    w, path = dict(params), []
    m, v = dict.fromkeys(params, 0.0), dict.fromkeys(params, 0.0)
    for g in grads:
        for name in w:
            m[name] = beta1 * m[name] + (1 - beta1) * g[name]
            v[name] = beta2 * v[name] + (1 - beta2) * g[name] ** 2
            shrunk = (1 - lr * weight_decay) * w[name]
            w[name] = shrunk - lr * m[name] / (np.sqrt(v[name]) + eps)
        path.append(dict(w))
    return path


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    w, path = dict(params), []
    m, v = ({p.shape: 0 * p for p in params.values()} for _ in range(2))
    for t, g in enumerate(grads, start=1):
        for name, p in w.items():
            at = p.shape
            m[at] = beta1 * m[at] + (1 - beta1) * g[name]
            v[at] = beta2 * v[at] + (1 - beta2) * g[name] ** 2
            step = m[at] / (1 - beta1**t) / (np.sqrt(v[at] / (1 - beta2**t)) + eps)
            w[name] = p - lr * (step + weight_decay * p)
        path.append(dict(w))
    return path


@EXERCISE.variant("first shrink, then Adam's step: the same, since the step does not look at w")
def shrink_first(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def rule(name, w, d):
        return (1 - lr * weight_decay) * w - lr * d

    return _walk(params, grads, beta1, beta2, eps, rule)


@EXERCISE.variant("in place, on copies, in the efficient form")
def in_place(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    w = {name: np.array(p) for name, p in params.items()}
    m = {name: np.zeros(p.shape) for name, p in params.items()}
    v = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for t, g in enumerate(grads, start=1):
        root = (1 - beta2**t) ** 0.5
        for name in w:
            m[name] += (1 - beta1) * (g[name] - m[name])
            v[name] += (1 - beta2) * (g[name] ** 2 - v[name])
            w[name] *= 1 - lr * weight_decay
            w[name] -= lr * root / (1 - beta1**t) * m[name] / (np.sqrt(v[name]) + eps * root)
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, **settings):
    params = {name: p.astype(np.float32) for name, p in params.items()}
    grads = [{name: p.astype(np.float32) for name, p in g.items()} for g in grads]
    return tuple(run(params, grads, **settings))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    def single(i, name):
        start = {name: float(params[name].flat[i])}
        slopes = [{name: float(g[name].flat[i])} for g in grads]

        def rule(_, w, d):
            return w - lr * (d + weight_decay * w)

        return [float(w[name]) for w in _walk(start, slopes, beta1, beta2, eps, rule)]

    paths = {name: [single(i, name) for i in range(p.size)] for name, p in params.items()}
    return [
        {name: np.reshape([path[t] for path in rows], params[name].shape).tolist()
         for name, rows in paths.items()}
        for t in range(len(grads))
    ]  # fmt: skip
