"""The figures of the lesson on halving: what they say is what the runs did."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.hpo.halving import FIRST, stopped_picture, waiting_picture
from dlcourse.plots.labels import title_of
from dlcourse.problems.learning_curves import PROBLEMS, price
from dlcourse.problems.workers_race import race
from dlcourse.scratch.hpo import brackets


def said(problem: str, first: int) -> list[str]:
    return title_of(stopped_picture(problem, first)).replace(",", "").split()


@pytest.mark.parametrize("first", FIRST)
def test_the_title_counts_draws_and_units(first):
    table = brackets(81)[FIRST.index(first)]
    words = said("ordered", first)
    assert (int(words[0]), int(words[2])) == (table[0].n, price(table))
    assert words[5] == "1"  # curves that never cross hide nobody


def test_a_hasty_bracket_is_fooled_only_where_curves_cross():
    assert int(said("crossing", 1)[5]) > 5
    assert int(said("crossing", 27)[5]) == 1
    assert float(said("crossing", 1)[8]) > 3 * float(said("ordered", 1)[8])


def test_the_grey_lines_end_where_a_trial_was_stopped():
    ax = stopped_picture("crossing", 1).axes[0]
    x = np.asarray(ax.lines[0].get_xdata(), float)
    reached = {r: int((x == r).sum()) for r in FIRST}
    assert reached == {1: 81, 3: 27, 9: 9, 27: 3, 81: 1}
    assert list(ax.lines[1].get_xdata()) == list(FIRST)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_frame_can_be_drawn(problem):
    for first in FIRST:
        assert stopped_picture(problem, first).axes


@pytest.mark.parametrize(("problem", "first"), [("Ordered", 1), ("ordered", 2)])
def test_the_figure_refuses_what_it_does_not_know(problem, first):
    with pytest.raises(ValueError, match="must be"):
        stopped_picture(problem, first)


def test_the_workers_picture_says_how_much_of_the_time_was_used():
    run = race("ordered", 3, [1.0, 0.5, 0.25], 0.0, laps=1)
    line = run.lines[0]
    fig = waiting_picture([("halving", line), ("ASHA", run.lines[1])], line.seconds)
    shares = [int(ax.get_title(loc="left").split()[3].rstrip("%")) for ax in fig.axes]
    assert shares[0] == round(100 * line.busy)
    assert shares[1] > shares[0]
    boxes = [path for c in fig.axes[0].collections for path in c.get_paths()]
    assert len(boxes) == len(line.events)
