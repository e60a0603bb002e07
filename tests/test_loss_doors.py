"""What a loss compares is refused, or taken, alike in both rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from harness import relative
from networks import ROOMS, Room
from test_room_doors import said

from dlcourse import checks


def refused(name: str, y: np.ndarray, target: np.ndarray) -> str:
    """What both rooms say."""
    return said(
        lambda r: getattr(r.losses, name)().forward(r.number(y), r.number(target)), ValueError
    )


TARGETS: list[tuple[str, np.ndarray, int | None]] = [
    ("too large", np.array([0, 3]), 3),
    ("too large, of a small kind", np.array([0, 200], np.uint8), 200),
    ("negative", np.array([-1, 0]), -1),
    ("what torch leaves out", np.array([-100, 0]), -100),
    ("bools", np.array([True, False]), None),
    ("floats", np.array([0.0, 1.0]), None),
    ("complex", np.ones((2, 3), complex), None),
    ("one number", np.array(1), None),
    ("too many", np.array([0, 1, 2]), None),
    ("a column", np.array([[0], [1]]), None),
    ("one-hot integers", np.eye(3, dtype=int)[:2], None),
    ("too few probabilities", np.ones((2, 2)), None),
]


@pytest.mark.parametrize("name", ["SoftmaxCrossEntropy", "SequenceCrossEntropy"])
@pytest.mark.parametrize(("what", "target", "worst"), TARGETS, ids=[row[0] for row in TARGETS])
def test_wrong_targets_are_refused(
    name: str, what: str, target: np.ndarray, worst: int | None
) -> None:
    y, wanted = np.zeros((2, 3)), "(..., 2) or soft targets (..., 2, 3)"
    if name.startswith("Sequence"):  # the same, four times
        y, wanted = np.zeros((4, 2, 3)), "(..., 4, 2), one a place"
        target = np.stack([target] * 4) if target.ndim else target
    found = refused(name, y, target)
    if worst is None:
        assert found == f"target must be integer labels {wanted}; got {checks.describe(target)}."
    else:
        assert found == f"labels must be in 0 .. 2; got {worst}."


NO_NUMBERS = [None, "ab", ["a", "b"], [[0, 1], [0]], {0: 1}, np.array([None, 1]), [0, "1"]]


@pytest.mark.parametrize("name", ["MSE", "SoftmaxCrossEntropy", "SequenceCrossEntropy"])
@pytest.mark.parametrize("target", NO_NUMBERS, ids=str)
def test_what_no_array_of_numbers_can_be_made_of_is_refused(name: str, target: Any) -> None:
    y = np.zeros((4, 2, 3) if name.startswith("Seq") else (2, 3))
    found = said(lambda r: getattr(r.losses, name)().forward(r.number(y), target), ValueError)
    assert found == f"target must be an array of numbers; got {checks.describe(target)}."


@pytest.mark.parametrize("name", ["MSE", "SoftmaxCrossEntropy", "SequenceCrossEntropy"])
def test_runs_of_a_target_are_those_of_the_predictions_or_new_ones(name: str) -> None:
    rng = np.random.default_rng(2)
    y, soft = rng.standard_normal((2, 3, 4)), name == "MSE"
    lead, core = ((), (2, 3, 4)) if name.startswith("Seq") else ((2,), (3, 4))
    shape = core if soft else core[:-1]
    for runs in {(), (1,), (5, *lead), (5, *[1 for _ in lead])}:
        t = rng.standard_normal((*runs, *shape)) if soft else rng.integers(0, 4, (*runs, *shape))
        values, grads = [], []
        for room in ROOMS.values():
            loss = getattr(room.losses, name)()
            values.append(np.asarray(loss.forward(room.number(y), room.number(t))))
            grads.append(np.asarray(loss.backward()))
        assert values[0].shape == np.broadcast_shapes(runs, lead)
        assert grads[0].shape == (*values[0].shape, *core)
        assert relative(*values) < 1e-14 and relative(*grads) < 1e-14
    if lead:
        t = np.zeros((3, *shape), float if soft else int)
        found = refused(name, y, t)
        assert found.endswith("Axes before these are runs; y has (2,).")


@pytest.mark.parametrize("name", ["MSE", "SoftmaxCrossEntropy", "SequenceCrossEntropy"])
def test_predictions_are_floats_with_their_axes(name: str) -> None:
    core = (2, 3, 4) if name.startswith("Seq") else (3, 4)
    labels = np.zeros(core if name == "MSE" else core[:-1], int)

    def call(y: Any) -> Callable[[Room], Any]:
        return lambda r: getattr(r.losses, name)().forward(y(r), r.number(labels))

    assert "y must be an array of floats; got" in said(
        call(lambda r: np.zeros(core).tolist()), TypeError
    )
    assert "array of int64" in said(call(lambda r: r.number(np.zeros(core, int))), TypeError)
    axes = "n, t, k" if len(core) == 3 else "n, k"
    found = said(call(lambda r: r.number(np.zeros(core[1:]))), ValueError)
    assert found.startswith(f"y must be shaped (..., {axes}); got ")
    found = said(call(lambda r: r.number(np.zeros((0, *core[1:])))), ValueError)
    assert found.startswith("y must be without an axis of length 0")


@pytest.mark.parametrize("name", ["MSE", "SoftmaxCrossEntropy"])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_loss_is_of_the_precision_of_the_predictions(name: str, kind: str) -> None:
    y, target = np.zeros((2, 3), kind), np.full((2, 3), 0.25)
    for room in ROOMS.values():
        for other in (np.float32, np.float64):
            loss = getattr(room.losses, name)()
            value = loss.forward(room.number(y), room.number(target.astype(other)))
            assert {str(a.dtype).removeprefix("torch.") for a in (value, loss.backward())} == {kind}


@pytest.mark.parametrize("room", ROOMS)
def test_a_loss_over_sequences_that_refuses_keeps_what_it_had(room: str) -> None:
    r = ROOMS[room]
    loss, labels = r.losses.SequenceCrossEntropy(), np.zeros((2, 3), int)
    loss.forward(r.number(np.zeros((2, 3, 4))), r.number(labels))
    with pytest.raises(ValueError, match="labels must be in"):
        loss.forward(r.number(np.zeros((3, 2, 4))), r.number(labels.T + 9))
    assert loss.backward().shape == (2, 3, 4)
