"""Exercise ``word_edits``: a sentence with words exchanged, and with words left out."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="word_edits",
    title="Exchanging and leaving out words",
    chapter="7-regularization",
    position=24,
    entry="edits",
    parameters=("words", "swaps", "u", "p", "last_resort"),
    conventions=(
        "words is a list of whole numbers, the numbers of words in a dictionary",
        "first the swaps, (i, j) after (i, j): the words at these places are exchanged",
        "then word k of what came out is left out if u[k] < p",
        "if none would be left, the word at place `last_resort` stays, alone",
        "returns a list; `words` stays as it is",
    ),
    hints=(
        "After the first swap a word stands elsewhere. Which word does the second swap move?",
        "Copy the list; for each (i, j) exchange what stands there now. Then keep those with "
        "u >= p, and look whether anything is left.",
        "By hand, words (7, 3, 9), swaps (0, 1), (0, 2), u = (0.1, 0.8, 0.5), p = 0.4: "
        "(3, 7, 9), then (9, 7, 3); the first is left out: (7, 3).",
    ),
    result="A list of whole numbers comes back.",
)


@EXERCISE.solution
def edits(words, swaps, u, p, last_resort):
    order = [*words]
    for i, j in swaps:
        order[i], order[j] = order[j], order[i]
    kept = [word for word, draw in zip(order, u, strict=True) if draw >= p]
    return kept or [order[last_resort]]


def _case(rng, n, swaps, dropped, p=None):
    words = rng.choice(np.arange(10, 99), n, replace=False).tolist()
    p = round(float(rng.uniform(0.3, 0.5)), 2) if p is None else p
    u = np.round(p + (1 - p) * rng.uniform(0.1, 0.9, n), 3)
    u[dropped] = np.round(p * rng.uniform(0.1, 0.9, len(dropped)), 3)
    return Case((words, swaps, u.tolist(), p, int(rng.integers(1, n))))


@EXERCISE.probe("two swaps, two words less", group="core")
def both(rng):
    return _case(rng, 7, [(0, 3), (2, 5)], [1, 3])


@EXERCISE.probe("a word that moves twice", group="core")
def moves_twice(rng):
    return _case(rng, 6, [(0, 2), (2, 4), (4, 1)], [4])


@EXERCISE.probe("only left out", group="core")
def left_out(rng):
    return _case(rng, 6, [], [0, 1, 4])


@EXERCISE.probe("nobody is left", group="edge")
def nobody(rng):
    return _case(rng, 4, [(0, 3), (1, 2)], [0, 1, 2, 3])


@EXERCISE.probe("p = 0", group="edge")
def nothing_dropped(rng):
    words, swaps, u, _, last = _case(rng, 5, [(1, 3)], []).args
    u[2] = 0.0
    return Case((words, swaps, u, 0.0, last))


@EXERCISE.probe("a word with itself", group="edge")
def itself(rng):
    return _case(rng, 5, [(2, 2), (1, 4)], [0, 2])


def _swapped(words, swaps):
    words = list(words)
    for i, j in swaps:
        words[i], words[j] = words[j], words[i]
    return words


def _left(words, u, p, last):
    return [w for w, d in zip(words, u, strict=True) if d >= p] or [words[last]]


@EXERCISE.mistake(
    "original",
    kind="logic",
    says="takes the words of the original for every swap",
    hint="A word that is moved twice is lost or doubled: the swap looked at the sentence as it "
    "was. Exchange what stands there now.",
)
def from_the_original(words, swaps, u, p, last_resort):
    new = list(words)
    for i, j in swaps:
        new[i], new[j] = words[j], words[i]
    return _left(new, u, p, last_resort)


@EXERCISE.mistake(
    "overwrite",
    kind="logic",
    says="loses one of the two words",
    hint="One of two exchanged words is there twice: it was overwritten before it was read. Assign "
    "both at once.",
)
def overwritten(words, swaps, u, p, last_resort):
    new = list(words)
    for i, j in swaps:
        new[i] = new[j]
        new[j] = new[i]
    return _left(new, u, p, last_resort)


@EXERCISE.mistake(
    "first_drop",
    kind="order",
    says="chooses who is left out before the swaps",
    hint="The wrong words are missing: they were chosen by their places before the swaps. First "
    "exchange, then leave out.",
)
def drops_first(words, swaps, u, p, last_resort):
    tagged = _swapped(list(zip(words, u, strict=True)), swaps)
    return [w for w, d in tagged if d >= p] or [tagged[last_resort][0]]


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="keeps what should be left out",
    hint="What is left is what should be missing: a word goes if u < p.",
)
def keeps_the_dropped(words, swaps, u, p, last_resort):
    new = _swapped(words, swaps)
    return [w for w, d in zip(new, u, strict=True) if d < p] or [new[last_resort]]


@EXERCISE.mistake(
    "empty",
    kind="edge-case",
    says="returns an empty sentence",
    hint="A sentence without words came back: if none would be left, one of them stays.",
)
def empty(words, swaps, u, p, last_resort):
    return [w for w, d in zip(_swapped(words, swaps), u, strict=True) if d >= p]


@EXERCISE.mistake(
    "resort",
    kind="edge-case",
    says="keeps the word that stood there before the swaps",
    hint="The word that stays alone is that of the sentence as it was: the place counts after the "
    "swaps.",
)
def old_resort(words, swaps, u, p, last_resort):
    kept = [w for w, d in zip(_swapped(words, swaps), u, strict=True) if d >= p]
    return kept or [words[last_resort]]


@EXERCISE.mistake(
    "whole",
    kind="edge-case",
    says="gives up if nobody is left",
    hint="If none would be left the whole sentence came back. One word stays, alone.",
)
def whole(words, swaps, u, p, last_resort):
    new = _swapped(words, swaps)
    return [w for w, d in zip(new, u, strict=True) if d >= p] or new


@EXERCISE.mistake(
    "equal",
    kind="edge-case",
    says="leaves a word out at p = 0",
    hint="With p = 0 a word is missing, the one with u = 0: leave out where u < p, not u <= p.",
)
def equal(words, swaps, u, p, last_resort):
    new = _swapped(words, swaps)
    return [w for w, d in zip(new, u, strict=True) if d > p] or [new[last_resort]]


@EXERCISE.mistake(
    "no_swap",
    kind="logic",
    says="does not exchange",
    hint="No word has moved: the swaps were not made.",
)
def no_swaps(words, swaps, u, p, last_resort):
    return _left(list(words), u, p, last_resort)


@EXERCISE.mistake(
    "skip",
    kind="logic",
    says="deletes while it counts",
    hint="After a word that is left out the next one is skipped: the list was shortened while it "
    "was walked through. Build a new one.",
)
def deletes_while_counting(words, swaps, u, p, last_resort):
    new, k = _swapped(words, swaps), 0
    spare = new[last_resort]
    while k < len(new):
        if u[k] < p:
            del new[k]
        k += 1
    return new or [spare]


@EXERCISE.variant("by an index array")
def by_index(words, swaps, u, p, last_resort):
    order = np.arange(len(words))
    for i, j in swaps:
        order[[i, j]] = order[[j, i]]
    kept = order[np.array(u) >= p]
    return np.array(words)[kept if len(kept) else order[[last_resort]]].tolist()


@EXERCISE.variant("with a third hand")
def by_hand(words, swaps, u, p, last_resort):
    new = list(words)
    for i, j in swaps:
        held = new[i]
        new[i] = new[j]
        new[j] = held
    out = []
    for k in range(len(new)):
        if not u[k] < p:
            out.append(new[k])
    if not out:
        out.append(new[last_resort])
    return out


@EXERCISE.variant("backwards, from the end")
def backwards(words, swaps, u, p, last_resort):
    new = list(words)
    for pair in swaps:
        i, j = sorted(pair)
        new = [*new[:i], new[j], *new[i + 1 : j], new[i], *new[j + 1 :]] if i < j else new
    spare = new[last_resort]
    for k in reversed(range(len(new))):
        if u[k] < p:
            new.pop(k)
    return new if new else [spare]
