"""Exercise ``adam``: first and second moments, corrected for their start at zero."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import ALIKE, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="adam",
    title="Adam",
    chapter="2-optimizers",
    position=18,
    parameters=("params", "grads", "lr", "beta1", "beta2", "eps"),
    conventions=(
        "m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², both start at 0",
        "t counts steps, not parameters, and is 1 at the first step",
        "w ← w − lr m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ): ε outside the root",
        "one dict for every step, the parameters after that step; the inputs are left as they are",
    ),
    hints=(
        "Look at the very first step. Whatever the gradient's size, its length should be almost "
        "exactly lr in every coordinate. Is yours?",
        "m and v start at zero, so at first they are too small, by exactly 1 − β₁ᵗ and 1 − β₂ᵗ. "
        "Divide by these for the step only: the stored m and v stay as they are.",
        "By hand, with g = 0.5, lr = 0.1 and the default betas, t = 1: m = 0.05, v = 0.00025, m̂ "
        "= 0.05 / 0.1 = 0.5, v̂ = 0.00025 / 0.001 = 0.25, so the step is 0.1 · 0.5 / 0.5 = 0.1. "
        "From w = 1 to 0.9.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
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
            w[name] = w[name] - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(dict(w))
    return path


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    # Gradients of very different size: the steps are of equal size all the same.
    return Case(({"w": numbers(rng, 3)}, [{"w": numbers(rng, 3) * [1.0, 5.0, 0.05]}]), {"lr": 0.1})


@EXERCISE.probe("ten steps", group="core")
def ten_steps(rng):
    return Case(({"w": numbers(rng, 3)}, [{"w": numbers(rng, 3)} for _ in range(10)]), {"lr": 0.1})


@EXERCISE.probe("two parameters", group="core")
def two_parameters(rng):
    return Case((layer(rng), [layer(rng) for _ in range(4)]), {"lr": 0.2})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    grads = [{"w": numbers(rng, 2, scale=1e-5)}] * 3
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1, "eps": 1e-4})


@EXERCISE.probe("other betas", group="edge")
def other_betas(rng):
    grads = [layer(rng) for _ in range(5)]
    return Case((layer(rng), grads), {"lr": 0.2, "beta1": 0.5, "beta2": 0.8})


@EXERCISE.probe("defaults", group="edge")
def defaults(rng):
    # The second parameter's gradients are as small as the default eps, so that eps matters too.
    scales = dict(zip(ALIKE, (1.0, 1e-8, 1.0), strict=True))
    grads = [{name: numbers(rng, 2, scale) for name, scale in scales.items()} for _ in range(3)]
    return Case(({name: np.zeros(2) for name in ALIKE}, grads))


def _walk(params, grads, rule):
    """Apply ``m, v, delta = rule(m, v, g, t)`` to each parameter and record the weights."""
    w, path = dict(params), []
    state = {name: (0 * p, 0 * p) for name, p in params.items()}
    for t, g in enumerate(grads, start=1):
        for name in w:
            m, v, delta = rule(*state[name], g[name], t)
            state[name], w[name] = (m, v), w[name] - delta
        path.append(dict(w))
    return path


def _moments(m, v, g, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


@EXERCISE.mistake(
    "no_bias",
    kind="logic",
    says="no bias correction",
    hint="The first step is too long, (1 − β₁)/√(1 − β₂) times lr, with the default betas 3.16 "
    "lr. m and v start at zero, and v is held back far more than m: divide them by 1 − β₁ᵗ and 1 "
    "− β₂ᵗ.",
)
def no_bias(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        return m, v, lr * m / (np.sqrt(v) + eps)

    return _walk(params, grads, rule)


def _corrected(params, grads, lr, beta1, beta2, eps, clock):
    """Adam whose corrections read the time ``clock(t)``."""

    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        time = np.float64(clock(t))  # 0 / 0 is NaN, as with arrays, and no exception
        return m, v, lr * m / (1 - beta1**time) / (np.sqrt(v / (1 - beta2**time)) + eps)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "t_plus_1",
    kind="off-by-one",
    says="the corrections use t + 1",
    hint="The first step is too short: the corrections divide by 1 − β², as if two gradients had "
    "been seen. At the first gradient t is 1; check where t is incremented.",
)
def t_plus_1(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _corrected(params, grads, lr, beta1, beta2, eps, lambda t: t + 1)


@EXERCISE.mistake(
    "t_zero",
    kind="off-by-one",
    says="t is 0 at the first step",
    hint="The first step is already NaN: with t = 0 the correction 1 − β⁰ is zero. Increment t "
    "before it is used, so that it is 1 at the first gradient.",
)
def t_zero(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _corrected(params, grads, lr, beta1, beta2, eps, lambda t: t - 1)


@EXERCISE.mistake(
    "t_per_parameter",
    kind="state",
    says="t is incremented for every parameter instead of for every step",
    hint="With one parameter all agrees, with two the second one does not: t was incremented in "
    "the loop over parameters. It counts steps, so all parameters of a step share it.",
)
def t_per_parameter(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    ticks = iter(range(1, 1 + len(params) * len(grads)))
    return _corrected(params, grads, lr, beta1, beta2, eps, lambda t: next(ticks))


@EXERCISE.mistake(
    "writes_back",
    kind="state",
    says="the corrected moments are stored back",
    hint="The first step agrees, later ones do not: the corrected moments were stored, and so "
    "corrected again at the next step. m̂ and v̂ are temporary; m and v stay uncorrected.",
)
def writes_back(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        return m, v, lr * m / (np.sqrt(v) + eps)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "eps_inside",
    kind="convention",
    says="ε inside the square root",
    hint="Only where gradients are tiny does it differ: ε stands under the root, where it acts "
    "like √ε. Here it is added to the root, √v̂ + ε.",
)
def eps_inside(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        return m, v, lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "eps_uncorrected",
    kind="convention",
    says="the efficient form with ε left as it is: ε is added before the correction of v",
    hint="Only where gradients are tiny does it differ: ε is added to the uncorrected √v, so that "
    "the correction magnifies it. In the short form ε has to become ε √(1 − β₂ᵗ).",
)
def eps_uncorrected(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        return m, v, rate * m / (np.sqrt(v) + eps)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="division by v̂ instead of √v̂",
    hint="The smaller the gradient, the longer the first step, as 1/g: m̂ was divided by v̂. v̂ "
    "has the unit of g², its root that of g, and only then is the step about lr.",
)
def no_root(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        return m, v, lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "betas_swapped",
    kind="logic",
    says="β₁ and β₂ are swapped",
    hint="The first step agrees, later ones do not: β₁ and β₂ have changed places. β₁ belongs to "
    "the mean m, β₂, which remembers longer, to the squares v.",
)
def betas_swapped(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return run(params, grads, lr, beta2, beta1, eps)


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        return m, v, lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)

    return by_shape(params, grads, rule, memories=2)


@EXERCISE.variant("the efficient form: one rate for both corrections, with ε √(1 − β₂ᵗ)")
def efficient(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        root = np.sqrt(1 - beta2**t)
        return m, v, lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root)

    return _walk(params, grads, rule)


@EXERCISE.variant("in place, on copies, with the moments written as m += (1 − β₁)(g − m)")
def in_place(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    w = {name: np.array(p) for name, p in params.items()}
    m = {name: np.zeros(p.shape) for name, p in params.items()}
    v = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for t, g in enumerate(grads, start=1):
        for name in w:
            m[name] += (1 - beta1) * (g[name] - m[name])
            v[name] *= beta2
            v[name] += (1 - beta2) * g[name] * g[name]
            w[name] -= lr * (m[name] / (1 - beta1**t)) / ((v[name] / (1 - beta2**t)) ** 0.5 + eps)
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    params = {name: p.astype(np.float32) for name, p in params.items()}
    grads = [{name: p.astype(np.float32) for name, p in g.items()} for g in grads]
    return tuple(run(params, grads, lr, beta1, beta2, eps))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    w = {name: p.ravel().tolist() for name, p in params.items()}
    state = {name: [(0.0, 0.0)] * p.size for name, p in params.items()}
    path = []
    for t, g in enumerate(grads, start=1):
        for name in w:
            for i, slope in enumerate(g[name].ravel().tolist()):
                m, v = state[name][i] = _moments(*state[name][i], slope, beta1, beta2)
                root = (v / (1 - beta2**t)) ** 0.5
                w[name][i] -= lr * m / (1 - beta1**t) / (root + eps)
        path.append({name: np.reshape(w[name], params[name].shape).tolist() for name in w})
    return path
