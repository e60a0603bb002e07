"""Exercise ``adagrad``: divide each coordinate by the root of all its squares so far."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import alike, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape, number_by_number, single, walk
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="adagrad",
    title="AdaGrad",
    chapter="2-optimizers",
    position=15,
    parameters=("params", "grads", "lr", "eps"),
    conventions=(
        "G ← G + g², entry by entry, G starts at 0",
        "w ← w − lr g / (√G + ε) with the new G: ε outside the root",
        "an entry whose gradient is zero does not move",
        "one dict for every step, the parameters after that step; the inputs are left as they are",
    ),
    hints=(
        "Look at what is remembered: one array for each parameter, of its shape. Does it ever get "
        "smaller? And what is each entry divided by at the very first step?",
        "Add the square of every gradient, entry by entry: G ← G + g². Then w ← w − lr g / (√G + "
        "ε), with the G that already holds this gradient. So the first step has length lr.",
        "By hand, with w = 1, lr = 0.5 and the gradients 3 and 4: G = 9, the step is 0.5 · 3/3, w "
        "= 0.5. Then G = 9 + 16 = 25, the step is 0.5 · 4/5 = 0.4, w = 0.1.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr, eps=1e-8):
    w = {name: p.copy() for name, p in params.items()}
    G = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            G[name] = G[name] + g[name] ** 2
            w[name] = w[name] - lr * g[name] / (np.sqrt(G[name]) + eps)
        path.append(dict(w))
    return path


@EXERCISE.probe("two steps", group="core")
def two_steps(rng):
    return Case(({"w": numbers(rng, 3)}, [{"w": numbers(rng, 3)} for _ in range(2)]), {"lr": 0.2})


@EXERCISE.probe("a small layer", group="core")
def a_small_layer(rng):
    return Case((layer(rng), [layer(rng) for _ in range(5)]), {"lr": 0.3})


@EXERCISE.probe("gradients of 1 and of 1000", group="core")
def very_different_sizes(rng):
    grads = [{"w": numbers(rng, 2) * [1.0, 1000.0]} for _ in range(3)]
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1})


@EXERCISE.probe("alternating signs", group="edge")
def alternating_signs(rng):
    g = numbers(rng, 2)
    grads = [{"w": sign * g} for sign in (1, -1, 1, -1, 1)]
    return Case(({"w": numbers(rng, 2)}, grads), {"lr": 0.1})


@EXERCISE.probe("an entry without gradient", group="edge")
def an_entry_without_gradient(rng):
    grads = [{"w": numbers(rng, 3) * [1.0, 0.0, 1.0]} for _ in range(3)]
    return Case(({"w": numbers(rng, 3)}, grads), {"lr": 0.2})


@EXERCISE.probe("tiny gradients", group="edge")
def tiny_gradients(rng):
    grads = [{"w": numbers(rng, 2, scale=1e-5)}] * 3
    return Case(({"w": np.zeros(2)}, grads), {"lr": 0.1, "eps": 1e-4})


@EXERCISE.probe("the default eps", group="edge")
def the_default_eps(rng):
    return Case(({"w": np.zeros(3)}, [{"w": numbers(rng, 3, scale=1e-8)}] * 2), {"lr": 0.1})


@EXERCISE.probe("two of one shape", group="edge")
def two_of_one_shape(rng):
    return Case((alike(rng), [alike(rng) for _ in range(4)]), {"lr": 0.2})


@EXERCISE.mistake(
    "decay",
    kind="logic",
    says="averages the squares with a decay of 0.9, as RMSProp",
    hint="The first step is already too long, and the steps do not shrink as they should: the "
    "squares were averaged, with a decay. That is RMSProp. AdaGrad adds them up.",
)
def decay(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = 0.9 * G + 0.1 * g**2
        return G, lr * g / (np.sqrt(G) + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "no_sqrt",
    kind="logic",
    says="divides by G, without the root",
    hint="The larger the gradient, the shorter the first step, as 1/g: it was divided by G itself. "
    "G has the unit of g²; its root has that of g, and the first step is lr.",
)
def no_root(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = G + g**2
        return G, lr * g / (G + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "no_square",
    kind="logic",
    says="adds g instead of g²",
    hint="The first step agrees, later ones do not: gradients of opposite sign cancel in the "
    "memory. It has to add squares, which never cancel.",
)
def no_square(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = G + g
        return G, lr * g / (np.abs(G) + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "absolute",
    kind="logic",
    says="adds |g|, and takes no root",
    hint="The first step agrees, later ones are too short: sizes were added instead of squares. "
    "√(3² + 4²) is 5, not 7. Add g², and take the root of the sum.",
)
def absolute(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = G + np.abs(g)
        return G, lr * g / (G + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "no_memory",
    kind="state",
    says="forgets G between steps",
    hint="The first step agrees, and every later one is just as long, lr: G starts from zero each "
    "time. Create it once, before the loop over steps.",
)
def no_memory(params, grads, lr, eps=1e-8):
    return walk(params, grads, lambda G, g: (G, lr * g / (np.sqrt(g**2) + eps)))


@EXERCISE.mistake(
    "old_sum",
    kind="off-by-one",
    says="divides by the G of before this gradient",
    hint="The first step is enormous, lr g / ε: it was divided by a G that is still zero. Add the "
    "new square first, then divide.",
)
def old_sum(params, grads, lr, eps=1e-8):
    return walk(params, grads, lambda G, g: (G + g**2, lr * g / (np.sqrt(G) + eps)))


@EXERCISE.mistake(
    "one_number",
    kind="logic",
    says="one sum for the whole array, ⟨g, g⟩, instead of one for each entry",
    hint="All entries of an array were divided by the same number, the root of ⟨g, g⟩ summed over "
    "entries. g² means entry by entry here: each keeps a sum of its own.",
)
def one_number(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = G + np.sum(g**2)
        return G, lr * g / (np.sqrt(G) + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(
    "eps_inside",
    kind="convention",
    says="ε inside the square root",
    hint="Only where gradients are tiny does it differ: ε stands under the root, where it acts "
    "like √ε. Here it is added to the root, √G + ε.",
)
def eps_inside(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G = G + g**2
        return G, lr * g / np.sqrt(G + eps)

    return walk(params, grads, rule)


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr, eps=1e-8):
    def rule(G, g, t):
        G = G + g**2
        return G, lr * g / (np.sqrt(G) + eps)

    return by_shape(params, grads, rule)


@EXERCISE.variant("the sum written out with np.cumsum, whole path at once")
def cumulative(params, grads, lr, eps=1e-8):
    paths = {}
    for name, start in params.items():
        g = np.stack([step[name] for step in grads])
        moves = g / (np.cumsum(g * g, axis=0) ** 0.5 + eps)
        paths[name] = start - lr * np.cumsum(moves, axis=0)
    return [{name: path[t] for name, path in paths.items()} for t in range(len(grads))]


@EXERCISE.variant("the root kept instead of the sum, with np.hypot, in place")
def root_kept(params, grads, lr, eps=1e-8):
    w = {name: np.array(p) for name, p in params.items()}
    root = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            np.hypot(root[name], g[name], out=root[name])
            w[name] -= lr / (root[name] + eps) * g[name]
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, lr, eps=1e-8):
    return tuple(run(*single(params, grads), np.float32(lr), np.float32(eps)))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr, eps=1e-8):
    def rule(G, g):
        G += g * g
        return G, lr * g / (G**0.5 + eps)

    return number_by_number(params, grads, rule)
