"""The figure of the lesson on dropout: what is drawn is what a mask leaves."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.regularization.dropout import (
    DROPPED,
    HIDDEN,
    PASSES,
    RATES,
    READ,
    mask_picture,
    network,
    one_pass,
    whole,
)


@pytest.mark.parametrize("dropped", DROPPED)
def test_the_passes_average_to_the_whole(dropped: str) -> None:
    sums = [one_pass(dropped, 0.5, number).out for number in range(1, 4001)]
    assert np.mean(sums) == pytest.approx(whole(), abs=5 * np.std(sums) / 4000**0.5)
    assert np.std(sums) > 0.1 * abs(whole())


def test_a_unit_that_is_gone_sends_nothing_and_the_others_more() -> None:
    x, weights, out = network()
    now = one_pass("units", 0.8, 2)
    np.testing.assert_array_equal(now.hidden[~now.mask], 0)
    np.testing.assert_allclose(now.hidden[now.mask], (weights @ x)[now.mask] / 0.2)
    assert now.out == pytest.approx(float(out[now.mask] @ now.hidden[now.mask]))


def test_connections_go_one_by_one() -> None:
    now = one_pass("connections", 0.5, 1)
    assert now.mask.shape == (HIDDEN, READ)
    assert (now.mask.any(axis=1) & ~now.mask.all(axis=1)).any()


@pytest.mark.parametrize("dropped", DROPPED)
@pytest.mark.parametrize("p", RATES)
def test_the_picture_says_how_many_are_left(dropped: str, p: float) -> None:
    now = one_pass(dropped, p, 3)
    ax = mask_picture(dropped, p, 3).axes[0]
    assert ax.get_title(loc="left") == (
        f"Pass 3: {now.mask.sum()} of {now.mask.size} {dropped} are left"
    )
    lines = [line for line in ax.lines if np.size(line.get_xdata()) == 2]
    shown = READ * now.mask.sum() if dropped == "units" else now.mask.sum()
    assert len(lines) == shown + (now.mask.sum() if dropped == "units" else HIDDEN)
    said = [text.get_text() for text in ax.texts]
    assert f"now {now.out:.2f}" in said and f"whole {whole():.2f}" in said


def test_the_passes_of_the_page_differ() -> None:
    masks = {one_pass("units", 0.5, number).mask.tobytes() for number in PASSES}
    assert len(masks) == len(PASSES)
