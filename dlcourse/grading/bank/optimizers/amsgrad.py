"""Exercise ``amsgrad``: Adam that divides by the largest second moment so far."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import ALIKE, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape, number_by_number, single, walk
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="amsgrad",
    title="AMSGrad",
    chapter="2-optimizers",
    position=20,
    parameters=("params", "grads", "lr", "beta1", "beta2", "eps"),
    conventions=(
        "m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², both start at 0, as in Adam",
        "u ← max(u, v), number by number, from 0, with the v of this step; v goes on from v, not u",
        "w ← w − lr m̂ / (√û + ε) with m̂ = m / (1 − β₁ᵗ), û = u / (1 − β₂ᵗ), and t = 1 at first",
        "one dict for every step, the parameters after that step; the inputs are left as they are",
    ),
    hints=(
        "Look at what happens after a large gradient, when small ones follow. Adam forgets it and "
        "its steps grow again; here the denominator must remember it.",
        "A third memory u beside m and v: after v is updated, u = np.maximum(u, v). v itself stays "
        "the plain running mean. Only then divide, for this step, u by 1 − β₂ᵗ.",
        "By hand, with β₁ = 0, β₂ = 0.5, lr = 0.1, g = 2, then 1: v = 2 = u, û = 2/0.5 = 4, from w "
        "= 1 to 0.9. Then v = 1.5, u stays 2, û = 2/0.75, so 0.9 − 0.1/√2.667 = 0.838763.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    w = {name: p.copy() for name, p in params.items()}
    m = {name: np.zeros_like(p) for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    largest = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for t, g in enumerate(grads, start=1):
        for name in w:
            m[name] = beta1 * m[name] + (1 - beta1) * g[name]
            v[name] = beta2 * v[name] + (1 - beta2) * g[name] ** 2
            largest[name] = np.maximum(largest[name], v[name])
            m_hat = m[name] / (1 - beta1**t)
            v_hat = largest[name] / (1 - beta2**t)
            w[name] = w[name] - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(dict(w))
    return path


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    return Case(({"w": numbers(rng, 3)}, [{"w": numbers(rng, 3) * [1.0, 5.0, 0.05]}]), {"lr": 0.1})


@EXERCISE.probe("a large gradient, then small ones", group="core")
def large_then_small(rng):
    grads = [{"w": numbers(rng, 3, scale=scale)} for scale in (5.0, 0.5, 0.5, 0.5, 0.5)]
    return Case(({"w": numbers(rng, 3)}, grads), {"lr": 0.1, "beta2": 0.8})


@EXERCISE.probe("two parameters", group="core")
def two_parameters(rng):
    grads = [layer(rng, scale) for scale in (1.0, 4.0, 0.5, 0.5, 2.0, 0.5)]
    return Case((layer(rng), grads), {"lr": 0.2, "beta2": 0.9})


@EXERCISE.probe("ever larger gradients", group="edge")
def ever_larger_gradients(rng):
    # The current v is the largest: AMSGrad is Adam.
    grads = [{"w": numbers(rng, 2, scale=scale)} for scale in (0.1, 0.5, 2.5, 12.5)]
    return Case(({"w": numbers(rng, 2)}, grads), {"lr": 0.1})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    grads = [{"w": numbers(rng, 2, scale=scale)} for scale in (2e-5, 1e-5, 1e-5)]
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1, "beta2": 0.6, "eps": 1e-4})


@EXERCISE.probe("no memory in the mean", group="edge")
def no_memory_in_the_mean(rng):
    grads = [layer(rng, scale) for scale in (3.0, 1.0, 0.3, 0.1)]
    return Case((layer(rng), grads), {"lr": 0.2, "beta1": 0.0, "beta2": 0.5})


@EXERCISE.probe("defaults", group="edge")
def defaults(rng):
    # The second parameter's gradients are as small as the default eps, so that eps matters too.
    scales = dict(zip(ALIKE, (1.0, 1e-8, 1.0), strict=True))
    grads = [{name: numbers(rng, 2, scale) for name, scale in scales.items()} for _ in range(3)]
    return Case(({name: np.zeros(2) for name in ALIKE}, grads))


def _moments(m, v, g, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


def _steps(params, grads, lr, beta1, beta2, eps, keep, frame=walk):
    """The exercise with ``v, u, v_hat = keep(v before, v, u, 1 - β₂ᵗ)`` in place of its maximum."""

    def rule(m, v, u, t, g):
        m, new = _moments(m, v, g, beta1, beta2)
        v, u, v_hat = keep(v, new, u, 1 - beta2 ** (t + 1))
        return m, v, u, t + 1, lr * m / (1 - beta1 ** (t + 1)) / (v_hat**0.5 + eps)

    return frame(params, grads, rule, memories=4)


@EXERCISE.mistake(
    "no_max",
    kind="logic",
    says="plain Adam, no maximum",
    hint="All agrees until a small gradient follows a large one; then the steps are too long, as "
    "in Adam. Divide by the root of the largest v so far, not of the current one.",
)
def no_max(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        return new, u, new / correction

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "corrected_max",
    kind="convention",
    says="the maximum of the corrected v̂",
    hint="After a large first gradient the steps are too short: the maximum was taken of v̂, which "
    "is largest when t is small. The convention here, PyTorch's: max of v, then the correction.",
)
def corrected_max(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, new / correction)
        return new, u, u

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "writes_back",
    kind="state",
    says="the maximum is stored as v",
    hint="After a large gradient v no longer falls, so the next large one lifts it too high: the "
    "maximum was stored as v. v stays a plain running mean; the maximum is a memory of its own.",
)
def writes_back(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        new = np.maximum(v, new)
        return new, u, new / correction

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "two_only",
    kind="state",
    says="the larger of the last two v only",
    hint="The step right after a large gradient agrees, the one after that is too long: only the "
    "last two v were compared. Keep the maximum itself from step to step: u = max(u, v).",
)
def two_only(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        return new, u, np.maximum(v, new) / correction

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "one_late",
    kind="off-by-one",
    says="divides by the maximum of the steps before, without the current one",
    hint="The first step is enormous: the maximum was still 0, only ε was left to divide by. The v "
    "of this step belongs to the maximum: update v, then the maximum, then the weights.",
)
def one_late(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        return new, np.maximum(u, new), u / correction

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "over_coordinates",
    kind="axis",
    says="the largest number of the whole array instead of the largest in time",
    hint="Already at the first step only the coordinate with the largest gradient moves by lr: v "
    "became one number for the array, np.max. The maximum runs over time: np.maximum(u, v).",
)
def over_coordinates(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, np.max(new))
        return new, u, u / correction

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "keeps_corrected",
    kind="state",
    says="the corrected maximum is stored, and corrected again",
    hint="The first step agrees, later ones are too short: the corrected maximum was stored, and "
    "corrected again at the next step. û serves one step only; what is kept is u.",
)
def keeps_corrected(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, new) / correction
        return new, u, u

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "v_uncorrected",
    kind="logic",
    says="the maximum is not corrected for its start at zero",
    hint="The first step is 1/√(1 − β₂) times too long, 32 times with the default: the maximum "
    "starts at zero, like v. For the step, divide it by 1 − β₂ᵗ.",
)
def v_uncorrected(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, new)
        return new, u, u

    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.mistake(
    "as_in_the_paper",
    kind="convention",
    says="no correction at all, as the paper of AMSGrad prints it",
    hint="The first step is (1 − β₁)/√(1 − β₂) times too long, 3.16 times with the defaults. The "
    "paper prints it so; here, as in PyTorch, both m and the maximum are corrected.",
)
def as_in_the_paper(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, u, g):
        m, v = _moments(m, v, g, beta1, beta2)
        u = np.maximum(u, v)
        return m, v, u, lr * m / (np.sqrt(u) + eps)

    return walk(params, grads, rule, memories=3)


@EXERCISE.mistake(
    "eps_inside",
    kind="convention",
    says="ε inside the square root",
    hint="Only where gradients are tiny does it differ: ε stands under the root, where it acts "
    "like √ε. As in Adam it is added to the root, √û + ε.",
)
def eps_inside(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, new)
        return new, u, u / correction + eps

    return _steps(params, grads, lr, beta1, beta2, 0.0, keep)


def _right(v, new, u, correction):
    u = np.where(new > u, new, u)
    return new, u, u / correction


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, u, g, t):
        m, v = _moments(m, v, g, beta1, beta2)
        u = np.maximum(u, v)
        return m, v, u, lr * m / (1 - beta1**t) / (np.sqrt(u / (1 - beta2**t)) + eps)

    return by_shape(params, grads, rule, memories=3)


@EXERCISE.variant("the efficient form: the root of the maximum, both corrections outside of it")
def efficient(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(m, v, u, t, g):
        m, v = _moments(m, v, g, beta1, beta2)
        u, t = np.maximum(u, v), t + 1
        root = np.sqrt(1 - beta2**t)
        return m, v, u, t, lr * root / (1 - beta1**t) * m / (np.sqrt(u) + eps * root)

    return walk(params, grads, rule, memories=4)


@EXERCISE.variant(
    "the maximum of the root instead of the root of the maximum; the input in float32"
)
def single_precision(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def keep(v, new, u, correction):
        u = np.maximum(u, new**0.5)
        return new, u, u**2 / correction

    params, grads = single(params, grads)
    return _steps(params, grads, lr, beta1, beta2, eps, keep)


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _steps(params, grads, lr, beta1, beta2, eps, _right, number_by_number)
