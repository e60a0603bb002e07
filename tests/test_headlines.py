"""The headline experiments: arms that are what they say, and a page that says what was stored."""

import copy
import importlib
import json
import types

import numpy as np
import pytest

from benchmarks.headlines import batchnorm as bn
from benchmarks.headlines import depth, dropout, frame, store, warmup
from benchmarks.headlines.frame import Room
from dlcourse.scratch.regularization import Dropout
from tools import headlines
from tools.registries import ROOT

NAMES = ("depth", "batchnorm", "dropout", "batch", "warmup")
NUMPY = Room()
ENTRIES = headlines.registry()
LOOKS = [look["name"] for entry in ENTRIES for look in (entry, entry["again"])]


def rngs(runs=2):
    return [np.random.default_rng(seed) for seed in range(runs)]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_runs_and_answers_its_questions(name, capsys):
    one = importlib.import_module(f"benchmarks.headlines.{name}")
    found = store.command(name, one.SIZES, one.experiment, one.questions, ["--tiny"])
    assert [answer["part"] for answer in found["answers"]] == [
        question.part for question in one.questions(one.SIZES["cpu"])
    ]
    for arm in found["arms"].values():
        assert len(arm["test_error"]) == len(frame.FRESH)
        assert 0 < np.mean(arm["test_error"]) <= frame.GUESS + 0.02
    assert name in capsys.readouterr().out


def test_every_look_that_is_stored_is_on_the_page_and_can_be_run_again():
    assert set(LOOKS) == {path.stem for path in store.RESULTS.glob("*.json")}
    for name in LOOKS:
        experiment, _, size = name.partition("-")
        one = importlib.import_module(f"benchmarks.headlines.{experiment}")
        assert one.SIZES[size or "cpu"] == headlines.result(name)["plan"]


def test_a_tiny_run_is_not_stored():
    with pytest.raises(SystemExit):
        store.command(
            "depth", depth.SIZES, depth.experiment, depth.questions, ["--tiny", "--store"]
        )


def best_at(rate):
    return lambda rng, runs, lr: {"val_error": np.abs(np.log10(lr[:, 0] / rate))}


@pytest.mark.parametrize(
    ("best", "chosen", "tried", "edge"),
    [(0.1, 0.1, 3, ""), (10, 10, 5, ""), (0.01, 0.01, 4, ""), (1e9, 1e3, 6, "largest")],
)
def test_a_grid_grows_where_its_edge_wins(best, chosen, tried, edge):
    found, scores, end = frame.tuned(best_at(best), [0.01, 0.1, 1.0])
    assert (found, len(scores), end) == (pytest.approx(chosen), tried, edge)


def test_no_rate_is_chosen_with_the_test_set_in_sight():
    seen = []

    def arm(sets):
        seen.append(sets.test is None)
        return best_at(0.1)

    frame.contest({"one": arm}, frame.Sets(1, 2, 3), [0.01, 0.1, 1.0])
    assert seen == [True, False]


def test_seeds_that_chose_are_not_reported():
    with pytest.raises(ValueError, match="free of those that chose"):
        frame.contest({}, frame.Sets(1, 2, 3), [0.1, 1.0], seeds=[3, 4], tuning=[4])


def learned(room):
    sets = frame.load(room, "digits", 200)
    model = room.models.MLP([64, 8, 10], rngs(), runs=2, **room.plan)
    optimizer = room.optimizers.SGD(model.theta, lr=0.3, momentum=0.9)
    loss = room.losses.SoftmaxCrossEntropy()
    return frame.learn(model, optimizer, loss, sets, rngs(), epochs=2, batch_size=50, looks=[4, 8])


def test_both_rooms_train_alike():
    ours, twins = learned(NUMPY), learned(Room("cpu"))
    assert ours["curve"].shape == (2, 2)
    for name, values in ours.items():
        np.testing.assert_allclose(values, twins[name], atol=0.01, err_msg=name)


def test_a_run_that_is_lost_counts_as_one_that_guesses():
    sets = frame.load(NUMPY, "digits", 200)
    x, y = sets.test
    sets = sets._replace(test=(x[y > 0], y[y > 0]))  # what is not a number is taken for class 0
    model = NUMPY.models.MLP([64, 8, 10], rngs(), runs=2, **NUMPY.plan)
    optimizer = NUMPY.optimizers.SGD(model.theta, lr=np.array([[0.1], [1e30]]))
    loss = NUMPY.losses.SoftmaxCrossEntropy()
    with np.errstate(all="ignore"):
        found = frame.learn(model, optimizer, loss, sets, rngs(), epochs=2, batch_size=50)
    assert found["test_error"][1] == frame.GUESS and found["test_error"][0] != frame.GUESS
    assert np.isfinite(found["train_loss"]).all()


def dropped(room=NUMPY):
    """What each arm drops of the pixels and of the first hidden layer, as it trains."""
    shares = {}
    for name, plan in dropout.ARMS.items():
        model, _ = dropout.build(room, 64, 400, *plan)(rngs(), 2, 0.1)
        x, zeros = np.ones((2, 50, 64), np.float32), []
        for one in model.layers:
            x, before = one.forward(x, True), x
            if type(one).__name__ == "Dropout":
                zeros.append(((x == 0) & (before != 0)).sum() / (before != 0).sum())
        shares[name] = [round(float(share), 1) for share in zeros]
    return shares


class WithoutDropout(Room):
    """A room whose dropout drops nothing: a known error."""

    @property
    def regularization(self):
        return types.SimpleNamespace(Dropout=lambda p, **plan: Dropout(0.0, **plan))


def test_arms_of_dropout_drop_what_they_say():
    right = {"nothing": [], "hidden": [0.5, 0.5], "hidden and pixels": [0.2, 0.5, 0.5]}
    assert dropped() == right
    assert dropped(WithoutDropout()) != right


def test_normalization_stands_before_each_hidden_sigmoid_and_nowhere_else():
    kinds = [
        [
            type(one).__name__
            for one in bn.build(NUMPY, [9, 8, 7, 10], normed)(rngs(), 2, 0.1)[0].layers
        ]
        for normed in (False, True)
    ]
    assert kinds[0] == ["Linear", "Sigmoid"] * 2 + ["Linear"]
    assert kinds[1] == ["Linear", "BatchNorm", "Sigmoid"] * 2 + ["Linear"]


def test_steps_to_a_target_are_the_first_and_else_all():
    curve = [[0.5, 0.1, 0.2, 0.05], [0.9, 0.8, 0.7, 0.6]]
    found = bn.with_steps({"curve": curve}, [2, 4, 8, 16], 0.1)
    assert found["log2_steps"] == [2.0, 4.0] and found["reached"] == [1.0, 0.0]


def test_rates_are_warmed_up_and_decay_at_the_same_steps():
    lr = np.array([[1.6], [0.8]])
    none, constant, gradual = (
        np.stack([np.ravel(warmup.schedule(NUMPY, kind, lr, 90, 16)(t)) for t in range(90)])
        for kind in ("none", "constant", "gradual")
    )
    np.testing.assert_allclose(none[[0, 29, 30, 60, 80], 0], [1.6, 1.6, 0.16, 0.016, 0.0016])
    np.testing.assert_allclose(constant[[0, 4, 5]], [lr[:, 0] / 16, lr[:, 0] / 16, lr[:, 0]])
    np.testing.assert_allclose(gradual[:6, 0], [0.32, 0.64, 0.96, 1.28, 1.6, 1.6])
    for warmed in (constant, gradual):
        np.testing.assert_allclose(warmed[5:], none[5:])


ARMS = {
    "a": {
        "lr": 0.1,
        "tried": {"0.1": 0.2, "1.0": 0.3},
        "edge": "",
        "test_error": [*np.arange(10) / 99],
    },
    "b": {
        "lr": 0.1,
        "tried": {"0.1": 0.2},
        "edge": "",
        "test_error": [*(np.arange(10) / 90 + 0.1)],
    },
}


def asked(**changes):
    arms = copy.deepcopy(ARMS)
    arms["b"] |= changes
    return store.answered(store.Question("it", "a", "b", "test_error", "smaller", 0.05), arms)


def test_an_edge_decides_nothing_unless_the_arm_guesses_everywhere():
    assert asked()["verdict"] == "supported"
    at_edge = asked(edge="largest")
    assert (at_edge["verdict"], at_edge["edge"]) == ("inconclusive", ["b"])
    assert asked(edge="largest", tried={"0.1": 0.9, "1": 0.89})["verdict"] == "supported"


@pytest.fixture
def book(tmp_path):
    """A folder with a copy of registry and results, one of which a test may spoil."""
    folder = tmp_path / "benchmarks/headlines/results"
    folder.mkdir(parents=True)
    (tmp_path / "book").mkdir()
    (tmp_path / "book/headlines.yml").write_text(
        (ROOT / "book/headlines.yml").read_text("utf-8"), "utf-8"
    )
    for name in LOOKS:
        (folder / f"{name}.json").write_text(
            (store.RESULTS / f"{name}.json").read_text("utf-8"), "utf-8"
        )

    def spoil(name, change):
        path = folder / f"{name}.json"
        found = json.loads(path.read_text("utf-8"))
        change(found)
        path.write_text(json.dumps(found), "utf-8")
        return tmp_path

    return spoil


def test_the_page_has_a_row_for_each_question_and_what_was_run(book):
    pages = headlines.pages(book("depth", lambda found: None))
    table = pages["headlines.md"]
    assert table.count("claim-badge") == 2 * sum(len(entry["rows"]) for entry in ENTRIES)
    for name in LOOKS:
        assert f"`{headlines.command(name)}`" in pages["headlines-ran.md"]
    assert "{" not in pages["headlines-ran.md"].replace(":::{list-table}", "")
    assert pages["headlines.svg"].startswith("<svg")


def swap(found):
    arms = found["arms"]
    arms["hidden"], arms["nothing"] = arms["nothing"], arms["hidden"]


def mend(found):
    found["answers"][0]["mean_a"] += 0.001


def renamed(found):
    found["answers"][0]["verdict"] = "supported, very"


def fewer(found):
    found["seeds"]["report"].pop()


def part(found):
    found["answers"].pop()


def flip(found):
    """Runs that say otherwise, with answers that follow from them."""
    found["arms"]["hidden"]["test_error"] = [0.01 * i for i in range(10)]
    found["answers"] = [
        store.answered(
            store.Question(*(one[name] for name in store.Question._fields)), found["arms"]
        )
        for one in found["answers"]
    ]


@pytest.mark.parametrize("look", ["dropout", "dropout-wide"])
@pytest.mark.parametrize("change", [swap, mend, renamed, fewer, part, flip])
def test_a_result_that_does_not_follow_from_its_runs_stops_the_build(book, change, look):
    with pytest.raises(headlines.StoredError):
        headlines.pages(book(look, change))


def test_a_result_that_is_missing_stops_the_build_and_says_how_to_get_it(tmp_path):
    with pytest.raises(headlines.StoredError, match=r"-m benchmarks\.headlines\.dropout --store"):
        headlines.result("dropout", tmp_path)


def test_numbers_are_in_units_of_the_metric():
    answer = {"metric": "test_error", "mean_a": 0.021, "mean_b": 0.025, "difference": -0.004}
    said = headlines.measured(answer | {"interval": [-0.005, -0.003]})
    assert said == "2.1 % against 2.5 %: −0.4 points [−0.5 to −0.3]"
    answer = {"metric": "log2_steps", "a": "with", "b": "without", "interval": [-3.0, -1.0]}
    answer |= {"mean_a": 5.0, "mean_b": 7.0, "difference": -2.0}
    assert headlines.measured(answer) == "32 against 128 steps: 0.25 times [0.12 to 0.5]"
    said = headlines.measured(answer | {"short": ["without"]})
    assert said == "32 against more than 128 steps: at most 0.25 times [0.12 to 0.5]"


def test_steps_that_were_cut_short_do_not_decide_against():
    steps = {"log2_steps": [8.0, 8.5] * 5, "reached": [1.0] * 10, "tried": {}, "edge": ""}
    arms = {"a": steps, "b": steps | {"log2_steps": [9.0] * 10}}
    question = store.Question("it", "a", "b", "log2_steps", "smaller", 1.0)
    assert store.answered(question, arms)["verdict"] == "not supported"
    arms["b"]["reached"] = [1.0] * 9 + [0.0]
    found = store.answered(question, arms)
    assert (found["verdict"], found["short"]) == ("inconclusive", ["b"])
