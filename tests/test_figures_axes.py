"""The figure of the lesson on axes: what is coloured is what the room's functions do."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.normalization.axes import (
    CHANGES,
    CHANNEL,
    IMAGE,
    METHODS,
    SHAPE,
    block,
    block_picture,
    changed,
    together,
    touched,
)

IS_ONE = {
    "batch": lambda n, c: c == CHANNEL,
    "layer": lambda n, c: n == IMAGE,
    "RMS": lambda n, c: n == IMAGE,
    "group": lambda n, c: (n == IMAGE) & (c // 2 == CHANNEL // 2),
    "instance": lambda n, c: (n == IMAGE) & (c == CHANNEL),
}


@pytest.mark.parametrize("method", METHODS)
def test_together_are_the_numbers_of_the_definition(method: str) -> None:
    n, c, _, _ = np.indices(SHAPE)
    np.testing.assert_array_equal(together(method), IS_ONE[method](n, c))


def test_each_method_forgets_what_it_should_and_no_more() -> None:
    blind = {m: [c for c in CHANGES if not changed(m, c).any()] for m in METHODS}
    assert blind == {
        "batch": ["channel × 3"],
        "layer": ["image × 3", "image + 3"],
        "RMS": ["image × 3"],
        "group": ["image × 3", "image + 3"],
        "instance": ["image × 3", "image + 3", "one map × 3 + 3", "channel × 3"],
    }


def test_only_batch_normalization_hears_of_another_image() -> None:
    for method in METHODS:
        assert changed(method, "another image")[:3].any() == (method == "batch")


def test_what_is_touched_is_framed_and_the_block_stays() -> None:
    before = block()
    assert [int(touched(change).sum()) for change in CHANGES] == [24, 24, 4, 16, 24]
    np.testing.assert_array_equal(before, block())


def test_the_picture_says_what_it_draws() -> None:
    ax = block_picture("group", "one map × 3 + 3").axes[0]
    said = [text.get_text() for text in ax.texts]
    assert "group: 8 together" in said and "8 outputs change" in said
    colors = [patch.get_facecolor()[:3] for patch in ax.patches]
    sizes = [len(patch.get_path()) // 5 for patch in ax.patches]
    assert sizes == [8, 88, 8, 88] and colors[0] != colors[2] and colors[1] == colors[3]
    assert "No outputs change" in [
        t.get_text() for t in block_picture("layer", "image × 3").axes[0].texts
    ]
