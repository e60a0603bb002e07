"""Exercise ``rmsprop``: divide by a running root mean square, which forgets."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import alike, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape, number_by_number, single, walk
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="rmsprop",
    title="RMSProp",
    chapter="2-optimizers",
    position=16,
    parameters=("params", "grads", "lr", "rho", "eps"),
    conventions=(
        "v ← ρ v + (1 − ρ) g², entry by entry, v starts at 0: ρ belongs to the old average",
        "w ← w − lr g / (√v + ε) with the new v: ε outside the root, no bias correction",
        "one dict for every step, the parameters after that step; the inputs are left as they are",
    ),
    hints=(
        "Look at the first step. With ρ = 0.9 it is 1/√0.1 = 3.16 times lr in every entry, "
        "whatever the gradient: the average has seen one value and still remembers a zero.",
        "v is a running mean of the squares: the old one counts ρ, the new square 1 − ρ. Divide "
        "the gradient by √v + ε, with the v that already holds this gradient, and correct nothing.",
        "By hand, with w = 1, lr = 0.1, ρ = 0.75 and two gradients of 2: v = 0.25 · 4 = 1, the "
        "step is 0.1 · 2/1, w = 0.8. Then v = 0.75 + 1 = 1.75, √v = 1.32288, w = 0.648814.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr, rho=0.9, eps=1e-8):
    w = {name: p.copy() for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            v[name] = rho * v[name] + (1 - rho) * g[name] ** 2
            w[name] = w[name] - lr * g[name] / (np.sqrt(v[name]) + eps)
        path.append(dict(w))
    return path


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    return Case(({"w": numbers(rng, 3)}, [{"w": numbers(rng, 3) * [1.0, 5.0, 0.05]}]), {"lr": 0.1})


@EXERCISE.probe("a small layer", group="core")
def a_small_layer(rng):
    return Case((layer(rng), [layer(rng) for _ in range(5)]), {"lr": 0.1})


@EXERCISE.probe("the gradient drops", group="core")
def the_gradient_drops(rng):
    g = numbers(rng, 2)
    grads = [{"w": scale * g} for scale in (10.0, 10.0, 0.1, 0.1, 0.1)]
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1})


@EXERCISE.probe("a long memory", group="edge")
def a_long_memory(rng):
    grads = [{"w": numbers(rng, 3)} for _ in range(6)]
    return Case(({"w": numbers(rng, 3)}, grads), {"lr": 0.05, "rho": 0.99})


@EXERCISE.probe("a short memory", group="edge")
def a_short_memory(rng):
    grads = [{"w": numbers(rng, 3)} for _ in range(4)]
    return Case(({"w": numbers(rng, 3)}, grads), {"lr": 0.2, "rho": 0.3})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    grads = [{"w": numbers(rng, 2, scale=1e-5)}] * 3
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1, "eps": 1e-4})


@EXERCISE.probe("the default eps", group="edge")
def the_default_eps(rng):
    return Case(({"w": np.zeros(3)}, [{"w": numbers(rng, 3, scale=1e-8)}] * 2), {"lr": 0.1})


@EXERCISE.probe("two of one shape", group="edge")
def two_of_one_shape(rng):
    return Case((alike(rng), [alike(rng) for _ in range(4)]), {"lr": 0.1})


def _averaged(params, grads, lr, eps, average):
    """Steps lr g / (√v + ε) whose memory goes ``v ← average(v, g)``."""

    def rule(v, g):
        v = average(v, g)
        return v, lr * g / (np.sqrt(v) + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "swapped",
    kind="logic",
    says="ρ and 1 − ρ have changed places",
    hint="The average forgets nearly all after one step: ρ stands at the new square. It belongs to "
    "the old average; the new square counts 1 − ρ.",
)
def swapped(params, grads, lr, rho=0.9, eps=1e-8):
    return _averaged(params, grads, lr, eps, lambda v, g: (1 - rho) * v + rho * g**2)


@EXERCISE.mistake(
    "no_weight",
    kind="factor",
    says="the factor 1 − ρ is missing",
    hint="Every step is √(1 − ρ) times as long as it should be, the first exactly lr: the new "
    "square entered whole. In an average it is multiplied by 1 − ρ.",
)
def no_weight(params, grads, lr, rho=0.9, eps=1e-8):
    return _averaged(params, grads, lr, eps, lambda v, g: rho * v + g**2)


@EXERCISE.mistake(
    "bias_corrected",
    kind="convention",
    says="divides v by 1 − ρᵗ, as Adam",
    hint="The first step is exactly lr, shorter than it should be; later steps come closer. v was "
    "divided by 1 − ρᵗ. That is Adam's correction; RMSProp has none.",
)
def bias_corrected(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, t, g):
        v, t = rho * v + (1 - rho) * g**2, t + 1
        return v, t, lr * g / (np.sqrt(v / (1 - rho**t)) + eps)

    return walk(params, grads, rule, memories=2)


@EXERCISE.mistake(
    "sum",
    kind="logic",
    says="never forgets: adds the squares, as AdaGrad",
    hint="The first step agrees, later ones are too short: old squares are never forgotten. ρ is "
    "missing in front of the old v; a running mean shrinks what it has.",
)
def summed(params, grads, lr, rho=0.9, eps=1e-8):
    return _averaged(params, grads, lr, eps, lambda v, g: v + (1 - rho) * g**2)


@EXERCISE.mistake(
    "no_memory",
    kind="state",
    says="forgets v between steps",
    hint="The first step agrees, and every later one is just as long: v starts from zero each "
    "time. Create it once, before the loop over steps.",
)
def no_memory(params, grads, lr, rho=0.9, eps=1e-8):
    return _averaged(params, grads, lr, eps, lambda v, g: (1 - rho) * g**2)


@EXERCISE.mistake(
    "old_average",
    kind="off-by-one",
    says="divides by the v of before this gradient",
    hint="The first step is enormous, lr g / ε: it was divided by a v that is still zero. Bring v "
    "up to date first, then divide.",
)
def old_average(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, g):
        return rho * v + (1 - rho) * g**2, lr * g / (np.sqrt(v) + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="divides by v, without the root",
    hint="The smaller the gradient, the longer the first step, as 1/g: it was divided by v itself. "
    "RMS is the root of the mean square; only then does the unit of g drop out.",
)
def no_root(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, g):
        v = rho * v + (1 - rho) * g**2
        return v, lr * g / (v + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "eps_inside",
    kind="convention",
    says="ε inside the square root",
    hint="Only where gradients are tiny does it differ: ε stands under the root, where it acts "
    "like √ε, as in early TensorFlow. Here it is added to the root, √v + ε.",
)
def eps_inside(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, g):
        v = rho * v + (1 - rho) * g**2
        return v, lr * g / np.sqrt(v + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, g, t):
        v = rho * v + (1 - rho) * g**2
        return v, lr * g / (np.sqrt(v) + eps)

    return by_shape(params, grads, rule)


@EXERCISE.variant("the average written as v += (1 − ρ)(g² − v), in place on copies")
def in_place(params, grads, lr, rho=0.9, eps=1e-8):
    w = {name: np.array(p) for name, p in params.items()}
    v = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            v[name] += (1 - rho) * (g[name] * g[name] - v[name])
            w[name] -= lr / (v[name] ** 0.5 + eps) * g[name]
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("no recursion: the weights of all squares so far written out")
def written_out(params, grads, lr, rho=0.9, eps=1e-8):
    path, w = [], params
    for t in range(len(grads)):
        weights = (1 - rho) * rho ** np.arange(t, -1, -1.0)
        moved = {}
        for name, p in w.items():
            squares = np.stack([g[name] ** 2 for g in grads[: t + 1]])
            v = np.tensordot(weights, squares, axes=1)
            moved[name] = p - lr * grads[t][name] / (np.sqrt(v) + eps)
        w = moved
        path.append(w)
    return path


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, lr, rho=0.9, eps=1e-8):
    return tuple(run(*single(params, grads), np.float32(lr), np.float32(rho), np.float32(eps)))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr, rho=0.9, eps=1e-8):
    def rule(v, g):
        v = rho * v + (1 - rho) * g * g
        return v, lr * g / (v**0.5 + eps)

    return number_by_number(params, grads, rule)
