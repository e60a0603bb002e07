"""The figures of the lesson on searching architectures show the cells and shares they are given."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcourse.figures.hpo.architectures import COLORS, cells_picture, shares_picture
from dlcourse.plots.labels import title_of
from dlcourse.scratch.hpo import nas

TABLE = nas.digits_cells()


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_cell_is_drawn_edge_by_edge_and_zero_is_left_out() -> None:
    fig = cells_picture([[1, 0, 2, 0, 3], [0] * 5], ["some", "none"], "Two cells and their edges")
    nodes = ["0", "1", "2", "3"]
    assert sorted(filter(None, texts(fig.axes[0]))) == [*nodes, "identity", "relu", "tanh"]
    assert texts(fig.axes[1]) == nodes
    arrows = [t for t in fig.axes[0].texts if getattr(t, "arrow_patch", None) is not None]
    assert len(arrows) == 3 and title_of(fig) == "Two cells and their edges"


def test_shares_add_up_and_the_title_reads_the_table() -> None:
    alpha = np.zeros((2, 3, 5, 4))
    alpha[1, :, :, 0], alpha[1, :, :, 3] = 2.0, 1.0
    fig = shares_picture({"validation": alpha}, TABLE, "validation", 1)
    widths = np.array([bar.get_width() for bar in fig.axes[0].patches]).reshape(len(COLORS), 5)
    assert_allclose(widths.sum(0), 1)
    e = np.exp([2.0, 0, 0, 1])
    assert_allclose(widths, np.tile((e / e.sum())[:, None], 5))
    good = TABLE.accuracy([3] * 5)
    assert "accuracy 0.50;" in title_of(fig) and f"zero: {good:.2f}" in title_of(fig)
    with pytest.raises(ValueError, match=r"^logits must be"):
        shares_picture({"validation": alpha}, TABLE, "test", 1)
