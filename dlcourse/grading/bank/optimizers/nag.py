"""Exercise ``nag``: Nesterov's accelerated gradient with an explicit look-ahead."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers, step_and_name
from dlcourse.grading.spec import Case, Exercise, one_at_a_time

EXERCISE = Exercise(
    id="nag",
    title="Nesterov's accelerated gradient",
    chapter="2-optimizers",
    position=6,
    parameters=("w0", "grad", "T", "lr", "mu"),
    conventions=(
        "v ← μ v − lr ∇f(w + μ v), w ← w + v, v starts at 0",
        "an array (T, d): row t is w after step t + 1, not the look-ahead point",
        "one call of grad a step; the inputs are left as they are",
    ),
    hints=(
        "Look at the point at which the gradient is taken. Before the step you already know one "
        "thing about where the weights will be after it.",
        "The velocity alone will carry w to about w + μ v. Ask for the gradient there, correct "
        "the velocity with it, v ← μ v − lr ∇f(w + μ v), and move from w (not from the point "
        "ahead) by v.",
        "By hand, with f = w²/2, so that ∇f(w) = w, and w = 1, lr = 0.1, μ = 0.5. Step 1: v = 0, "
        "the gradient at 1 is 1, v = -0.1, w = 0.9. Step 2: look ahead to 0.9 - 0.05 = 0.85, v = "
        "-0.05 - 0.085 = -0.135, w = 0.765.",
    ),
    places=step_and_name,
)


@EXERCISE.solution
def run(w0, grad, T, lr, mu):
    w, v = w0.copy(), np.zeros_like(w0)
    path = []
    for _ in range(T):
        v = mu * v - lr * grad(w + mu * v)
        w = w + v
        path.append(w)
    return np.array(path)


def _bowl(rng):
    """The gradient of a tilted quadratic with curvatures 3 and 1."""
    angle = rng.uniform(0.2, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.round(turn @ np.diag([3.0, 1.0]) @ turn.T, 2)
    return lambda point: matrix @ point


def _cube(point):
    return point**3


def _case(w0, grad, steps, **kwargs):
    return Case((w0, one_at_a_time(grad, w0), steps), kwargs, calls={"grad": steps})


@EXERCISE.probe("two steps", group="core")
def two_steps(rng):
    return _case(numbers(rng, 2), _bowl(rng), 2, lr=0.1, mu=0.9)


@EXERCISE.probe("tilted bowl", group="core")
def tilted_bowl(rng):
    return _case(numbers(rng, 2), _bowl(rng), 8, lr=0.1, mu=0.9)


@EXERCISE.probe("curved gradient", group="core")
def curved_gradient(rng):
    return _case(numbers(rng, 3), _cube, 6, lr=0.05, mu=0.8)


@EXERCISE.probe("no momentum", group="edge")
def no_momentum(rng):
    return _case(numbers(rng, 2), _bowl(rng), 4, lr=0.2, mu=0.0)


@EXERCISE.probe("one step", group="edge")
def one_step(rng):
    return _case(numbers(rng, 5), _cube, 1, lr=0.1, mu=0.9)


@EXERCISE.probe("long memory", group="edge")
def long_memory(rng):
    return _case(numbers(rng, 2), _bowl(rng), 20, lr=0.05, mu=0.99)


def _walk(w0, T, rule):
    """Apply ``w, v, shown = rule(w, v)`` and record what is shown."""
    w, v, path = w0, 0 * w0, []
    for _ in range(T):
        w, v, shown = rule(w, v)
        path.append(shown)
    return np.array(path)


@EXERCISE.mistake(
    "plain",
    kind="logic",
    says="the gradient is taken at w instead of at the look-ahead point",
    hint="The first step agrees, the second does not: this is the heavy ball, with the gradient "
    "taken at w. Nesterov takes it where the velocity is about to carry w, at w + μ v.",
)
def plain(w0, grad, T, lr, mu):
    def rule(w, v):
        v = mu * v - lr * grad(w)
        return w + v, v, w + v

    return _walk(w0, T, rule)


@EXERCISE.mistake(
    "behind",
    kind="sign",
    says="the look-ahead goes in the wrong direction",
    hint="The first step agrees, the second does not: the gradient was taken behind w, at w − μ "
    "v. With w ← w + v the weights are about to move to w + μ v.",
)
def behind(w0, grad, T, lr, mu):
    def rule(w, v):
        v = mu * v - lr * grad(w - mu * v)
        return w + v, v, w + v

    return _walk(w0, T, rule)


@EXERCISE.mistake(
    "returns_lookahead",
    kind="convention",
    says="the look-ahead points are returned",
    hint="The rows are the points w + μ v, one look-ahead past the weights (PyTorch's form tracks "
    "these). The method is right; the task asks for w itself.",
)
def returns_lookahead(w0, grad, T, lr, mu):
    def rule(w, v):
        v = mu * v - lr * grad(w + mu * v)
        return w + v, v, w + v + mu * v

    return _walk(w0, T, rule)


@EXERCISE.mistake(
    "whole_velocity",
    kind="logic",
    says="the look-ahead is w + v, without μ",
    hint="The first step agrees, the second does not: the gradient was taken at w + v. The old "
    "velocity survives only as μ v, so the point ahead is w + μ v.",
)
def whole_velocity(w0, grad, T, lr, mu):
    def rule(w, v):
        v = mu * v - lr * grad(w + v)
        return w + v, v, w + v

    return _walk(w0, T, rule)


@EXERCISE.mistake(
    "jumps_twice",
    kind="logic",
    says="the step starts at the look-ahead point",
    hint="The first step agrees, then the path runs away: the step was made from the point ahead, "
    "so μ v is added twice. Look ahead for the gradient only, and move from w.",
)
def jumps_twice(w0, grad, T, lr, mu):
    def rule(w, v):
        ahead = w + mu * v
        v = mu * v - lr * grad(ahead)
        return ahead + v, v, ahead + v

    return _walk(w0, T, rule)


@EXERCISE.mistake(
    "too_early",
    kind="off-by-one",
    says="the weights are stored before the step instead of after it",
    hint="The first row is w0: the weights were stored before the step. Move, then store.",
)
def too_early(w0, grad, T, lr, mu):
    return np.vstack([w0, run(w0, grad, T, lr, mu)[:-1]])


@EXERCISE.variant(
    "two sequences, as Nesterov wrote it: the velocity is the difference of the weights"
)
def two_sequences(w0, grad, T, lr, mu):
    w, ahead, path = w0, w0, []
    for _ in range(T):
        new = ahead - lr * grad(ahead)
        w, ahead = new, new + mu * (new - w)
        path.append(w)
    return np.stack(path)


@EXERCISE.variant("tracks the look-ahead point, as PyTorch does, and takes the velocity off again")
def from_ahead(w0, grad, T, lr, mu):
    ahead, v = w0.copy(), np.zeros_like(w0)
    out = np.empty((T, len(w0)))
    for t in range(T):
        g = grad(ahead)
        v = mu * v - lr * g
        ahead = ahead + mu * v - lr * g
        out[t] = ahead - mu * v
    return out


@EXERCISE.variant("float32 throughout")
def single_precision(w0, grad, T, lr, mu):
    def slope(point):
        return np.asarray(grad(point), dtype=np.float32)

    return run(w0.astype(np.float32), slope, T, np.float32(lr), np.float32(mu))


@EXERCISE.variant("loops over single numbers, returned as a list of lists")
def plain_lists(w0, grad, T, lr, mu):
    w, v, path = w0.tolist(), [0.0] * len(w0), []
    for _ in range(T):
        g = grad([a + mu * b for a, b in zip(w, v, strict=True)])
        v = [mu * b - lr * float(c) for b, c in zip(v, g, strict=True)]
        w = [a + b for a, b in zip(w, v, strict=True)]
        path.append(w)
    return path
