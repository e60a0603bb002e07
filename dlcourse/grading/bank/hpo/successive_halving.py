"""Exercise ``successive_halving``: many begin, few are trained to the end."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.hpo._rungs import in_our_order, learning_curves
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    if not path or path[0] == 0:
        return "best_config" if path else ""
    parts = "the budget", "the configurations", "the losses"
    rung = "".join(f" of rung {index}" for index in path[1:2])
    return "".join([*(parts[index] for index in path[2:3])] or ["the history"]) + rung


EXERCISE = Exercise(
    id="successive_halving",
    title="Successive halving",
    chapter="6-hpo",
    position=8,
    entry="sha",
    parameters=("loss", "configs", "r_min", "eta", "r_max"),
    conventions=(
        "loss(config, budget) is a number, smaller is better; it costs a training, so it is called "
        "once for each configuration of each rung",
        "configs is an array; rung 0 holds all of it, with budget r_min, and rung k has the budget "
        "min(r_min·eta**k, r_max)",
        "from a rung of m the ⌊m/eta⌋ best go on, at least 1; of equal losses in rung 0 the "
        "earlier configuration; it ends with the rung that holds one, or whose budget is r_max",
        "returns (best_config, history): the best of the last rung, and a list with (budget, "
        "configs, losses) for every rung; the order within a rung is free",
    ),
    hints=(
        "A rung is: evaluate all that are left with the same budget, keep a share. What decides "
        "that a rung was the last?",
        "budget = min(r_min * eta**k, r_max). Evaluate once, sort what you stored (np.argsort with "
        "kind='stable' keeps the order of equals), record the rung, and only then ask for the end.",
        "By hand, configs (1, 2, 3, 4), loss = config/budget, r_min 1, eta 2, r_max 8: losses "
        "(1, 2, 3, 4) with budget 1; 1 and 2 go on, (0.5, 1) with budget 2; 1 is left, (0.25) "
        "with budget 4. Best: 1.",
    ),
    result="Two things come back: the best configuration, and a list with three parts a rung.",
    places=_place,
    free=in_our_order,
)


@EXERCISE.solution
def sha(loss, configs, r_min, eta, r_max):
    history, k = [], 0
    while True:
        budget = min(r_min * eta**k, r_max)
        losses = np.array([loss(config, budget) for config in configs])
        history.append((budget, configs, losses))
        order = np.argsort(losses, kind="stable")
        if len(configs) == 1 or budget == r_max:
            return configs[order[0]], history
        configs = configs[order[: max(1, len(configs) // eta)]]
        k += 1


def _case(rng, n, r_min, eta, r_max, tie=False):
    while True:
        configs, loss = learning_curves(rng, n, r_min, eta, r_max, tie)
        history = sha(loss, configs, r_min, eta, r_max)[1]
        _, left, losses = history[-1]
        if len(left) == 1 or losses.argmin() > 0:  # else the order in the last rung is as before
            break
    calls = sum(len(configs) for _, configs, _ in history)
    return Case((loss, configs, r_min, eta, r_max), {}, {"loss": calls})


@EXERCISE.probe("nine, a third goes on", group="core")
def nine(rng):
    return _case(rng, 9, 1, 3, 9)


@EXERCISE.probe("halving", group="core")
def halving(rng):
    return _case(rng, 16, 3, 2, 48)


@EXERCISE.probe("numbers that do not divide", group="core")
def no_division(rng):
    return _case(rng, 17, 2, 3, 50)


@EXERCISE.probe("the budget ends first", group="edge")
def budget_ends(rng):
    return _case(rng, 12, 4, 2, 10)


@EXERCISE.probe("one is left early", group="edge")
def left_early(rng):
    return _case(rng, 4, 1, 3, 100)


@EXERCISE.probe("fewer than eta", group="edge")
def fewer_than_eta(rng):
    return _case(rng, 3, 1, 4, 64)


@EXERCISE.probe("equal losses at the border", group="edge")
def equal(rng):
    return _case(rng, 8, 1, 4, 16, tie=True)


@EXERCISE.probe("a single configuration", group="edge")
def single(rng):
    return _case(rng, 1, 2, 3, 18)


def _walk(loss, configs, r_max, budget_of, kept, done=None):
    """Successive halving with other ideas of the budget, of who goes on, and of the end."""
    done = done or (lambda configs, budget: len(configs) == 1 or budget >= r_max)
    history = []
    for k in range(12):
        budget = budget_of(k)
        losses = np.array([loss(config, budget) for config in configs])
        history.append((budget, configs, losses))
        if done(configs, budget):
            break
        configs = configs[kept(losses)]
    return configs[losses.argmin()], history


def _budgets(r_min, eta, r_max):
    return lambda k: min(r_min * eta**k, r_max)


def _best(eta):
    return lambda losses: np.argsort(losses, kind="stable")[: max(1, len(losses) // eta)]


@EXERCISE.mistake(
    "worst",
    kind="sign",
    says="keeps the worst",
    hint="Those with the largest losses go on: sorted the wrong way round. Smaller is better.",
)
def worst(loss, configs, r_min, eta, r_max):
    def kept(losses):
        return np.argsort(-losses, kind="stable")[: max(1, len(losses) // eta)]

    return _walk(loss, configs, r_max, _budgets(r_min, eta, r_max), kept)


@EXERCISE.mistake(
    "budget",
    kind="logic",
    says="trains every rung with r_min",
    hint="The survivors are trained with the same small budget again. What fewer cost is spent on "
    "training them longer: multiply the budget by eta from rung to rung.",
)
def same_budget(loss, configs, r_min, eta, r_max):
    return _walk(loss, configs, r_max, lambda k: r_min, _best(eta))


@EXERCISE.mistake(
    "additive",
    kind="logic",
    says="lets the budget grow by r_min a rung",
    hint="The budgets grow by the same amount: they are r_min times k + 1. They grow by the same "
    "factor, r_min·eta**k, so that every rung costs about the same.",
)
def additive(loss, configs, r_min, eta, r_max):
    return _walk(loss, configs, r_max, lambda k: min(r_min * (k + 1), r_max), _best(eta))


@EXERCISE.mistake(
    "keep",
    kind="logic",
    says="drops one in eta instead of keeping one in eta",
    hint="Too many go on: all but one in eta. One in eta is what is kept.",
)
def keep(loss, configs, r_min, eta, r_max):
    def kept(losses):
        m = len(losses)
        return np.argsort(losses, kind="stable")[: max(1, m - max(1, m // eta))]

    return _walk(loss, configs, r_max, _budgets(r_min, eta, r_max), kept)


@EXERCISE.mistake(
    "ceil",
    kind="off-by-one",
    says="rounds up how many go on",
    hint="Where m/eta is no whole number, one too many goes on: it was rounded up. Round down, but "
    "keep one.",
)
def ceil(loss, configs, r_min, eta, r_max):
    def kept(losses):
        return np.argsort(losses, kind="stable")[: -(-len(losses) // eta)]

    return _walk(loss, configs, r_max, _budgets(r_min, eta, r_max), kept)


@EXERCISE.mistake(
    "beyond",
    kind="edge-case",
    says="lets the budget grow past r_max",
    hint="The last budget is larger than r_max. Cut it there: min(r_min·eta**k, r_max).",
)
def beyond(loss, configs, r_min, eta, r_max):
    return _walk(loss, configs, r_max, lambda k: r_min * eta**k, _best(eta))


@EXERCISE.mistake(
    "on_and_on",
    kind="logic",
    says="goes on with one configuration until r_max",
    hint="When one is left it is trained on and on: nothing is left to compare. The rung that "
    "holds one is the last.",
)
def on_and_on(loss, configs, r_min, eta, r_max):
    def done(configs, budget):
        return budget >= r_max

    return _walk(loss, configs, r_max, _budgets(r_min, eta, r_max), _best(eta), done)


@EXERCISE.mistake(
    "unseen",
    kind="off-by-one",
    says="stops before the last one is evaluated",
    hint="The rung of the last configuration is missing: one was left, and nobody looked how it "
    "does with more budget. Evaluate first, then ask for the end.",
)
def unseen(loss, configs, r_min, eta, r_max):
    best, history = sha(loss, configs, r_min, eta, r_max)
    return best, [history[0], *(rung for rung in history[1:] if len(rung[1]) > 1)]


@EXERCISE.mistake(
    "first_rung",
    kind="logic",
    says="names the best of the first rung",
    hint="The rungs are right, the winner is the best of the first. What it looked like with the "
    "smallest budget is the weakest evidence: take the last rung.",
)
def first_rung(loss, configs, r_min, eta, r_max):
    _, history = sha(loss, configs, r_min, eta, r_max)
    return configs[history[0][2].argmin()], history


@EXERCISE.mistake(
    "later",
    kind="edge-case",
    says="keeps the later of two equals",
    hint="Of two equal losses the later configuration went on. The earlier one does: sort stably.",
)
def later(loss, configs, r_min, eta, r_max):
    def kept(losses):
        return np.lexsort((-np.arange(len(losses)), losses))[: max(1, len(losses) // eta)]

    return _walk(loss, configs, r_max, _budgets(r_min, eta, r_max), kept)


@EXERCISE.variant("pairs, sorted in Python")
def by_pairs(loss, configs, r_min, eta, r_max):
    left, budget, history = configs.tolist(), r_min, []
    while True:
        scored = [(loss(config, budget), i) for i, config in enumerate(left)]
        history.append([budget, list(left), [score for score, _ in scored]])
        if len(left) == 1 or budget >= r_max:
            return left[min(scored)[1]], history
        keep = sorted(scored)[: max(len(left) // eta, 1)]
        left = [left[i] for i in sorted(i for _, i in keep)]
        budget = min(budget * eta, r_max)


@EXERCISE.variant("by recursion, from the best to the worst")
def by_recursion(loss, configs, r_min, eta, r_max):
    budget = min(r_min, r_max)
    losses = [loss(config, budget) for config in configs]
    order = sorted(range(len(configs)), key=losses.__getitem__)
    rung = (budget, configs[order], np.array(losses)[order])
    if len(configs) == 1 or budget == r_max:
        return configs[order[0]], [rung]
    going_on = configs[order][: max(1, len(configs) // eta)]
    best, rest = by_recursion(loss, going_on, r_min * eta, eta, r_max)
    return best, [rung, *rest]


@EXERCISE.variant("float32")
def single_precision(loss, configs, r_min, eta, r_max):
    best, history = sha(loss, configs.astype(np.float32), r_min, eta, r_max)
    return best, [(np.float32(r), c, losses.astype(np.float32)) for r, c, losses in history]
