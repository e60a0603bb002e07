"""The third hints of the exercises on hyper-parameters: case, and the numbers that come out."""

import numpy as np

from dlcourse.grading.spec import Case

NAN = float("nan")


class Uniform:
    """Stands for a generator that draws the same point of the unit cube every time."""

    def __init__(self, *point):
        self.point = point

    def random(self, size):
        return np.broadcast_to(self.point, size).copy()


WORKED = {
    "six_step_tuning": (
        Case(
            (
                4,
                [(0.1, [2.0, 1.0]), (0.3, [2.0, 0.5]), (0.9, [2.0, NAN])],
                ([0.9], [0.7]),
                (0.01, 1.0),
                3,
            )
        ),
        [np.log(4), 0.3, 0.01, 0.1, 1, 0.1, 0.3, 0.9, 2],
    ),
    "curve_smoothing": (
        Case((np.array([4.0, 2.0, 6.0]), 2, 0.5)),
        [4, 3, 4, 4, 8 / 3, 32 / 7],
    ),
    "random_vs_grid": (
        Case(
            (
                lambda x: x.sum(),
                [(1.0, 100.0, "log"), (0.0, 2.0, "linear")],
                5,
                Uniform(0.5, 0.25),
            )
        ),
        [
            *[10, 0.5, 10.5],
            *[10, 0.5] * 5,
            *[10.5] * 5,
            *[1, 0, 1],
            *[1, 0, 1, 2, 100, 0, 100, 2],
            *[1, 3, 100, 102],
        ],
    ),
    "halton": (Case((4, (2, 3))), [0.5, 1 / 3, 0.25, 2 / 3, 0.75, 1 / 9, 0.125, 4 / 9]),
    "gp_ei": (
        Case((np.array([[0.0]]), np.array([-1.0]), np.array([[0.0], [9.0]]), 1.0, 1.0, 1.0)),
        [-0.5, 0, 0.5**0.5, 1, 0.099820614, 0.083315471],
    ),
    "log_ei": (
        Case((np.array([0.0, 80.0]), np.array([3.0, 2.0]), 0.0)),
        [0.17967376, -807.60542],
    ),
    "tpe": (
        Case((np.array([0.0]), np.array([]), np.array([0.0, 1.0]), 0.5)),
        [0.28961952, -0.48917936],
    ),
    "successive_halving": (
        Case((lambda config, budget: config / budget, np.array([1.0, 2.0, 3.0, 4.0]), 1, 2, 8)),
        [1, 1, 1, 2, 3, 4, 1, 2, 3, 4, 2, 1, 2, 0.5, 1, 4, 1, 0.25],
    ),
    "hyperband": (Case((9, 3)), [9, 1, 3, 3, 1, 9, 5, 3, 1, 9, 3, 9]),
    "asha": (
        Case(([[(7, 0.5), (8, 0.2), (9, 0.4), (5, 0.9)], [(8, NAN)], []], 2)),
        [9, 1],
    ),
    "reinforce": (
        Case((np.log([[1.0, 3.0]]), np.array([[0], [1]]), np.array([0.9, 0.5]), 0.6, 0.5)),
        [0.125, -0.125, 0.65],
    ),
    "darts": (
        Case((np.log([[1.0, 3.0]]), np.array([[8.0, 4.0]]), np.array(2.0))),
        [5, 1.5, -1.5],
    ),
}
