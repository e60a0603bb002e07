"""Exercise ``six_step_tuning``: the numbers of a recipe, from the first loss to the last curve."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.hpo._runs import INF, TYPICAL, case, fine_grid, lowest
from dlcourse.grading.spec import Exercise


def _place(path):
    return "".join([f'"{path[0]}"', *(f"[{index}]" for index in path[1:])]) if path else ""


EXERCISE = Exercise(
    id="six_step_tuning",
    title="Six steps of tuning",
    chapter="6-hpo",
    position=1,
    entry="tune",
    parameters=("K", "results", "curves", "lr_range", "n"),
    conventions=(
        "initial_loss: the cross-entropy to expect of a K-class softmax at its start, no penalty",
        "picked_lr: results is a list of (lr, [loss, loss, …]); the rate with the lowest last loss "
        "among the runs that are finite throughout and end below their first loss; nan if none is",
        "coarse: n rates, equally spaced in log lr, from lr_range[0] to lr_range[1], both included",
        "fine: n rates, equally spaced in log lr, from picked_lr/3 to 3·picked_lr, both included; "
        "empty if nothing was picked",
        "diagnosis, from the last values t and v of curves = (training, validation) accuracies: "
        "1 (underfitting) if t < 0.8; else 2 (overfitting) if t − v > 0.1; else 3 (good)",
        "returns a dict with these five keys",
    ),
    hints=(
        "Take the keys one by one: each is a line. A network that knows nothing says 1/K to every "
        "class; what does cross-entropy charge for that?",
        "−ln(1/K) = ln K. Of the runs keep those that are finite everywhere and end below their "
        "start, and take the smallest last loss. np.geomspace makes both grids. Ask for t < 0.8 "
        "first.",
        "By hand, with K = 4, runs (0.1: 2, 1), (0.3: 2, 0.5), (0.9: 2, nan), curves ending at "
        "(0.9, 0.7), range (0.01, 1), n = 3: initial loss 1.38629, picked 0.3, coarse "
        "0.01, 0.1, 1, fine 0.1, 0.3, 0.9, diagnosis 2.",
    ),
    result="A dict comes back; coarse and fine hold n numbers each, the other three one.",
    places=_place,
)


@EXERCISE.solution
def tune(K, results, curves, lr_range, n):
    learned = [
        (losses[-1], lr)
        for lr, losses in results
        if np.isfinite(losses).all() and losses[-1] < losses[0]
    ]
    lr = min(learned)[1] if learned else np.nan
    (low, high), train, val = lr_range, curves[0][-1], curves[1][-1]
    return {
        "initial_loss": np.log(K),
        "picked_lr": lr,
        "coarse": np.geomspace(low, high, n),
        "fine": np.geomspace(lr / 3, 3 * lr, n) if learned else np.zeros(0),
        "diagnosis": 1 if train < 0.8 else 2 if train - val > 0.1 else 3,
    }


@EXERCISE.probe("a typical search", group="core")
def typical(rng):
    return case(rng, TYPICAL, (0.3, 0.7, 0.95), (0.3, 0.6, 0.72))


@EXERCISE.probe("nothing fits yet", group="core")
def nothing_fits(rng):
    return case(rng, TYPICAL[:3], (0.3, 0.4, 0.5), (0.3, 0.4, 0.52), n=4)


@EXERCISE.probe("a run that dips", group="core")
def dips(rng):
    return case(rng, ((2.3, 1.0, 1.9), (2.3, 1.8, 1.6), (2.3, 2.2, 2.1)), (0.93,), (0.89,), n=3)


@EXERCISE.probe("the lowest run went up", group="edge")
def went_up(rng):
    return case(rng, ((2.3, 1.8, 1.5), (0.9, 0.85, 1.0), (2.3, 2.2, 2.0)), (0.9, 0.99), (0.9, 0.8))


@EXERCISE.probe("the lowest run went nowhere", group="edge")
def nowhere(rng):
    return case(rng, ((2.3, 1.8, 1.5), (1.0, 1.3, 1.0), (2.3, 2.2, 2.0)), (0.88, 0.8), (0.7, 0.75))


@EXERCISE.probe("the lowest run blew up on the way", group="edge")
def blew_up(rng):
    return case(rng, ((2.3, 2.0, 1.6), (2.3, INF, 0.7)), (0.4, 0.6), (0.4, 0.3))


@EXERCISE.probe("the best epoch was not the last", group="edge")
def not_the_last(rng):
    return case(rng, TYPICAL[1:4], (0.9, 0.97, 0.96), (0.85, 0.92, 0.7), n=2)


@EXERCISE.probe("nobody learns", group="edge")
def nobody(rng):
    return case(rng, ((2.3, 2.4, 2.5), (2.3, 8.0, INF)), (0.7, 0.85), (0.7, 0.82), n=4)


def _but(given, **changed):
    """Ours, with some keys changed; a new ``picked_lr`` takes ``fine`` with it."""
    found = tune(*given) | changed
    if "picked_lr" in changed:
        found["fine"] = fine_grid(found["picked_lr"], given[-1])
    return found


@EXERCISE.mistake(
    "log10",
    kind="logic",
    says="takes the logarithm to base 10",
    hint="The initial loss is the logarithm of K to base 10. Cross-entropy counts in natural "
    "logarithms: -ln(1/K) = ln K, 2.303 for ten classes.",
)
def log10(K, results, curves, lr_range, n):
    return _but((K, results, curves, lr_range, n), initial_loss=np.log10(K))


@EXERCISE.mistake(
    "one_over_k",
    kind="logic",
    says="takes 1/K for the initial loss",
    hint="The initial loss is 1/K here: that is the probability of the right class, not what "
    "cross-entropy makes of it. The loss is -ln(1/K) = ln K.",
)
def one_over_k(K, results, curves, lr_range, n):
    return _but((K, results, curves, lr_range, n), initial_loss=1 / K)


@EXERCISE.mistake(
    "linear",
    kind="logic",
    says="spaces the coarse grid equally in lr",
    hint="Almost all coarse values lie in the top decade: they are equally spaced in lr. What "
    "matters is the factor between rates: space them in log lr.",
)
def linear(K, results, curves, lr_range, n):
    return _but((K, results, curves, lr_range, n), coarse=np.linspace(lr_range[0], lr_range[1], n))


@EXERCISE.mistake(
    "fine",
    kind="logic",
    says="spaces the fine grid equally in lr",
    hint="The fine grid runs over the right interval, equally spaced in lr, so that picked_lr is "
    "not in its middle. Space it in log lr as well.",
)
def fine_linear(K, results, curves, lr_range, n):
    given = K, results, curves, lr_range, n
    return _but(given, fine=fine_grid(tune(*given)["picked_lr"], n, np.linspace))


@EXERCISE.mistake(
    "open_end",
    kind="off-by-one",
    says="leaves the upper end of both grids out",
    hint="The grids stop short of their upper ends: n steps were made where n − 1 are needed. Both "
    "ends belong to the n values.",
)
def open_end(K, results, curves, lr_range, n):
    def spaced(low, high, n):
        return np.geomspace(low, high, n, endpoint=False)

    given = K, results, curves, lr_range, n
    fine = fine_grid(tune(*given)["picked_lr"], n, spaced)
    return _but(given, coarse=spaced(lr_range[0], lr_range[1], n), fine=fine)


@EXERCISE.mistake(
    "dip",
    kind="logic",
    says="compares the lowest loss of each run",
    hint="The run that was picked dipped and came back up: its lowest loss was taken. A rate is "
    "judged by where it ends: compare the last losses.",
)
def dip(K, results, curves, lr_range, n):
    def learned(losses):
        return np.isfinite(losses).all() and losses[-1] < losses[0]

    return _but((K, results, curves, lr_range, n), picked_lr=lowest(results, min, learned))


@EXERCISE.mistake(
    "risen",
    kind="logic",
    says="does not ask whether a run went down",
    hint="The run that was picked ends no lower than it began: low only because it started low. "
    "Keep the runs whose last loss is below their first.",
)
def risen(K, results, curves, lr_range, n):
    def learned(losses):
        return np.isfinite(losses).all()

    picked = lowest(results, lambda losses: losses[-1], learned)
    return _but((K, results, curves, lr_range, n), picked_lr=picked)


@EXERCISE.mistake(
    "last_finite",
    kind="edge-case",
    says="asks only the last loss whether it is finite",
    hint="The run that was picked had a loss that was no number on its way. Asking the last loss "
    "is not enough: a run counts if all its losses are finite.",
)
def last_finite(K, results, curves, lr_range, n):
    def learned(losses):
        return np.isfinite(losses[-1]) and losses[-1] < losses[0]

    picked = lowest(results, lambda losses: losses[-1], learned)
    return _but((K, results, curves, lr_range, n), picked_lr=picked)


@EXERCISE.mistake(
    "diagnosis",
    kind="logic",
    says="calls a low training accuracy overfitting",
    hint="A training accuracy below 0.8 was called overfitting. The network does not even fit "
    "what it has seen: that is underfitting, 1, whatever the gap.",
)
def never_under(K, results, curves, lr_range, n):
    train, val = curves[0][-1], curves[1][-1]
    said = 2 if train < 0.8 or train - val > 0.1 else 3
    return _but((K, results, curves, lr_range, n), diagnosis=said)


@EXERCISE.mistake(
    "gap_first",
    kind="logic",
    says="asks for the gap before it asks for the fit",
    hint="A network that fits badly and has a gap was called overfitting: the gap was asked for "
    "first. Below 0.8 in training it is 1, whatever the gap.",
)
def gap_first(K, results, curves, lr_range, n):
    train, val = curves[0][-1], curves[1][-1]
    said = 2 if train - val > 0.1 else 1 if train < 0.8 else 3
    return _but((K, results, curves, lr_range, n), diagnosis=said)


@EXERCISE.mistake(
    "best_epoch",
    kind="logic",
    says="reads the curves at their highest points",
    hint="The curves were read where they are highest, each at another epoch. The diagnosis is of "
    "the network at hand: take the last values of both.",
)
def best_epoch(K, results, curves, lr_range, n):
    return tune(K, results, ([max(curves[0])], [max(curves[1])]), lr_range, n)


@EXERCISE.variant("run by run, grids as powers of ten")
def by_loop(K, results, curves, lr_range, n):
    best, picked = float("inf"), float("nan")
    for lr, losses in results:
        fine = all(abs(loss) < float("inf") for loss in losses)
        if fine and losses[-1] < losses[0] and losses[-1] < best:
            best, picked = losses[-1], lr

    def grid(low, high):
        a, b = np.log10(low), np.log10(high)
        return [float(10 ** (a + (b - a) * i / (n - 1))) for i in range(n)]

    said = 3 if curves[0][-1] - curves[1][-1] <= 0.1 else 2
    return {
        "initial_loss": -np.log(1 / K),
        "diagnosis": said if curves[0][-1] >= 0.8 else 1,
        "picked_lr": picked,
        "coarse": grid(*lr_range),
        "fine": grid(picked / 3, picked * 3) if picked == picked else [],
    }


@EXERCISE.variant("one array of last losses, with inf where a run does not count")
def by_array(K, results, curves, lr_range, n):
    lasts = np.array([losses[-1] for _, losses in results], dtype=float)
    for i, (_, losses) in enumerate(results):
        if not np.all(np.isfinite(losses)) or not losses[-1] < losses[0]:
            lasts[i] = np.inf
    some = np.isfinite(lasts).any()
    lr = results[lasts.argmin()][0] if some else np.nan
    t, v = (curve[-1] for curve in curves)
    return {
        "initial_loss": np.float64(np.log(K)),
        "picked_lr": lr,
        "coarse": np.exp(np.linspace(np.log(lr_range[0]), np.log(lr_range[1]), n)),
        "fine": lr * np.logspace(-1, 1, n, base=3) if some else np.zeros(0),
        "diagnosis": np.int64(1 + (t >= 0.8) * (1 + (t - v <= 0.1))),
    }


@EXERCISE.variant("float32")
def single_precision(K, results, curves, lr_range, n):
    short = np.float32
    runs = [(short(lr), np.asarray(losses, short)) for lr, losses in results]
    found = tune(short(K), runs, [np.asarray(c, short) for c in curves], map(short, lr_range), n)
    return {key: np.asarray(value, short) for key, value in found.items()}
