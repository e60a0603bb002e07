"""Figures that answer sliders: a frame for every choice, links from the sliders to it."""

from __future__ import annotations

import itertools
import re

import pytest

from dlcourse import plots
from dlcourse.plots.explore import Explorer

# explore


def draw(height, power=1):
    fig, ax = plots.new_figure(3, 2)
    ax.plot([0, 1], [0, height**power])
    ax.set_title("A slope under a slider")
    return fig


@pytest.fixture
def explorer():
    return Explorer(draw, "", {"height": [1, 2, 3], "power": [1, 2]})


def test_every_choice_has_its_frame_and_says_what_it_shows(explorer):
    assert len(explorer.frames) == 6
    frame = explorer.frames[2, 1].value
    assert 'role="img" aria-label="A slope under a slider (height = 3, power = 2)"' in frame
    assert '<p class="explore-values">height = 3, power = 2</p>' in frame
    names = [set(re.findall(r' id="([^"]+)"', f.value)) for f in explorer.frames.values()]
    assert all(not one & two for one, two in itertools.combinations(names, 2))


def shown(explorer):
    """The frame a browser shows: follow the links from the sliders to the stacks."""
    import ipywidgets

    stack = explorer.box.children[-1]
    by_target = {id(link.target[0]): link for link in explorer.links}
    while isinstance(stack, ipywidgets.Stack):
        slider, key = by_target[id(stack)].source
        stack = stack.children[getattr(slider, key)]
    return stack


def test_links_lead_from_the_sliders_to_the_frame(explorer):
    for i, j in itertools.product(range(3), range(2)):
        explorer.sliders[0].index, explorer.sliders[1].index = i, j
        assert shown(explorer) is explorer.frames[i, j]


def test_before_any_slider_moves_the_middle_frame_is_shown(explorer):
    import ipywidgets

    stack = explorer.box.children[-1]
    while isinstance(stack, ipywidgets.Stack):
        stack = stack.children[stack.selected_index]
    assert stack is explorer.frames[1, 1] is shown(explorer)
    still = explorer.bundle()[0]["image/svg+xml"]
    assert still in explorer.frames[1, 1].value, "and it is the one that a page without them shows"


def test_crossed_links_would_be_found(explorer):
    for link in explorer.links:
        other = explorer.sliders[link.source[0] is explorer.sliders[0]]
        link.source = (other, "index")
    explorer.sliders[0].index, explorer.sliders[1].index = 1, 0
    assert shown(explorer) is not explorer.frames[1, 0]


def test_with_a_kernel_the_frame_is_drawn_anew(explorer):
    before = explorer.frames[0, 1].value
    explorer.draw = lambda height, power: draw(height + 5, power)
    explorer.sliders[0].index = 0
    assert explorer.frames[0, 1].value != before
    explorer.draw = lambda height, power: 1 / 0
    explorer.sliders[0].index = 1
    assert "ZeroDivisionError" in explorer.frames[1, 1].value


def test_the_output_has_words_and_a_still_for_pages_without_widgets(explorer):
    data, metadata = explorer.bundle()
    text = "A slope under a slider (height in 1, 2, 3; power in 1, 2)"
    assert data["text/plain"] == f"Interactive figure: {text}"
    assert metadata == {"dlcourse": {"alt": text}}
    assert data["image/svg+xml"].startswith("<svg")
    assert "application/vnd.jupyter.widget-view+json" in data


@pytest.mark.parametrize(
    ("drawer", "values", "error", "message"),
    [
        (draw, {}, ValueError, "values must be one to three parameters"),
        (draw, {name: [1, 2] for name in "abcd"}, ValueError, "values must be one to three"),
        (draw, {"height": range(49)}, ValueError, "the number of frames must be <= 48; got 49"),
        (draw, {"height": [1]}, ValueError, "height must be a list of at least two values"),
        (draw, {"height": 3}, TypeError, "height must be a list of values"),
        (draw, {"height": [1.0, 1.0 + 1e-9]}, ValueError, "values that differ in their first six"),
        (7, {"height": [1, 2]}, TypeError, "draw must be a function that returns a figure"),
        (lambda height: 7, {"height": [1, 2]}, TypeError, "draw must be a function that returns"),
        (lambda height: plots.new_figure()[0], {"height": [1, 2]}, ValueError, "alt must be a"),
    ],
)
def test_explore_refuses(drawer, values, error, message):
    with pytest.raises(error, match=message):
        plots.explore(drawer, **values)
