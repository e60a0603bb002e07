"""The characters' problem: its cut, its counts, its baselines, and its models in both rooms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from harness import relative
from networks import SCRATCH, TWIN

from dlcourse import text
from dlcourse.data import Split
from dlcourse.problems import (
    attention_model,
    census,
    folded,
    group_loss,
    load_characters,
    recurrent_model,
)
from dlcourse.scratch.losses import SequenceCrossEntropy, SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import Adam
from dlcourse.training import evaluate, steps, sweep
from dlcourse.training.loop import as_numpy

MODELS = {"recurrent": recurrent_model, "attention": attention_model}
PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def novel():
    return load_characters()


def test_folding_keeps_the_letters_of_the_novel_in_their_order(novel):
    whole = text.load().text
    assert folded(whole) == novel.text == folded(novel.text)
    letters = [c for c in whole.lower() if c.isalpha()]
    assert [c for c in novel.text if c.isalpha()] == letters
    assert sorted(set(novel.text)) == list(novel.characters) == sorted(novel.characters)
    assert "  " not in novel.text
    marks = Counter(whole)
    assert novel.text.count("'") == sum(marks[c] for c in "'`\"")
    assert novel.text.count(",") == sum(marks[c] for c in ",;:")


@pytest.mark.parametrize("length", [1, 8, 16, 33])
def test_no_window_crosses_from_one_part_to_another(length):
    novel = load_characters(length)
    ends = [0, len(novel.text) * 8 // 10, len(novel.text) * 9 // 10, len(novel.text)]
    for part, start, end in zip(PARTS, ends, ends[1:], strict=False):
        x, y = getattr(novel, part)
        n = x.size
        assert start + n + 1 <= end
        assert novel.decode(x) == novel.text[start : start + n]
        assert novel.decode(y) == novel.text[start + 1 : start + n + 1]
        kept = 64 * length if part == "train" else length
        assert end - start - n <= kept + length, "what fills no window is left out, nothing else"


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_no_batch_of_the_training_windows_is_shorter(novel, size):
    assert len(novel.train.x) % size == 0
    assert len(load_characters(10).train.x) % size == 0


def test_counts_and_groups_are_of_what_the_training_part_asks_for(novel):
    asked = Counter(novel.decode(novel.train.y))
    assert novel.counts.tolist() == [asked[c] for c in novel.characters]
    groups = novel.groups(0.1)
    assert (groups["rare"] ^ groups["frequent"]).all()
    rare = {c for c, is_rare in zip(novel.characters, groups["rare"], strict=True) if is_rare}
    assert rare == set("!'.?bjkmpqvxz") | {"y"}
    assert max(asked[c] for c in rare) <= min(asked[c] for c in asked if c not in rare)
    filled, one_more = sum(asked[c] for c in rare), min(asked[c] for c in asked if c not in rare)
    assert filled <= 0.1 * novel.train.y.size < filled + one_more
    assert not novel.groups(0.0)["rare"].any() and novel.groups(1.0)["rare"].all()
    with pytest.raises(ValueError, match=r"share must be finite and >= 0; got -0\.1"):
        novel.groups(-0.1)


def test_the_baselines_of_a_text_that_can_be_counted_by_hand(novel):
    a, b, c = (novel.characters.index(letter) for letter in "abc")
    x, y = np.array([[a, b, a]]), np.array([[b, a, c]])  # after a: b, c; after b: a
    small = replace(novel, train=Split(x, y), validation=Split(np.array([[a]]), np.array([[b]])))
    found = small.baselines()
    assert found["uniform"] == pytest.approx(np.log(32))
    assert found["unigram"] == pytest.approx(-np.log(2 / 35))
    assert found["bigram"] == pytest.approx(-np.log(2 / 34))
    assert small.baselines(Split(np.array([[b]]), np.array([[a]])))["bigram"] == pytest.approx(
        -np.log(2 / 33)
    )


def test_each_baseline_knows_more_than_the_one_before(novel):
    for data in (None, novel.test, novel.train):
        found = novel.baselines(data)
        assert found["uniform"] - 0.4 > found["unigram"] > found["bigram"] + 0.4
    assert novel.baselines() == novel.baselines(novel.validation) != novel.baselines(novel.test)


def trained(make, novel, room, runs, updates=20):
    """The loss before each update of Adam, and then of the groups, in float64."""
    model = make(np.random.default_rng(3), runs, dtype=np.float64, room=room)
    adam, loss = room.optimizers.Adam(model.theta, lr=0.02), room.losses.SequenceCrossEntropy()
    data = tuple(room.number(a[: 16 * updates]) for a in novel.train)
    plan = {"epochs": 1, "batch_size": 16, "rng": np.random.default_rng(1)}
    walked = [step.loss for step in steps(model, adam, loss, data, **plan)]
    data, loss = tuple(map(room.number, novel.validation)), room.losses.SoftmaxCrossEntropy()
    groups = group_loss(model, loss, data, novel.groups(), "val")
    return np.array([*walked, *map(as_numpy, groups.values())])


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("name", MODELS)
def test_both_rooms_train_alike(novel, name, runs):
    ours, theirs = (trained(MODELS[name], novel, room, runs) for room in (SCRATCH, TWIN))
    assert ours.shape == ((22,) if runs is None else (22, runs))
    assert (ours[19] < ours[0] - 0.4).all()
    assert relative(ours, theirs) < 1e-8


@pytest.mark.parametrize("name", MODELS)
def test_the_groups_together_are_the_whole(novel, name):
    model = MODELS[name](np.random.default_rng(0), runs=3)
    groups = novel.groups()
    found = group_loss(model, SoftmaxCrossEntropy(), novel.test, groups, "test")
    assert list(found) == ["test_frequent_loss", "test_rare_loss"]
    share = groups["rare"][novel.test.y].mean()
    whole = (1 - share) * found["test_frequent_loss"] + share * found["test_rare_loss"]
    expected = evaluate(model, SequenceCrossEntropy(), novel.test)["loss"]
    assert whole == pytest.approx(expected, rel=1e-5)
    logits = model.forward(novel.test.x).astype(float)
    likely = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    chosen = np.take_along_axis(likely, np.broadcast_to(novel.test.y, (3, 194, 16))[..., None], -1)
    cost = -np.log(chosen[..., 0])[:, groups["rare"][novel.test.y]].mean(-1)
    assert found["test_rare_loss"] == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_census_counts_every_number_once(name):
    one, many = (MODELS[name](np.random.default_rng(0), runs) for runs in (None, 4))
    assert census(one) == census(many)
    *rows, last = census(one).splitlines()
    assert int(last.split()[-1]) == one.theta.size == sum(int(row.split()[-1]) for row in rows)
    assert len(rows) == len(one.shapes)
    assert rows[0].split() == ["Embedding", "0.weight", "32", "×", "16", "512"]
    *_, name, shape, count = rows[-1].split()
    assert name.endswith(".bias") and shape == count == "32"


def test_a_character_later_in_the_window_changes_no_earlier_prediction(novel):
    x = novel.test.x[:1].copy()
    for make in MODELS.values():
        model = make(np.random.default_rng(0))
        before = model.forward(x).copy()
        changed = x.copy()
        changed[0, 9] = (changed[0, 9] + 1) % 32
        differs = (model.forward(changed) != before).any(-1)[0]
        assert not differs[:9].any() and differs[9]


def test_a_sweep_trains_them_and_knows_the_groups(novel):
    groups, loss = novel.groups(), SoftmaxCrossEntropy()

    def measure(epoch):
        return group_loss(epoch.model, loss, novel.test, groups, "test")

    trials = sweep(
        {name: (make, lambda theta, lr: Adam(theta, lr=lr)) for name, make in MODELS.items()},
        SequenceCrossEntropy(),
        tuple(a[:768] for a in novel.train),
        novel.validation,
        novel.test,
        epochs=1,
        batch_size=16,
        seeds=2,
        progress=False,
        measure=measure,
        lr=[0.02, 1e30],
    )
    assert (trials["val_loss"][:, 0] < novel.baselines()["unigram"] - 0.15).all()
    assert (trials["test_rare_loss"][:, 0] > trials["test_frequent_loss"][:, 0] + 1).all()
    assert np.isnan(trials["test_rare_loss"][1, 1]).all(), "a rate of 1e30 ends attention's runs"


@pytest.mark.parametrize(
    ("length", "error", "message"),
    [
        (0, ValueError, "length must be >= 1; got 0"),
        (2.5, TypeError, r"length must be an integer; got 2\.5"),
        (400, ValueError, "length must be short enough for 64 windows; got 400"),
    ],
)
def test_errors(length, error, message):
    with pytest.raises(error, match=message):
        load_characters(length)
