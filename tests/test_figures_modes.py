"""The figures of the lesson on two modes draw what they are given."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.normalization.modes import by_batch, diagnosis, memory, running_path
from dlcourse.training import Trials


def test_running_path_is_the_recursion_from_zero() -> None:
    np.testing.assert_allclose(running_path(np.array([1.0, 3.0]), 0.5), [0.5, 1.75])
    np.testing.assert_allclose(running_path(np.array([1.0, 3.0]), 1.0), [1.0, 3.0])


def test_memory_says_how_far_off_the_second_half_is() -> None:
    means, true = np.array([0.0, 2.0, 2.0, 2.0]), np.ones(4)
    tracks = {4: (means, true)}
    assert memory(tracks, 4, 1.0).axes[0].get_title("left").endswith("off by 1.00 deviations")
    slow = memory(tracks, 4, 0.5).axes[0]
    batch, every, remembered = (line.get_ydata() for line in slow.lines)
    np.testing.assert_allclose(batch, means)
    np.testing.assert_allclose(every, true)
    np.testing.assert_allclose(remembered, [0, 1, 1.5, 1.75])


def curves() -> Trials:
    names = ("train_loss", "val_loss", "val_batches_loss", "train_use_loss")
    found = {n: np.arange(6.0).reshape(2, 3) + 10 * i for i, n in enumerate(names)}
    last = {n: c[..., -1] for n, c in found.items()}
    return Trials({"seed": (0, 1)}, last, found)


def test_the_answer_draws_one_curve_more_than_the_question() -> None:
    asked, told = (
        diagnosis({"A": curves()}, {"A": "nothing"}, "A", show)
        for show in ("the question", "the answer")
    )
    assert [len(fig.axes[0].lines) for fig in (asked, told)] == [3, 4]
    assert asked.axes[0].get_title("left") == "A: what is wrong?"
    assert told.axes[0].get_title("left") == "A: nothing"
    np.testing.assert_allclose(told.axes[0].lines[3].get_ydata(), [31.5, 32.5, 33.5])
    np.testing.assert_allclose(asked.axes[0].lines[0].get_ydata(), [1.5, 2.5, 3.5])


def test_by_batch_puts_each_mean_at_its_size() -> None:
    found = {"batch 2": np.array([0.4, 0.6]), "batch 32": np.ones(2), "layer 2": np.ones(2)}
    ax = by_batch(found).axes[0]
    batch, layer = ax.lines[:2]
    np.testing.assert_allclose(batch.get_xydata(), [[1, 0.5], [5, 1.0]])
    np.testing.assert_allclose(layer.get_xydata(), [[1, 1.0]])
