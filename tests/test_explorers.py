"""What the build makes of an explorer: native controls, the first frame, all frames beside it."""

import json
import re
import sys
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

from dlcourse import plots
from dlcourse.plots.explore import Explorer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
import dlcourse_explorers as pages


def draw(height, way):
    fig, ax = plots.new_figure(3, 2)
    ax.plot([0, 1], [0, height] if way == "up" else [height, 0])
    ax.set_title("A slope under a slider")
    return fig


@pytest.fixture(scope="module")
def notebook():
    """The widgets of one call, and their state as a notebook stores it."""
    from ipywidgets.embed import dependency_state

    widgets = Explorer(draw, "", {"height": [1, 2, 3], "way": ["up", "<down>"]})
    return widgets, dependency_state(widgets.box, drop_defaults=False)


@pytest.fixture
def explorer(notebook):
    widgets, state = notebook
    return pages.read(state, widgets.box.model_id)


def test_the_frames_are_those_of_the_notebook(notebook, explorer):
    widgets, _ = notebook
    assert explorer.frames == [frame.value for frame in widgets.frames.values()]
    assert [choice.labels for choice in explorer.choices] == list(widgets.labels.values())
    assert widgets.first == explorer.frames[explorer.first]


def test_numbers_slide_and_names_are_buttons(explorer):
    text = pages.markup(explorer, "key", 1)
    slider, buttons = re.findall(r'<div class="explore-control".*?</div>', text)
    assert 'type="range"' in slider and 'max="2"' in slider and 'value="1"' in slider
    assert 'aria-valuetext="2"' in slider and "<output" in slider
    assert buttons.count('type="radio"') == 2 and "&lt;down&gt;" in buttons
    assert buttons.count(" checked") == 1
    assert '<fieldset class="explore-controls pst-js-only" disabled>' in text


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [(["1", "1e-6"], True), (["none", "1"], False), (["1, 0", "2, 3"], False)],
)
def test_a_single_word_makes_all_of_them_names(labels, ordered):
    assert pages.Choice("x", labels, 0).ordered is ordered


def test_the_stored_frames_are_whole_and_common_lines_are_stored_once(explorer):
    stored = pages.share_identifiers(explorer.frames, 3)
    text = pages.script(stored, "abc")
    data = re.fullmatch(r'window\.exploreFrames\("abc",(.*)\)\n', text)[1]
    lines, numbers = json.loads(data)
    assert ["\n".join(lines[n] for n in frame) for frame in numbers] == stored
    assert len(lines) == len(set(lines))
    assert len(text) < 0.6 * sum(map(len, explorer.frames))


def test_frames_may_share_their_identifiers_but_not_with_other_figures(explorer):
    stored = pages.share_identifiers(explorer.frames, 3)
    names = [set(re.findall(r' id="([^"]+)"', frame)) for frame in stored]
    assert all(name.startswith("x3-") for name in set().union(*names))
    for frame, known in zip(stored, names, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', frame)) <= known


def test_another_widget_is_refused():
    import ipywidgets
    from ipywidgets.embed import dependency_state

    box = ipywidgets.VBox([ipywidgets.IntSlider()])
    with pytest.raises(
        ExtensionError, match=r"not of plots\.explore \(VBoxModel of \['IntSliderModel'\]\)"
    ):
        pages.read(dependency_state(box, drop_defaults=False), box.model_id)


def test_a_frame_too_few_is_refused(notebook):
    widgets, state = notebook
    broken = json.loads(json.dumps(state))
    stack = next(m for m in broken.values() if m["model_name"] == "StackModel")
    stack["state"]["children"].pop()
    with pytest.raises(ExtensionError, match="frames do not match the values"):
        pages.read(broken, widgets.box.model_id)
