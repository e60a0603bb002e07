"""Exercise ``he_derivation``: the derivation, checked by a run."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.initialization._draws import child
from dlcourse.grading.moments import Moment
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="he_derivation",
    title="He's derivation, by a run",
    chapter="3-initialization",
    position=5,
    entry="signal",
    parameters=("depth", "width", "var_w", "n", "rng"),
    conventions=(
        "n inputs of standard normal numbers, width of them each; no biases",
        "z = W a for each layer, with fresh weights, normal, variance var_w; then a = relu(z)",
        "q[l] is the mean of z² over units and inputs, before the rectifier; the mean square, "
        "not the variance of a",
        "returns one array of depth numbers; any way of drawing from rng is fine",
    ),
    hints=(
        "Look at the first layer alone: z is a sum of width products of a weight and an input. "
        "What is its mean square? And of the next layer, whose inputs went through a rectifier?",
        "A loop over layers: z = a @ W.T with a fresh W of deviation √var_w; keep np.mean(z**2); "
        "then a = np.maximum(z, 0). The numbers scatter about width · var_w and fall or grow by "
        "width · var_w / 2 from layer to layer.",
        "By hand, with one unit, the one input 3 and weights that came out as 2, -1 and 1: z is 6, "
        "then -6, then 0, for the rectifier has cut off the -6. So q is 36, 36, 0. With width 200 "
        "and var_w = 0.02 theory has about 4, 8, 16.",
    ),
    result="One array of depth numbers.",
)


@EXERCISE.solution
def signal(depth, width, var_w, n, rng):
    a = rng.normal(size=(n, width))
    q = np.empty(depth)
    for layer in range(depth):
        W = rng.normal(0.0, np.sqrt(var_w), (width, width))
        z = a @ W.T
        q[layer] = np.mean(z**2)
        a = np.maximum(z, 0)
    return q


def _moments(width, var_w):
    """Logarithms, for a layer multiplies. Of a² = relu(z)² the variance is 5 means squared."""
    growth, scatter = width * var_w / 2, (5 / width) ** 0.5
    return (
        Moment("q[0]", lambda q: q[:1] / (width * var_w), 1.0, 0.03),
        Moment("growth from layer to layer", lambda q: np.log(q[1:] / q[:-1]), np.log(growth)
               - 2.5 / width, scatter),
    )  # fmt: skip


def _case(rng, depth, factor, width=240, n=40):
    width = int(width + rng.integers(-9, 10))
    var_w = round(factor * 2 / width, 6)
    return Case((depth, width, var_w, n, child(rng)), moments=_moments(width, var_w))


@EXERCISE.probe("He's variance", group="core")
def he(rng):
    return _case(rng, 9, 1.0)


@EXERCISE.probe("too large a variance", group="core")
def too_large(rng):
    return _case(rng, 7, round(float(rng.uniform(2.0, 3.0)), 2))


@EXERCISE.probe("too small a variance", group="edge")
def too_small(rng):
    return _case(rng, 12, round(float(rng.uniform(0.2, 0.4)), 2))


@EXERCISE.probe("two layers", group="edge")
def two(rng):
    return _case(rng, 2, 1.0, width=300)


def _layers(depth, width, n, rng, std):
    """Inputs and pre-activations of each layer."""
    a = rng.normal(size=(n, width))
    for _ in range(depth):
        z = a @ rng.normal(0, std, (width, width))
        yield z
        a = np.maximum(z, 0)


@EXERCISE.mistake(
    "linear",
    kind="logic",
    says="no rectifier between the layers",
    hint="The first layer agrees; then every layer multiplies by twice what it should. Nothing was "
    "cut off: the rectifier between the layers is missing.",
)
def linear(depth, width, var_w, n, rng):
    a, q = rng.normal(size=(n, width)), []
    for _ in range(depth):
        a = a @ rng.normal(0, np.sqrt(var_w), (width, width))
        q.append(np.mean(a**2))
    return np.array(q)


@EXERCISE.mistake(
    "post",
    kind="logic",
    says="measures after the rectifier",
    hint="All values are half of what they should be: they were taken after the rectifier. q is "
    "the mean square of z, before it.",
)
def post(depth, width, var_w, n, rng):
    layers = _layers(depth, width, n, rng, np.sqrt(var_w))
    return np.array([np.mean(np.maximum(z, 0) ** 2) for z in layers])


@EXERCISE.mistake(
    "sum_units",
    kind="factor",
    says="adds over the units instead of averaging",
    hint="All values are width times too large: the squares were added over the units. Take the "
    "mean over units and inputs.",
)
def sum_units(depth, width, var_w, n, rng):
    return np.array([np.sum(z**2) / n for z in _layers(depth, width, n, rng, np.sqrt(var_w))])


@EXERCISE.mistake(
    "no_root",
    kind="api",
    says="hands var_w to rng.normal as deviation",
    hint="The signal dies at once: var_w was handed to rng.normal, which takes the standard "
    "deviation. Take the root.",
)
def no_root(depth, width, var_w, n, rng):
    return np.array([np.mean(z**2) for z in _layers(depth, width, n, rng, var_w)])


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="takes the variance of the activations",
    hint="All values are a third of what they should be: that is the variance of a = relu(z), "
    "0.341 of the mean square of z. What the next layer sees is a mean square, and z is asked.",
)
def variance(depth, width, var_w, n, rng):
    layers = _layers(depth, width, n, rng, np.sqrt(var_w))
    return np.array([np.var(np.maximum(z, 0)) for z in layers])


@EXERCISE.mistake(
    "from_inputs",
    kind="off-by-one",
    says="begins with the inputs' own mean square",
    hint="The first value is 1, that of the inputs, and all others come a place late. q[0] is the "
    "mean square of the first z.",
)
def from_inputs(depth, width, var_w, n, rng):
    return np.concatenate([[1.0], signal(depth - 1, width, var_w, n, rng)])


@EXERCISE.variant("weights first, inputs last, columns for examples")
def columns(depth, width, var_w, n, rng):
    weights = [np.sqrt(var_w) * rng.standard_normal((width, width)) for _ in range(depth)]
    a, q = rng.standard_normal((width, n)), np.empty(depth)
    for i, W in enumerate(weights):
        z = W @ a
        q[i] = (z * z).mean()
        a = z * (z > 0)
    return q


@EXERCISE.variant("a list of numbers, by the norm")
def by_norm(depth, width, var_w, n, rng):
    layers = _layers(depth, width, n, rng, np.sqrt(var_w))
    return [float(np.linalg.norm(z) ** 2 / z.size) for z in layers]


@EXERCISE.variant("float32")
def single_precision(depth, width, var_w, n, rng):
    return signal(depth, width, var_w, n, rng).astype(np.float32)
