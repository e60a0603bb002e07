"""What a comparison says: the winner of an average, and never a number that it was chosen by."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dlcourse.training import History, Trials

RATES, BETAS, SEEDS = (0.01, 0.1, 1.0), (0.0, 0.9), (0, 1, 2)
AXES = {"lr": RATES, "momentum": BETAS, "seed": SEEDS}


def a_table(winner: tuple[int, int] = (1, 0), shape: tuple[int, ...] = (3, 2, 3)) -> np.ndarray:
    """Losses that all differ, lowest on average at ``winner``, where no seed has its lowest."""
    table = 1 + np.random.default_rng(3).random(shape)
    table[winner] = [0.9, 1.0, 1.1]
    for seed in range(3):
        table[(2, 1)][seed] = (0.2, 3.0, 3.0)[seed]
    return table


def some_trials(**changes: np.ndarray) -> Trials:
    val = a_table()
    values = {"val_loss": val, "val_accuracy": 1 - val / 4, "test_loss": val[::-1] + 0.5}
    values |= {"train_loss": val[:, ::-1] / 2, "grad_norm": val**2}
    return Trials(AXES, values | changes)


def test_the_lowest_average_wins_and_not_the_lowest_seed() -> None:
    best = some_trials().best("val_loss")
    assert best.setting == {"lr": 0.1, "momentum": 0.0}
    assert best.index == (1, 0)
    assert best.average == pytest.approx(1.0, abs=1e-15)
    assert (best.ties, best.frozen, best.settings, best.runs) == ((), 0, 6, 18)


def test_an_accuracy_is_better_larger_and_an_unknown_metric_must_say() -> None:
    trials = some_trials(val_score=a_table())
    assert trials.best("val_accuracy").setting == {"lr": 0.1, "momentum": 0.0}
    assert trials.best("val_accuracy", better="smaller").setting != {"lr": 0.1, "momentum": 0.0}
    assert trials.best("val_score", better="smaller").index == (1, 0)
    with pytest.raises(ValueError, match=re.escape("better must be given for 'val_score'")):
        trials.best("val_score")


def test_each_value_has_its_own_winner() -> None:
    trials = some_trials()
    found = trials.best("val_loss", per="momentum")
    by_hand = trials["val_loss"].mean(axis=-1).argmin(axis=0)
    assert {beta: best.index for beta, best in found.items()} == {
        beta: (by_hand[j], j) for j, beta in enumerate(BETAS)
    }
    assert {best.settings for best in found.values()} == {3}
    pairs = trials.best("val_loss", per=("momentum", "lr"))
    assert [best.setting for best in pairs.values()] == [
        {"lr": lr, "momentum": beta} for beta, lr in pairs
    ]


def test_another_average_may_choose_another_setting() -> None:
    trials = some_trials()
    assert trials.best("val_loss", average=lambda v: np.log(v).mean(-1)).index == tuple(
        np.unravel_index(np.log(trials["val_loss"]).mean(-1).argmin(), (3, 2))
    )
    assert trials.best("val_loss", average=lambda v: v.min(-1)).index == (2, 1)
    with pytest.raises(ValueError, match="average must be a function that reduces the last axis"):
        trials.best("val_loss", average=np.mean)


def test_a_run_that_is_not_finite_costs_its_setting_the_win() -> None:
    for lost in (np.nan, np.inf):
        val = a_table()
        val[1, 0, 2] = lost
        best = some_trials(val_loss=val).best("val_loss")
        assert best.index != (1, 0)
        assert best.frozen == 1
        assert "1 of 18 runs are not finite" in repr(best)
    accuracy = 1 - a_table() / 4
    accuracy[1, 0, 0] = np.nan
    assert some_trials(val_accuracy=accuracy).best("val_accuracy").index != (1, 0)


def test_where_every_setting_has_one_the_first_wins_without_an_average() -> None:
    val = a_table()
    val[..., 1] = np.nan
    best = some_trials(val_loss=val).best("val_loss")
    assert np.isnan(best.average)
    assert (best.index, best.frozen, len(best.ties)) == ((0, 0), 6, 5)


def test_a_tie_is_said() -> None:
    val = a_table()
    val[1, 0], val[0, 1] = [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]
    assert val[1, 0].mean() != val[0, 1].mean()  # another order, another rounding
    best = some_trials(val_loss=val).best("val_loss")
    assert best.setting == {"lr": 0.01, "momentum": 0.9}
    assert best.ties == ({"lr": 0.1, "momentum": 0.0},)
    assert "tied with lr=0.1, momentum=0" in repr(best)


@pytest.mark.parametrize(
    ("winner", "edge"), [((1, 0), ("momentum",)), ((2, 0), ("lr", "momentum"))]
)
def test_a_winner_at_the_edge_is_said(winner: tuple[int, int], edge: tuple[str, ...]) -> None:
    best = some_trials(val_loss=a_table(winner)).best("val_loss")
    assert best.edge == edge
    assert f"at the edge of its grid: {', '.join(edge)}" in repr(best)


def test_the_edge_is_the_smallest_value_and_not_the_first() -> None:
    val = np.array([[0.1, 0.2], [0.5, 0.6], [0.7, 0.8]])
    for rates, edge in [((0.1, 0.01, 1.0), ()), ((0.01, 0.1, 1.0), ("lr",))]:
        best = Trials({"lr": rates, "seed": (0, 1)}, {"val_loss": val}).best("val_loss")
        assert best.edge == edge
    named = Trials({"activation": ("relu", "tanh", "gelu"), "seed": (0, 1)}, {"val_loss": val})
    assert named.best("val_loss").edge == ()


def test_what_is_reported_was_chosen_by_another_set() -> None:
    trials = some_trials()
    reported = trials.at_best("test_loss", chosen_by="val_loss", edge_ok=("momentum",))
    np.testing.assert_array_equal(reported, trials["test_loss"][1, 0])
    reported = trials.at_best("test_loss", chosen_by="val_loss", per="momentum", edge_ok=("lr",))
    by_hand = trials["val_loss"].mean(axis=-1).argmin(axis=0)
    assert reported.shape == (2, 3)
    np.testing.assert_array_equal(reported, trials["test_loss"][by_hand, [0, 1]])


MISUSE = {
    "what chose": ("val_loss", "val_loss"),
    "another metric of the same images": ("val_accuracy", "val_loss"),
    "the same, the other way": ("val_loss", "val_accuracy"),
    "the gradient of the training images": ("grad_norm", "train_loss"),
    "test images that choose": ("val_loss", "test_loss"),
    "test images that choose themselves": ("test_loss", "test_loss"),
}


@pytest.mark.parametrize(("metric", "chosen_by"), MISUSE.values(), ids=MISUSE)
def test_a_number_that_flatters_itself_is_refused(metric: str, chosen_by: str) -> None:
    with pytest.raises(ValueError, match="must be measured on") as refused:
        some_trials().at_best(metric, chosen_by=chosen_by)
    assert chosen_by in str(refused.value)


def test_methods_are_shown_each_at_its_best() -> None:
    loss = np.random.default_rng(0).random((2, 3, 4))
    loss[0, 1], loss[1, 0] = 0.01, 0.02
    grids = {"SGD": (0.1, 0.3, 1.0), "Adam": (0.01, 0.001, 0.1)}
    axes = {"method": ("SGD", "Adam"), "lr": grids, "seed": (0, 1, 2, 3)}
    trials = Trials(axes, {"val_loss": loss, "test_loss": loss + 1})
    found = trials.best("val_loss")
    assert {name: best.setting["lr"] for name, best in found.items()} == {"SGD": 0.3, "Adam": 0.01}
    sgd, adam = trials.at_best("test_loss", chosen_by="val_loss")
    np.testing.assert_array_equal([sgd, adam], trials["test_loss"][[0, 1], [1, 0]])
    assert trials.best("val_loss", per=()).setting == {"method": "SGD", "lr": 0.3}
    alone = trials.only(method="Adam")
    assert alone.axes == {"lr": grids["Adam"], "seed": (0, 1, 2, 3)}
    assert alone.best("val_loss").setting == {"lr": 0.01}
    np.testing.assert_array_equal(
        trials.only(lr=0.1, method="Adam")["val_loss"], trials["val_loss"][1, 2]
    )
    with pytest.raises(ValueError, match=re.escape("say only(method=…) too")):
        trials.only(lr=0.1)
    with pytest.raises(ValueError, match="per must be a setting with the same values"):
        trials.best("val_loss", per="lr")


def test_one_value_is_picked_by_its_number() -> None:
    trials = some_trials()
    np.testing.assert_array_equal(
        trials.only(momentum=0.9, lr=0.3 / 3)["val_loss"], trials["val_loss"][1, 1]
    )
    assert trials.only(momentum=0.9).axes == {"lr": RATES, "seed": SEEDS}


def test_an_earlier_epoch_is_read_from_the_curves() -> None:
    curve = np.random.default_rng(1).random((3, 2, 3, 4))
    short = curve[..., :2]
    trials = Trials(
        AXES,
        {"val_loss": curve[..., -1], "test_loss": a_table(), "train_loss": short[..., -1]},
        {"val_loss": curve, "train_loss": short},
    )
    early = trials.after(3)
    assert list(early) == ["val_loss"]
    np.testing.assert_array_equal(early["val_loss"], curve[..., 2])
    np.testing.assert_array_equal(early.curve("val_loss"), curve[..., :3])
    np.testing.assert_array_equal(trials.only(lr=1.0).curve("train_loss"), short[2])
    with pytest.raises(ValueError, match="epochs must be as many as have been recorded"):
        trials.after(5)


REFUSED = {
    "a metric": (lambda t: t["loss"], "metric must be one of: val_loss, val_accuracy"),
    "a metric of best": (lambda t: t.best("vall_loss"), "metric must be one of"),
    "a metric that chooses": (
        lambda t: t.at_best("test_loss", chosen_by="validation"),
        "metric must be one of",
    ),
    "a setting": (lambda t: t.only(rate=0.1), "setting must be one of 'lr', 'momentum'"),
    "the seed": (lambda t: t.only(seed=1), "setting must be one of"),
    "a value": (lambda t: t.only(lr=0.2), "lr must be one of 0.01, 0.1, 1.0; got 0.2"),
    "an axis": (lambda t: t.best("val_loss", per="method"), "per must be one of"),
    "the seed as axis": (lambda t: t.best("val_loss", per="seed"), "per must be one of"),
    "a direction": (lambda t: t.best("val_loss", better="lower"), "better must be one of"),
    "a curve": (lambda t: t.curve("val_loss"), "metric must be one of"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_unknown_names_are_refused(call, message: str) -> None:
    with pytest.raises((ValueError, KeyError), match=message):
        call(some_trials())


def test_what_is_saved_comes_back_equal(tmp_path: Path) -> None:
    axes = {
        "method": ("SGD", "Adam"),
        "betas": ((0.9, 0.99), (0.8, None)),
        "lr": {"SGD": (0.1, 0.3), "Adam": (0.01, 1.0)},
        "seed": ((0, 1), (0, 2), 5),
    }
    curve = np.random.default_rng(2).random((2, 2, 2, 3, 4))
    curve[0, 1, 0, 2, 3] = np.nan
    trials = Trials(axes, {"val_loss": curve[..., -1]}, {"val_loss": curve})
    trials.save(tmp_path / "one.npz")
    back = Trials.load(tmp_path / "one.npz")
    assert back.axes == axes
    assert repr(back) == repr(trials)
    np.testing.assert_array_equal(back["val_loss"], trials["val_loss"])
    np.testing.assert_array_equal(back.curve("val_loss"), curve)
    assert repr(back.best("val_loss")) == repr(trials.best("val_loss"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    history = History()
    history.append({"val_loss": 0.5})
    history.save(tmp_path / "history.npz")
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("history.npz", "text.npz"):
        with pytest.raises(ValueError, match="path must be trials saved by dlcourse"):
            Trials.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Trials.load(tmp_path / "none.npz")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_trials().save(tmp_path / "one.npz")
    before = (tmp_path / "one.npz").read_bytes()

    def broken(file, **columns) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(OSError, match="disk full"):
        some_trials(val_loss=a_table((0, 0))).save(tmp_path / "one.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]
    assert (tmp_path / "one.npz").read_bytes() == before


def test_the_arrays_are_copies() -> None:
    trials = some_trials()
    trials["val_loss"][...] = 0
    assert trials["val_loss"].min() > 0
