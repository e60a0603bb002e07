"""Figures that answer sliders, without a widget manager: native controls over stored frames.

A notebook stores what ``plots.explore`` made as the state of its widgets. On a page its first
frame stands as plain SVG, which needs no script and keeps the figure's place; native controls
above it; and all frames, their common lines stored once, in a file of their own that
``explore.js`` fetches when the reader comes near. A file that is a script, since a page opened
from a folder may not fetch anything else.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.core.render import WIDGET_STATE_MIMETYPE, WIDGET_VIEW_MIMETYPE
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FOLDER = "_frames"
MODEL = "IPY_MODEL_"
STATE = "ipywidgets_state"  # where myst_nb keeps what it would write into the page's head
_IDENTIFIER = re.compile(r'(id="|href="#|url\(#)f\d+-')
_VIEW = re.compile(rf'<script type="{re.escape(WIDGET_VIEW_MIMETYPE)}">(.*)</script>', re.S)


@dataclass(frozen=True)
class Choice:
    """One parameter: its name, the words for its values, where it starts."""

    name: str
    labels: list[str]
    start: int

    @property
    def ordered(self) -> bool:
        """Whether all values are numbers: those slide, names are picked."""
        try:
            return bool([float(label) for label in self.labels])
        except ValueError:
            return False


@dataclass(frozen=True)
class Explorer:
    """What a notebook stores of one figure: the choices, and a frame for each, last one fastest."""

    choices: list[Choice]
    frames: list[str]

    @property
    def first(self) -> int:
        """The number of the frame that is shown before anybody has moved anything."""
        number = 0
        for choice in self.choices:
            number = number * len(choice.labels) + choice.start
        return number


def read(state: dict[str, Any], view: str) -> Explorer:
    """The explorer whose outermost widget is ``view``; an error where it is something else."""

    def model(name: str) -> dict[str, Any]:
        return state[name.removeprefix(MODEL)]

    def children(widget: dict[str, Any]) -> list[dict[str, Any]]:
        return [model(name) for name in widget["state"].get("children", [])]

    parts = children(model(view))
    kinds = [part["model_name"] for part in parts]
    if len(parts) < 2 or kinds != ["SelectionSliderModel"] * (len(parts) - 1) + ["StackModel"]:
        raise ExtensionError(
            f"A widget that is not of plots.explore ({model(view)['model_name']} of {kinds}) "
            "has nobody to show it: draw it by plots.explore or plots.picture."
        )
    sliders = [part["state"] for part in parts[:-1]]
    choices = [Choice(s["description"], list(s["_options_labels"]), s["index"]) for s in sliders]
    level = parts[-1:]
    for choice in choices:
        if any(len(children(stack)) != len(choice.labels) for stack in level):
            raise ExtensionError(f"plots.explore: the frames do not match the values of {choice}.")
        level = [frame for stack in level for frame in children(stack)]
    return Explorer(choices, [frame["state"]["value"] for frame in level])


def share_identifiers(frames: list[str], number: int) -> list[str]:
    """Frames with the same identifiers in all, and in no other figure: one is shown at a time."""
    return [_IDENTIFIER.sub(rf"\g<1>x{number}-", frame) for frame in frames]


def script(frames: list[str], key: str) -> str:
    """A script that hands all frames to ``explore.js``: each line once, then its numbers."""
    lines = {line: n for n, line in enumerate(dict.fromkeys("\n".join(frames).split("\n")))}
    numbers = [[lines[line] for line in frame.split("\n")] for frame in frames]
    data = json.dumps([list(lines), numbers], ensure_ascii=False, separators=(",", ":"))
    return f'window.exploreFrames("{key}",{data})\n'


def markup(explorer: Explorer, key: str, number: int) -> str:
    """The figure as it stands on the page: controls that wait for the script, the first frame."""
    controls = "".join(
        (_slider if choice.ordered else _buttons)(choice, f"explore-{number}-{i}")
        for i, choice in enumerate(explorer.choices)
    )
    return (
        f'<div class="explore" data-frames="{FOLDER}/{key}.js" data-key="{key}">'
        f'<fieldset class="explore-controls pst-js-only" disabled>{controls}</fieldset>'
        f"{explorer.frames[explorer.first]}</div>"
    )


def _slider(choice: Choice, name: str) -> str:
    label, now = html.escape(choice.name), html.escape(choice.labels[choice.start])
    values = html.escape(json.dumps(choice.labels, ensure_ascii=False))
    return (
        f'<div class="explore-control"><label for="{name}">{label}</label>'
        f'<input type="range" id="{name}" min="0" max="{len(choice.labels) - 1}" step="1" '
        f'value="{choice.start}" aria-valuetext="{now}" data-labels="{values}">'
        f'<output for="{name}">{now}</output></div>'
    )


def _buttons(choice: Choice, name: str) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{i}"{" checked" * (i == choice.start)}>'
        f"<span>{html.escape(label)}</span></label>"
        for i, label in enumerate(choice.labels)
    )
    return (
        f'<div class="explore-control" role="radiogroup" aria-labelledby="{name}">'
        f'<span id="{name}">{html.escape(choice.name)}</span>'
        f'<span class="explore-names">{buttons}</span></div>'
    )


def replace_widgets(app: Sphinx, doctree: nodes.document) -> None:
    """Put explorers where the notebook has widgets; the state of the widgets is then of no use."""
    files = NbMetadataCollector.get_js_files(app.env, app.env.docname)
    stored = files.pop(STATE, None)
    number = itertools.count(1)
    for node in list(doctree.findall(nodes.raw)):
        if not (view := _VIEW.fullmatch(node.astext())):
            continue
        name = json.loads(view[1])["model_id"]
        if stored is None:
            raise ExtensionError(f"{app.env.docname} stores no {WIDGET_STATE_MIMETYPE}: run it.")
        explorer = read(json.loads(stored[1]["body"])["state"], name)
        count = next(number)
        frames = share_identifiers(explorer.frames, count)
        explorer = Explorer(explorer.choices, frames)
        key = hashlib.sha256("".join(frames).encode()).hexdigest()[:16]
        node.children = [nodes.Text(markup(explorer, key, count))]
        node["explorer"] = (key, script(frames, key))


def write_frames(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Beside the pages: the frames of this page's explorers."""
    if app.builder.format != "html":
        return
    for node in doctree.findall(nodes.raw):
        if "explorer" in node:
            key, text = node["explorer"]
            path = Path(app.outdir, FOLDER, f"{key}.js")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


def load_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """``explore.js`` and its style where there is something to move."""
    if 'class="explore"' in context.get("body", ""):
        app.add_css_file("explore.css")
        app.add_js_file("explore.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", replace_widgets)
    app.connect("doctree-resolved", write_frames)
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
