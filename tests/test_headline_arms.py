"""What tells the arms of a headline experiment apart: batches, epochs, rates; what is measured."""

import types

import numpy as np
import pytest

from benchmarks.headlines import batch, depth, frame, warmup
from benchmarks.headlines.frame import Room
from tools import headlines

NUMPY = Room()


def trained(arm, sets):
    """With how many images a step, and for how many epochs."""
    plan = arm(sets).args[-1]
    return plan["batch_size"], plan["epochs"]


def arms_of(monkeypatch, module):
    """The arms of its smallest size, untrained, with the rates they try or are given."""
    asked = {}

    def contest(runs, sets, rates, *seeds):
        asked.update({name: (*trained(arm, sets), rates) for name, arm in runs.items()})
        return {name: {"lr": 0.25} for name in runs}

    def reported(run, lr, seeds):
        asked[run.args[1].__name__] = (*trained(lambda sets: run, None), lr)
        return {}

    monkeypatch.setattr(module, "contest", contest)
    if hasattr(module, "reported"):
        monkeypatch.setattr(module, "reported", reported)
        kinds = module.build  # so that an arm by the rule bears the name of its warm-up
        monkeypatch.setattr(module, "build", lambda *plan: named(kinds(*plan), plan[2]))
    module.experiment(NUMPY, module.SIZES["tiny"])
    return asked


def named(build, name):
    build.__name__ = name
    return build


def test_a_large_batch_is_trained_as_long_and_then_longer(monkeypatch):
    plan = batch.SIZES["tiny"]
    rates = plan["rates"]
    assert arms_of(monkeypatch, batch) == {
        "small": (10, 2, rates), "large": (40, 2, rates), "large, longer": (40, 4, rates)
    }  # fmt: skip


def test_a_large_batch_gets_the_rate_of_the_rule_or_seeks_its_own(monkeypatch):
    found = arms_of(monkeypatch, warmup)
    assert found.pop("small") == (16, 9, warmup.SIZES["tiny"]["rates"])
    shares = [0.25, 0.5, 1.0]
    assert found == dict.fromkeys(("none", "constant", "gradual"), (64, 9, 4 * 0.25)) | {
        f"{kind}, own rate": (64, 9, shares) for kind in ("none", "gradual")
    }


@pytest.mark.parametrize("room", [NUMPY, Room("cpu")])
def test_both_starts_are_trained_with_momentum(room):
    for start in depth.STARTS:
        optimizer = depth.build(room, 64, 2, 12, start)([np.random.default_rng(0)], 1, 0.1)[1]
        assert optimizer.momentum == 0.9


def test_he_is_wider_than_xavier_by_the_root_of_two():
    one, two = (
        depth.build(NUMPY, 64, 3, 20, start)([np.random.default_rng(0)], 1, 0.1)[0].params
        for start in depth.STARTS
    )
    np.testing.assert_allclose(one["2.weight"], np.sqrt(2) * two["2.weight"], rtol=1e-5)
    assert not np.allclose(one["0.weight"], np.sqrt(2) * two["0.weight"], rtol=0.05)


def test_an_error_is_the_share_of_images_misread():
    sets = frame.load(NUMPY, "digits", 200)
    model = NUMPY.models.MLP([64, 20, 10], [np.random.default_rng(0)], runs=1, **NUMPY.plan)
    optimizer = NUMPY.optimizers.SGD(model.theta, lr=0.1, momentum=0.9)
    loss, rng = NUMPY.losses.SoftmaxCrossEntropy(), [np.random.default_rng(1)]
    found = frame.learn(model, optimizer, loss, sets, rng, epochs=9, batch_size=50)
    x, y = sets.test
    misread = (model.forward(x, False).argmax(-1) != y).mean()
    assert found["test_error"] == pytest.approx(misread) and 0.02 < misread < 0.4


def test_a_second_look_that_turns_stops_the_build_as_the_first_does(monkeypatch):
    entry = next(one for one in headlines.registry() if one["name"] == "dropout")
    row = next(one for one in entry["rows"] if one["part"] == "both")
    found = headlines.result("dropout-wide")
    assert "holds here" in headlines._answer(entry, row, "again", found)
    turned = types.MappingProxyType(row | {"again": "not supported"})
    with pytest.raises(headlines.StoredError, match="again: not supported"):
        headlines._answer(entry, turned, "again", found)
