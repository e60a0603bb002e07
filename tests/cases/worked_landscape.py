"""The third hints of the exercises on the landscape: case, and what comes out."""

import numpy as np

from dlcourse.grading.spec import Case

A = np.array


def cubes(theta):
    return theta**3


WORKED = {
    "permute_units": (
        Case(
            (
                A([[1.0], [2.0], [3.0]]),
                A([10.0, 20.0, 30.0]),
                A([[4.0, 5.0, 6.0]]),
                A([2, 0, 1]),
            )
        ),
        [3, 1, 2, 30, 10, 20, 6, 4, 5],
    ),
    "filter_direction": (
        Case((A([[3.0, 4.0], [0.0, 2.0]]), A([[0.6, 0.8], [5.0, 12.0]]))),
        [0.6, 0.8, 0, 13],
    ),
    "critical_points": (Case((A([[1.0, 3.0], [3.0, 1.0]]),)), "saddle"),
    "hvp": (Case((cubes, A([1.0, 2.0]), A([4.0, 0.0]), 1.0)), [16, 0]),
    "lanczos": (Case((np.diag([1.0, 3.0]), A([1.0, 1.0]), 2)), [2, 2, 1, 0]),
    "sharpness": (
        Case((A([1.0, 3.0]), A([0.0, 3.0]), A([2.0, 4.0]), 0.1)),
        [38],
    ),
    "rescale_units": (
        Case((A([[1.0], [3.0]]), A([10.0, 20.0]), A([[8.0, 12.0]]), A([2.0, 0.5]))),
        [2, 1.5, 20, 10, 4, 24],
    ),
}
