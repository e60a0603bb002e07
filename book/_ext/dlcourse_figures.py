"""Stored drawings stand in the page itself: dark where it is dark, never too small to be read.

An SVG behind ``<img>`` knows nothing of the page around it. Here its text replaces the tag, with
variables for its colors (tools/dark.py) and a least width at which its smallest word is readable;
where the window is narrower, its box scrolls (everyone.css, everyone.js).
"""

from __future__ import annotations

import html
import itertools
import json
import math
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx

from tools import dark, markers

SHEET = "figures.css"
READABLE = 9.1  # pixels: a word of a drawing is no smaller
CARD = 300  # pixels that a picture has in a card on a phone
STATE = "ipywidgets_state"  # where myst_nb keeps the frames of a page's explorers
_IMAGE = re.compile(
    r"(?P<link><a\b[^>]*\bimage-reference\b[^>]*>)?"
    r'<img\b(?P<tag>[^>]*\bsrc="[^"]*_images/(?P<name>[^"?]+\.svg)"[^>]*)>(?(link)</a>)'
)
_FONT_SIZE = re.compile(
    r'<(?:text|tspan)\b[^>]*\b(?:font-size="|font(?:-size)?:[^;">]*?)(?P<size>[\d.]+)(?:px|")'
)
_IDENTIFIER = re.compile(r'(\bid="|url\(#|href="#)(?=[^"])')


def least_width(svg: str) -> int:
    """The width in pixels at which the smallest word is readable; 0 for a drawing without words.

    One that has a form for narrow windows of its own is left to itself.
    """
    sizes = [float(size) for size in _FONT_SIZE.findall(svg)]
    box = re.search(r'viewBox="\S+ \S+ ([\d.]+) ', svg)
    if not sizes or not box or "@media (max-width" in svg:
        return 0
    return math.ceil(READABLE / min(sizes) * float(box[1]))


def fit(svg: str) -> str:
    """The drawing with its least width."""
    if not (width := least_width(svg)):
        return svg
    found, styled = f"min-width: {width}px", re.compile(r'(<svg\b[^>]*\bstyle=")')
    if styled.search(svg):
        return styled.sub(rf"\g<1>{found}; ", svg, count=1)
    return svg.replace("<svg", f'<svg style="{found}"', 1)


def prepare(drawing: str) -> str:
    """A stored drawing, or a frame of an explorer around one, as a page shows it."""
    return fit(dark.adapt(drawing))


def place(svg: str, tag: str, link: str, number: int) -> str:
    """The HTML for the ``number``-th drawing of a page: in its box, named, no identifier twice."""
    alt = re.search(r'\balt="([^"]*)"', tag)
    classes = re.search(r'\bclass="([^"]*)"', tag)
    wide = " figure-wide" if least_width(svg) > CARD else ""
    svg = markers.join(prepare(svg[svg.index("<svg") :].strip()))
    svg = _IDENTIFIER.sub(rf"\g<1>p{number}-", svg)
    name = f'<svg role="img" aria-label="{alt[1] if alt else ""}"'
    svg = svg.replace("<svg", name, 1)
    inside = f"{link}{svg}</a>" if link else svg
    more = f" {html.escape(classes[1])}" if classes else ""
    return f'<span class="figure-box{wide}{more}">{inside}</span>'


def inline(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the drawings of a page where it refers to them."""
    images = getattr(app.builder, "images", {})
    sources = {name: Path(app.srcdir, source) for source, name in images.items()}
    count = itertools.count(1)

    def replace(match: re.Match[str]) -> str:
        source = sources.get(unquote(match["name"]))
        if source is None:
            return match[0]
        return place(source.read_text("utf-8"), match["tag"], match["link"] or "", next(count))

    if "body" in context:
        context["body"] = _IMAGE.sub(replace, context["body"])


def prepare_frames(app: Sphinx, doctree: Any) -> None:
    """The same for all frames of a page's explorers, before anything is made of them."""
    files = NbMetadataCollector.get_js_files(app.env, app.env.docname)
    if STATE not in files:
        return
    where, script = files[STATE]
    stored = json.loads(script["body"])
    for model in stored["state"].values():
        value = model["state"].get("value")
        if isinstance(value, str) and "<svg" in value:
            model["state"]["value"] = prepare(value)
    files[STATE] = (where, {**script, "body": json.dumps(stored)})


def write_sheet(app: Sphinx) -> None:
    """The style sheet of dark drawings, before Sphinx looks for its static files."""
    if app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        static.mkdir(parents=True, exist_ok=True)
        (static / SHEET).write_text(dark.stylesheet(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_css_file(SHEET)
    app.add_css_file("everyone.css", priority=900)  # behind the theme's and the house's own
    app.add_js_file("everyone.js", priority=900, loading_method="defer")
    app.connect("builder-inited", write_sheet)
    app.connect("doctree-read", prepare_frames, priority=400)
    app.connect("html-page-context", inline)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
