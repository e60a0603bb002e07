"""``parity`` of the room normalization: what it says, and what it must catch."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dlcourse.lesson import parity
from dlcourse.lesson.norms import LAYERS, PAIRS, TAKES
from dlcourse.scratch import normalization
from dlcourse.scratch.layers import Layer
from dlcourse.scratch.normalization import batch, group

LARGEST = re.compile(r"  largest relative difference: ≈\d+e-\d+")


@pytest.mark.parametrize("name", [*LAYERS, *PAIRS])
def test_every_layer_and_every_pair_has_its_parity(name: str, capsys) -> None:
    parity(name, steps=4)
    first, second, last = capsys.readouterr().out.splitlines()
    what = "inputs, there and back" if name in PAIRS else "training steps and an evaluation"
    assert first.startswith(f"{name}(): 4 {what}")
    assert second.startswith("  outputs, gradients")
    assert ("parameters" in second) == (name in LAYERS)
    assert ("running values" in second) == (name == "BatchNorm")
    assert LARGEST.fullmatch(last)


def test_nothing_of_the_room_is_left_out() -> None:
    names = {name for name in normalization.__all__ if f"{name}_backward" in normalization.__all__}
    assert names == set(PAIRS)
    layers = {n for n, v in vars(normalization).items() if isinstance(v, type)} - {"Tokens"}
    assert all(issubclass(getattr(normalization, name), Layer) for name in layers)
    assert layers == set(LAYERS) == {name for names in TAKES.values() for name in names}


def test_it_says_what_was_compared(capsys) -> None:
    parity("BatchNorm", momentum=None, num_features=5)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == (
        "BatchNorm(momentum=None, num_features=5): 50 training steps and an evaluation, "
        "features and images,"
    )
    assert second == (
        "  outputs, gradients, parameters, running values equal to F.batch_norm within 1e-10"
    )
    assert LARGEST.fullmatch(last)
    parity("layer_norm_rnn", nonlinearity="relu", eps=0.1, steps=3)
    assert "equal to its PyTorch twin" in capsys.readouterr().out


def biased(var, count):
    return var


def other_way_round(running, value, momentum):
    return momentum * running + (1 - momentum) * value


def right_in_training(x, mean, var, weight, bias, eps=1e-5):
    return normalization.batch_norm_inference(x, mean, var + 1e-6, weight, bias, eps)


right_norm, right_backward = normalization.batch_norm, normalization.batch_norm_backward


def nan_at_last(x, *given):
    y, cache = right_norm(x, *given)
    return np.where(x > 7, np.nan, y), cache


WRONG = [
    (batch, "unbiased", biased, r"step 1 with features, running values"),
    (batch, "update_running", other_way_round, r"step 1 with features, running values"),
    (batch, "batch_norm_inference", right_in_training, r"the evaluation with features, outputs"),
    (batch, "batch_norm", nan_at_last, r"outputs: they differ by nan"),
    (
        batch,
        "batch_norm_backward",
        lambda dy, cache: (dx := right_backward(dy, cache))[:1] + tuple(2 * g for g in dx[1:]),
        r"step 1 with features, gradients",
    ),
]


@pytest.mark.parametrize(("module", "name", "wrong", "message"), WRONG)
def test_a_layer_that_differs_is_caught(module, name, wrong, message, monkeypatch) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError, match=rf"BatchNorm\(momentum=0.3\): .*{message}"):
        parity("BatchNorm", momentum=0.3)


def test_a_pair_that_differs_is_caught(monkeypatch) -> None:
    def turned(x, weight, bias, num_groups, eps=1e-5):
        return group.group_norm(x, bias, weight, num_groups, eps)

    turned.__name__ = "group_norm"
    monkeypatch.setattr(normalization, "group_norm", turned)
    with pytest.raises(AssertionError, match=r"group_norm\(\): input 1, outputs: they differ by"):
        parity("group_norm")


@pytest.mark.parametrize("name", ["Tokens", "unbiased", "data_dependent_init", "gate_backward"])
def test_what_is_no_layer_and_no_pair_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match=f"name must be a layer or a pair: BatchNorm.*got '{name}'"):
        parity(name)
