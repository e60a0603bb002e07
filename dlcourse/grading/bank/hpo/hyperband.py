"""Exercise ``hyperband``: how many begin with how much, in every bracket."""
# ruff: noqa: D103 - each function is described by its decorator

from math import ceil, log

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    parts = "n of", "r of"
    where = [f"rung {index}" for index in path[1:2]] + [f"bracket {index}" for index in path[:1]]
    return " ".join([*(parts[index] for index in path[2:3]), ", ".join(where)])


EXERCISE = Exercise(
    id="hyperband",
    title="Hyperband's brackets",
    chapter="6-hpo",
    position=9,
    entry="brackets",
    parameters=("R", "eta"),
    conventions=(
        "R, the most that one configuration may get, and eta >= 2 are whole numbers",
        "s_max is the largest s with eta**s <= R, exactly, also where R is a power of eta",
        "bracket s begins with n = ⌈(s_max + 1)/(s + 1) · eta**s⌉ configurations; its rung i has "
        "n_i = ⌊n/eta**i⌋ of them, with r_i = R·eta**(i − s) each, a fraction where it is one, "
        "for i = 0 … s",
        "returns a list of brackets, s = s_max first and s = 0 last, each a list of pairs "
        "(n_i, r_i)",
    ),
    hints=(
        "The last bracket is plain random search: everybody gets R. How many can it afford, if "
        "every bracket may spend about (s_max + 1)·R?",
        "Count powers of eta with whole numbers. For s from s_max down to 0: n rounded up, then "
        "for i from 0 to s the pair (n // eta**i, R * eta**i / eta**s).",
        "By hand, R = 9, eta = 3: s_max = 2. s = 2: n = 9, so (9, 1), (3, 3), (1, 9). s = 1: "
        "n = ⌈4.5⌉ = 5, so (5, 3), (1, 9). s = 0: (3, 9).",
    ),
    result="A list of lists comes back: a pair for every rung of every bracket.",
    places=_place,
)


@EXERCISE.solution
def brackets(R, eta):
    s_max = 0
    while eta ** (s_max + 1) <= R:
        s_max += 1
    table = []
    for s in range(s_max, -1, -1):
        n = -(-(s_max + 1) * eta**s // (s + 1))
        table.append([(n // eta**i, R * eta**i / eta**s) for i in range(s + 1)])
    return table


def _largest(R, eta):
    """The largest s with eta**s <= R."""
    s = 0
    while eta ** (s + 1) <= R:
        s += 1
    return s


def _whatever_is_rounded(R, eta):
    """Whether floating-point numbers, in either order, round n up to the same."""
    most = _largest(R, eta)
    ways = (
        (
            -(-(most + 1) * eta**s // (s + 1)),
            ceil((most + 1) / (s + 1) * eta**s),
            ceil((most + 1) * R / R * eta**s / (s + 1)),
        )
        for s in range(most + 1)
    )
    return all(len(set(each)) == 1 for each in ways)


# Powers at which log(R)/log(eta), rounded down, falls short. At others it happens to be right.
SHORT = [(243, 3), (1000, 10), (4913, 17), (29791, 31), (39304, 34), (59049, 9)]


def _between(rng, etas, powers):
    """R between two powers of eta, well away from both."""
    pairs = [
        (R, eta)
        for eta in etas
        for power in powers
        for R in range(eta**power + eta, eta ** (power + 1) - eta)
        if _whatever_is_rounded(R, eta)
    ]
    return Case(pairs[rng.integers(len(pairs))])


@EXERCISE.probe("between two powers", group="core")
def between(rng):
    return _between(rng, [3, 4], [3, 4])


@EXERCISE.probe("halves", group="core")
def halves(rng):
    return _between(rng, [2], [5, 6])


@EXERCISE.probe("a power", group="core")
def power(rng):
    return Case(SHORT[rng.integers(len(SHORT))])


@EXERCISE.probe("one below a power", group="edge")
def one_below(rng):
    pairs = [(eta**power - 1, eta) for eta in (2, 3, 4, 6, 7, 8, 9) for power in (3, 4)]
    pairs = [pair for pair in pairs if _whatever_is_rounded(*pair)]
    return Case(pairs[rng.integers(len(pairs))])


@EXERCISE.probe("R below eta", group="edge")
def below(rng):
    R = int(rng.integers(2, 40))
    return Case((R, R + int(rng.integers(1, 9))))


def _table(R, eta, most, n_of=None, r_of=None, rung=lambda n, d: n // d, s_of=None):
    """The brackets, with other ideas of their parts."""
    n_of = n_of or (lambda s: -(-(most + 1) * eta**s // (s + 1)))
    r_of = r_of or (lambda s: R / eta**s)
    every = range(most, -1, -1) if s_of is None else s_of
    return [[(rung(n_of(s), eta**i), r_of(s) * eta**i) for i in range(s + 1)] for s in every]


@EXERCISE.mistake(
    "log",
    kind="numerics",
    says="rounds a quotient of logarithms down",
    hint="Where R is a power of eta a bracket is missing: log(243)/log(3) is 4.999… in floating "
    "point, and was rounded down. Count powers with whole numbers.",
)
def by_logarithm(R, eta):
    # Without the margin it hangs on the machine at which powers the quotient falls short.
    return _table(R, eta, int(log(R) / log(eta) - 1e-12))


@EXERCISE.mistake(
    "no_B",
    kind="logic",
    says="begins each bracket with eta**s",
    hint="The first bracket is right, the later ones begin with too few: eta**s. Each may spend "
    "(s_max + 1)·R, so n = ⌈(s_max + 1)/(s + 1)·eta**s⌉.",
)
def no_budget(R, eta):
    return _table(R, eta, _largest(R, eta), n_of=lambda s: eta**s)


@EXERCISE.mistake(
    "r",
    kind="sign",
    says="multiplies R by eta**s",
    hint="Brackets begin with more than R: it was multiplied. The first rung gets R divided by "
    "eta**s, and the last one R.",
)
def multiplied(R, eta):
    return _table(R, eta, _largest(R, eta), r_of=lambda s: R * eta**s)


@EXERCISE.mistake(
    "no_zero",
    kind="off-by-one",
    says="leaves the bracket s = 0 out",
    hint="The last bracket is missing: s = 0, in which everybody gets R from the start. Count down "
    "to 0, that included.",
)
def no_zero(R, eta):
    most = _largest(R, eta)
    return _table(R, eta, most, s_of=range(most, 0, -1))


@EXERCISE.mistake(
    "floor",
    kind="off-by-one",
    says="rounds n down",
    hint="Some brackets begin with one too few: n was rounded down. In Hyperband n is rounded up, "
    "and only the n_i down.",
)
def rounded_down(R, eta):
    most = _largest(R, eta)
    return _table(R, eta, most, n_of=lambda s: (most + 1) * eta**s // (s + 1))


@EXERCISE.mistake(
    "up",
    kind="off-by-one",
    says="rounds the n_i up",
    hint="Some rungs hold one too many: the n_i were rounded up. n is rounded up, n_i = ⌊n/eta**i⌋ "
    "down.",
)
def rounded_up(R, eta):
    return _table(R, eta, _largest(R, eta), rung=lambda n, d: -(-n // d))


@EXERCISE.mistake(
    "rising",
    kind="convention",
    says="begins with s = 0",
    hint="The brackets are right and stand the other way round: s = s_max, the boldest, comes "
    "first.",
)
def rising(R, eta):
    return brackets(R, eta)[::-1]


@EXERCISE.mistake(
    "whole_r",
    kind="numerics",
    says="rounds the budgets down to whole numbers",
    hint="The budgets were cut off to whole numbers, r_0 first, and so the last rung misses R. A "
    "fraction of a budget is fine here.",
)
def whole_budgets(R, eta):
    return _table(R, eta, _largest(R, eta), r_of=lambda s: R // eta**s)


@EXERCISE.mistake(
    "s_max",
    kind="off-by-one",
    says="takes s_max for the number of brackets",
    hint="The brackets begin with too few: there are s_max + 1 of them, and n = "
    "⌈(s_max + 1)/(s + 1)·eta**s⌉.",
)
def s_max_brackets(R, eta):
    most = _largest(R, eta)
    return _table(R, eta, most, n_of=lambda s: -(-max(most, 1) * eta**s // (s + 1)))


@EXERCISE.mistake(
    "exchanged",
    kind="convention",
    says="gives pairs (r_i, n_i)",
    hint="The two numbers of each pair are exchanged: first how many, n_i, then how much, r_i.",
)
def exchanged(R, eta):
    return [[(r, n) for n, r in bracket] for bracket in brackets(R, eta)]


@EXERCISE.variant("rung by rung, each from the one before")
def rung_by_rung(R, eta):
    powers = [1]
    while powers[-1] * eta <= R:
        powers.append(powers[-1] * eta)
    table = []
    for s, start in reversed(list(enumerate(powers))):
        n, rest = divmod(len(powers) * start, s + 1)
        n, r, rungs = n + (rest > 0), R / start, []
        for _ in range(s + 1):
            rungs.append([n, r])
            n, r = n // eta, r * eta
        table.append(rungs)
    return table


@EXERCISE.variant("as in the paper, with B, and floating-point numbers")
def as_in_the_paper(R, eta):
    most = int(log(R) / log(eta) + 1e-9)
    B, table = (most + 1) * R, []
    for s in range(most, -1, -1):
        n, r = ceil(B / R * eta**s / (s + 1)), R * eta**-s
        table.append([(float(int(n * eta**-i + 1e-9)), r * eta**i) for i in range(s + 1)])
    return table


@EXERCISE.variant("float32 budgets")
def single_precision(R, eta):
    import numpy as np

    return tuple(
        tuple((np.int32(n), np.float32(r)) for n, r in bracket) for bracket in brackets(R, eta)
    )
