"""The figure of the lesson on augmentation shows what it says."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.regularization.augmentation import (
    OPERATIONS,
    changed,
    digit,
    digit_picture,
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_strength_0_is_nothing_and_more_is_more(operation: str) -> None:
    off = [abs(changed(operation, s)[0] - digit(6)).mean() for s in range(4)]
    assert off[0] == 0 and off[3] > 0.02 and off[1] > 0


def test_the_words_are_the_strength() -> None:
    assert changed("turn", 2)[1] == "120°" and changed("mirror", 0)[1] == "as it is"
    after, words = changed("mixup", 3)
    np.testing.assert_allclose(after, digit(3))
    assert words == "0% six, 100% three"


def test_the_picture_has_both() -> None:
    left, right = digit_picture("cutout", 1).axes
    np.testing.assert_array_equal(left.images[0].get_array(), digit(6)[0, 0])
    np.testing.assert_array_equal(right.images[0].get_array(), changed("cutout", 1)[0][0, 0])
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == (
        "a six",
        "3 × 3 of 8 × 8 pixels",
    )


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="operation must be one of"):
        changed("fold", 1)
