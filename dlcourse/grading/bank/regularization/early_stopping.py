"""Exercise ``early_stopping``: how long to wait, and what to bring back."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return ("stop_epoch", "best_epoch")[path[0]] if path else ""


EXERCISE = Exercise(
    id="early_stopping",
    title="Early stopping",
    chapter="7-regularization",
    position=3,
    entry="early_stop",
    parameters=("losses", "patience", "min_delta"),
    conventions=(
        "losses holds the validation loss of epochs 0, 1, 2, …",
        "an epoch improves if its loss is smaller than best − min_delta, where best is the loss of "
        "the last epoch that improved; the first one improves unless it is nan, and nan never does",
        "training stops after the epoch at which `patience` epochs in a row have not improved",
        "returns (stop_epoch, best_epoch): the last epoch that is run, which is len(losses) − 1 if "
        "it never stops, and the last epoch that improved, 0 if none did",
    ),
    hints=(
        "Two things have to be remembered from epoch to epoch. One is the best loss so far; what "
        "is the other, and when does it start again?",
        "Count the epochs since the last improvement. Improvement: the count becomes 0, and best "
        "and best_epoch are set. Otherwise the count grows by 1; if it has reached patience, stop.",
        "By hand, with losses 5, 3, 4, 2, 2, 6 and patience 2: epochs 0, 1 and 3 improve; epoch 2 "
        "does not, the count is 1 and starts again at 3; epochs 4 and 5 do not. Training stops "
        "after epoch 5, the best is epoch 3: (5, 3).",
    ),
    result="Two whole numbers come back.",
    places=_place,
)


@EXERCISE.solution
def early_stop(losses, patience, min_delta=0.0):
    best, best_epoch, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
    return len(losses) - 1, best_epoch


def _curve(rng, *levels):
    """Losses in units of a drawn size, each a little off its level."""
    unit = round(float(rng.uniform(0.5, 2)), 2)
    return [round(unit * float(level), 4) for level in levels]


@EXERCISE.probe("falls, then rises", group="core")
def falls_then_rises(rng):
    return Case((_curve(rng, 9, 7, 6, 5, 5.5, 6.5, 7, 4, 3), 3))


@EXERCISE.probe("a plateau", group="core")
def plateau(rng):
    return Case((_curve(rng, 8, 6, 3, 3, 3, 3, 3, 3), 2))


@EXERCISE.probe("a bump that patience outlasts", group="core")
def bump(rng):
    return Case((_curve(rng, 8, 6, 7, 6.5, 5, 7, 7.5, 4, 6, 6, 6, 6), 3))


@EXERCISE.probe("never stops", group="edge")
def never(rng):
    return Case((_curve(rng, 8, 6, 5, 4, 4.5), 2))


@EXERCISE.probe("a slow way down from a peak", group="edge")
def slow(rng):
    return Case((_curve(rng, 5, 8, 7.5, 7, 6.5, 6, 5.5, 5.2), 4))


def _with_delta(rng, *levels):
    losses = _curve(rng, *levels)
    return Case((losses, 4), {"min_delta": round((losses[0] - losses[1]) * 0.35, 4)})


@EXERCISE.probe("improvements too small to count", group="edge")
def too_small(rng):
    return _with_delta(rng, 6, 5, 5.2, 4.9, 4.8, 5.1, 5.0)


@EXERCISE.probe("small improvements that add up", group="edge")
def add_up(rng):
    return _with_delta(rng, 6, 5, 4.9, 4.8, 4.7, 4.6, 4.5)


@EXERCISE.probe("a loss that is no number", group="edge")
def not_a_number(rng):
    losses = _curve(rng, 7, 5, 0, 0, 4, 6, 6)
    losses[2] = losses[3] = float("nan")
    return Case((losses, 3))


@EXERCISE.probe("no number from the start", group="edge")
def lost(rng):
    return Case(([float("nan")] * int(rng.integers(4, 40)), 3))


def _walk(losses, patience, improves, in_a_row=True):
    """The same walk with another idea of what improves."""
    best, best_epoch, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if improves(loss, best):
            best, best_epoch, waited = loss, epoch, waited * (not in_a_row)
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
    return len(losses) - 1, best_epoch


@EXERCISE.mistake(
    "early",
    kind="off-by-one",
    says="stops one epoch early",
    hint="It stops an epoch too early: after patience − 1 epochs without improvement. Count up to "
    "patience.",
)
def one_early(losses, patience, min_delta=0.0):
    return early_stop(losses, patience - 1, min_delta)


@EXERCISE.mistake(
    "late",
    kind="off-by-one",
    says="stops one epoch late",
    hint="It stops an epoch too late: the count was compared before it was raised, or with >. "
    "When patience epochs have not improved, that epoch is the last.",
)
def one_late(losses, patience, min_delta=0.0):
    return early_stop(losses, patience + 1, min_delta)


@EXERCISE.mistake(
    "previous",
    kind="logic",
    says="compares with the epoch before",
    hint="On a slow way down from a peak it never stops: each loss is better than the one before, "
    "none is better than the best. Compare with the best.",
)
def previous(losses, patience, min_delta=0.0):
    best, best_epoch, waited, before = np.inf, 0, 0, np.inf
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        waited = 0 if loss < before - min_delta else waited + 1
        if waited == patience:
            return epoch, best_epoch
        before = loss
    return len(losses) - 1, best_epoch


@EXERCISE.mistake(
    "last",
    kind="logic",
    says="brings the last epoch back",
    hint="stop_epoch is right, but the weights of the last epoch are brought back. They have not "
    "improved for patience epochs: bring back those of the best.",
)
def last(losses, patience, min_delta=0.0):
    stop, _ = early_stop(losses, patience, min_delta)
    return stop, stop


@EXERCISE.mistake(
    "equal",
    kind="edge-case",
    says="takes an equal loss for an improvement",
    hint="A plateau counts as progress here, so that it never ends. To improve is to be smaller, "
    "not equal.",
)
def equal(losses, patience, min_delta=0.0):
    return _walk(losses, patience, lambda loss, best: loss <= best - min_delta)


@EXERCISE.mistake(
    "total",
    kind="logic",
    says="never starts the count again",
    hint="The epochs without improvement were counted over the whole training. They have to be in "
    "a row: an improvement sets the count back to 0.",
)
def in_total(losses, patience, min_delta=0.0):
    return _walk(losses, patience, lambda loss, best: loss < best - min_delta, in_a_row=False)


@EXERCISE.mistake(
    "lowest",
    kind="logic",
    says="looks for the best epoch in the whole curve",
    hint="The best epoch lies after the stop, where nobody has trained: it was looked up in the "
    "whole list. Only epochs up to the stop exist.",
)
def lowest(losses, patience, min_delta=0.0):
    stop, best = early_stop(losses, patience, min_delta)
    return stop, best if np.isnan(losses).all() else int(np.nanargmin(losses))


@EXERCISE.mistake(
    "no_delta",
    kind="logic",
    says="leaves min_delta out",
    hint="Tiny improvements keep the training alive: min_delta was not used. An epoch improves "
    "only if its loss is smaller than best − min_delta.",
)
def no_delta(losses, patience, min_delta=0.0):
    return early_stop(losses, patience)


@EXERCISE.mistake(
    "plus_delta",
    kind="sign",
    says="adds min_delta",
    hint="With min_delta a loss that is worse counts as an improvement: it was added. The bar lies "
    "below the best, at best − min_delta.",
)
def plus_delta(losses, patience, min_delta=0.0):
    return early_stop(losses, patience, -min_delta)


@EXERCISE.mistake(
    "creeping",
    kind="logic",
    says="moves the best at improvements too small to count",
    hint="With min_delta the bar creeps down: best was set at every smaller loss. It is the loss "
    "of the last epoch that improved by enough; small steps together may then count.",
)
def creeping(losses, patience, min_delta=0.0):
    best, best_epoch, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best_epoch, waited = epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
        best = min(best, loss) if loss == loss else best
    return len(losses) - 1, best_epoch


@EXERCISE.mistake(
    "nan",
    kind="edge-case",
    says="takes nan for an improvement",
    hint="A loss that is no number was taken for progress: `not loss >= best` is true for nan. Ask "
    "whether it is smaller.",
)
def nan_improves(losses, patience, min_delta=0.0):
    return _walk(losses, patience, lambda loss, best: not loss >= best - min_delta)


@EXERCISE.variant("looks back from every epoch")
def looking_back(losses, patience, min_delta=0.0):
    improved: list[int] = []
    for epoch, loss in enumerate(losses):
        bar = losses[improved[-1]] - min_delta if improved else float("inf")
        if loss < bar:
            improved.append(epoch)
        since = epoch - (improved[-1] if improved else -1)
        if since >= patience:
            return epoch, improved[-1] if improved else 0
    return len(losses) - 1, improved[-1] if improved else 0


@EXERCISE.variant("a deadline that moves")
def by_deadline(losses, patience, min_delta=0.0):
    best, best_epoch, deadline = float("inf"), 0, patience - 1
    epoch = 0
    while epoch < len(losses):
        if losses[epoch] < best - min_delta:
            best, best_epoch, deadline = losses[epoch], epoch, epoch + patience
        if epoch == deadline:
            return np.int64(epoch), np.int64(best_epoch)
        epoch += 1
    return epoch - 1, best_epoch


@EXERCISE.variant("float32")
def single_precision(losses, patience, min_delta=0.0):
    return early_stop(np.asarray(losses, np.float32), patience, np.float32(min_delta))
