"""Exercise ``schedule_plateau``: a rate that waits for the loss."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return f"after loss {path[0]}" if path else ""


EXERCISE = Exercise(
    id="schedule_plateau",
    title="Schedule: reduce on a plateau",
    chapter="2-optimizers",
    position=14,
    entry="plateau",
    parameters=("losses", "lr", "factor", "patience", "threshold", "min_lr"),
    conventions=(
        "losses are reported one after the other; the answer holds the rate after each, one array",
        "a loss improves if it is < best · (1 − threshold), where best is the last loss that "
        "improved, ∞ before the first; nan never improves",
        "when more than `patience` losses in a row have not improved, the rate becomes "
        "max(lr · factor, min_lr) at once, and the count begins again at 0",
        "a reduction leaves best as it is",
    ),
    hints=(
        "Three things are remembered from loss to loss: the rate, the best loss, and how many "
        "losses in a row have not improved. When does each of them change?",
        "Improved: best is set and the count becomes 0. Else the count grows by 1; if it is now "
        "larger than patience, the rate falls and the count becomes 0. Then note the rate.",
        "By hand, losses 5, 4, 4, 6, 4, 4, lr = 0.8, factor = 0.5, patience = 1, threshold = 0, "
        "min_lr = 0.3: 5 and 4 improve; 4 is the first that does not, 6 the second, so the rate is "
        "0.4; then 4 and 4 again, and it is 0.3: (0.8, 0.8, 0.8, 0.4, 0.4, 0.3).",
    ),
    result="One array comes back, a rate for every loss.",
    places=_place,
)


@EXERCISE.solution
def plateau(losses, lr, factor, patience, threshold, min_lr):
    best, waited, rates = np.inf, 0, []
    for loss in losses:
        waited += 1
        if loss < best * (1 - threshold):
            best, waited = loss, 0
        if waited > patience:
            lr, waited = max(lr * factor, min_lr), 0
        rates.append(lr)
    return np.array(rates)


def _case(rng, levels, patience, threshold=0.0, floor=0.0):
    """Losses in units of a drawn size; ``floor`` in units of the first rate."""
    unit, lr = round(float(rng.uniform(0.5, 2)), 2), rate(rng)
    losses = [round(unit * float(level), 4) for level in levels]
    factor = float(rng.integers(3, 8)) / 10
    return Case((losses, lr, factor, patience, threshold, round(floor * lr, 6)))


@EXERCISE.probe("a fall and then a plateau", group="core")
def falls_then_stays(rng):
    return _case(rng, [9, 7, 5, 5, 6, 5, 5, 7, 5, 5, 5, 5, 5, 5], 2)


@EXERCISE.probe("improvements in between", group="core")
def in_between(rng):
    return _case(rng, [8, 9, 7, 8, 8, 6, 9, 9, 9, 9, 5, 6, 6, 4, 5, 5, 5], 3)


@EXERCISE.probe("a slow way down from a peak", group="core")
def slow(rng):
    return _case(rng, [5, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5.5, 5.2], 3)


@EXERCISE.probe("improvements too small to count", group="core")
def too_small(rng):
    return _case(rng, [10, 9.7, 9.4, 9.1, 8.9, 8.6, 8.5, 8.3, 8.2, 8.15, 7, 6.9, 6.8], 2, 0.1)


@EXERCISE.probe("large and small losses", group="edge")
def large_and_small(rng):
    return _case(rng, [90, 82, 60, 58, 57, 0.6, 0.56, 0.41, 0.4, 0.39, 0.39], 1, 0.08)


@EXERCISE.probe("the smallest rate", group="edge")
def smallest(rng):
    return _case(rng, [3, 4, 4, 4, 4, 4, 4, 4], 0, 0.0, 0.25)


@EXERCISE.probe("no patience", group="edge")
def no_patience(rng):
    return _case(rng, [6, 5, 7, 4, 4, 5, 3], 0)


@EXERCISE.probe("a loss that is no number", group="edge")
def not_a_number(rng):
    case = _case(rng, [7, 5, 0, 0, 0, 4, 6, 6, 6], 1)
    case.args[0][2:5] = [float("nan")] * 3
    return case


@EXERCISE.probe("no number at first", group="edge")
def lost_at_first(rng):
    case = _case(rng, [0, 0, 0, 5, 4, 6, 6, 6, 6], 2)
    case.args[0][:3] = [float("nan")] * 3
    return case


@EXERCISE.probe("one loss", group="edge")
def one_loss(rng):
    return _case(rng, [3], 2)


def _same(best, loss):
    return best


def _walk(losses, lr, factor, patience, min_lr, improves, again=True, in_a_row=True, keep=_same):
    """The same walk with another idea of what improves, of best, or of when the count restarts."""
    best, waited, rates = np.inf, 0, []
    for loss in losses:
        better = improves(loss, best)
        best = loss if better else keep(best, loss)
        waited = 0 if better and in_a_row else waited + (not better)
        if waited > patience:
            lr, waited = max(lr * factor, min_lr), 0 if again else waited
        rates.append(lr)
    return np.array(rates)


def _below(threshold):
    return lambda loss, best: loss < best * (1 - threshold)


@EXERCISE.mistake(
    "early",
    kind="off-by-one",
    says="reduces when patience losses have not improved",
    hint="The rate falls one loss too early: at `patience` losses without improvement. That many "
    "are borne with; the next one is one too many.",
)
def early(losses, lr, factor, patience, threshold, min_lr):
    return plateau(losses, lr, factor, max(patience - 1, 0), threshold, min_lr)


@EXERCISE.mistake(
    "late",
    kind="off-by-one",
    says="reduces one loss too late",
    hint="The rate falls one loss too late: the count was asked before it was raised. Raise it, "
    "then ask whether it is larger than patience.",
)
def late(losses, lr, factor, patience, threshold, min_lr):
    return plateau(losses, lr, factor, patience + 1, threshold, min_lr)


@EXERCISE.mistake(
    "goes_on",
    kind="state",
    says="goes on reducing at every loss",
    hint="After the first reduction the rate falls at every loss: the count was left where it was. "
    "A reduction sets it back to 0; the smaller rate gets its own time.",
)
def goes_on(losses, lr, factor, patience, threshold, min_lr):
    return _walk(losses, lr, factor, patience, min_lr, _below(threshold), again=False)


@EXERCISE.mistake(
    "previous",
    kind="logic",
    says="compares with the loss before",
    hint="On a slow way down from a peak the rate never falls: each loss is better than the one "
    "before, none better than the best. Compare with the best.",
)
def previous(losses, lr, factor, patience, threshold, min_lr):
    improves = _below(threshold)
    return _walk(losses, lr, factor, patience, min_lr, improves, keep=lambda best, loss: loss)


@EXERCISE.mistake(
    "difference",
    kind="convention",
    says="takes threshold for a difference",
    hint="With large losses too much counts as an improvement, with small ones too little: "
    "threshold was subtracted. It is a share of the best: best · (1 − threshold).",
)
def difference(losses, lr, factor, patience, threshold, min_lr):
    def improves(loss, best):
        return loss < best - threshold

    return _walk(losses, lr, factor, patience, min_lr, improves)


@EXERCISE.mistake(
    "no_threshold",
    kind="logic",
    says="leaves threshold out",
    hint="Tiny improvements keep the rate up: threshold was not used. A loss improves only if it "
    "is below best · (1 − threshold).",
)
def no_threshold(losses, lr, factor, patience, threshold, min_lr):
    return plateau(losses, lr, factor, patience, 0.0, min_lr)


@EXERCISE.mistake(
    "creeping",
    kind="logic",
    says="moves the best at improvements too small to count",
    hint="The bar creeps down: best was set at every smaller loss. It is the last loss that "
    "improved by enough; small steps may add up to one.",
)
def creeping(losses, lr, factor, patience, threshold, min_lr):
    return _walk(losses, lr, factor, patience, min_lr, _below(threshold), keep=min)


@EXERCISE.mistake(
    "equal",
    kind="edge-case",
    says="takes an equal loss for an improvement",
    hint="A loss that stays the same counts as progress here. To improve is to be smaller, not "
    "equal: a plateau is what the rule waits for.",
)
def equal(losses, lr, factor, patience, threshold, min_lr):
    def improves(loss, best):
        return loss <= best * (1 - threshold)

    return _walk(losses, lr, factor, patience, min_lr, improves)


@EXERCISE.mistake(
    "total",
    kind="logic",
    says="never starts the count again at an improvement",
    hint="Losses without improvement were counted since the last reduction. They have to be in a "
    "row: an improvement sets the count back to 0.",
)
def in_total(losses, lr, factor, patience, threshold, min_lr):
    improves = _below(threshold)
    return _walk(losses, lr, factor, patience, min_lr, improves, in_a_row=False)


@EXERCISE.mistake(
    "no_floor",
    kind="edge-case",
    says="leaves min_lr out",
    hint="The rate falls below min_lr. A reduction ends there: max(lr · factor, min_lr).",
)
def no_floor(losses, lr, factor, patience, threshold, min_lr):
    return plateau(losses, lr, factor, patience, threshold, 0.0)


@EXERCISE.mistake(
    "before",
    kind="off-by-one",
    says="notes the rate before each loss",
    hint="Every rate is one loss late: it was noted before the loss was looked at. Asked for is "
    "the rate after each loss, the one that the next epoch trains with.",
)
def before(losses, lr, factor, patience, threshold, min_lr):
    rates = plateau(losses, lr, factor, patience, threshold, min_lr)
    return np.append(lr, rates[:-1])


@EXERCISE.variant("looks back from every loss")
def looking_back(losses, lr, factor, patience, threshold, min_lr):
    rates, best, since = [], float("inf"), -1
    for i, loss in enumerate(losses):
        if loss < best and (best == float("inf") or loss < best - threshold * best):
            best, since = loss, i
        elif i - since > patience:
            lr, since = max(min_lr, factor * lr), i
        rates.append(lr)
    return rates


@EXERCISE.variant("counts the reductions")
def by_count(losses, lr, factor, patience, threshold, min_lr):
    best, left, reductions = float("inf"), patience, []
    for loss in losses:
        fell = 0
        if loss < (1 - threshold) * best:
            best, left = loss, patience
        elif left == 0:
            fell, left = 1, patience
        else:
            left -= 1
        reductions.append(fell)
    return np.maximum(lr * factor ** np.cumsum(reductions), min_lr)


@EXERCISE.variant("float32")
def single_precision(losses, lr, factor, patience, threshold, min_lr):
    given = (np.float32(x) for x in (lr, factor))
    losses = np.asarray(losses, np.float32)
    return plateau(losses, *given, patience, np.float32(threshold), np.float32(min_lr))
