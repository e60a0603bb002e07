"""Ways to make a comparison say more than it found: each is refused or does nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from test_errors import SENTENCE

from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import fit, sweep, try_all
from dlcourse.training.trials import Trials

NET = partial(MLP, [4, 5, 3])
DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(24, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
SETS = [(X[i : i + 8], Y[i : i + 8]) for i in (0, 8, 16)]


def tried(build: Any = (NET, SGD), **plan: Any) -> Trials:
    given = {"epochs": 2, "batch_size": 5, "seeds": 2, "lr": [0.1, 0.5], **plan}
    return sweep(build, SoftmaxCrossEntropy(), *SETS, progress=False, **given)


def luck(rng: Any, runs: int, a: Any) -> dict[str, Any]:
    return {"val_loss": np.array([g.random() for g in rng]) + np.arange(runs)}


def found(values: Any, **others: Any) -> Trials:
    values = np.array(values, dtype=float)
    axes = {"lr": tuple(range(len(values))), "seed": tuple(range(values.shape[1]))}
    return Trials(axes, {"val_loss": values, "test_loss": values + 1, **others})


def one_generator(rng: Any, runs: int) -> MLP:
    return MLP([4, 5, 3], [rng[0]] * runs, runs=runs)


REFUSED: dict[str, tuple[Any, str]] = {
    "one number for all runs": (lambda: tried(measure=lambda e: {"x_loss": 0.3}), "x_loss"),
    "the first run for all": (lambda: tried(measure=lambda e: {"x_loss": np.ones(1)}), "x_loss"),
    "a table": (lambda: tried(measure=lambda e: {"x_loss": np.ones((4, 4))}), "x_loss"),
    "another test loss": (lambda: tried(measure=lambda e: {"test_loss": np.ones(4)}), "measure"),
    "another train loss": (lambda: tried(measure=lambda e: {"train_loss": np.ones(4)}), "measure"),
    "nothing measured": (lambda: tried(measure=lambda e: None), "what measure returns"),
    "seeds that share a generator": (lambda: tried((one_generator, SGD)), "build"),
    "a number and its tuple": (lambda: try_all(luck, seeds=[1, (1,)], a=[1, 2]), "seeds"),
    "a zero behind": (lambda: try_all(luck, seeds=[(1,), (1, 0)], a=[1, 2]), "seeds"),
    "an empty tuple": (lambda: try_all(luck, seeds=[0, ()], a=[1, 2]), "seeds"),
    "an empty curve": (
        lambda: try_all(lambda rng, runs, a: {"x_loss": np.ones((runs, 0))}, a=[1, 2]),
        "x_loss",
    ),
    "an axis twice": (lambda: found([[1, 2], [3, 4]]).best("val_loss", per=["lr", "lr"]), "per"),
    "axes of another table": (
        lambda: Trials({"lr": (1,), "seed": (0, 1)}, found([[1, 2], [3, 4]])),
        "val_loss",
    ),
    "a winner without a finite setting": (
        lambda: found([[np.nan, 2], [3, np.nan]]).at_best(
            "test_loss", chosen_by="val_loss", edge_ok=["lr"]
        ),
        "val_loss",
    ),
    "the same set by another name": (
        lambda: found([[1, 2], [3, 4]], validation_loss=np.ones((2, 2))).at_best(
            "validation_loss", chosen_by="val_loss", edge_ok=["lr"]
        ),
        "metric",
    ),
    "the test set in capitals": (
        lambda: found([[1, 2], [3, 4]], Test_loss=np.ones((2, 2))).at_best(
            "val_loss", chosen_by="Test_loss", edge_ok=["lr"]
        ),
        "chosen_by",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_sentence(case: str) -> None:
    call, name = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=rf"^{name} must be ") as raised:
        call()
    assert SENTENCE.match(raised.value.args[0])


def test_callbacks_are_checked_before_anything_moves() -> None:
    model = NET(np.random.default_rng(0))
    before = model.theta.copy()
    plan: Any = {"epochs": 1, "batch_size": 4, "rng": np.random.default_rng(1), "progress": False}
    for wrong in (print, [None]):
        with pytest.raises(TypeError, match=r"^callbacks must be "):
            fit(model, SGD(model.theta), SoftmaxCrossEntropy(), SETS[0], callbacks=wrong, **plan)
    np.testing.assert_array_equal(model.theta, before)


def test_trials_keep_their_values_when_the_table_changes() -> None:
    table = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 9.0]])
    trials = Trials({"lr": (1, 2, 3), "seed": (0, 1)}, {"val_loss": table})
    table[0] = 100.0
    assert trials.best("val_loss").setting == {"lr": 1}


def test_an_average_that_is_no_number_does_not_win() -> None:
    trials = found([[1, 2], [-3, 4], [2, 9]])
    with np.errstate(invalid="ignore"):
        best = trials.best("val_loss", average=lambda v: np.log(v).mean(axis=-1))
    assert best.setting == {"lr": 0}
    lost = trials.best("val_loss", average=lambda v: np.full(v.shape[:-1], np.nan))
    assert np.isnan(lost.average)
    with np.errstate(divide="ignore"):
        zero = found([[1, 2], [0, 1]]).best("val_loss", average=lambda v: np.log(v).mean(axis=-1))
    assert (zero.setting, zero.average) == ({"lr": 1}, -np.inf)


def test_numbers_of_numpy_are_swept_and_saved(tmp_path: Any) -> None:
    trials = try_all(luck, seeds=2, a=[np.float32(1), np.int64(2)])
    trials.save(tmp_path / "trials.npz")
    assert Trials.load(tmp_path / "trials.npz").axes == trials.axes
    flags = try_all(luck, seeds=2, a=[np.True_, np.False_])
    assert flags.axes["a"] == (True, False)


def test_the_metric_of_a_measure_is_taken_run_by_run() -> None:
    seen = []

    def measure(epoch: Any) -> dict[str, Any]:
        seen.append(epoch.model.theta.sum(axis=-1))
        return {"theta_sum": seen[-1]}

    np.testing.assert_array_equal(tried(measure=measure)["theta_sum"].ravel(), seen[-1])
