"""A comparison that is asked for wrongly says what to write instead; one that is tied says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import ROOMS
from test_errors import SENTENCE

from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import Trials, sweep, try_all

RNG = np.random.default_rng(0)
DATA = RNG.standard_normal((12, 3)), RNG.standard_normal((12, 2))


def network(rng: Any, runs: int, width: int = 4) -> MLP:
    return MLP([3, width, 2], rng, runs=runs)


def descent(theta: Any, lr: Any = 0.1) -> SGD:
    return SGD(theta, lr=lr)


def swept(build: Any = (network, descent), **settings: Any) -> Trials:
    plan: dict[str, Any] = {"epochs": 2, "batch_size": 4, "seeds": 2, "progress": False}
    return sweep(build, MSE(), DATA, DATA, **(plan | settings))


def tried(**settings: Any) -> Trials:
    def run(rng: Any, runs: int, width: Any) -> dict[str, Any]:
        return {"loss": np.ones(runs)}

    return try_all(run, seeds=2, progress=False, **settings)


def deep(rng: Any, runs: int, depth: int) -> MLP:
    return MLP([3, *[4] * depth, 2], rng, runs=runs)


@pytest.mark.parametrize("settings", [{"width": [4, 5]}, {"depth": [1, 2]}], ids=str)
def test_a_width_that_comes_as_a_column_is_to_be_walked(settings: dict[str, Any]) -> None:
    (name,) = settings
    build = (network if name == "width" else deep), descent
    with pytest.raises(TypeError, match="must be an integer; got ndarray") as raised:
        swept(build, **settings)
    note = f"{name} came as columns (4, 1), one entry a run; a setting that must be one value is "
    assert raised.value.__notes__ == [f"{note}named in walked=[…]."]
    assert swept(build, **settings, walked=[name])["val_loss"].shape == (2, 2)


def test_what_a_run_says_of_other_kinds_is_left_alone() -> None:
    def run(rng: Any, runs: int, lr: Any) -> Any:
        raise error

    for error in (KeyError("lr"), TypeError("mine")):
        for settings in ({"lr": 0.1}, {"lr": [0.1, 0.2]}):
            error.__dict__.pop("__notes__", None)
            with pytest.raises(type(error)) as raised:
                try_all(run, seeds=2, progress=False, **settings)
            told = isinstance(error, TypeError) and isinstance(settings["lr"], list)
            assert hasattr(raised.value, "__notes__") == told


@pytest.mark.parametrize("room", ROOMS)
def test_widths_are_whole_numbers_one_by_one(room: str) -> None:
    make = ROOMS[room].models.MLP
    column = np.full((2, 1), 4.0)
    for sizes, error, message in [
        ([3, column, 2], TypeError, r"sizes\[1\] must be an integer; got ndarray of float64 with"),
        ([3, 4.0, 2], TypeError, r"sizes\[1\] must be an integer; got 4\.0\.$"),
        ([3, True], TypeError, r"sizes\[1\] must be an integer; got True"),
        ([0, 2], ValueError, r"sizes\[0\] must be >= 1; got 0"),
        ([[3, 4], [4, 2]], TypeError, r"sizes\[0\] must be an integer; got \[3, 4\]"),
        ("34", TypeError, r"sizes\[0\] must be an integer; got '3'"),
        (3, ValueError, "sizes must be at least two widths, inputs and outputs; got 3"),
        (np.array(3), ValueError, "sizes must be at least two widths"),
        ({3, 4}, ValueError, "sizes must be at least two widths"),
        (None, ValueError, "sizes must be at least two widths"),
    ]:
        with pytest.raises(error, match=message) as raised:
            make(sizes, np.random.default_rng(0))
        assert SENTENCE.match(raised.value.args[0])
    one = make(np.array([3, 4, 2]), np.random.default_rng(0))
    assert one.shapes == make((3, 4, 2), np.random.default_rng(0)).shapes


@pytest.mark.parametrize("walked", [None, "width", 3, [None], ["wdth"], [["width"]]], ids=repr)
@pytest.mark.parametrize("call", [swept, tried])
def test_walked_is_a_list_of_names(call: Callable[..., Trials], walked: Any) -> None:
    names = isinstance(walked, list)
    error, words = (ValueError, "one of ") if names else (TypeError, "a list of names, as ")
    with pytest.raises(error, match=f"^walked must be {words}") as raised:
        call(width=[4, 5], walked=walked)
    assert SENTENCE.match(raised.value.args[0])


@pytest.mark.parametrize(
    "walked", [["width"], ("width",), {"width"}, np.array(["width"])], ids=repr
)
def test_names_may_stand_in_any_collection(walked: Any) -> None:
    assert swept(width=[4, 5], walked=walked).axes["width"] == (4, 5)
    assert tried(width=[4, 5], walked=walked).axes["width"] == (4, 5)


def test_an_optimizer_may_ask_for_the_runs_or_their_generators() -> None:
    def told(theta: Any, rng: Any, runs: int, lr: Any) -> SGD:
        assert len(rng) == runs == len(theta)
        return SGD(theta, lr=lr)

    rates = {"lr": [0.1, 0.2]}
    found, right = swept((network, told), **rates), swept(**rates)
    np.testing.assert_array_equal(found["val_loss"], right["val_loss"])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ((lambda rng: network(rng, 2), descent), "a function of rng and runs"),
        ((lambda: network(0, 2), descent), "a function of rng and runs"),
        ((network, lambda: None), "a function of theta"),
        ((lambda *, rng, runs: network(rng, runs), descent), "a function of rng and runs"),
    ],
)
def test_makers_that_cannot_be_called_are_refused(build: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"^build\[[01]\] must be {message}; got ") as raised:
        swept(build, lr=[0.1, 0.2])
    assert SENTENCE.match(raised.value.args[0])


def test_each_of_three_methods_keeps_its_own_values() -> None:
    """With two a method could be counted from the end and nobody would see it."""

    def made(level: float) -> Any:
        return lambda rng, runs, lr: {"loss": level + lr[:, 0]}

    found = try_all(
        {name: made(level) for level, name in enumerate("abc")},
        seeds=2,
        progress=False,
        lr=[0.1, 0.2],
    )["loss"]
    right = np.arange(3)[:, None, None] + np.array([[0.1], [0.2]])
    np.testing.assert_allclose(found, np.broadcast_to(right, (3, 2, 2)), rtol=1e-15)


@pytest.mark.parametrize("names", [[], [""], [1], ["a", ""], ["a", None]], ids=repr)
def test_methods_have_names(names: list[Any]) -> None:
    def run(rng: Any, runs: int) -> dict[str, Any]:
        return {"loss": np.ones(runs)}

    for kind, call in {"run": try_all, "build": lambda build, **_: swept(build)}.items():
        with pytest.raises(ValueError, match=f"^{kind} must be a function, or a mapping {{"):
            call(dict.fromkeys(names, run), seeds=2, progress=False)


PICKED = tried(width=[4, 5], walked=["width"])


@pytest.mark.parametrize(
    "value",
    [np.array([4, 5]), np.array([[4]]), [4], (4,), None, "4", 6, math.nan, {}],
    ids=repr,
)
def test_only_picks_one_of_the_values(value: Any) -> None:
    with pytest.raises(ValueError, match="width must be one of 4, 5; got") as raised:
        PICKED.only(width=value)
    assert SENTENCE.match(raised.value.args[0])


@pytest.mark.parametrize("value", [4, 4.0, np.int64(4), np.float32(4), np.array(4)], ids=repr)
def test_numbers_of_any_kind_pick(value: Any) -> None:
    assert PICKED.only(width=value)["loss"].shape == (2,)


def trials(*losses: float, **axes: Any) -> Trials:
    rates = tuple(10.0**-i for i in range(len(losses)))
    values = np.repeat(np.array(losses)[:, None], 2, axis=1)
    return Trials({"lr": rates, "seed": (0, 1)}, {"val_loss": values, "test_loss": values + 1})


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ((3.0, 1.0, 2.0, 4.0), ""),
        ((3.0, 1.0, 1.0, 4.0), ""),
        ((1.0, 1.0, 2.0, 4.0), "lr = 1 is the largest tried"),
        ((3.0, 1.0, 2.0, 1.0), "lr = 0.001 is the smallest tried"),
        ((3.0, 1.0, 1.0, 1.0), "lr = 0.001 is the smallest tried"),
        ((1.0, 2.0, 2.0, 1.0), "lr = 1 is the largest tried"),
    ],
)
def test_a_tie_with_the_edge_is_at_the_edge(losses: tuple[float, ...], words: str) -> None:
    found = trials(*losses)
    best = found.best("val_loss")
    assert best.edge == (("lr",) if words else ())
    assert ("at the edge of its grid: lr" in repr(best)) == bool(words)
    assert ("tied with" in repr(best)) == (losses.count(1.0) > 1)
    reported = found.at_best("test_loss", chosen_by="val_loss")
    assert reported.tolist() == [2.0, 2.0]
    assert reported.edge == words
    assert found.at_best("test_loss", chosen_by="val_loss", edge_ok=["lr"]).edge == ""
