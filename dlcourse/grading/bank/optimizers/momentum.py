"""Exercise ``momentum``: the heavy ball on a dictionary of parameters."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import alike, layer, numbers, step_and_name
from dlcourse.grading.bank._walk import BY_SHAPE, by_shape
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="momentum",
    title="SGD with momentum",
    chapter="2-optimizers",
    position=5,
    parameters=("params", "grads", "lr", "mu"),
    conventions=(
        "v ← μ v + g, w ← w − lr v, v starts at 0; the gradient is not multiplied by 1 − μ",
        "one dict for every step, the parameters after that step",
        "the inputs are left as they are",
    ),
    hints=(
        "Look at what has to survive from one step to the next. One array per parameter, of the "
        "parameter's own shape, and it starts at zero.",
        "The velocity is a sum of all gradients so far, each one multiplied by μ once for every "
        "step since: v ← μ v + g. Only then do the weights move, by −lr times the new velocity.",
        "By hand, with w = 0, lr = 0.1, μ = 0.5 and a gradient of 1 three times: v is 1, 1.5, "
        "1.75, so w is -0.1, -0.25, -0.425. Each step is longer than the one before.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(params, grads, lr, mu):
    w = {name: p.copy() for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            v[name] = mu * v[name] + g[name]
            w[name] = w[name] - lr * v[name]
        path.append(dict(w))
    return path


@EXERCISE.probe("one step", group="core")
def one_step(rng):
    return Case((layer(rng), [layer(rng)]), {"lr": 0.1, "mu": 0.9})


@EXERCISE.probe("equal gradients", group="core")
def equal_gradients(rng):
    g = {"w": numbers(rng, 2)}
    return Case(({"w": np.zeros(2)}, [g, g, g]), {"lr": 0.1, "mu": 0.5})


@EXERCISE.probe("changing gradients", group="core")
def changing_gradients(rng):
    return Case((layer(rng), [layer(rng) for _ in range(5)]), {"lr": 0.1, "mu": 0.9})


@EXERCISE.probe("no momentum", group="edge")
def no_momentum(rng):
    return Case((layer(rng), [layer(rng) for _ in range(3)]), {"lr": 0.3, "mu": 0.0})


@EXERCISE.probe("long memory", group="edge")
def long_memory(rng):
    # Positive gradients only: with both signs a long sum could come out near zero.
    grads = [{"w": np.abs(numbers(rng, 3))} for _ in range(20)]
    return Case(({"w": numbers(rng, 3)}, grads), {"lr": 0.01, "mu": 0.99})


@EXERCISE.probe("two of one shape", group="edge")
def two_of_one_shape(rng):
    return Case((alike(rng), [alike(rng) for _ in range(4)]), {"lr": 0.2, "mu": 0.8})


def _walk(params, grads, rule):
    """Apply ``v, delta = rule(v, g)`` to each parameter and record the weights."""
    w, v, path = dict(params), {name: 0 * p for name, p in params.items()}, []
    for g in grads:
        for name in w:
            v[name], delta = rule(v[name], g[name])
            w[name] = w[name] + delta
        path.append(dict(w))
    return path


@EXERCISE.mistake(
    "ema",
    kind="convention",
    says="an exponential average: the gradient is multiplied by 1 − μ",
    hint="Already the first step is too short, 1 − μ of what it should be: the gradient was "
    "multiplied by 1 − μ, as in an average. Here the velocity is a sum, v ← μ v + g.",
)
def ema(params, grads, lr, mu):
    def rule(v, g):
        v = mu * v + (1 - mu) * g
        return v, -lr * v

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "no_state",
    kind="state",
    says="the velocity is forgotten between steps",
    hint="The first step agrees, and under equal gradients every later one is just as long: the "
    "velocity starts from zero each time. It has to live outside the loop over steps.",
)
def no_state(params, grads, lr, mu):
    return _walk(params, grads, lambda v, g: (v, -lr * g))


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="the momentum term has the wrong sign",
    hint="The first step agrees, the second is shorter where it should be longer: velocity and "
    "gradient pull in the same direction here, so they add up. Check the sign in front of μ v.",
)
def sign(params, grads, lr, mu):
    def rule(v, g):
        v = -mu * v + g
        return v, -lr * v

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "lr_twice",
    kind="convention",
    says="the learning rate is applied in the velocity and again in the step",
    hint="Every step is too short, lr of what it should be: the learning rate is in the velocity "
    "and in front of it. One place is enough; here it stands in front, w ← w − lr v.",
)
def lr_twice(params, grads, lr, mu):
    def rule(v, g):
        v = mu * v + lr * g
        return v, -lr * v

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "nesterov",
    kind="logic",
    says="Nesterov's step, −lr (g + μ v), instead of the heavy ball's",
    hint="Already the first step is too long, by the factor 1 + μ: the weights move by g + μ v "
    "with the new v, which is Nesterov's step. The heavy ball moves by v alone.",
)
def nesterov(params, grads, lr, mu):
    def rule(v, g):
        v = mu * v + g
        return v, -lr * (g + mu * v)

    return _walk(params, grads, rule)


@EXERCISE.mistake(
    "aliased",
    kind="state",
    says="the same dict is stored at every step",
    hint="Every entry of the list equals the last one: the same dict was stored each time, and it "
    "went on changing. Store a copy of it at each step.",
)
def aliased(params, grads, lr, mu):
    path = run(params, grads, lr, mu)
    return [path[-1]] * len(path)


@EXERCISE.mistake(
    "too_early",
    kind="off-by-one",
    says="the weights are stored before the step instead of after it",
    hint="The first entry is the starting point: the weights were stored before the step. Move, "
    "then store.",
)
def too_early(params, grads, lr, mu):
    return [dict(params), *run(params, grads, lr, mu)[:-1]]


@EXERCISE.mistake(**BY_SHAPE)
def shared(params, grads, lr, mu):
    def rule(v, g, t):
        v = mu * v + g
        return v, lr * v

    return by_shape(params, grads, rule)


@EXERCISE.variant("the learning rate inside the velocity: the same for a constant rate")
def rate_inside(params, grads, lr, mu):
    def rule(v, g):
        v = mu * v - lr * g
        return v, v

    return _walk(params, grads, rule)


@EXERCISE.variant("in place, on copies")
def in_place(params, grads, lr, mu):
    w = {name: np.array(p) for name, p in params.items()}
    v = {name: np.zeros(p.shape) for name, p in params.items()}
    path = []
    for g in grads:
        for name in params:
            v[name] *= mu
            v[name] += g[name]
            w[name] -= lr * v[name]
        path.append({name: p.copy() for name, p in w.items()})
    return path


@EXERCISE.variant("float32 throughout, returned as a tuple")
def single_precision(params, grads, lr, mu):
    params = {name: p.astype(np.float32) for name, p in params.items()}
    grads = [{name: p.astype(np.float32) for name, p in g.items()} for g in grads]
    return tuple(run(params, grads, np.float32(lr), np.float32(mu)))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(params, grads, lr, mu):
    w = {name: p.ravel().tolist() for name, p in params.items()}
    v = {name: [0.0] * p.size for name, p in params.items()}
    path = []
    for g in grads:
        for name in w:
            for i, slope in enumerate(g[name].ravel().tolist()):
                v[name][i] = mu * v[name][i] + slope
                w[name][i] -= lr * v[name][i]
        path.append({name: np.reshape(w[name], params[name].shape).tolist() for name in w})
    return path


@EXERCISE.variant("no recursion: the velocity written out as a weighted sum of the gradients")
def written_out(params, grads, lr, mu):
    def velocity(name, t):
        return sum(mu ** (t - s) * grads[s][name] for s in range(t + 1))

    path, w = [], params
    for t in range(len(grads)):
        w = {name: p - lr * velocity(name, t) for name, p in w.items()}
        path.append(w)
    return path
