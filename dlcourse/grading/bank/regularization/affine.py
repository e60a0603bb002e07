"""Exercise ``affine``: a turned image asks, for each of its pixels, where it came from."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import named
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="affine",
    title="Where a turned pixel came from",
    chapter="7-regularization",
    position=14,
    entry="sources",
    parameters=("angle", "height", "width"),
    conventions=(
        "the image turns counter-clockwise, as it is seen, by `angle` in degrees, about its center "
        "((height − 1)/2, (width − 1)/2); rows count downwards",
        "for every pixel of the turned image: row and column of the original image, real numbers, "
        "that come to lie there",
        "returns (rows, columns), each (height, width)",
    ),
    hints=(
        "Turn the image by a quarter, counter-clockwise. What lies right of the center now, and "
        "where was it before?",
        "Let r and c be row and column less those of the center, a the angle in radians. A pixel "
        "came from r cos a + c sin a below the center, and c cos a − r sin a right of it.",
        "By hand, 3 × 3, angle 90: the pixel in row 1, column 2 has r = 0, c = 1 and came from "
        "row 1 + 1 = 2, column 1 + 0 = 1, the middle of the lowest row.",
    ),
    result="Two arrays come back, rows and columns, each (height, width).",
    places=named("rows", "columns"),
)


@EXERCISE.solution
def sources(angle, height, width):
    a = np.deg2rad(angle)
    middle_r, middle_c = (height - 1) / 2, (width - 1) / 2
    r = np.arange(height)[:, None] - middle_r
    c = np.arange(width)[None, :] - middle_c
    return middle_r + r * np.cos(a) + c * np.sin(a), middle_c + c * np.cos(a) - r * np.sin(a)


@EXERCISE.probe("a small angle", group="core")
def small(rng):
    return Case((round(float(rng.uniform(10, 20)), 1), 5, 5))


@EXERCISE.probe("the other way round", group="core")
def other_way(rng):
    return Case((-round(float(rng.uniform(20, 40)), 1), 4, 4))


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return Case((round(float(rng.uniform(30, 50)), 1), 3, 6))


@EXERCISE.probe("an even and an odd side", group="edge")
def even_odd(rng):
    return Case((round(float(rng.uniform(100, 140)), 1), 6, 5))


@EXERCISE.probe("no turn", group="edge")
def none(rng):
    return Case((0.0, int(rng.integers(2, 9)), int(rng.integers(2, 9))))


def _about(a, height, width, middle):
    r = np.arange(height)[:, None] - middle[0]
    c = np.arange(width)[None, :] - middle[1]
    return middle[0] + r * np.cos(a) + c * np.sin(a), middle[1] + c * np.cos(a) - r * np.sin(a)


@EXERCISE.mistake(
    "clockwise",
    kind="sign",
    says="turns clockwise",
    hint="The image turns the wrong way: where a pixel came from is the turn *back*. And rows "
    "count downwards, which turns it once more.",
)
def clockwise(angle, height, width):
    return sources(-angle, height, width)


@EXERCISE.mistake(
    "radians",
    kind="convention",
    says="takes degrees for radians",
    hint="The angle was taken for radians: 90 degrees are π/2.",
)
def radians(angle, height, width):
    return sources(np.rad2deg(angle), height, width)


@EXERCISE.mistake(
    "corner",
    kind="logic",
    says="turns about the corner",
    hint="The image turns about its upper left corner, and much of it leaves the frame. Subtract "
    "the center first, and add it afterwards.",
)
def corner(angle, height, width):
    return _about(np.deg2rad(angle), height, width, (0.0, 0.0))


@EXERCISE.mistake(
    "half",
    kind="off-by-one",
    says="takes height/2 for the center",
    hint="The center is half a pixel off: pixels 0 … height − 1 have their middle at "
    "(height − 1)/2.",
)
def half(angle, height, width):
    return _about(np.deg2rad(angle), height, width, (height / 2, width / 2))


@EXERCISE.mistake(
    "integer",
    kind="off-by-one",
    says="takes a whole pixel for the center",
    hint="Images with an even side are off by half a pixel: their center lies between two pixels. "
    "Do not round it.",
)
def whole_center(angle, height, width):
    middle = ((height - 1) // 2, (width - 1) // 2)
    return _about(np.deg2rad(angle), height, width, middle)


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges rows and columns",
    hint="Rows and columns came back in each other's place: rows first.",
)
def exchanged(angle, height, width):
    rows, columns = sources(angle, height, width)
    return columns, rows


@EXERCISE.mistake(
    "uncentered",
    kind="logic",
    says="does not add the center again",
    hint="The numbers are relative to the center: add it again, so that they are rows and columns "
    "of the image.",
)
def uncentered(angle, height, width):
    rows, columns = sources(angle, height, width)
    return rows - (height - 1) / 2, columns - (width - 1) / 2


@EXERCISE.mistake(
    "one_center",
    kind="logic",
    says="takes one number for both halves",
    hint="Only images that are not square are wrong: rows and columns have centers of their own.",
)
def one_center(angle, height, width):
    middle = ((height - 1) / 2,) * 2
    return _about(np.deg2rad(angle), height, width, middle)


@EXERCISE.mistake(
    "shear",
    kind="logic",
    says="uses the turned row for the column",
    hint="The columns are computed from rows that have been turned already: both sums need the row "
    "and column as they were.",
)
def one_after_the_other(angle, height, width):
    a = np.deg2rad(angle)
    mr, mc = (height - 1) / 2, (width - 1) / 2
    r, c = np.arange(height)[:, None] - mr, np.arange(width)[None, :] - mc
    r = r * np.cos(a) + c * np.sin(a)
    c = c * np.cos(a) - r * np.sin(a)
    return mr + r, mc + c


@EXERCISE.variant("by complex numbers")
def by_complex(angle, height, width):
    middle = complex((width - 1) / 2, (height - 1) / 2)
    z = np.arange(width)[None, :] + 1j * np.arange(height)[:, None] - middle
    z = z * np.exp(1j * np.deg2rad(angle)) + middle
    return z.imag, z.real


@EXERCISE.variant("by a matrix, pixel by pixel")
def by_matrix(angle, height, width):
    a = float(np.deg2rad(angle))
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    middle = np.array([height - 1, width - 1]) / 2
    rows, columns = [], []
    for r in range(height):
        found = [turn @ (np.array([r, c]) - middle) + middle for c in range(width)]
        rows.append([float(p[0]) for p in found])
        columns.append([float(p[1]) for p in found])
    return rows, columns


@EXERCISE.variant("float32")
def single_precision(angle, height, width):
    rows, columns = sources(np.float32(angle), height, width)
    return rows.astype(np.float32), columns.astype(np.float32)
