"""Exercise ``sequence_dropout``: in a recurrent network, what may be dropped and how often."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="sequence_dropout",
    title="Dropout in a recurrent network",
    chapter="7-regularization",
    position=8,
    entry="run",
    parameters=("x", "W", "U", "mask_x", "mask_h", "p"),
    conventions=(
        "x is (N, T, D); h_t = tanh(x̃_t Wᵀ + h̃_{t−1} Uᵀ), h before the first place is 0",
        "x̃_t = x_t · mask_x/(1 − p), h̃ = h · mask_h/(1 − p): the state is dropped from where it "
        "is *read*, the state itself is handed on whole",
        "mask_x is (N, D), mask_h (N, H), of 0 and 1: one for a sequence, the same at all places",
        "returns all states, (N, T, H)",
    ),
    hints=(
        "The masks have no axis for the place. What does that say about how often one is drawn?",
        "Go from place to place: inputs times mask_x/(1 − p), the last state times mask_h/(1 − p), "
        "then tanh. Keep the state that comes out, without a mask.",
        "By hand, one feature, one unit: x = (1, 2), W = 0.5, U = 1, both masks 1, p = 0.5: "
        "h = tanh(0.5·2) = 0.761594, then tanh(0.5·4 + 2·0.761594) = 0.998260.",
    ),
    result="One array comes back, (N, T, H).",
)


@EXERCISE.solution
def run(x, W, U, mask_x, mask_h, p):
    h, states = np.zeros((len(x), len(U))), []
    for t in range(x.shape[1]):
        seen = x[:, t] * mask_x / (1 - p)
        h = np.tanh(seen @ W.T + (h * mask_h / (1 - p)) @ U.T)
        states.append(h)
    return np.stack(states, axis=1)


def _coins(rng, n, width):
    """One column of each sequence is dropped, one is kept, the others as it falls."""
    mask = (rng.random((n, width)) < 0.5).astype(float)
    order = np.argsort(rng.random((n, width)), axis=1)
    np.put_along_axis(mask, order[:, :1], 0.0, 1)
    np.put_along_axis(mask, order[:, 1:2], 1.0, 1)
    return mask


def _case(rng, n, t, d, h, p=None, inputs=True, states=True):
    p = round(float(rng.uniform(0.2, 0.5)), 2) if p is None else p
    mask_x = _coins(rng, n, d) if inputs else np.ones((n, d))
    mask_h = _coins(rng, n, h) if states else np.ones((n, h))
    W, U = numbers(rng, (h, d), 0.2), numbers(rng, (h, h), 0.2)
    return Case((numbers(rng, (n, t, d), 0.5), W, U, mask_x, mask_h, p))


@EXERCISE.probe("both masks", group="core")
def both(rng):
    return _case(rng, 2, 4, 3, 4)


@EXERCISE.probe("one sequence", group="core")
def one(rng):
    return _case(rng, 1, 5, 2, 3)


@EXERCISE.probe("only inputs are dropped", group="edge")
def inputs_alone(rng):
    return _case(rng, 3, 3, 4, 2, states=False)


@EXERCISE.probe("only states are dropped", group="edge")
def states_alone(rng):
    return _case(rng, 3, 4, 2, 4, inputs=False)


@EXERCISE.probe("a single place", group="edge")
def single_place(rng):
    return _case(rng, 3, 1, 3, 2)


@EXERCISE.probe("p = 0", group="edge")
def nobody(rng):
    return _case(rng, 2, 3, 3, 3, p=0.0, inputs=False, states=False)


def _run(x, W, U, fx, fh, hand_on=lambda h, fh: h, squash=np.tanh):
    h, states = np.zeros((len(x), len(U))), []
    for t in range(x.shape[1]):
        h = hand_on(squash((x[:, t] * fx(t)) @ W.T + (h * fh(t)) @ U.T), fh(t))
        states.append(h)
    return np.stack(states, axis=1)


@EXERCISE.mistake(
    "no_state",
    kind="logic",
    says="drops inputs only",
    hint="The state is read whole: mask_h was not used. It stands where the last state enters, "
    "with its 1/(1 − p).",
)
def no_state(x, W, U, mask_x, mask_h, p):
    return _run(x, W, U, lambda t: mask_x / (1 - p), lambda t: 1.0)


@EXERCISE.mistake(
    "no_input",
    kind="logic",
    says="drops states only",
    hint="The inputs are read whole: mask_x was not used.",
)
def no_input(x, W, U, mask_x, mask_h, p):
    return _run(x, W, U, lambda t: 1.0, lambda t: mask_h / (1 - p))


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not divide by 1 − p",
    hint="What is kept is as it was: both masks are divided by 1 − p.",
)
def unscaled(x, W, U, mask_x, mask_h, p):
    return _run(x, W, U, lambda t: mask_x, lambda t: mask_h)


@EXERCISE.mistake(
    "state_unscaled",
    kind="factor",
    says="scales the inputs only",
    hint="The inputs are scaled, the states are not. Both lose the share p, both are divided by "
    "1 − p.",
)
def state_unscaled(x, W, U, mask_x, mask_h, p):
    return _run(x, W, U, lambda t: mask_x / (1 - p), lambda t: mask_h)


@EXERCISE.mistake(
    "outputs",
    kind="logic",
    says="hands on the dropped state",
    hint="The states that come back have zeros in them: the mask was put on the state itself. It "
    "belongs to the reading of it, at the next place; what comes back is whole.",
)
def dropped_outputs(x, W, U, mask_x, mask_h, p):
    def dropped(h, factor):
        return h * factor

    h, states = np.zeros((len(x), len(U))), []
    for t in range(x.shape[1]):
        h = dropped(np.tanh((x[:, t] * mask_x / (1 - p)) @ W.T + h @ U.T), mask_h / (1 - p))
        states.append(h)
    return np.stack(states, axis=1)


@EXERCISE.mistake(
    "compound",
    kind="logic",
    says="multiplies by the mask once more at every place",
    hint="The first two places are right, then everything grows: the factor 1/(1 − p) went into "
    "the state that is carried, and came back at the next place. Do not overwrite the state with "
    "its dropped copy.",
)
def compound(x, W, U, mask_x, mask_h, p):
    f = mask_h / (1 - p)
    return _run(x, W, U, lambda t: mask_x / (1 - p), lambda t: f ** min(t, 3) if t else f)


@EXERCISE.mistake(
    "first",
    kind="logic",
    says="drops at the first place only",
    hint="Only the first place is dropped from. The same masks hold at all places.",
)
def first_only(x, W, U, mask_x, mask_h, p):
    return _run(x, W, U, lambda t: 1.0 if t else mask_x / (1 - p), lambda t: 1.0)


@EXERCISE.mistake(
    "linear",
    kind="logic",
    says="leaves tanh out",
    hint="The states are not between −1 and 1: the tanh is missing.",
)
def linear(x, W, U, mask_x, mask_h, p):
    f, g = mask_x / (1 - p), mask_h / (1 - p)
    return _run(x, W, U, lambda t: f, lambda t: g, squash=lambda a: a)


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="takes p for the probability of keeping",
    hint="What is kept was divided by p. It is the share that is dropped: divide by 1 − p.",
)
def keep(x, W, U, mask_x, mask_h, p):
    return run(x, W, U, mask_x, mask_h, 1 - p if p else 0.0)


@EXERCISE.mistake(
    "last",
    kind="shape",
    says="returns the last state alone",
    hint="Only the last state came back. All of them are asked for, (N, T, H).",
)
def last_state(x, W, U, mask_x, mask_h, p):
    return run(x, W, U, mask_x, mask_h, p)[:, -1]


@EXERCISE.variant("all inputs at once")
def inputs_at_once(x, W, U, mask_x, mask_h, p):
    states = np.einsum("ntd,nd,hd->nth", x, mask_x / (1 - p), W)
    for t in range(x.shape[1]):
        if t:
            states[:, t] += np.einsum("nh,nh,kh->nk", states[:, t - 1], mask_h / (1 - p), U)
        states[:, t] = np.tanh(states[:, t])
    return states


@EXERCISE.variant("sequence by sequence, thinned matrices")
def thinned(x, W, U, mask_x, mask_h, p):
    out = []
    for rows, mx, mh in zip(x, mask_x, mask_h, strict=True):
        h, own = np.zeros(len(U)), []
        for row in rows:
            h = np.tanh((W * mx / (1 - p)) @ row + (U * mh / (1 - p)) @ h)
            own.append(h.tolist())
        out.append(own)
    return out


@EXERCISE.variant("float32")
def single_precision(x, W, U, mask_x, mask_h, p):
    return run(*(a.astype(np.float32) for a in (x, W, U, mask_x, mask_h)), np.float32(p))
