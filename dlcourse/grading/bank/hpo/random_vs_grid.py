"""Exercise ``random_vs_grid``: two searches with the same budget, and the scale they search on."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.hpo._searches import (
    both,
    cube,
    judged,
    lattice,
    linearly,
    of_points,
    of_results,
    problem,
    side,
)
from dlcourse.grading.spec import Case, Exercise, one_at_a_time


def _place(path):
    if not path:
        return ""
    parts = "best_x", "best_y", "xs", "ys"
    search = f"the {('random', 'grid')[path[0]]} search"
    return " of ".join([*(parts[index] for index in path[1:2]), search])


EXERCISE = Exercise(
    id="random_vs_grid",
    title="Random and grid search",
    chapter="6-hpo",
    position=3,
    entry="searches",
    parameters=("f", "space", "budget", "rng"),
    conventions=(
        "space is a list of (lo, hi, scale), one a dimension, scale 'linear' or 'log'; d of them",
        "f takes one point, an array (d,), and is minimized; it is called once for each point",
        "random: `budget` points, each coordinate by itself, uniform in its scale (log: in log x)",
        "grid: k points a dimension, the largest k with k**d <= budget; both ends included, "
        "equally spaced in the scale, only the lower end if k is 1; the last dimension fastest",
        "returns (random, grid), each (best_x, best_y, xs, ys): xs (m, d) and ys (m,)",
    ),
    hints=(
        "Both searches do the same with their points: evaluate each, keep the best. They differ in "
        "the points of the unit cube they begin with. How do you get from there to `space`?",
        "linear: lo + u·(hi − lo). log: lo·(hi/lo)**u. For random, u is rng.random((budget, d)); "
        "for the grid every coordinate runs over 0, 1/(k − 1), …, 1.",
        "By hand, space (1, 100, log), (0, 2, linear), budget 5, f(x) = x₀ + x₁: 2 points each, "
        "since 3² > 5. Grid: (1, 0), (1, 2), (100, 0), (100, 2); ys 1, 3, 100, 102; the best is "
        "(1, 0). u = (0.5, 0.25) becomes the random point (10, 0.5) with y = 10.5.",
    ),
    result="Two results come back, each of four parts: best_x (d,), best_y, xs (m, d), ys (m,).",
    places=_place,
)


@EXERCISE.solution
def searches(f, space, budget, rng):
    d, found = len(space), []
    steps = np.linspace(0, 1, int(budget ** (1 / d) + 1e-9))
    grid = np.column_stack([u.ravel() for u in np.meshgrid(*[steps] * d, indexing="ij")])
    for u in (rng.random((budget, d)), grid):
        xs = np.empty(u.shape)
        for j, (lo, hi, scale) in enumerate(space):
            linear = scale == "linear"
            xs[:, j] = lo + (hi - lo) * u[:, j] if linear else lo * (hi / lo) ** u[:, j]
        ys = np.array([f(x) for x in xs])
        found.append((xs[ys.argmin()], ys.min(), xs, ys))
    return found


def _case(rng, budget, *scales):
    space, f = problem(rng, scales)
    draws = np.random.default_rng(rng.integers(2**63))
    grid = searches(lambda x: 0.0, space, budget, np.random.default_rng(0))[1][2]
    moments = of_results(f, grid)
    if budget > 50:
        moments = *of_points(space), *moments
    asked = one_at_a_time(f, np.zeros(len(space)))
    return Case((asked, space, budget, draws), {}, {"f": budget + len(grid)}, moments=moments)


@EXERCISE.probe("a budget for one point a dimension", group="edge")
def one_each(rng):
    return _case(rng, 3, "linear", "log")


@EXERCISE.probe("log and linear", group="core")
def log_and_linear(rng):
    return _case(rng, int(rng.integers(101, 120)), "log", "linear")


@EXERCISE.probe("three dimensions", group="core")
def three(rng):
    return _case(rng, 64, "log", "linear", "log")


@EXERCISE.probe("four dimensions", group="core")
def four(rng):
    return _case(rng, int(rng.integers(85, 110)), "linear", "log", "linear", "log")


@EXERCISE.probe("one dimension", group="edge")
def one(rng):
    return _case(rng, int(rng.integers(57, 65)), "log")


@EXERCISE.mistake(
    "linear",
    kind="logic",
    says="draws log dimensions uniformly in x",
    hint="Nearly all random values of a log dimension lie in its largest decade: x was drawn "
    "uniformly. Draw its logarithm uniformly.",
)
def linear(f, space, budget, rng):
    us, grid = cube(space, budget, rng)
    return judged(f, us, linearly(space)), judged(f, grid, space)


@EXERCISE.mistake(
    "grid_linear",
    kind="logic",
    says="spaces the grid of log dimensions equally in x",
    hint="The random points are right, the grid of a log dimension is equally spaced in x. Space "
    "it in log x, so that neighbors differ by a factor.",
)
def grid_linear(f, space, budget, rng):
    us, grid = cube(space, budget, rng)
    return judged(f, us, space), judged(f, grid, linearly(space))


@EXERCISE.mistake(
    "explode",
    kind="logic",
    says="takes budget points for every dimension",
    hint="The grid asks for far more than the budget: k points a dimension are k**d in all. "
    "Take the largest k for which k**d fits.",
)
def explode(f, space, budget, rng):
    d = len(space)
    us = rng.random((budget, d))
    most = min(budget, side(400, d))  # enough to be seen, and done in a moment
    return both(f, space, us, lattice(d, most if d > 1 else budget))


@EXERCISE.mistake(
    "max",
    kind="sign",
    says="reports the largest value",
    hint="The best of each search is its largest value. f is to be minimized: take the point where "
    "it is smallest.",
)
def largest(f, space, budget, rng):
    return both(f, space, *cube(space, budget, rng), np.argmax)


@EXERCISE.mistake(
    "reseed",
    kind="state",
    says="draws the same point every time",
    hint="All random points coincide: a generator was made anew for every draw. Go on drawing from "
    "the one that is handed over.",
)
def reseed(f, space, budget, rng):
    d, seed = len(space), int(rng.integers(2**32))
    us = np.array([np.random.default_rng(seed).random(d) for _ in range(budget)])
    return both(f, space, us, lattice(d, side(budget, d)))


@EXERCISE.mistake(
    "diagonal",
    kind="axis",
    says="draws one number for all coordinates of a point",
    hint="All random points lie on a diagonal: one number was drawn for each point and used in "
    "every dimension. Draw one for each coordinate.",
)
def diagonal(f, space, budget, rng):
    d = len(space)
    us = np.repeat(rng.random((budget, 1)), d, axis=1)
    return both(f, space, us, lattice(d, side(budget, d)))


@EXERCISE.mistake(
    "on_the_grid",
    kind="logic",
    says="draws from the points of the grid",
    hint="The random points are drawn from the grid, so that a coordinate takes k values again. "
    "The gain of random search is that no two points share a value: draw from the interval.",
)
def on_the_grid(f, space, budget, rng):
    d = len(space)
    k = side(budget, d)
    us = rng.integers(0, k, (budget, d)) / max(k - 1, 1)
    return both(f, space, us, lattice(d, k))


@EXERCISE.mistake(
    "first_fastest",
    kind="convention",
    says="runs through the first dimension fastest",
    hint="The right points in another order: the first dimension changes fastest here. The task "
    "asks for the last, as nested loops give it.",
)
def first_fastest(f, space, budget, rng):
    d = len(space)
    grid = lattice(d, side(budget, d), fastest_last=False)
    return both(f, space, rng.random((budget, d)), grid)


@EXERCISE.mistake(
    "last",
    kind="logic",
    says="reports the best value with the point that was evaluated last",
    hint="The best value is right, the point beside it is another one: the last. Remember the "
    "point whenever you remember its value.",
)
def last_point(f, space, budget, rng):
    found = both(f, space, *cube(space, budget, rng))
    return tuple((xs[-1], y, xs, ys) for _, y, xs, ys in found)


@EXERCISE.mistake(
    "exponents",
    kind="logic",
    says="takes the ends of a log dimension for exponents",
    hint="Values of a log dimension lie outside of it: lo and hi were taken for exponents, as "
    "np.logspace does. They are the values themselves: draw between their logarithms.",
)
def exponents(f, space, budget, rng):
    powers = [
        (lo, hi, scale) if scale == "linear" else (10**lo, 10**hi, scale) for lo, hi, scale in space
    ]
    return both(f, powers, *cube(space, budget, rng))


@EXERCISE.mistake(
    "sorted",
    kind="logic",
    says="sorts the values and leaves the points where they are",
    hint="xs and ys do not belong together: the values were sorted, the points were not. Both stay "
    "in the order of evaluation.",
)
def sorted_values(f, space, budget, rng):
    found = both(f, space, *cube(space, budget, rng))
    return [(x, y, xs, np.sort(ys)) for x, y, xs, ys in found]


@EXERCISE.variant("coordinate by coordinate, exponents drawn")
def by_exponent(f, space, budget, rng):
    d = len(space)
    logs = np.array([scale == "log" for *_, scale in space])
    lows, highs = (
        np.where(logs, np.log(abs(end)), end) for end in np.array([x[:2] for x in space]).T
    )
    grid = lows + (highs - lows) * lattice(d, side(budget, d))
    found = []
    for u in (rng.uniform(lows, highs, (budget, d)), grid):
        xs = np.where(logs, np.exp(u), u)
        ys = [f(x) for x in xs]
        best = int(np.argmin(ys))
        found.append((xs[best], ys[best], xs, np.array(ys)))
    return found


@EXERCISE.variant("point by point, in Python lists")
def by_loop(f, space, budget, rng):
    import itertools

    def placed(u, lo, hi, scale):
        return (
            lo + u * (hi - lo)
            if scale == "linear"
            else float(np.exp(np.log(lo) + u * np.log(hi / lo)))
        )

    d = len(space)
    k = max(k for k in range(1, budget + 1) if k**d <= budget)
    cube = [[rng.random() for _ in range(d)] for _ in range(budget)]
    lattice = itertools.product([i / (k - 1) if i else 0.0 for i in range(k)], repeat=d)
    found = []
    for us in (cube, lattice):
        best_x, best_y, xs, ys = None, float("inf"), [], []
        for u in us:
            x = [placed(a, *dimension) for a, dimension in zip(u, space, strict=True)]
            y = f(x)
            if y < best_y:
                best_x, best_y = x, y
            xs.append(x)
            ys.append(y)
        found.append([best_x, best_y, xs, ys])
    return tuple(found)


@EXERCISE.variant("float32")
def single_precision(f, space, budget, rng):
    def single(value):
        return np.asarray(value, np.float32)

    found = searches(lambda x: f(single(x)), space, budget, rng)
    return tuple(tuple(map(single, each)) for each in found)
