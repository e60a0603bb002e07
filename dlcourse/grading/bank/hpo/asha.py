"""Exercise ``asha``: whom to promote while others are still running."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return ("config", "rung")[path[0]] if path else ""


EXERCISE = Exercise(
    id="asha",
    title="Asynchronous halving",
    chapter="6-hpo",
    position=10,
    entry="promotable",
    parameters=("rungs", "eta"),
    conventions=(
        "rungs is a list from the bottom up, each rung a list of (config, loss); a loss is nan "
        "while its configuration is still running there",
        "the candidates of a rung with m finished losses are its ⌊m/eta⌋ best, smaller is better",
        "a configuration that stands in the rung above, running or finished, has been promoted; a "
        "candidate that has not is promotable; out of the last rung nobody is promoted",
        "returns (config, rung) of the promotion to make now: from the highest rung that has "
        "one, its best promotable candidate, and the rung that it goes *to*; (-1, -1) if none can",
    ),
    hints=(
        "A worker is free and asks what to do. Which rung would you ask first, and whom of it?",
        "For each rung below the last, from the top down: sort the finished, take the first "
        "m // eta, and return the first of them that does not stand in the rung above.",
        "By hand, eta 2, rungs [(7, 0.5), (8, 0.2), (9, 0.4), (5, 0.9)], [(8, nan)], []. Rung 1: "
        "nobody has finished. Rung 0: 4 // 2 = 2 candidates, 8 and 9; 8 is up already, so (9, 1).",
    ),
    result="Two whole numbers come back, the configuration and the rung it goes to.",
    places=_place,
)


@EXERCISE.solution
def promotable(rungs, eta):
    for k in range(len(rungs) - 2, -1, -1):
        done = sorted((loss, config) for config, loss in rungs[k] if loss == loss)
        above = [config for config, _ in rungs[k + 1]]
        for _, config in done[: len(done) // eta]:
            if config not in above:
                return config, k + 1
    return -1, -1


NAN = float("nan")


def _case(rng, eta, *rungs):
    """Rungs of letters, best first, a small one while it is running, with drawn names and losses.

    In a rung the losses rise with the place; what is running has none.
    """
    names = sorted({letter.upper() for rung in rungs for letter in rung})
    ids = dict(zip(names, rng.permutation(np.arange(10, 1000))[: len(names)].tolist(), strict=True))
    made = []
    for rung in rungs:
        steps = np.round(np.cumsum(rng.uniform(0.05, 0.2, len(rung))), 3).tolist()
        pairs = [
            (ids[letter.upper()], loss if letter.isupper() else NAN)
            for letter, loss in zip(rung, steps, strict=True)
        ]
        made.append([pairs[i] for i in rng.permutation(len(pairs))])
    return Case((made, eta))


@EXERCISE.probe("nobody is up yet", group="core")
def nobody_up(rng):
    return _case(rng, 3, "ABCDEFGHI", "", "")


@EXERCISE.probe("the best is on its way", group="core")
def on_its_way(rng):
    return _case(rng, 3, "ABCDEFGHIj", "a", "")


@EXERCISE.probe("two rungs could", group="core")
def two_rungs(rng):
    return _case(rng, 2, "ABCDEFGH", "CAB", "")


@EXERCISE.probe("all who may are up", group="core")
def all_up(rng):
    return _case(rng, 3, "ABCDEFGHI", "BCA", "B")


@EXERCISE.probe("too many are running", group="edge")
def running(rng):
    return _case(rng, 3, "ABCDEfghi", "A", "")


@EXERCISE.probe("too few have finished", group="edge")
def too_few(rng):
    return _case(rng, 4, "ABCdefgh", "", "")


@EXERCISE.probe("the last rung", group="edge")
def last_rung(rng):
    return _case(rng, 2, "ABC", "A", "DEAF")


@EXERCISE.probe("a good one that came late", group="edge")
def came_late(rng):
    return _case(rng, 3, "ABCDEF", "CD", "")


@EXERCISE.probe("half are up, half are running", group="edge")
def half(rng):
    return _case(rng, 2, "ABCDEFGHijk", "ABc", "A", "")


def _search(rungs, eta, order=None, quota=None, worst=False, up=None):
    """The same search, with other ideas of its parts."""
    for k in range(len(rungs) - 2, -1, -1) if order is None else order:
        done = sorted(((loss, c) for c, loss in rungs[k] if loss == loss), reverse=worst)
        above = [] if k + 1 == len(rungs) else rungs[k + 1]
        above = [c for c, loss in above if up is None or up(loss)]
        count = len(done) // eta if quota is None else quota(rungs[k], done, above)
        for _, config in done[: max(count, 0)]:
            if config not in above:
                return config, k + 1
    return -1, -1


@EXERCISE.mistake(
    "bottom_first",
    kind="logic",
    says="asks the bottom rung first",
    hint="Two rungs had somebody to promote, and the lower one was served. What is near the end "
    "goes first: ask the rungs from the top down.",
)
def bottom_first(rungs, eta):
    return _search(rungs, eta, order=range(len(rungs) - 1))


@EXERCISE.mistake(
    "worst",
    kind="sign",
    says="promotes the worst",
    hint="The largest loss was promoted: sorted the wrong way round. Smaller is better.",
)
def worst(rungs, eta):
    return _search(rungs, eta, worst=True)


@EXERCISE.mistake(
    "again",
    kind="logic",
    says="promotes again who is up already",
    hint="A configuration was promoted that stands in the rung above already. Leave those out, "
    "and go on to the next candidate.",
)
def again(rungs, eta):
    return _search(rungs, eta, up=lambda loss: False)


@EXERCISE.mistake(
    "finished_above",
    kind="edge-case",
    says="overlooks who is still running above",
    hint="A configuration was promoted that is running in the rung above: only the finished ones "
    "were looked at there. Being there counts, finished or not.",
)
def finished_above(rungs, eta):
    return _search(rungs, eta, up=lambda loss: loss == loss)


@EXERCISE.mistake(
    "counts_running",
    kind="logic",
    says="counts the running ones",
    hint="Too many may go up: the running ones were counted in m. Of what is not known nobody can "
    "be among the best; m counts finished losses.",
)
def counts_running(rungs, eta):
    return _search(rungs, eta, quota=lambda rung, done, above: len(rung) // eta)


@EXERCISE.mistake(
    "ceil",
    kind="off-by-one",
    says="rounds the number of candidates up",
    hint="One too many is a candidate: m/eta was rounded up. With fewer than eta finished there "
    "is none.",
)
def ceil(rungs, eta):
    return _search(rungs, eta, quota=lambda rung, done, above: -(-len(done) // eta))


@EXERCISE.mistake(
    "rest",
    kind="logic",
    says="takes the best of those that are left",
    hint="Who is up was taken out first, and then the best m/eta of the rest. So sooner or later "
    "all go up: take the best of all, and then leave out who is up.",
)
def rest(rungs, eta):
    return _search(rungs, eta, quota=lambda rung, done, above: len(done) // eta + len(above))


@EXERCISE.mistake(
    "quota",
    kind="logic",
    says="stops when enough are up, whoever they are",
    hint="A good one that came late was not promoted, because enough others are up. ASHA does not "
    "take back what was promoted early, and promotes whoever is among the best now.",
)
def quota(rungs, eta):
    def left(rung, done, above):
        return len(done) // eta if len(above) < len(done) // eta else 0

    return _search(rungs, eta, quota=left)


@EXERCISE.mistake(
    "waits",
    kind="logic",
    says="waits until a rung has finished",
    hint="Nobody is promoted while somebody is running in the rung: that is halving in step. The "
    "point of ASHA is not to wait for the slowest.",
)
def waits(rungs, eta):
    def when_done(rung, done, above):
        return len(done) // eta if len(done) == len(rung) else 0

    return _search(rungs, eta, quota=when_done)


@EXERCISE.mistake(
    "from_top",
    kind="edge-case",
    says="promotes out of the last rung",
    hint="Somebody was promoted out of the last rung, to one that does not exist. Who is there has "
    "had everything; begin one rung lower.",
)
def from_top(rungs, eta):
    return _search(rungs, eta, order=range(len(rungs) - 1, -1, -1))


@EXERCISE.mistake(
    "from_rung",
    kind="convention",
    says="gives the rung it comes from",
    hint="The configuration is right, the rung is the one it comes from. Asked for is where it "
    "goes: one higher.",
)
def from_rung(rungs, eta):
    config, to = promotable(rungs, eta)
    return config, to - (to > 0)


@EXERCISE.variant("all promotions collected, the last one taken")
def collected(rungs, eta):
    import itertools

    found = [(-1, -1)]
    for k, (rung, above) in enumerate(itertools.pairwise(rungs)):
        losses = {config: loss for config, loss in rung if not np.isnan(loss)}
        ranked = sorted(losses, key=lambda config: losses[config])[: len(losses) // eta]
        left = [config for config in ranked if config not in dict(above)]
        found += [(config, k + 1) for config in left[:1]]
    return found[-1]


@EXERCISE.variant("ranks counted, as arrays, float32")
def by_ranks(rungs, eta):
    for k in reversed(range(len(rungs) - 1)):
        if not rungs[k]:
            continue
        configs, losses = np.array(rungs[k]).T
        losses = losses.astype(np.float32)
        rank = (losses[:, None] > losses).sum(axis=1).astype(float)
        rank[np.isnan(losses)] = np.inf
        may = rank < np.isfinite(losses).sum() // eta
        may &= ~np.isin(configs, [config for config, _ in rungs[k + 1]])
        if may.any():
            return np.int64(configs[np.where(may, rank, np.inf).argmin()]), k + 1
    return np.array([-1, -1]).tolist()


@EXERCISE.variant("by recursion, without the bottom rung")
def by_recursion(rungs, eta):
    if len(rungs) < 2:
        return [-1, -1]
    config, to = by_recursion(rungs[1:], eta)
    if config != -1:
        return [config, to + 1]
    done = sorted((pair for pair in rungs[0] if pair[1] == pair[1]), key=lambda pair: pair[1])
    up = {config for config, _ in rungs[1]}
    return next(([c, 1] for c, _ in done[: len(done) // eta] if c not in up), [-1, -1])
