"""Exercise ``auto_augment``: a policy is a list of pairs, and chance has the last word."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="auto_augment",
    title="Applying a policy",
    chapter="7-regularization",
    position=23,
    entry="auto_augment",
    parameters=("x", "policy", "chosen", "u"),
    conventions=(
        "x is (N, H, W) in [0, 1]; policy is a list of sub-policies, each a list of two triples "
        "(name, probability, magnitude)",
        "image n goes through sub-policy chosen[n]: its first triple if u[n, 0] < probability, "
        "then its second if u[n, 1] < probability",
        'names: "invert" makes 1 − x; "darken" multiplies by 1 − magnitude/10; "cut" makes '
        "x >= magnitude/10 zero",
        "returns (N, H, W), a new array",
    ),
    hints=(
        "Some images come out as they went in, whatever the policy. Which ones?",
        "For each image take its sub-policy; for each of the two triples compare u with the "
        "probability, and apply what is named, to what the first has left.",
        'By hand, image (0.2, 0.9), sub-policy [("cut", 0.5, 8), ("invert", 0.9, 0)], '
        "u = (0.3, 0.7): 0.9 is at least 0.8, so (0.2, 0), then inverted (0.8, 1).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def auto_augment(x, policy, chosen, u):
    out = x.copy()
    for n, image in enumerate(out):
        for (name, probability, magnitude), draw in zip(policy[chosen[n]], u[n], strict=True):
            if draw < probability:
                if name == "invert":
                    image[...] = 1 - image
                elif name == "darken":
                    image *= 1 - magnitude / 10
                else:
                    image[image >= magnitude / 10] = 0
    return out


def _policy(rng):
    p = np.round(rng.uniform(0.4, 0.6, 8), 2).tolist()
    m = rng.integers([3, 4, 2, 5], [5, 6, 4, 8]).tolist()
    return [
        [("invert", p[0], 7), ("darken", p[1], m[0])],
        [("cut", p[2], m[1]), ("invert", p[3], 2)],
        [("darken", p[4], m[2]), ("cut", p[5], m[3])],
        [("darken", p[6], 2), ("darken", p[7], 6)],
    ]


def _case(rng, chosen, low=(), shape=(3, 4)):
    """All draws below their probability, but those of ``low``, (image, triple), above it."""
    policy = _policy(rng)
    u = np.array([[p for _, p, _ in policy[k]] for k in chosen])
    below = np.ones(u.shape, bool)
    below[tuple(np.array(low, int).reshape(-1, 2).T)] = False
    u = np.where(below, u * rng.uniform(0.3, 0.9, u.shape), u + (1 - u) * rng.uniform(0.1, 0.4))
    x = photos(rng, 1, len(chosen), *shape)[0]
    return Case((x, policy, np.array(chosen), np.round(u, 3)))


@EXERCISE.probe("everything happens", group="core")
def everything(rng):
    case = _case(rng, [0, 1, 2, 3])
    x, policy, *_ = case.args
    x[1, 0, 0] = policy[1][0][2] / 10  # just at the level of its cut
    return case


@EXERCISE.probe("some of it happens", group="core")
def some(rng):
    return _case(rng, [1, 0, 3, 2, 2, 1], [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (5, 1)])


@EXERCISE.probe("nothing happens", group="edge")
def nothing(rng):
    return _case(rng, [3, 1], [(0, 0), (0, 1), (1, 0), (1, 1)])


@EXERCISE.probe("a probability of 0, and of 1", group="edge")
def certain(rng):
    x, policy, chosen, u = _case(rng, [0, 1, 2]).args
    for k in range(3):
        (a, _, m), (b, _, o) = policy[k]
        policy[k] = [(a, float(k % 2), m), (b, float(1 - k % 2), o)]
    u[0] = 0.0, u[0, 1]
    return Case((x, policy, chosen, u))


@EXERCISE.probe("one image", group="edge")
def one(rng):
    return _case(rng, [int(rng.integers(3))], shape=(2, 5))


def _one(image, name, magnitude):
    if name == "invert":
        return 1 - image
    if name == "darken":
        return image * (1 - magnitude / 10)
    return np.where(image >= magnitude / 10, 0, image)


def _run(x, policy, chosen, u, happens=lambda draw, p: draw < p, one=_one, order=1):
    out = []
    for n, image in enumerate(x):
        for (name, p, m), draw in [*zip(policy[chosen[n]], u[n], strict=True)][::order]:
            image = one(image, name, m) if happens(draw, p) else image
        out.append(image)
    return np.array(out)


@EXERCISE.mistake(
    "always",
    kind="logic",
    says="applies everything",
    hint="Everything is applied: the probabilities were not looked at.",
)
def always(x, policy, chosen, u):
    return _run(x, policy, chosen, u, lambda draw, p: True)


@EXERCISE.mistake(
    "above",
    kind="sign",
    says="applies where u is above the probability",
    hint="What should happen does not, and the other way round: an event of probability p happens "
    "where u < p.",
)
def above(x, policy, chosen, u):
    return _run(x, policy, chosen, u, lambda draw, p: draw >= p)


@EXERCISE.mistake(
    "equal",
    kind="edge-case",
    says="lets what has probability 0 happen",
    hint="An operation of probability 0 was applied, where u is 0: compare with <, not <=.",
)
def equal(x, policy, chosen, u):
    return _run(x, policy, chosen, u, lambda draw, p: draw <= p)


@EXERCISE.mistake(
    "together",
    kind="logic",
    says="lets the first draw decide for both",
    hint="Both operations of a pair happen or none: the first draw decided for both. Each has its "
    "own.",
)
def together(x, policy, chosen, u):
    return _run(x, policy, chosen, np.repeat(u[:, :1], 2, 1))


@EXERCISE.mistake(
    "backwards",
    kind="order",
    says="applies the second first",
    hint="The second operation came first. Cutting and then inverting is not inverting and then "
    "cutting.",
)
def backwards(x, policy, chosen, u):
    return _run(x, policy, chosen, u, order=-1)


@EXERCISE.mistake(
    "every",
    kind="logic",
    says="applies the first sub-policy to all",
    hint="All images went through the first sub-policy: `chosen` says which one for each.",
)
def first_policy(x, policy, chosen, u):
    return _run(x, policy, np.where(len(chosen) == 1, (chosen + 1) % 4, 0 * chosen), u)


@EXERCISE.mistake(
    "in_turn",
    kind="logic",
    says="takes the sub-policies in turn",
    hint="Image n got sub-policy n: they were taken in turn. `chosen` says which.",
)
def in_turn(x, policy, chosen, u):
    return _run(x, policy, np.arange(len(x)) % len(policy), u)


@EXERCISE.mistake(
    "strength",
    kind="factor",
    says="takes the magnitude for what is left",
    hint="Strong becomes weak: images were multiplied by magnitude/10. That is what is taken away: "
    "1 − magnitude/10 is left.",
)
def what_is_left(x, policy, chosen, u):
    def one(image, name, m):
        return image * (m / 10) if name == "darken" else _one(image, name, m)

    return _run(x, policy, chosen, u, one=one)


@EXERCISE.mistake(
    "dark",
    kind="sign",
    says="cuts the dark pixels",
    hint="The dark pixels became 0: it is those at or above magnitude/10.",
)
def cuts_the_dark(x, policy, chosen, u):
    def one(image, name, m):
        return np.where(image < m / 10, 0, image) if name == "cut" else _one(image, name, m)

    return _run(x, policy, chosen, u, one=one)


@EXERCISE.mistake(
    "only_first",
    kind="logic",
    says="stops after the first triple",
    hint="The second operation is never applied: a sub-policy has two.",
)
def first_alone(x, policy, chosen, u):
    return _run(x, [pair[:1] for pair in policy], chosen, u[:, :1])


@EXERCISE.variant("sub-policy by sub-policy")
def by_policy(x, policy, chosen, u):
    out = np.array(x, float)
    for k, pair in enumerate(policy):
        for t, (name, p, m) in enumerate(pair):
            rows = (chosen == k) & (u[:, t] < p)
            out[rows] = _one(out[rows], name, m)
    return out


@EXERCISE.variant("every operation as a table of grey levels, in lists")
def by_levels(x, policy, chosen, u):
    table = {
        "invert": lambda a, m: 1 - a,
        "darken": lambda a, m: a - a * m / 10,
        "cut": lambda a, m: a if a < m / 10 else 0.0,
    }
    out = []
    for image, k, draws in zip(x.tolist(), chosen.tolist(), u.tolist(), strict=True):
        happen = [(t, m) for (t, p, m), d in zip(policy[k], draws, strict=True) if not d >= p]
        for name, m in happen:
            image = [[table[name](a, m) for a in row] for row in image]
        out.append(image)
    return out


@EXERCISE.variant("float32")
def single_precision(x, policy, chosen, u):
    return auto_augment(x.astype(np.float32), policy, chosen, u)
