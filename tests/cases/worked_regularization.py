"""The third hints of the exercises on regularization: case, and the numbers that come out."""

import numpy as np

from cases.worked import Draws, images
from dlcourse.grading.spec import Case

WORKED = {
    "elastic_net": (
        Case(({"W": np.array([2.0, -1.0, 0.0]), "b": np.array([5.0])}, 0.3, 0.4)),
        [1.9, 1.1, -0.7, 0, 0],
    ),
    "soft_threshold": (
        Case((*map(np.array, ([1.0, 0.5, -2.0], [2.0, -1.0, 3.0])), 0.1, 7.0)),
        [0.1, 0, -1.6],
    ),
    "early_stopping": (Case(([5.0, 3.0, 4.0, 2.0, 2.0, 6.0], 2)), [5, 3]),
    "label_smoothing": (
        Case((np.log([[1.0, 3.0]]), np.array([1]), 0.2)),
        [0.1, 0.9, 0.397543, 0.15, -0.15],
    ),
    "calibration_error": (
        Case(
            (np.array([[0.4, 0.3, 0.3], [0.8, 0.1, 0.1], [0.9, 0.1, 0.0]]), np.array([0, 0, 1]), 2)
        ),
        [0.4, 0.85, 1, 0.5, 0.433333],
    ),
    "dropout": (
        Case(
            (
                *map(np.array, ([2.0, -3.0, 5.0], [1.0, 1.0, 4.0])),
                0.6,
                True,
                Draws([0.7, 0.1, 0.9]),
            )
        ),
        [5, 0, 12.5, 2.5, 0, 10],
    ),
    "spatial_dropout": (
        Case((images(*range(1, 9), shape=(1, 2, 2, 2)), 0.2, Draws([0.1, 0.9]))),
        [0, 0, 0, 0, 6.25, 7.5, 8.75, 10],
    ),
    "sequence_dropout": (
        Case(
            (
                np.array([[[1.0], [2.0]]]),
                np.array([[0.5]]),
                np.array([[1.0]]),
                np.ones((1, 1)),
                np.ones((1, 1)),
                0.5,
            )
        ),
        [0.761594, 0.998260],
    ),
    "drop_block": (
        Case((images(*range(1, 7), shape=(1, 1, 2, 3)), images(0, 1, shape=(1, 1, 1, 2)), 2)),
        [3, 0, 0, 12, 0, 0],
    ),
    "drop_connect": (
        Case(
            (
                *map(np.array, ([[1.0, 2.0]], [[3.0, 4.0]], [1.0], [[1.0, 0.0]])),
                0.5,
                np.array([[10.0]]),
            )
        ),
        [7, 60, 0, 20, 0, 10],
    ),
    "mc_dropout": (
        Case((np.array([[[0.0, 0.0]], [[2000.0, 0.0]]]),)),
        [0.75, 0.25, 0.25, 0.25, 0.21576155],
    ),
    "flip": (Case((images((1, 2, 3), (4, 5, 6)), np.array([False, True]))), [1, 2, 3, 6, 5, 4]),
    "crop": (
        Case((images(1, 2, 3, 4, shape=(1, 1, 2, 2)), np.array([1]), np.array([0]), (2, 2), 1)),
        [0, 1, 0, 3],
    ),
    "affine": (Case((90.0, 3, 3)), [0, 1, 2] * 3 + [2] * 3 + [1] * 3 + [0] * 3),
    "elastic": (
        Case((np.array([[10.0, 20.0], [30.0, 40.0]]), np.full((2, 2), 0.5), np.full((2, 2), 0.5))),
        [25, 15, 17.5, 10],
    ),
    "color_jitter": (
        Case((images(0.2, 0.4, 0.6, shape=(1, 3, 1, 1)), 1.5, 1.0, 0.5)),
        [0.422235, 0.572235, 0.722235],
    ),
    "add_noise": (
        Case((images(0.5, 0.8), np.array([0.1, 0.2]), Draws([1.0, -2.0]))),
        [0.6, 0.4],
    ),
    "cutout": (
        Case((np.ones((1, 1, 5, 5)), np.array([0]), np.array([3]), 3)),
        [1, 1, 0, 0, 0] * 2 + [1] * 15,
    ),
    "random_erasing": (
        Case((np.full((1, 6, 8), 3.0), 0.25, 0.75, 0.9, 0.5, np.full((1, 6, 8), 2.0))),
        [3] * 24 + [3, 3, 2, 2, 2, 2, 3, 3] * 3,
    ),
    "mixup": (
        Case((*(np.array([10.0, 20.0, 30.0]),) * 2, 0.7, np.array([1, 2, 0]))),
        [13, 23, 24] * 2,
    ),
    "cutmix": (
        Case(
            (
                np.stack([np.zeros((1, 8, 8)), np.ones((1, 8, 8))]),
                np.array([[1.0], [0.0]]),
                0.75,
                np.array([1, 0]),
                0,
                4,
            )
        ),
        [
            *[0, 0, 1, 1, 1, 1, 0, 0] * 2,
            *[0] * 48,
            *[1, 1, 0, 0, 0, 0, 1, 1] * 2,
            *[1] * 48,
            0.875,
            0.125,
        ],
    ),
    "rand_augment": (
        Case(
            (
                np.array([[[1.0, 2.0, 3.0]]]),
                np.zeros(3),
                np.array([0.6, 0.9, 2.0]),
                np.ones(3, bool),
                np.array([[2, 0]]),
                np.array([[-1, 1]]),
                15.0,
            )
        ),
        [2.3, 3.3, 0.3],
    ),
    "auto_augment": (
        Case(
            (
                np.array([[[0.2, 0.9]]]),
                [[("cut", 0.5, 8), ("invert", 0.9, 0)]],
                np.array([0]),
                np.array([[0.3, 0.7]]),
            )
        ),
        [0.8, 1],
    ),
    "word_edits": (
        Case(([7, 3, 9], [(0, 1), (0, 2)], [0.1, 0.8, 0.5], 0.4, 1)),
        [7, 3],
    ),
}
