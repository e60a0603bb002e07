"""The example that each third hint works by hand, computed by the model solution."""

import numpy as np
import pytest
from cases.worked import Draws
from cases.worked_hpo import WORKED as HPO
from cases.worked_landscape import WORKED as LANDSCAPE
from cases.worked_regularization import WORKED as REGULARIZATION

from dlcourse.grading.bank import exercises
from dlcourse.grading.spec import Case

ALL = list(exercises().values())


WORKED = REGULARIZATION | {
    **HPO,
    **LANDSCAPE,
    "sgd": (
        Case(
            (
                np.zeros(1),
                np.array([[1.0], [1.0], [2.0]]),
                np.array([1.0, 3.0, 2.0]),
                0.1,
                2,
                np.arange(3),
            )
        ),
        [0.52],
    ),
    "accumulation": (
        Case((np.zeros(1), np.array([[1.0], [1.0], [2.0]]), np.array([1.0, 3.0, 2.0]), [2, 1])),
        [-8 / 3],
    ),
    "clipping": (Case(([np.array([3.0, 4.0]), np.array([12.0])], 6.5)), [1.5, 2, 6, 13]),
    "clipping_value": (
        Case(([np.array([3.0, 0.5, -4.0])], -1.0, 2.0)),
        [2, 0.5, -1],
    ),
    "momentum": (
        Case(({"w": np.zeros(1)}, [{"w": np.ones(1)}] * 3, 0.1, 0.5)),
        [-0.1, -0.25, -0.425],
    ),
    "nag": (Case((np.ones(1), lambda w: w, 2, 0.1, 0.5)), [0.9, 0.765]),
    "schedule_step": (
        Case((0.8, 0.5, 3), over=tuple(range(7))),
        [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2],
    ),
    "schedule_milestones": (
        Case((0.8, [3, 5], [0.5, 0.1]), over=(0, 2, 3, 4, 5, 99)),
        [0.8, 0.8, 0.4, 0.4, 0.04, 0.04],
    ),
    "schedule_half": (Case((0.8, 4, "inverse"), over=(0, 4, 8)), [0.8, 0.4, 0.8 / 3]),
    "schedule_cosine": (
        Case((4, 1.0, 0.2), over=(0, 1, 2, 4, 9)),
        [1, 0.2 + 0.4 * (1 + 0.5**0.5), 0.6, 0.2, 0.2],
    ),
    "schedule_warmup": (
        Case((2, 6, 1.0, 0.0), over=(0, 1, 2, 4, 5)),
        [0.5, 1, 1, 0.5, 0.5 * (1 - 0.5**0.5)],
    ),
    "schedule_sgdr": (
        Case((2, 2, 1.0, 0.0), over=(0, 1, 2, 3, 4, 6)),
        [1, 0.5, 1, 0.5 * (1 + 0.5**0.5), 0.5, 1],
    ),
    "schedule_cyclic": (
        Case((0.1, 0.5, 4), over=(0, 1, 4, 6, 8, 9)),
        [0.1, 0.2, 0.5, 0.3, 0.1, 0.2],
    ),
    "schedule_plateau": (
        Case(([5.0, 4.0, 4.0, 6.0, 4.0, 4.0], 0.8, 0.5, 1, 0.0, 0.3)),
        [0.8, 0.8, 0.8, 0.4, 0.4, 0.3],
    ),
    "adagrad": (
        Case(({"w": np.ones(1)}, [{"w": np.array([3.0])}, {"w": np.array([4.0])}], 0.5)),
        [0.5, 0.1],
    ),
    "rmsprop": (
        Case(({"w": np.ones(1)}, [{"w": np.array([2.0])}] * 2, 0.1, 0.75)),
        [0.8, 0.8 - 0.2 / 1.75**0.5],
    ),
    "adadelta": (
        Case(({"w": np.zeros(1)}, [{"w": np.array([2.0])}], 0.75, 0.01)),
        [-0.2 / 1.01**0.5],
    ),
    "adam": (Case(({"w": np.ones(1)}, [{"w": np.array([0.5])}], 0.1)), [0.9]),
    "adamw": (
        Case(({"w": np.array([1.0, -2.0])}, [{"w": np.zeros(2)}] * 2, 0.1, 0.9, 0.999, 1e-8, 0.5)),
        [0.95, -1.9, 0.9025, -1.805],
    ),
    "amsgrad": (
        Case(({"w": np.ones(1)}, [{"w": np.array([2.0])}, {"w": np.array([1.0])}], 0.1, 0.0, 0.5)),
        [0.9, 0.9 - 0.1 / (2 / 0.75) ** 0.5],
    ),
    "init_fixed": (Case((np.array([0, 0, 2]), 3)), [-np.log(2), -np.log(6), -np.log(3)]),
    "init_transfer": (
        Case(
            (
                {"a": np.array([1.0, 2.0]), "b": np.array([3.0])},
                {"a": np.array([5.0, 6.0]), "b": np.array([7.0, 8.0]), "c": np.array([9.0])},
            )
        ),
        [5, 6, 3],
    ),
    "init_orthogonal": (Case(((2, 1), Draws([3.0, 4.0]))), [0.6, 0.8]),
    "he_derivation": (Case((3, 1, 4.0, 1, Draws(3.0, 2.0, -1.0, 1.0))), [36, 36, 0]),
    "standardise": (
        Case((np.array([[1.0], [2.0], [3.0], [6.0]]), np.array([[5.0]]))),
        [-2 / 3.5**0.5, -1 / 3.5**0.5, 0, 3 / 3.5**0.5, 2 / 3.5**0.5],
    ),
    "minmax": (
        Case((np.array([[2.0], [4.0], [10.0]]), np.array([[0.0]]), -1.0, 1.0)),
        [-1, -0.5, 1, -1.5],
    ),
    "pca_whitening": (
        Case((np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]]), np.array([[3.0, 1.0]]))),
        [2**0.5, 2**0.5],
    ),
    "zca_whitening": (
        Case((np.array([[2.0, 1], [1, 2], [-2, -1], [-1, -2]]), np.array([[1.0, 0.0]]))),
        [0.5 * (4.5**-0.5 + 2**0.5), 0.5 * (4.5**-0.5 - 2**0.5)],
    ),
    "bn_forward": (
        Case(
            (*map(np.array, ([[1.0], [3.0], [8.0]], [2.0], [1.0], [0.0], [1.0])),),
            {"eps": 0.0},
        ),
        [1 - 6 / (26 / 3) ** 0.5, 1 - 2 / (26 / 3) ** 0.5, 1 + 8 / (26 / 3) ** 0.5, 0.4, 2.2],
    ),
    "bn_backward": (
        Case((*map(np.array, ([[1.0], [0.0], [0.0]], [[1.0], [3.0], [5.0]], [2.0])), 0.0)),
        [1 / 24**0.5, -2 / 24**0.5, 1 / 24**0.5, -(1.5**0.5), 1],
    ),
    "bn_inference": (
        Case(
            (*map(np.array, ([[5.0]], [3.0], [1.0], [2.0], [4.0], [[10.0, 20.0]], [4.0])), 0.0),
        ),
        [5.5, 15, 30, 4],
    ),
    "layer_norm": (
        Case((*map(np.array, ([[1.0, 2.0, 6.0]], [1.0, 2.0, 1.0], [0.0, 0.0, 3.0])), 0.0)),
        [-0.92582, -0.92582, 4.38873],
    ),
    "rms_norm": (
        Case((*map(np.array, ([[1.0, 7.0]], [2.0, 1.0], [[1.0, 0.0]])), 0.0)),
        [0.4, 1.4, 0.392, -0.056],
    ),
    "group_norm": (
        Case((np.array([1.0, 3, 10, 50]).reshape(1, 4, 1, 1), np.ones(4), np.zeros(4), 2, 0.0)),
        [-1, 1, -1, 1],
    ),
    "instance_norm": (
        Case(
            (np.array([[[[1.0, 3.0]]]]), np.array([[[[10.0, 10.0, 40.0, 40.0]]]]), 0.0),
        ),
        [-1, 1, 10, 40],
    ),
    "residual_block": (
        Case(
            (
                np.array([[1.0, 3.0]]),
                np.eye(2),
                np.array([[0.0, 1.0], [0.0, 2.0]]),
                np.array([[1.0, 0.0]]),
                0.25,
            )
        ),
        [1 + 0.8**0.5, 3 + 2 * 0.8**0.5, 1 - 0.1 * 0.8**0.5, 0.1 * 0.8**0.5],
    ),
    "weight_norm": (
        Case((np.array([[3.0, 4.0]]), np.array([2.0]), np.array([[1.0, 0.0]]))),
        [1.2, 1.6, 0.256, -0.192, 0.6],
    ),
    "weight_norm_init": (
        Case((np.array([[1.0, 0.0], [5.0, 0.0]]), np.array([[2.0, 0.0]]))),
        [0.5, -1.5],
    ),
    "lrn": (
        Case((np.array([1.0, 2, 3]).reshape(1, 3, 1, 1), 3, 1.0, 1.0, 0.5)),
        [0.408248, 0.516398, 0.801784],
    ),
}


SHAPE = (4, 6, 3, 3)

# Of random answers: the spread for which they ask their generator.
SPREADS = {
    "init_uniform": ((SHAPE,), {"std": 0.5}, [0.75**0.5]),
    "init_xavier": ((SHAPE,), {}, [(2 / 90) ** 0.5, (6 / 90) ** 0.5]),
    "init_he": ((SHAPE,), {"a": 0.5}, [(2 / 1.25 / 54) ** 0.5]),
}


class Asked:
    """Stands for a generator, and remembers which spread it was asked for."""

    def __init__(self):
        self.spreads = []

    def normal(self, loc, scale, size):
        self.spreads.append(float(scale))
        return np.zeros(size)

    def uniform(self, low, high, size):
        assert low == -high
        self.spreads.append(float(high))
        return np.zeros(size)


def flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return np.concatenate([flat(item) for item in value])
    return np.ravel(value)


def shown(numbers, hint):
    return all(f"{number:g}" in hint for number in numbers)


@pytest.mark.parametrize("exercise", ALL, ids=[exercise.id for exercise in ALL])
def test_the_worked_hint_is_worked_right(exercise):
    if exercise.id in SPREADS:
        args, settings, numbers = SPREADS[exercise.id]
        asked = Asked()
        for kind in ("normal", "uniform"):
            given = {"kind": kind} if "kind" in exercise.parameters else {}
            exercise.reference(*args, asked, **settings, **given)
        assert asked.spreads[-len(numbers) :] == pytest.approx(numbers)
        assert shown(numbers, exercise.hints[2])
        return
    case, numbers = WORKED[exercise.id]
    with np.errstate(all="ignore"):
        answer = case.ask(exercise.reference)
    if isinstance(answer, str):
        assert answer == numbers
        assert answer in exercise.hints[2]
        return
    found = flat(answer)
    if exercise.id in ("pca_whitening", "zca_whitening"):
        found = found[-2:]  # the test row
    if exercise.id == "pca_whitening":
        found = abs(found)  # the sign of a component is free
    assert found == pytest.approx(numbers)
    assert shown(numbers, exercise.hints[2])


def test_a_hint_that_is_worked_wrong_is_noticed():
    assert not shown([0.149071, 0.26], exercises()["init_xavier"].hints[2])
