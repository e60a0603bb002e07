"""Exercise ``elastic_net``: two penalties on the weights, their gradient, and no word on biases."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    """Which of the two results: ``value``, or ``grads["W1"][0]``."""
    if not path:
        return ""
    if path[0] == 0:
        return "value"
    name = f'["{path[1]}"]' if len(path) > 1 else ""
    return f"grads{name}" + "".join(f"[{index}]" for index in path[2:])


EXERCISE = Exercise(
    id="elastic_net",
    title="L1, L2 and the elastic net",
    chapter="7-regularization",
    position=1,
    entry="penalty",
    parameters=("params", "l1", "l2"),
    conventions=(
        'params is {name: array}; names that end in "b" are biases: they are not penalized, and '
        "their gradient is zero",
        "value = l1 Σ|w| + (l2/2) Σw² over all penalized entries, sums and no means",
        "the subgradient of |w| at w = 0 is 0",
        "returns (value, grads), grads with the names and shapes of params, all arrays new",
    ),
    hints=(
        "Two penalties, two slopes. How does the slope of |w| change as w grows, and how that of "
        "w²/2?",
        "Go through the names; a bias gets zeros. A weight gets l1 times its sign and l2 times "
        "itself; np.sign(0) is 0.",
        'By hand, with {"W": [2, -1, 0], "b": [5]}, l1 = 0.3, l2 = 0.4: the value is '
        "0.3·3 + 0.2·5 = 1.9; the gradient of W is 0.3·(1, -1, 0) + 0.4·(2, -1, 0) = "
        "(1.1, -0.7, 0), that of b is 0.",
    ),
    result="Two things come back: a number, and a dictionary of arrays named and shaped as params.",
    places=_place,
)


@EXERCISE.solution
def penalty(params, l1, l2):
    value, grads = 0.0, {}
    for name, w in params.items():
        free = name.endswith("b")
        value += 0.0 if free else l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum()
        grads[name] = np.zeros_like(w) if free else l1 * np.sign(w) + l2 * w
    return value, grads


def _network(rng):
    """Two layers; the smallest weight is not so small that its sign is in doubt."""
    shapes = {"W1": (2, 3), "W1_b": (2,), "W2": (4,), "out_b": (1,)}
    return {name: numbers(rng, shape, 1.5) for name, shape in shapes.items()}


def _case(rng, l1=None, l2=None):
    drawn = np.round(rng.uniform(0.2, 0.6, 2), 2)
    l1, l2 = drawn[0] if l1 is None else l1, drawn[1] if l2 is None else l2
    return Case((_network(rng), float(l1), float(l2)))


@EXERCISE.probe("both penalties", group="core")
def both(rng):
    return _case(rng)


@EXERCISE.probe("L2 alone", group="core")
def l2_alone(rng):
    return _case(rng, l1=0)


@EXERCISE.probe("L1 alone", group="core")
def l1_alone(rng):
    return _case(rng, l2=0)


@EXERCISE.probe("nothing but biases", group="edge")
def biases(rng):
    _, l1, l2 = _case(rng).args
    return Case(({"b": numbers(rng, 3, 3.0), "head_b": numbers(rng, (1, 2))}, l1, l2))


@EXERCISE.probe("weights of exactly zero", group="edge")
def zeros(rng):
    params, l1, l2 = _case(rng).args
    params["W1"][0] = 0.0
    params["W2"][1:3] = 0.0
    return Case((params, l1, l2))


@EXERCISE.mistake(
    "two",
    kind="factor",
    says="has 2 l2 w as the gradient of L2",
    hint="The value is right, the gradient of L2 is twice too large: with the factor 1/2 in the "
    "value, the slope is l2·w.",
)
def twice(params, l1, l2):
    value, _ = penalty(params, l1, l2)
    return value, penalty(params, l1, 2 * l2)[1]


@EXERCISE.mistake(
    "no_half",
    kind="factor",
    says="leaves the 1/2 out of the value",
    hint="The gradients are right, the value has twice the L2 part: it is (l2/2)·Σw², so that the "
    "slope is l2·w.",
)
def without_half(params, l1, l2):
    return penalty(params, l1, 2 * l2)[0], penalty(params, l1, l2)[1]


@EXERCISE.mistake(
    "bias",
    kind="convention",
    says="penalizes the biases",
    hint="The biases are shrunk too. A bias shifts, it makes nothing steeper: names that end in b "
    "get a gradient of zero and add nothing to the value.",
)
def with_biases(params, l1, l2):
    value, grads = penalty({f"{name}.": w for name, w in params.items()}, l1, l2)
    return value, {name[:-1]: g for name, g in grads.items()}


@EXERCISE.mistake(
    "bias_value",
    kind="convention",
    says="counts the biases in the value",
    hint="The gradients are right, but the value counts the biases as well. What is not penalized "
    "stands in neither.",
)
def biases_counted(params, l1, l2):
    return with_biases(params, l1, l2)[0], penalty(params, l1, l2)[1]


@EXERCISE.mistake(
    "size",
    kind="logic",
    says="has |w| as the gradient of L1",
    hint="The gradient of L1 grows with w. The slope of |w| is the same however large w is: its "
    "sign.",
)
def size(params, l1, l2):
    grads = penalty(params, 0.0, l2)[1]
    for name, w in params.items():
        grads[name] += 0.0 if name.endswith("b") else l1 * np.abs(w)
    return penalty(params, l1, l2)[0], grads


@EXERCISE.mistake(
    "mean",
    kind="factor",
    says="averages over the weights",
    hint="The penalty of an array is divided by the number of its weights. It is a sum: twice as "
    "many weights cost twice as much.",
)
def averaged(params, l1, l2):
    parts = {name: penalty({name: w}, l1 / w.size, l2 / w.size) for name, w in params.items()}
    return sum(v for v, _ in parts.values()), {name: g[name] for name, (_, g) in parts.items()}


@EXERCISE.mistake(
    "root",
    kind="logic",
    says="penalizes the norm, not its square",
    hint="L2 is the square of the norm, halved, and not the norm itself: no root is taken, and the "
    "slope of one weight does not depend on the others.",
)
def not_squared(params, l1, l2):
    value, grads = penalty(params, l1, 0.0)
    for name, w in params.items():
        if not name.endswith("b"):
            norm = np.sqrt((w**2).sum())
            value += l2 / 2 * norm
            grads[name] += l2 / 2 * w / norm
    return value, grads


@EXERCISE.mistake(
    "zero",
    kind="edge-case",
    says="pushes weights that are zero",
    hint="Only weights of exactly zero are wrong: they are pushed, as if 0 had a sign. |w| has its "
    "kink there; the convention is a slope of 0.",
)
def zero_is_positive(params, l1, l2):
    value, grads = penalty(params, l1, l2)
    for name, w in params.items():
        grads[name] += 0.0 if name.endswith("b") else l1 * (w == 0)
    return value, grads


@EXERCISE.mistake(
    "exchanged",
    kind="logic",
    says="exchanges l1 and l2",
    hint="With one of the two at zero the wrong penalty is left: l1 and l2 are exchanged.",
)
def exchanged(params, l1, l2):
    return penalty(params, l2, l1)


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="points the gradient downhill",
    hint="The gradients have the wrong sign: they are to point where the penalty grows. The "
    "optimizer subtracts them.",
)
def downhill(params, l1, l2):
    value, grads = penalty(params, l1, l2)
    return value, {name: -g for name, g in grads.items()}


@EXERCISE.variant("entry by entry, in Python numbers")
def by_loop(params, l1, l2):
    value, grads = 0.0, {}
    for name, w in params.items():
        slopes = []
        for entry in w.ravel().tolist():
            sign = (entry > 0) - (entry < 0)
            value += 0 if name[-1] == "b" else l1 * abs(entry) + l2 * entry * entry / 2
            slopes.append(0.0 if name[-1] == "b" else l1 * sign + l2 * entry)
        grads[name] = np.reshape(slopes, w.shape).tolist()
    return value, grads


@EXERCISE.variant("by size and sign: the slope is sign times (l1 + l2 times size)")
def by_sign(params, l1, l2):
    sizes = {name: 0 * w if name.endswith("b") else np.abs(w) for name, w in params.items()}
    value = sum(float(np.sum(s * (l1 + l2 * s / 2))) for s in sizes.values())
    grads = {
        name: np.sign(w) * (l1 + l2 * np.abs(w)) * (not name.endswith("b"))
        for name, w in params.items()
    }
    return value, grads


@EXERCISE.variant("float32")
def single_precision(params, l1, l2):
    return penalty({name: w.astype(np.float32) for name, w in params.items()}, l1, l2)
