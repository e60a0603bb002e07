"""What a number remembers of how it was found, through everything that a lesson does with it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcourse.training import Found, Trials, try_all

SEEDS = tuple((part, i) for part in ("a", "b") for i in range(2))
LABELS = ("a", "a", "b", "b")
GRIDS = {"sgd": (0.1, 0.3, 1.0), "adam": (0.1, 0.03, 0.01), "rmsprop": (0.001, 0.01, 0.1)}
WORDS = ("", "adam: lr = 0.1 is the largest tried", "rmsprop: lr = 0.001 is the smallest tried")


def some_trials(seeds: tuple[Any, ...] = SEEDS) -> Trials:
    """The second, the first and the first rate of three win, on all that is measured."""
    loss = 1 + np.random.default_rng(0).random((3, 3, 4))
    for method, rate in enumerate((1, 0, 0)):
        loss[method, rate] /= 4
    curve = np.stack([loss * 2, loss], axis=-1)
    values = {"val_loss": loss, "test_loss": loss**2, "test_accuracy": 1 - loss / 4}
    axes = {"method": tuple(GRIDS), "lr": GRIDS, "seed": seeds}
    return Trials(axes, values, {"val_loss": curve, "test_loss": curve**2})


def reported(**more: Any) -> Found:
    return some_trials().at_best("test_loss", chosen_by="val_loss", **more)


def known(found: Found) -> tuple[Any, ...]:
    return found.metric, found.chosen_by, found.clusters, found.edge


def test_what_was_chosen_says_how() -> None:
    found = reported()
    assert known(found) == ("test_loss", "val_loss", LABELS, WORDS)
    assert not found.in_sample
    pairs = some_trials().at_best("test_loss", chosen_by="val_loss", per=["method"])
    np.testing.assert_array_equal(pairs, found)
    one = some_trials().only(method="adam").at_best("test_loss", chosen_by="val_loss")
    assert one.edge == "lr = 0.1 is the largest tried"
    of_all = some_trials().at_best("test_loss", chosen_by="val_loss", per=[])
    winner = some_trials().best("val_loss", per=()).setting["method"]
    assert of_all.edge == dict(zip(GRIDS, WORDS, strict=True))[winner] != ""


def test_values_of_several_axes_have_words_each() -> None:
    """Momentum 0 wins at the last rate and 0.9 at the first; for 0.5 it is one between."""
    loss = 1 + np.random.default_rng(1).random((2, 3, 3, 4))
    loss[:, range(3), (2, 1, 0)] /= 4
    axes = {"method": ("plain", "nag"), "momentum": (0.0, 0.5, 0.9), "lr": (0.1, 0.2, 0.4)}
    trials = Trials(axes | {"seed": range(4)}, {"val_loss": loss, "test_loss": loss})
    found = trials.at_best("test_loss", chosen_by="val_loss", per=("momentum", "method"))
    assert found.edge[0] == (
        "plain, momentum = 0.0: lr = 0.4 is the largest tried",
        "nag, momentum = 0.0: lr = 0.4 is the largest tried",
    )
    assert found.edge[1] == ("", "")
    assert found[2, 0].edge == "plain, momentum = 0.9: lr = 0.1 is the smallest tried"
    assert found.clusters is None


def test_edges_that_are_meant_are_not_said() -> None:
    assert reported(edge_ok="lr").edge == reported(edge_ok=["lr"]).edge == ("", "", "")
    loss = np.array([[[2.0, 2.0], [3.0, 3.0]], [[4.0, 4.0], [5.0, 5.0]]])
    axes = {"lr": (0.1, 0.2), "momentum": (0.0, 0.9), "seed": (0, 1)}
    trials = Trials(axes, {"val_loss": loss, "test_loss": loss})
    both = "lr = 0.1 is the smallest tried, momentum = 0 is the smallest tried"
    for meant, words in [((), both), (["momentum"], both.split(", ")[0])]:
        found = trials.at_best("test_loss", chosen_by="val_loss", edge_ok=meant)
        assert found.edge == words
    with pytest.raises(ValueError, match="edge_ok must be one of 'lr', 'momentum'; got 'rate'"):
        trials.at_best("test_loss", chosen_by="val_loss", edge_ok=["lr", "rate"])


PARTS: dict[str, Callable[[Any], Any]] = {
    "a row": lambda f: f[1],
    "unpacked": lambda f: [*f][1],
    "by a list": lambda f: f[[2, 1]][1],
    "an axis more": lambda f: f[:, None][1, 0],
    "the last two": lambda f: f[..., 1:, :][0],
    "one minus it": lambda f: 1 - f[1],
    "the other way": lambda f: (1 - f)[1],
    "a ratio": lambda f: (f / f.mean())[1],
    "of single precision": lambda f: f.astype(np.float32)[1],
    "diverged ones counted": lambda f: np.nan_to_num(f[1], nan=9.0),
    "counted by hand": lambda f: np.where(f[1] > 1, 9.0, f[1]),
    "clipped": lambda f: np.clip(f, 0.1, 2)[1],
    "its logarithm": lambda f: np.log10(f)[1],
    "added in place": lambda f: f.__iadd__(1)[1],
    "a copy": lambda f: copy.deepcopy(f)[1],
    "there and back": lambda f: f.T.T[1],
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_remembers_what_belongs_to_it(part: Callable[[Any], Any]) -> None:
    found = part(reported())
    assert isinstance(found, Found)
    assert known(found) == ("test_loss", "val_loss", LABELS, WORDS[1])
    plain = part(np.asarray(reported()))
    assert type(plain) is np.ndarray
    np.testing.assert_array_equal(np.asarray(found), plain)


def test_some_of_the_seeds_are_of_their_clusters() -> None:
    found = reported()
    assert found[:, 1:].clusters == ("a", "b", "b")
    assert found[0, [3, 0]].clusters == ("b", "a")
    assert found[2][found[2] < found[2].max()].clusters != LABELS
    assert found[found > found[2].max()].edge == "; ".join(WORDS[1:])
    assert found[:, 0].clusters == ("a", "a", "a")  # three rows, and one run of one data set


def test_what_is_made_of_two_knows_what_both_knew() -> None:
    sgd, adam, rmsprop = reported()
    for both in (rmsprop - adam, np.minimum(rmsprop, adam), np.where(adam > 1, rmsprop, adam)):
        assert sorted(both.edge.split("; ")) == sorted(WORDS[1:])
        assert both.clusters == LABELS
    assert (sgd - adam).edge == (adam - sgd).edge == WORDS[1]
    assert (sgd - sgd).edge == ""
    gap = some_trials()["test_accuracy"][1, 0] - adam
    assert gap.metric == "test_accuracy, test_loss"
    assert gap.chosen_by == "val_loss"
    stacked = np.stack([sgd, adam])
    assert stacked.clusters == LABELS
    assert WORDS[1] in stacked[1].edge
    assert reported().max(axis=0).edge == "; ".join(WORDS[1:])
    assert reported().mean(axis=-1).clusters is None


def test_what_is_changed_in_place_learns_too() -> None:
    sgd, adam, rmsprop = reported()
    sgd -= adam
    assert sgd.edge == WORDS[1]
    np.subtract(rmsprop, sgd, out=sgd)
    assert sorted(sgd.edge.split("; ")) == sorted(WORDS[1:])


def test_parts_of_several_rows_know_no_row() -> None:
    found = reported()
    assert found[:, 0].edge == "; ".join(WORDS[1:])
    assert found[[[0], [1]], [[0, 2], [2, 1]]].clusters is None
    square = Found(np.eye(4), metric="test_loss", seeds=SEEDS, edge=["", "x", "", ""])
    for mean in (square.mean(axis=-1), np.mean(square, axis=-1), np.median(square, axis=1)):
        assert (mean.clusters, mean.edge) == (None, "x")
    assert square.mean(axis=0).clusters == LABELS


def test_the_chosen_is_not_the_judge() -> None:
    """No way leads there but mixing by hand, which is said."""
    trials = some_trials()
    assert trials["val_loss"].chosen_by is None
    assert not trials["val_loss"].in_sample
    mixed = trials["val_loss"][1, 0] + trials.at_best("test_loss", chosen_by="val_loss")[1]
    assert mixed.in_sample
    assert Found([1.0], metric="validation_accuracy", chosen_by="val_loss").in_sample
    assert Found([1.0], metric="grad_norm", chosen_by="train_loss").in_sample


def test_runs_of_other_clusters_are_not_put_together() -> None:
    other = some_trials((("a", 0), ("b", 0), ("a", 1), ("b", 1)))["test_loss"][0, 0]
    with pytest.raises(ValueError, match="clusters must be the same in all that is put together"):
        reported()[0] - other
    numbered = some_trials((0, 1, 2, 3))["test_loss"][0, 0]
    assert (reported()[0] - numbered).clusters == LABELS


def test_trials_never_lose_clusters(tmp_path: Path) -> None:
    trials = some_trials()
    assert some_trials((0, 1, 2, 3))["val_loss"].clusters is None
    assert some_trials(((5, 0), (5, 1), 7, (6, 1)))["val_loss"].clusters == (5, 5, 7, 6)
    trials.save(tmp_path / "t.npz")
    for one in (trials, trials.after(1), trials.after(2), Trials.load(tmp_path / "t.npz")):
        assert one["val_loss"].clusters == LABELS
        assert one.only(method="adam")["val_loss"].clusters == LABELS
        assert one.only(method="adam", lr=0.03)["val_loss"].clusters == LABELS
        found = one.at_best("test_loss", chosen_by="val_loss")
        assert known(found) == ("test_loss", "val_loss", LABELS, WORDS)


def test_clusters_come_from_the_seeds_of_a_comparison() -> None:
    run = lambda rng, runs, lr: {"test_loss": np.array([g.random() for g in rng])}  # noqa: E731
    trials = try_all(run, seeds=[(3, 0), (3, 1), (4, 0)], lr=[0.1, 0.2], progress=False)
    assert trials["test_loss"].clusters == (3, 3, 4)


LIKE_AN_ARRAY: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "str": str,
    "of a row": lambda f: repr(f[1]),
    "of a scalar": lambda f: repr(f[1, 1]),
    "in a list": lambda f: repr([f[0], f[0][0]]),
    "the mean": lambda f: repr(f.mean()),
    "the means": lambda f: repr(f.mean(axis=-1)),
    "spread": lambda f: repr(f[0].std(ddof=1)),
    "by NumPy": lambda f: repr((np.mean(f), np.median(f, axis=0), np.quantile(f, 0.5), np.ptp(f))),
    "counted": lambda f: repr(((f > 1).sum(), (f[0] > 1).mean(), (f > 0).all())),
    "where the best is": lambda f: repr((f.argmin(), f.min(axis=0), f.argmin(axis=0))),
    "formatted": lambda f: f"{f.mean():.3f} {f[0].sum():.0%} {f[0, 0]:g}",
    "sorted": lambda f: repr(np.sort(f)[np.argsort(f[:, 0])]),
    "stacked": lambda f: repr(np.stack([*f], axis=1) @ np.ones(3)),
    "together": lambda f: repr(np.concatenate([f[0], f[1]])),
    "reshaped": lambda f: repr(f.reshape(3, 2, 2).mean(axis=-1)),
    "split": lambda f: repr(np.split(f, 3)),
    "flat": lambda f: repr(f.ravel()[5:7]),
    "a list": lambda f: repr(f.tolist()),
    "matrix": lambda f: repr(f @ f.T),
    "pickled": lambda f: (type(pickle.loads(pickle.dumps(f))), pickle.dumps(f)),
    "the oldest pickle": lambda f: pickle.dumps(f[0], protocol=2),
    "asarray": lambda f: repr((type(np.asarray(f)), type(np.array(f)))),
}


@pytest.mark.parametrize("use", LIKE_AN_ARRAY.values(), ids=LIKE_AN_ARRAY)
def test_it_is_seen_as_an_array(use: Callable[[Any], Any]) -> None:
    assert use(reported()) == use(np.array(reported()))


# Planted errors: what a subclass forgets where one of its methods is left to NumPy.
FORGOTTEN = {
    "__getitem__": ["a row", "unpacked", "the other way"],
    "__array_finalize__": ["diverged ones counted", "of single precision", "a copy"],
    "__array_function__": ["counted by hand"],
}
CASES = [(method, name) for method, names in FORGOTTEN.items() for name in names]


@pytest.mark.parametrize(("method", "name"), CASES)
def test_a_method_that_forgets_is_found(
    method: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Found, method, getattr(np.ndarray, method))
    with pytest.raises(AssertionError):
        test_a_part_remembers_what_belongs_to_it(PARTS[name])


def test_arithmetic_that_forgets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Found, "__array_ufunc__", np.ndarray.__array_ufunc__)
    with pytest.raises(AssertionError):
        test_what_is_made_of_two_knows_what_both_knew()


@pytest.mark.parametrize(("method", "name"), [("__repr__", "repr"), ("__reduce_ex__", "pickled")])
def test_a_method_that_shows_is_found(
    method: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Found, method, getattr(np.ndarray, method))
    with pytest.raises((AssertionError, pickle.PicklingError)):
        test_it_is_seen_as_an_array(LIKE_AN_ARRAY[name])
