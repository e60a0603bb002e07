"""Networks of every family train alike in both rooms; their runs are the single runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import relative
from networks import NETWORKS, ROOMS, SCRATCH, TWIN, batch, loss, trained

from dlcourse import training
from dlcourse.gradcheck import check_vjp
from dlcourse.reference import landscape as twin_landscape
from dlcourse.scratch import landscape


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_both_rooms_train_to_the_same_losses(name: str, runs: int | None) -> None:
    ours, theirs = (
        np.array([step.loss for step in trained(name, room, runs)]) for room in (SCRATCH, TWIN)
    )
    assert ours.shape == ((50,) if runs is None else (50, runs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)
    assert (ours[-10:].mean(0) < ours[:5].mean(0)).all(), "they do learn"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_flat_gradient_is_that_of_the_loss(name: str) -> None:
    model, criterion, (x, y) = NETWORKS[name](SCRATCH), loss(name, SCRATCH), batch(name, SCRATCH, 5)
    start = model.theta.copy()

    def forward(theta: np.ndarray) -> tuple[np.ndarray, None]:
        model.theta[...] = theta
        return criterion.forward(model.forward(x), y), None

    def backward(dy: np.ndarray, _: None) -> np.ndarray:
        forward(start)
        model.backward(dy * criterion.backward())
        return model.grad

    check_vjp(forward, backward, [start], np.random.default_rng(3), tolerance=1e-6)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_run_is_the_single_run(name: str, room: str) -> None:
    one = ROOMS[room]
    many, single, criterion = NETWORKS[name](one, 3), NETWORKS[name](one), loss(name, one)
    x, y = batch(name, one, 6)
    values = criterion.forward(many.forward(x, True), y)
    many.backward(criterion.backward(), input_grad=False)
    assert relative(many.grad[0], many.grad[1]) > 1e-3, "runs that are alike would test nothing"
    for i in range(3):
        single.theta[...] = many.theta[i]
        value = criterion.forward(single.forward(x, True), y)
        single.backward(criterion.backward(), input_grad=False)
        assert relative(values[i], value) < 1e-12
        assert relative(many.grad[i], single.grad) < 1e-12


@pytest.mark.parametrize("name", NETWORKS)
def test_runs_may_have_batches_of_their_own(name: str) -> None:
    (x, y), model = batch(name, SCRATCH, 8), NETWORKS[name](SCRATCH, 2)
    criterion = loss(name, SCRATCH)
    own = [a.reshape(2, 4, *a.shape[1:]) for a in (x, y)]
    values = criterion.forward(model.forward(own[0]), own[1])
    model.backward(criterion.backward())
    for i in range(2):
        part = model.rows(slice(i, i + 1))
        value = criterion.forward(part.forward(own[0][i]), own[1][i])
        assert relative(values[i], value[0]) < 1e-12
        kept = model.grad[i].copy()
        part.backward(criterion.backward())
        assert relative(kept, model.grad[i]) < 1e-12


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_single_samples(name: str) -> None:
    ours, theirs = (
        room.per_sample_gradients(NETWORKS[name](one), loss(name, one), *batch(name, one, 4))
        for room, one in ((landscape, SCRATCH), (twin_landscape, TWIN))
    )
    assert relative(ours, theirs) < 1e-12
    assert np.abs(ours).max() > 1e-3


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("name", ["convolutional", "recurrent"])
def test_fit_reports_one_number_a_run(name: str, runs: int | None) -> None:
    histories = []
    for room in (SCRATCH, TWIN):
        model, (x, y) = NETWORKS[name](room, runs), batch(name, room, 48)
        plan = {"epochs": 2, "batch_size": 20, "rng": np.random.default_rng(0), "progress": False}
        sgd = room.optimizers.SGD(model.theta, lr=0.1)
        part = slice(32), slice(32, None)
        train, val = ((x[rows], y[rows]) for rows in part)
        histories.append(training.fit(model, sgd, loss(name, room), train, val, **plan))
    for column in ("train_loss", "val_loss", "val_accuracy"):
        assert histories[0][column].shape == ((2,) if runs is None else (2, runs))
        assert relative(histories[0][column], histories[1][column]) < 1e-10
    assert histories[0]["val_accuracy"].max() > 0


@pytest.mark.parametrize("room", ROOMS)
def test_a_loss_that_takes_sequences_for_runs_is_refused(room: str) -> None:
    one = ROOMS[room]
    model = NETWORKS["recurrent"](one)
    plan = {"epochs": 1, "batch_size": 8, "rng": np.random.default_rng(0)}
    sgd, wrong = one.optimizers.SGD(model.theta), one.losses.SoftmaxCrossEntropy()
    before = model.theta + 0
    with pytest.raises(ValueError, match=r"loss must be shaped \(\); .*\(8,\)\. SequenceCrossEnt"):
        next(training.steps(model, sgd, wrong, batch("recurrent", one, 8), **plan))
    assert (model.theta == before).all()


@pytest.mark.parametrize("runs", [(), (3,)])
def test_the_loss_over_sequences_is_that_over_all_their_places(runs: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    y, labels = rng.standard_normal((*runs, 4, 5, 7)), rng.integers(0, 7, (*runs, 4, 5))
    ours, theirs = SCRATCH.losses.SequenceCrossEntropy(), TWIN.losses.SequenceCrossEntropy()
    value = ours.forward(y, labels)
    assert relative(value, theirs.forward(torch.tensor(y), torch.tensor(labels))) < 1e-12
    assert relative(ours.backward(), theirs.backward()) < 1e-12
    if not runs:
        rows = torch.tensor(y).reshape(-1, 7), torch.tensor(labels).reshape(-1)
        assert relative(value, torch.nn.functional.cross_entropy(*rows)) < 1e-12
    else:
        shared = ours.forward(y, labels[1])
        assert relative(shared[1], value[1]) < 1e-12
        assert abs(shared[0] - value[0]) > 1e-3
