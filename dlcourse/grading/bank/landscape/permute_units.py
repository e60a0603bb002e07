"""Exercise ``permute_units``: another order, the same network."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.landscape._layers import place, single, two_layers
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="permute_units",
    title="Units in another order",
    chapter="1-landscape",
    position=1,
    entry="permute",
    parameters=("W1", "b1", "W2", "order"),
    conventions=(
        "the network is y = W2 φ(W1 x + b1), φ the same for every unit; W1 (h, d), b1 (h,), "
        "W2 (k, h)",
        "order (h,) holds each of 0 … h − 1 once: the new unit i is the old unit order[i]",
        "returns (W1, b1, W2) of a network that gives the same y for every x; the inputs are left "
        "as they are",
    ),
    hints=(
        "Three things belong to a hidden unit: the row of weights that enters it, its bias, and "
        "what leaves it. Where does W2 keep the last?",
        "The new unit i takes row order[i] of W1 and entry order[i] of b1. Column i of W2 is what "
        "leaves unit i, so it becomes the old column order[i].",
        "By hand, W1 = ((1), (2), (3)), b1 = (10, 20, 30), W2 = ((4, 5, 6)), order = (2, 0, 1): "
        "the last unit comes first, so W1 = ((3), (1), (2)), b1 = (30, 10, 20), W2 = ((6, 4, 5)).",
    ),
    result="Three arrays come back, of the shapes of W1, b1 and W2.",
    places=place,
)


@EXERCISE.solution
def permute(W1, b1, W2, order):
    return W1[order], b1[order], W2[:, order]


def _case(rng, d, h, k, order=None):
    while (
        order is None
    ):  # three or more that change places in a circle, so that no inverse is alike
        order = rng.permutation(h)
        if (order[order] == np.arange(h)).any() or (np.diff(order) == 1).all():
            order = None
    return Case((*two_layers(rng, d, h, k), np.asarray(order)))


@EXERCISE.probe("four units", group="core")
def four_units(rng):
    return _case(rng, 2, 4, 3)


@EXERCISE.probe("seven units and one output", group="core")
def seven_units(rng):
    return _case(rng, 3, 7, 1)


@EXERCISE.probe("as many of everything", group="core")
def square(rng):
    return _case(rng, 5, 5, 5)


@EXERCISE.probe("two units change places", group="edge")
def two_units(rng):
    return _case(rng, 3, 2, 2, [1, 0])


@EXERCISE.probe("the order they have", group="edge")
def as_they_are(rng):
    return _case(rng, 2, 3, 4, np.arange(3))


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 4, 1, 2, [0])


@EXERCISE.mistake(
    "incoming_only",
    kind="logic",
    says="leaves W2 as it is",
    hint="W1 and b1 are right, W2 is as it was: each output now reads another unit. What leaves a "
    "unit moves with it, so take the columns of W2 in the same order.",
)
def incoming_only(W1, b1, W2, order):
    return W1[order], b1[order], W2.copy()


@EXERCISE.mistake(
    "no_bias",
    kind="logic",
    says="leaves the biases where they were",
    hint="The weights have moved, b1 has not: every unit now has the bias of another one. A bias "
    "belongs to its unit: b1[order].",
)
def no_bias(W1, b1, W2, order):
    return W1[order], b1.copy(), W2[:, order]


@EXERCISE.mistake(
    "weights_only",
    kind="logic",
    says="moves W1 alone",
    hint="Only W1 has moved. A unit is its row of W1, its entry of b1 and its column of W2: all "
    "three take the same order.",
)
def weights_only(W1, b1, W2, order):
    return W1[order], b1.copy(), W2.copy()


@EXERCISE.mistake(
    "inverse",
    kind="convention",
    says="sends the old unit i to place order[i]",
    hint="It is the same network, in another order than asked for: the old unit i went to place "
    "order[i]. The new unit i is the old unit order[i]: read W1[order], do not write to it.",
)
def inverse(W1, b1, W2, order):
    return permute(W1, b1, W2, np.argsort(order))


@EXERCISE.mistake(
    "inverse_out",
    kind="logic",
    says="takes the inverse order for W2",
    hint="W1 and b1 are right, the columns of W2 went the other way round. Pᵀ on the right of W2 "
    "is no inverse of indices: column i is the old column order[i] too.",
)
def inverse_out(W1, b1, W2, order):
    return W1[order], b1[order], W2[:, np.argsort(order)]


@EXERCISE.mistake(
    "transposed",
    kind="shape",
    says="gives W2 back as (h, k)",
    hint="W2 came back lying on its side, (h, k). Units are its columns: index these, W2[:, "
    "order], and turn nothing around.",
)
def transposed(W1, b1, W2, order):
    return W1[order], b1[order], W2.T[order]


@EXERCISE.mistake(
    "overwritten",
    kind="state",
    says="reads rows that it has overwritten",
    hint="Some units are there twice and others are gone: rows were read after they had been "
    "overwritten. Read from the old arrays, write to new ones.",
)
def overwritten(W1, b1, W2, order):
    W1, b1, W2 = W1.copy(), b1.copy(), W2.copy()
    for i, old in enumerate(order):
        W1[i], b1[i], W2[:, i] = W1[old], b1[old], W2[:, old]
    return W1, b1, W2


@EXERCISE.mistake(
    "swaps",
    kind="logic",
    says="swaps units i and order[i], one pair after the other",
    hint="Two units that change places are right, three in a circle are not: swapping pairs moves "
    "a unit again that had arrived. Take all rows at once from the old arrays.",
)
def swaps(W1, b1, W2, order):
    places = np.arange(len(order))
    for i, other in enumerate(order):
        places[[i, other]] = places[[other, i]]
    return permute(W1, b1, W2, places)


@EXERCISE.variant("by a permutation matrix")
def by_matrix(W1, b1, W2, order):
    P = np.eye(len(order))[order]
    return P @ W1, P @ b1, W2 @ P.T


@EXERCISE.variant("unit by unit, into new lists")
def by_loop(W1, b1, W2, order):
    rows = [W1[old].tolist() for old in order]
    biases = [float(b1[old]) for old in order]
    return [rows, biases, [[float(row[old]) for old in order] for row in W2]]


@EXERCISE.variant("written to where the inverse order says")
def by_inverse(W1, b1, W2, order):
    new_W1, new_b1, new_W2 = np.empty_like(W1), np.empty_like(b1), np.empty_like(W2)
    for place_of, old in enumerate(order):
        new_W1[place_of], new_b1[place_of] = W1[old], b1[old]
        new_W2[:, place_of] = W2[:, old]
    return new_W1, new_b1, new_W2


@EXERCISE.variant("float32")
def single_precision(W1, b1, W2, order):
    return permute(*single(W1, b1, W2), order)
