"""The figures of the lesson on smoothing: what is drawn is what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse.figures.regularization.smoothing import (
    effects_picture,
    pooled,
    reliability_picture,
)
from dlcourse.training import Trials


def trials() -> Trials:
    count = np.zeros((2, 3, 10))
    count[0, :, 9], count[1, :, 5], count[1, :, 6] = 100, 60, 40
    sure, right = count * (np.arange(10) + 0.5) / 10, count * 0.0
    right[0, :, 9], right[1, :, 5], right[1, :, 6] = 70, 54, 38
    curves = {"bin_count": count, "bin_sure": sure, "bin_right": right}
    values = {name: a[..., -1] for name, a in curves.items()}
    return Trials({"alpha": [0.0, 0.1], "seed": [0, 1, 2]}, values, curves)


def test_runs_are_pooled_by_their_answers() -> None:
    share, sure, right = pooled(trials(), 0.1)
    assert share[[5, 6]].tolist() == [0.6, 0.4]
    np.testing.assert_allclose(sure[[5, 6]], [0.55, 0.65])
    np.testing.assert_allclose(right[[5, 6]], [0.9, 0.95])
    assert np.isnan(right[0])


@pytest.mark.parametrize(
    ("alpha", "title", "words"),
    [(0.0, "Too sure", ["right on 70%,", "95% sure"]), (0.1, "In doubt", ["right on 92%,"])],
)
def test_the_title_says_on_which_side_of_the_diagonal(alpha: float, title: str, words: list[str]) -> None:  # fmt: skip  # noqa: E501
    ax = reliability_picture({"clean": trials()}, "clean", alpha).axes[0]
    said = [text.get_text() for text in ax.texts]
    assert ax.get_title(loc="left").startswith(title) and all(word in said for word in words)


def test_labels_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        reliability_picture({"clean": trials()}, "dirty", 0.1)


def test_each_effect_has_its_place_and_an_interval() -> None:
    noise = np.linspace(-0.01, 0.01, 10)
    found = {
        kind: {"decay": base + noise, "stop": -base + noise}
        for kind, base in (("alone", -0.1), ("average", 0.2), ("last", 0.4))
    }
    ax: Any = effects_picture(found).axes[0]
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(sorted(dots), [-0.4, -0.2, -0.1, 0.1, 0.2, 0.4], atol=1e-9)
    bars = [
        np.ptp(x)
        for line in ax.lines
        if line.get_marker() != "o" and len(x := line.get_xdata()) == 2
    ]
    half = 2.262 * noise.std(ddof=1) / 10**0.5
    np.testing.assert_allclose([b for b in bars if b > 0], 2 * half)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["early stopping", "L2"]
