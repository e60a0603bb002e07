"""Exercise ``rescale_units``: larger in, smaller out, the same network."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.landscape._layers import place, single, two_layers
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="rescale_units",
    title="Units at another scale",
    chapter="1-landscape",
    position=7,
    entry="rescale",
    parameters=("W1", "b1", "W2", "factors"),
    conventions=(
        "the network is y = W2 max(W1 x + b1, 0), with W1 (h, d), b1 (h,), W2 (k, h)",
        "factors (h,), one a unit, all > 0: the new unit i gives factors[i] times what it gave, "
        "for every x",
        "returns (W1, b1, W2) of a network that gives the same y for every x; the inputs are left "
        "as they are",
    ),
    hints=(
        "For a > 0 max(a z, 0) is a max(z, 0). What must happen to z so that a unit gives a times "
        "as much, and what must the next layer do to see no difference?",
        "z is the row of W1 times x, plus b1: both take the factor. Each output multiplies unit i "
        "with column i of W2, which is divided by factors[i].",
        "By hand, W1 = ((1), (3)), b1 = (10, 20), W2 = ((8, 12)), factors = (2, 0.5): W1 = ((2), "
        "(1.5)), b1 = (20, 10), W2 = ((4, 24)).",
    ),
    result="Three arrays come back, of the shapes of W1, b1 and W2.",
    places=place,
)


@EXERCISE.solution
def rescale(W1, b1, W2, factors):
    return W1 * factors[:, None], b1 * factors, W2 / factors


def _case(rng, d, h, k, low=1.3, high=4.0):
    """Factors on both sides of 1 where there is more than one unit, and none of them near 1."""
    size = np.round(rng.uniform(low, high, h), 2)
    up = np.arange(h) % 2 == rng.integers(2)
    return Case((*two_layers(rng, d, h, k), np.where(up, size, np.round(1 / size, 2))))


@EXERCISE.probe("four units", group="core")
def four_units(rng):
    return _case(rng, 2, 4, 3)


@EXERCISE.probe("seven units and one output", group="core")
def seven_units(rng):
    return _case(rng, 3, 7, 1)


@EXERCISE.probe("as many of everything", group="core")
def square(rng):
    return _case(rng, 5, 5, 5)


@EXERCISE.probe("huge and tiny factors", group="edge")
def huge_and_tiny(rng):
    return _case(rng, 2, 3, 2, 20.0, 50.0)


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 4, 1, 2)


@EXERCISE.probe("one input", group="edge")
def one_input(rng):
    return _case(rng, 1, 3, 4)


@EXERCISE.mistake(
    "no_bias",
    kind="logic",
    says="leaves the biases as they were",
    hint="The weights are scaled, b1 is not: the unit now switches on elsewhere. Its input is W1 x "
    "+ b1, and all of it takes the factor.",
)
def no_bias(W1, b1, W2, factors):
    return W1 * factors[:, None], b1.copy(), W2 / factors


@EXERCISE.mistake(
    "not_out",
    kind="logic",
    says="leaves W2 as it was",
    hint="W1 and b1 are right, W2 is as it was: what a unit sends on is scaled, and nobody takes "
    "it back. Divide column i of W2 by factors[i].",
)
def not_out(W1, b1, W2, factors):
    return W1 * factors[:, None], b1 * factors, W2.copy()


@EXERCISE.mistake(
    "both",
    kind="sign",
    says="multiplies W2 by the factors, too",
    hint="W1 and b1 are right, W2 is multiplied too: the output counts every factor twice. What "
    "enters a unit is multiplied, what leaves it is divided.",
)
def both(W1, b1, W2, factors):
    return W1 * factors[:, None], b1 * factors, W2 * factors


@EXERCISE.mistake(
    "inverse",
    kind="convention",
    says="divides what comes in and multiplies what goes out",
    hint="The function is the same, the scale is not the one asked for: what enters was divided. "
    "The new unit gives factors[i] times as much, so W1 and b1 are multiplied.",
)
def inverse(W1, b1, W2, factors):
    return rescale(W1, b1, W2, 1 / factors)


@EXERCISE.mistake(
    "bias_divided",
    kind="sign",
    says="divides the biases",
    hint="The weights are right, b1 was divided: the corner of each unit moves by the factor "
    "squared. A bias enters its unit as W1 x does, and is multiplied.",
)
def bias_divided(W1, b1, W2, factors):
    return W1 * factors[:, None], b1 / factors, W2 / factors


@EXERCISE.mistake(
    "lengths",
    kind="logic",
    says="gives the rows of W1 the lengths in factors",
    hint="The rows of W1 have the lengths in factors: they were normalized first. A factor is "
    "relative: multiply what is there, whatever its length.",
)
def lengths(W1, b1, W2, factors):
    return rescale(W1, b1, W2, factors / np.linalg.norm(W1, axis=1))


@EXERCISE.mistake(
    "only_bias",
    kind="logic",
    says="forgets the rows of W1",
    hint="b1 and W2 are right, W1 is as it was. What a unit takes the maximum of is W1 x + b1: "
    "row i of W1 takes factors[i] as well.",
)
def only_bias(W1, b1, W2, factors):
    return W1.copy(), b1 * factors, W2 / factors


@EXERCISE.mistake(
    "transposed",
    kind="shape",
    says="gives W2 back as (h, k)",
    hint="W2 came back lying on its side, (h, k). Units are its columns, so W2 / factors fits as "
    "it is: the last axis of W2 is theirs.",
)
def transposed(W1, b1, W2, factors):
    return W1 * factors[:, None], b1 * factors, W2.T / factors[:, None]


@EXERCISE.variant("by diagonal matrices")
def by_matrix(W1, b1, W2, factors):
    A = np.diag(factors)
    return A @ W1, A @ b1, W2 @ np.linalg.inv(A)


@EXERCISE.variant("unit by unit")
def by_loop(W1, b1, W2, factors):
    W1, b1, W2 = W1.copy(), b1.copy(), W2.copy()
    for i, a in enumerate(factors.tolist()):
        W1[i] *= a
        b1[i] *= a
        W2[:, i] /= a
    return [W1.tolist(), b1.tolist(), W2.tolist()]


@EXERCISE.variant("by transposing, and the exponential of a logarithm")
def by_transposing(W1, b1, W2, factors):
    log = np.log(factors)
    return (W1.T * np.exp(log)).T, np.exp(log) * b1, np.exp(-log) * W2


@EXERCISE.variant("float32")
def single_precision(W1, b1, W2, factors):
    return rescale(*single(W1, b1, W2), factors.astype(np.float32))
