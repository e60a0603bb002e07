"""Recall, images and doubt with dropout: what is dropped where, and what is measured."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from test_mislabelled import SETS, rngs

from dlcourse.problems.all_masks import of_all_masks
from dlcourse.problems.chosen import chosen_then_fresh
from dlcourse.problems.dropped_recall import DROPPED, learn_to_keep, recall_rnn
from dlcourse.problems.mislabelled import TwoPoint, noisy_mlp
from dlcourse.problems.unsure import learn_and_ask
from dlcourse.training import try_all


@pytest.mark.parametrize("dropped", DROPPED)
def test_the_state_is_dropped_where_it_is_said(dropped: str) -> None:
    net = recall_rnn(rngs(0), 1, dropped, 0.5)
    rnn: Any = net.layers[0]
    rnn.forward(np.ones((1, 8, 6, 4), np.float32), True)
    reads, carries = rnn.mask
    assert reads.all() == (dropped != "inputs")
    assert carries.all() == ("state" not in dropped)
    assert carries.shape[-2] == (6 if dropped == "state, each step" else 1)
    w = rnn.params["weight_hh"][0]
    np.testing.assert_allclose(w @ w.T, np.eye(24), atol=1e-5)


def test_a_symbol_is_remembered_unless_the_state_is_lost() -> None:
    plan: Any = {"lr": 0.02, "wait": 4, "steps": 120}
    kept = learn_to_keep(rngs(1, 2), 2, dropped="nothing", **plan)
    lost = learn_to_keep(rngs(1, 2), 2, dropped="state, each step", p=0.8, **plan)
    assert kept["right"].min() > 0.95 and lost["right"].mean() < 0.8


def test_over_masks_a_network_is_less_sure() -> None:
    found = learn_and_ask(rngs(4, 5), 2, 0.5, sets=SETS, few=96, seen=120, steps=80)
    assert (found["masks_hit"] > found["whole_hit"]).all()
    assert (found["whole_miss"] > found["whole_hit"]).all()
    assert found["whole_rank"].min() > 0.6


def test_what_chose_is_not_what_is_reported() -> None:
    asked: list[int] = []

    def run(rng: Any, runs: int, lr: Any, p: Any) -> dict[str, Any]:
        asked.append(runs)
        return {"val_loss": (lr[:, 0] - 2) ** 2 + p[:, 0]}

    plan = partial(
        chosen_then_fresh, try_all, run, by="val_loss", tries=[0], fresh=[1, 2], p=[0.1, 0.2]
    )
    found = plan(lr=[1.0, 2.0, 3.0], ends=["p"])
    assert (found.axes["lr"], found.axes["p"]) == ((2.0,), (0.1,))
    with pytest.raises(ValueError, match="wide enough in p"):
        plan(lr=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="wide enough in lr"):
        plan(lr=[2.0, 3.0], ends=["p"])
    asked.clear()
    assert plan(lr=[3.0], p=[0.1]).axes["lr"] == (3.0,)
    assert asked == [2], "where there is nothing to choose nothing is tried"
    with pytest.raises(ValueError, match="free of the seeds"):
        chosen_then_fresh(try_all, run, by="val_loss", tries=[0], fresh=[0], lr=[1.0], p=[0.1])
    with pytest.raises(ValueError, match="validation"):
        chosen_then_fresh(try_all, run, by="test_loss", tries=[0], fresh=[1], lr=[1.0], p=[0.1])


def test_the_two_points_have_mean_and_variance_of_dropout_and_miss_nobody() -> None:
    noise = TwoPoint(0.5, rng=rngs(0)[0]).drawn((200_000,), 0.5, rngs(1)[0])
    assert {*np.unique(noise)} == {0.5, 3.0}
    assert abs(noise.mean() - 1) < 0.01 and abs(noise.var() - 1) < 0.02


def test_later_layers_may_be_dropped_at_a_rate_of_their_own() -> None:
    net = noisy_mlp(rngs(0), 1, 0.8, depth=3, width=4, p_later=0.5)
    assert [float(np.ravel(vars(layer)["p"])[0]) for layer in net.layers[2::3]] == [0.8, 0.5, 0.5]


def test_drawn_masks_stand_for_all() -> None:
    net = noisy_mlp(rngs(0), 1, 0.3, width=6).rows(0)
    x, y = (a[:5] for a in SETS[1])
    every, some = (of_all_masks(net, x, y, 0.3, drawn) for drawn in (None, 4000))
    assert every["geometric"] < 1e-10 < some["geometric"] < 0.02
    assert abs(every["single_arithmetic"] - some["single_arithmetic"]) < 0.02
