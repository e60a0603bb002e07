"""Exercise ``halton``: points that fill a square evenly, from digits read backwards."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return (
        "".join([f"point {path[0] + 1}", *(f", dimension {j}" for j in path[1:])]) if path else ""
    )


EXERCISE = Exercise(
    id="halton",
    title="Halton points",
    chapter="6-hpo",
    position=4,
    entry="halton",
    parameters=("n", "bases"),
    conventions=(
        "the radical inverse of a whole number in base b: write it in base b, mirror its digits at "
        "the point; 6 is 110 in base 2, so its inverse is 0.011 in base 2, which is 0.375",
        "row i holds the inverses of i + 1, one in each base: the numbers count from 1, because "
        "that of 0 is 0 in every base",
        "returns an array (n, d) for d bases; nothing is scrambled, nothing skipped",
    ),
    hints=(
        "The last digit of a number becomes the first behind the point. How much is that digit "
        "worth there?",
        "Take digits off with % and //. The first counts 1/b, the next 1/b², and so on, until "
        "nothing is left of the number.",
        "By hand, the points 1 to 4 in bases 2 and 3. In base 2 they are 1, 10, 11, 100, mirrored "
        "0.5, 0.25, 0.75, 0.125. In base 3 they are 1, 2, 10, 11, mirrored "
        "0.333333, 0.666667, 0.111111, 0.444444.",
    ),
    result="One array comes back: a row for each point, a column for each base.",
    places=_place,
)


@EXERCISE.solution
def halton(n, bases):
    points = np.zeros((n, len(bases)))
    for i in range(n):
        for j, base in enumerate(bases):
            left, worth = i + 1, 1 / base
            while left > 0:
                points[i, j] += left % base * worth
                left //= base
                worth /= base
    return points


def _case(rng, low, high, bases):
    return Case((int(rng.integers(low, high)), tuple(int(b) for b in bases)))


@EXERCISE.probe("two dimensions", group="core")
def two(rng):
    return _case(rng, 12, 60, (2, 3))


@EXERCISE.probe("other bases", group="core")
def others(rng):
    return _case(rng, 20, 60, rng.permutation([3, 5, 7, 11])[:3])


@EXERCISE.probe("one dimension", group="edge")
def one(rng):
    return _case(rng, 30, 70, rng.choice([2, 3, 5], 1))


@EXERCISE.probe("fewer points than the base", group="edge")
def few(rng):
    return _case(rng, 3, 9, rng.permutation([11, 13, 17, 19]))


@EXERCISE.probe("as many points as dimensions", group="edge")
def square(rng):
    bases = rng.permutation([2, 3, 5, 7, 11, 13])
    return Case((4, tuple(int(b) for b in bases[:4])))


def _inverse(number, base):
    """The digits of a number, mirrored at the point."""
    value, worth = 0.0, 1.0
    while number:
        worth /= base
        number, digit = divmod(number, base)
        value += digit * worth
    return value


def _table(n, bases, of):
    return np.array([[of(i, base) for base in bases] for i in range(1, n + 1)])


@EXERCISE.mistake(
    "from_zero",
    kind="off-by-one",
    says="begins with the number 0",
    hint="The first point is 0 in every dimension: the numbers began with 0. Here they count from "
    "1; a corner of the cube is no good place to begin.",
)
def from_zero(n, bases):
    return _table(n, bases, lambda i, base: _inverse(i - 1, base))


@EXERCISE.mistake(
    "whole",
    kind="off-by-one",
    says="lets the last digit count as ones",
    hint="Points lie outside the unit cube: the last digit counts ones. Behind the point the first "
    "digit is worth 1/b.",
)
def whole(n, bases):
    return _table(n, bases, lambda i, base: base * _inverse(i, base))


@EXERCISE.mistake(
    "one_base",
    kind="logic",
    says="uses the first base everywhere",
    hint="All columns are alike: the first base was used in every dimension, and the points lie on "
    "a diagonal. Each dimension has its own base.",
)
def one_base(n, bases):
    return _table(n, bases, lambda i, base: _inverse(i, bases[0]))


@EXERCISE.mistake(
    "last_digit",
    kind="logic",
    says="mirrors the last digit only",
    hint="The points repeat after b numbers: only the last digit was mirrored. Divide by the base "
    "and go on until nothing is left.",
)
def last_digit(n, bases):
    return _table(n, bases, lambda i, base: i % base / base)


@EXERCISE.mistake(
    "not_mirrored",
    kind="logic",
    says="puts the digits behind the point as they stand",
    hint="The digits stand behind the point in their old order, and neighbors in number are "
    "neighbors in place. Mirrored, the last digit comes first.",
)
def not_mirrored(n, bases):
    def of(number, base):
        length = 1
        while base**length <= number:
            length += 1
        return number / base**length

    return _table(n, bases, of)


@EXERCISE.mistake(
    "hammersley",
    kind="convention",
    says="takes i/n for the first dimension",
    hint="The first column is evenly spaced: these are Hammersley's points, for which n must be "
    "known beforehand. Halton's have a base in every dimension.",
)
def hammersley(n, bases):
    points = halton(n, bases)
    points[:, 0] = np.arange(1, n + 1) / n
    return points


@EXERCISE.mistake(
    "backwards",
    kind="axis",
    says="runs through the bases backwards",
    hint="The columns are exchanged: column j belongs to bases[j].",
)
def backwards(n, bases):
    return _table(n, bases[::-1], _inverse)


@EXERCISE.mistake(
    "columns",
    kind="axis",
    says="has a column for each point",
    hint="Rows and columns are exchanged: a row is a point, with one number for each base.",
)
def columns(n, bases):
    return halton(n, bases).T


@EXERCISE.mistake(
    "same_worth",
    kind="state",
    says="does not make the digits worth less and less",
    hint="Every digit counts 1/b: the worth was not divided again. The second digit behind the "
    "point is worth 1/b².",
)
def same_worth(n, bases):
    def of(number, base):
        value = 0.0
        while number:
            number, digit = divmod(number, base)
            value += digit / base
        return value

    return _table(n, bases, of)


@EXERCISE.variant("all digits at once")
def by_digits(n, bases):
    numbers = np.arange(1, n + 1)
    columns = []
    for base in bases:
        powers = base ** np.arange(8)
        digits = numbers[:, None] // powers % base
        columns.append((digits / (base * powers)).sum(axis=1))
    return np.stack(columns, axis=1)


@EXERCISE.variant("by recursion, as nested lists")
def by_recursion(n, bases):
    def inverse(number, base):
        return (number % base + inverse(number // base, base)) / base if number else 0.0

    return [[inverse(i + 1, base) for base in bases] for i in range(n)]


@EXERCISE.variant("digits turned around in whole numbers, float32")
def by_whole_numbers(n, bases):
    points = np.zeros((n, len(bases)), np.float32)
    for i in range(n):
        for j, base in enumerate(bases):
            mirrored, size, left = 0, 1, i + 1
            while left:
                mirrored, size, left = mirrored * base + left % base, size * base, left // base
            points[i, j] = np.float32(mirrored) / np.float32(size)
    return points
