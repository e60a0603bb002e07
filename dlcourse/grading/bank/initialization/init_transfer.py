"""Exercise ``init_transfer``: weights that somebody else has trained."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _name(path):
    return "" if not path else str(path[0]) + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="init_transfer",
    title="Borrowed weights",
    chapter="3-initialization",
    position=7,
    entry="borrow",
    parameters=("params", "donor"),
    conventions=(
        "params and donor are dicts of arrays by name",
        "a parameter is taken from the donor where the name is there and the shape agrees",
        "all others stay as they were drawn; what only the donor has is left there",
        "returns a new dict with the names of params; the inputs stay as they are",
    ),
    hints=(
        "Look at the last layer: the donor knew other classes, so that its shape may differ. What "
        "should its weights be at the start, then?",
        "Go through the names of params. If donor has the name and the shapes are the same, take "
        "the donor's array, else keep your own. Begin with a new dict.",
        "By hand, with params a = [1, 2], b = [3] and donor a = [5, 6], b = [7, 8], c = [9]: a "
        "agrees in name and shape, b does not in shape, c is not asked for; so [5, 6] and [3].",
    ),
    result="One dict, with the names of params.",
    places=_name,
)


@EXERCISE.solution
def borrow(params, donor):
    taken = {}
    for name, own in params.items():
        given = donor.get(name, own)
        taken[name] = given if given.shape == own.shape else own
    return taken


def _net(rng, classes, hidden=3, inputs=4):
    shapes = {
        "0.weight": (hidden, inputs),
        "0.bias": (hidden,),
        "2.weight": (classes, hidden),
        "2.bias": (classes,),
    }
    return {name: numbers(rng, shape) for name, shape in shapes.items()}


@EXERCISE.probe("another number of classes", group="core")
def other_classes(rng):
    return Case((_net(rng, 2), _net(rng, 5)))


@EXERCISE.probe("names in another order", group="core")
def other_order(rng):
    donor = _net(rng, 2)
    return Case((_net(rng, 2), {name: donor[name] for name in reversed(donor)}))


@EXERCISE.probe("a donor with more and with less", group="edge")
def more_and_less(rng):
    donor = {**_net(rng, 2), "4.weight": numbers(rng, (2, 2))}
    del donor["0.bias"]
    return Case((_net(rng, 2), donor))


@EXERCISE.probe("as many numbers in another shape", group="edge")
def other_shape(rng):
    donor = {**_net(rng, 2), "2.weight": numbers(rng, (3, 2)), "0.weight": numbers(rng, (1, 4))}
    return Case((_net(rng, 2), donor))


@EXERCISE.probe("equal shapes under other names", group="edge")
def other_names(rng):
    donor = {f"base.{name}": value for name, value in _net(rng, 2).items()}
    donor["2.bias"] = numbers(rng, 2)
    return Case((_net(rng, 2), donor))


@EXERCISE.mistake(
    "by_position",
    kind="logic",
    says="goes by position instead of by name",
    hint="While the names come in the same order it agrees: parameters were matched by position. "
    "The order of a dict is an accident; the name says which array is meant.",
)
def by_position(params, donor):
    taken = dict(params)
    for name, value in zip(params, donor.values(), strict=False):
        if value.shape == params[name].shape:
            taken[name] = value
    return taken


@EXERCISE.mistake(
    "whatever_shape",
    kind="edge-case",
    says="takes a parameter of another shape, too",
    hint="A parameter came back in the donor's shape: the name was there, and the shape was not "
    "compared. The last layer of another task does not fit.",
)
def whatever_shape(params, donor):
    return {name: donor.get(name, params[name]) for name in params}


@EXERCISE.mistake(
    "size",
    kind="edge-case",
    says="compares the number of entries, not the shape",
    hint="A parameter with as many numbers in another shape was taken over and bent. Numbers at "
    "other places are other weights; compare .shape, not .size.",
)
def size(params, donor):
    taken = dict(params)
    for name in params:
        if name in donor and donor[name].size == params[name].size:
            taken[name] = donor[name].reshape(params[name].shape)
    return taken


@EXERCISE.mistake(
    "broadcast",
    kind="edge-case",
    says="lets a smaller array spread over a larger",
    hint="A row of the donor was spread over all rows of a parameter: w[...] = value broadcasts. "
    "Units that begin equal stay equal; compare the shapes first.",
)
def broadcast(params, donor):
    taken = dict(params)
    for name in params:
        if name in donor:
            try:
                taken[name] = np.broadcast_to(donor[name], params[name].shape).copy()
            except ValueError:
                continue
    return taken


@EXERCISE.mistake(
    "more_names",
    kind="logic",
    says="takes over names that are not asked for",
    hint="There are names in the result that params does not have: the donor's came along. Go "
    "through the names of params, not of donor.",
)
def more_names(params, donor):
    return {**donor, **borrow(params, donor)}


@EXERCISE.mistake(
    "nothing",
    kind="logic",
    says="takes nothing unless everything fits",
    hint="With one parameter that does not fit nothing at all was taken. Each is taken or left by "
    "itself: the lower layers are what one borrows for.",
)
def nothing(params, donor):
    fits = {
        name: donor[name].shape == value.shape for name, value in params.items() if name in donor
    }
    if len(fits) == len(params) == len(donor) and all(fits.values()):
        return borrow(params, donor)
    return dict(params)


@EXERCISE.mistake(
    "zeros",
    kind="logic",
    says="sets to 0 what it cannot take",
    hint="What could not be taken came back as 0. It stays as it was drawn: with zeros in the last "
    "layer nothing flows back to the others at first.",
)
def zeros(params, donor):
    taken = borrow(params, donor)
    return {name: 0 * w if taken[name] is w else taken[name] for name, w in params.items()}


@EXERCISE.variant("a comprehension, with copies")
def comprehension(params, donor):
    return {
        name: (donor[name] if name in donor and np.shape(donor[name]) == w.shape else w).copy()
        for name, w in params.items()
    }


@EXERCISE.variant("nested lists in place of arrays")
def lists(params, donor):
    fits = [name for name in donor if name in params and donor[name].shape == params[name].shape]
    return {name: (donor if name in fits else params)[name].tolist() for name in params}


@EXERCISE.variant("float32")
def single_precision(params, donor):
    return {name: w.astype(np.float32) for name, w in borrow(params, donor).items()}
