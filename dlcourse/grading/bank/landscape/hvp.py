"""Exercise ``hvp``: a row of a matrix that nobody writes down."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise, one_at_a_time

EXERCISE = Exercise(
    id="hvp",
    title="Hessian times vector from two gradients",
    chapter="1-landscape",
    position=4,
    entry="hvp",
    parameters=("grad", "theta", "v", "h"),
    conventions=(
        "grad is called with a point (d,) and returns the gradient there, (d,)",
        "the two points are θ + s v and θ − s v with s = h/‖v‖: both at distance h from θ, however "
        "long v is; v is not 0",
        "the answer is the difference of the two gradients divided by 2s, about H v, with the "
        "length of v in it",
        "two calls of grad, one point each; the inputs are left as they are",
    ),
    hints=(
        "H v is how fast the gradient changes on the way along v. How far is it from one of the "
        "two points to the other, in units of v?",
        "Go s = h/‖v‖ times v ahead, and as much back. The gradients there differ by about 2s H v, "
        "so divide by 2s.",
        "By hand, grad(θ) = θ³, entry by entry, θ = (1, 2), v = (4, 0), h = 1: s = 0.25, the "
        "points are (2, 2) and (0, 2), the gradients (8, 8) and (0, 8). Their difference over 0.5 "
        "is (16, 0); H v is (12, 0), and a smaller h comes nearer.",
    ),
    result="One array comes back, shaped as v.",
)


@EXERCISE.solution
def hvp(grad, theta, v, h):
    s = h / np.linalg.norm(v)
    return (grad(theta + s * v) - grad(theta - s * v)) / (2 * s)


def _case(rng, d, length, h, cubic=1.0, v=None):
    """The gradient of a quartic with a full Hessian, and a direction of about this length."""
    a, m = cubic * np.round(rng.uniform(0.5, 1.0, d), 2), numbers(rng, (d, d))
    m = (m + m.T) / 2

    def grad(point):
        return a * point**3 + m @ point

    theta = np.round(rng.uniform(0.5, 1.5, d) * rng.choice([-1.0, 1.0], d), 2)
    v = numbers(rng, d) if v is None else v
    v = np.round(v * length / np.linalg.norm(v), 3)
    return Case((one_at_a_time(grad, theta), theta, v, h), calls={"grad": 2})


@EXERCISE.probe("two parameters", group="core")
def two(rng):
    return _case(rng, 2, rng.uniform(2.0, 2.5), 0.5)


@EXERCISE.probe("four parameters", group="core")
def four(rng):
    return _case(rng, 4, rng.uniform(1.6, 2.0), 0.75)


@EXERCISE.probe("a long direction", group="core")
def long(rng):
    return _case(rng, 3, rng.uniform(20, 30), 0.5)


@EXERCISE.probe("a short direction", group="edge")
def short(rng):
    return _case(rng, 3, rng.uniform(0.03, 0.05), 0.5)


@EXERCISE.probe("a quadratic where any h is right", group="edge")
def quadratic(rng):
    return _case(rng, 3, rng.uniform(2, 3), 1.5, cubic=0.0)


@EXERCISE.probe("along one parameter", group="edge")
def along_one(rng):
    return _case(rng, 3, rng.uniform(2, 3), 0.5, v=np.eye(3)[rng.integers(3)])


@EXERCISE.probe("one parameter", group="edge")
def one(rng):
    return _case(rng, 1, rng.uniform(2, 3), 0.5)


@EXERCISE.mistake(
    "forward",
    kind="logic",
    says="takes the difference ahead only",
    hint="A quadratic is right, the others are off by about h: the gradient at θ stands where that "
    "at θ − s v belongs. On both sides the error of first order cancels.",
)
def forward(grad, theta, v, h):
    s = h / np.linalg.norm(v)
    return (grad(theta + s * v) - grad(theta)) / s


@EXERCISE.mistake(
    "backward",
    kind="logic",
    says="takes the difference behind only",
    hint="A quadratic is right, the others are off by about h: the gradient at θ stands where that "
    "at θ + s v belongs. Go as far ahead as back.",
)
def backward(grad, theta, v, h):
    s = h / np.linalg.norm(v)
    return (grad(theta) - grad(theta - s * v)) / s


@EXERCISE.mistake(
    "no_two",
    kind="factor",
    says="divides by s instead of 2s",
    hint="It is twice as large as it should be: from one point to the other it is 2s v, not s v. "
    "Divide by 2s.",
)
def no_two(grad, theta, v, h):
    return 2 * hvp(grad, theta, v, h)


@EXERCISE.mistake(
    "h_times_v",
    kind="convention",
    says="goes h times v, without the length of v",
    hint="How good it is depends on the length of v: the points are h‖v‖ away from θ. With s = "
    "h/‖v‖ they are at distance h, whatever v is.",
)
def h_times_v(grad, theta, v, h):
    return (grad(theta + h * v) - grad(theta - h * v)) / (2 * h)


@EXERCISE.mistake(
    "unit",
    kind="factor",
    says="gives H times the direction of length 1",
    hint="The length of v is lost: it was divided by 2h, which is right for a v of length 1. "
    "Asked for is H v, twice as long for twice the v: divide by 2s.",
)
def unit(grad, theta, v, h):
    return hvp(grad, theta, v, h) / np.linalg.norm(v)


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="subtracts the gradient ahead",
    hint="The sign is turned around: the gradient behind came first. It changes by the one ahead "
    "minus the one behind.",
)
def sign(grad, theta, v, h):
    return -hvp(grad, theta, v, h)


@EXERCISE.mistake(
    "curvature",
    kind="shape",
    says="gives the number vᵀHv",
    hint="One number came back, vᵀHv: the curvature along v. The product H v has an entry for "
    "every parameter, and also says how the slope turns aside.",
)
def curvature(grad, theta, v, h):
    return v @ hvp(grad, theta, v, h)


@EXERCISE.mistake(
    "diagonal",
    kind="logic",
    says="multiplies v with the diagonal of H",
    hint="Only the diagonal of H was used: entry i was moved by itself, for entry i of the "
    "gradient. Move along all of v at once, and every entry of H has its share.",
)
def diagonal(grad, theta, v, h):
    found = []
    for i, e in enumerate(np.eye(len(v))):
        found.append(v[i] * (grad(theta + h * e)[i] - grad(theta - h * e)[i]) / (2 * h))
    return np.array(found)


@EXERCISE.mistake(
    "largest",
    kind="convention",
    says="measures v by its largest entry",
    hint="The points are farther away than h: v was measured by its largest entry. ‖v‖ is the "
    "Euclidean length, np.linalg.norm(v).",
)
def largest(grad, theta, v, h):
    s = h / abs(v).max()
    return (grad(theta + s * v) - grad(theta - s * v)) / (2 * s)


@EXERCISE.variant("by way of a unit vector")
def by_unit(grad, theta, v, h):
    length = np.sqrt(v @ v)
    step = h * v / length
    ahead, behind = grad(theta + step), grad(theta - step)
    return length * (ahead - behind) / (2 * h)


@EXERCISE.variant("number by number")
def by_number(grad, theta, v, h):
    s = h / sum(x * x for x in v.tolist()) ** 0.5
    points = [[t + sign_of * s * x for t, x in zip(theta, v, strict=True)] for sign_of in (1, -1)]
    ahead, behind = (grad(point) for point in points)
    return [float(a - b) / (2 * s) for a, b in zip(ahead, behind, strict=True)]


@EXERCISE.variant("float32")
def single_precision(grad, theta, v, h):
    def slope(point):
        return np.asarray(grad(point), dtype=np.float32)

    return hvp(slope, theta.astype(np.float32), v.astype(np.float32), np.float32(h))
