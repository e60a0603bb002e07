"""Exercise ``adadelta``: the recent size of the steps sets the size of the next."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import alike, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape, number_by_number, single, walk
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="adadelta",
    title="AdaDelta",
    chapter="2-optimizers",
    position=17,
    parameters=("params", "grads", "rho", "eps", "lr"),
    conventions=(
        "Eg ← ρ Eg + (1 − ρ) g² and, after the step, Ed ← ρ Ed + (1 − ρ) d²; both start at 0",
        "d = −√(Ed + ε) / √(Eg + ε) g, with the new Eg and the old Ed: ε inside both roots",
        "w ← w + lr d; Ed remembers d, not lr d",
        "one dict for every step, the parameters after that step; the inputs are left as they are",
    ),
    hints=(
        "Look at the units. A gradient divided by a root mean square of gradients has none; what "
        "gives the step the unit of a weight again? And what is it at the very first step?",
        "There are two running means: Eg of squared gradients, Ed of squared steps. The step is d "
        "= −√(Ed + ε) / √(Eg + ε) g, with the Ed from before. At first Ed is 0, and the ε under "
        "its root is all that sets things in motion.",
        "By hand, with w = 0, ρ = 0.75, ε = 0.01 and a gradient of 2: Eg = 0.25 · 4 = 1, d = "
        "-√0.01 / √1.01 · 2 = -0.199007, so w = -0.199007. Then Ed = 0.25 d² = 0.00990099, for "
        "the next step.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    w = {name: p.copy() for name, p in params.items()}
    Eg = {name: np.zeros_like(p) for name, p in params.items()}
    Ed = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            Eg[name] = rho * Eg[name] + (1 - rho) * g[name] ** 2
            d = -np.sqrt(Ed[name] + eps) / np.sqrt(Eg[name] + eps) * g[name]
            Ed[name] = rho * Ed[name] + (1 - rho) * d**2
            w[name] = w[name] + lr * d
        path.append(dict(w))
    return path


# The steps are thousandths, so the weights start at zero: else they would hide every difference.


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    return Case(({"w": np.zeros(3)}, [{"w": numbers(rng, 3) * [1.0, 5.0, 0.05]}]))


@EXERCISE.probe("twenty steps", group="core")
def twenty_steps(rng):
    grads = [{"w": np.abs(numbers(rng, 3))} for _ in range(20)]
    return Case(({"w": np.zeros(3)}, grads))


@EXERCISE.probe("a small layer", group="core")
def a_small_layer(rng):
    start = layer(rng, scale=0.1)
    return Case((start, [layer(rng) for _ in range(4)]), {"rho": 0.8, "eps": 1e-2})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    grads = [{"w": numbers(rng, 2, scale=1e-3)}] * 3
    return Case(({"w": np.zeros(2)}, grads), {"eps": 1e-6})


@EXERCISE.probe("half the rate", group="edge")
def half_the_rate(rng):
    grads = [{"w": np.abs(numbers(rng, 2))} for _ in range(6)]
    return Case(({"w": np.zeros(2)}, grads), {"rho": 0.5, "eps": 1e-3, "lr": 0.5})


@EXERCISE.probe("two of one shape", group="edge")
def two_of_one_shape(rng):
    start, grads = alike(rng, scale=0.1), [alike(rng) for _ in range(4)]
    return Case((start, grads), {"rho": 0.8, "eps": 1e-2})


def _steps(params, grads, lr, rule):
    """Walk by ``Eg, Ed, d = rule(Eg, Ed, g)``."""

    def moved(Eg, Ed, g):
        Eg, Ed, d = rule(Eg, Ed, g)
        return Eg, Ed, -lr * d

    return walk(params, grads, moved, memories=2)


@EXERCISE.mistake(
    "no_numerator",
    kind="logic",
    says="a constant 0.001 in place of the root mean square of the steps",
    hint="The steps never grow: in place of the root over Ed stands a constant, as in RMSProp. The "
    "running mean of squared steps belongs above the fraction line.",
)
def no_numerator(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        return Eg, Ed, -1e-3 * g / np.sqrt(Eg + eps)

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "stuck",
    kind="edge-case",
    says="no ε in the numerator: it never starts",
    hint="Nothing moves: Ed is 0, its root is 0, so the step is 0, and Ed stays 0 for ever. ε "
    "under that root, √(Ed + ε), sets it in motion.",
)
def stuck(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        d = -np.sqrt(Ed) / np.sqrt(Eg + eps) * g
        return Eg, rho * Ed + (1 - rho) * d**2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "wrong_acc",
    kind="state",
    says="the numerator's mean collects squared gradients",
    hint="The first step agrees, the second is far too long: the second mean collected squared "
    "gradients. It is there for the squared steps, d².",
)
def gradients_twice(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        d = -np.sqrt(Ed + eps) / np.sqrt(Eg + eps) * g
        return Eg, rho * Ed + (1 - rho) * g**2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "eps_outside",
    kind="convention",
    says="ε beside both roots",
    hint="The first step is far too short, ε instead of √ε in size: ε stands beside the roots. "
    "Here it stands under them, √(Ed + ε) / √(Eg + ε).",
)
def eps_outside(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        d = -(np.sqrt(Ed) + eps) / (np.sqrt(Eg) + eps) * g
        return Eg, rho * Ed + (1 - rho) * d**2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "rate_remembered",
    kind="convention",
    says="Ed collects the steps with lr in them",
    hint="With lr = 1 all agrees, with another lr only the first step does: Ed collected (lr d)². "
    "It remembers d alone; lr is applied to the weights and nowhere else.",
)
def rate_remembered(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        d = -np.sqrt(Ed + eps) / np.sqrt(Eg + eps) * g
        return Eg, rho * Ed + (1 - rho) * (lr * d) ** 2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "no_roots",
    kind="logic",
    says="the quotient without the roots",
    hint="Both means stand in the step without their roots, so that it has the unit of a weight "
    "squared over a gradient. Root mean squares, above and below: √(Ed + ε) / √(Eg + ε).",
)
def no_roots(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g**2
        d = -(Ed + eps) / (Eg + eps) * g
        return Eg, rho * Ed + (1 - rho) * d**2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(
    "uphill",
    kind="sign",
    says="the minus sign is missing",
    hint="The weights moved the right distance in the wrong direction: with w + lr d the minus "
    "belongs into d. Have it once, there or in the last line.",
)
def uphill(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    return run(params, grads, rho, eps, -lr)


@EXERCISE.mistake(
    "old_mean",
    kind="off-by-one",
    says="divides by the Eg of before this gradient",
    hint="The first step is enormous, as long as g: it was divided by an Eg that is still zero. "
    "Bring Eg up to date first; only Ed waits until after the step.",
)
def old_mean(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        d = -np.sqrt(Ed + eps) / np.sqrt(Eg + eps) * g
        return rho * Eg + (1 - rho) * g**2, rho * Ed + (1 - rho) * d**2, d

    return _steps(params, grads, lr, rule)


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g, t):
        Eg = rho * Eg + (1 - rho) * g**2
        d = np.sqrt(Ed + eps) / np.sqrt(Eg + eps) * g
        return Eg, rho * Ed + (1 - rho) * d**2, lr * d

    return by_shape(params, grads, rule, memories=2)


@EXERCISE.variant("one root for the quotient, and the sign in the last line, in place")
def one_root(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    w = {name: np.array(p) for name, p in params.items()}
    squares = {name: np.zeros(p.shape) for name, p in params.items()}
    moves = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            squares[name] += (1 - rho) * (g[name] * g[name] - squares[name])
            step = g[name] * ((moves[name] + eps) / (squares[name] + eps)) ** 0.5
            moves[name] += (1 - rho) * (step * step - moves[name])
            w[name] -= lr * step
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("ε kept inside the memories, which then start at ε and stay above it")
def eps_remembered(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * (g**2 + eps)
        Eg = Eg + np.where(Ed == 0, rho * eps, 0)
        Ed = np.where(Ed == 0, eps, Ed)
        d = np.sqrt(Ed / Eg) * g
        return Eg, rho * Ed + (1 - rho) * (d**2 + eps), lr * d

    return walk(params, grads, rule, memories=2)


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    settings = (np.float32(value) for value in (rho, eps, lr))
    return tuple(run(*single(params, grads), *settings))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, rho=0.95, eps=1e-6, lr=1.0):
    def rule(Eg, Ed, g):
        Eg = rho * Eg + (1 - rho) * g * g
        d = (Ed + eps) ** 0.5 / (Eg + eps) ** 0.5 * g
        return Eg, rho * Ed + (1 - rho) * d * d, lr * d

    return number_by_number(params, grads, rule, memories=2)
