"""Drawings in the dark: every color that changes is still seen, told apart, and only it changes."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from test_pictures import confusable

from dlcourse import plots
from dlcourse.plots.labels import contrast, ink_of
from dlcourse.plots.style import OTHER_COLORS
from dlcourse.plots.svg import to_svg
from tools import dark
from tools.registries import ROOT

GROUND = dark.DARK["#ffffff"]


def in_the_dark(table=dark.DARK):
    return {name: way._replace(color=table[way.color]) for name, way in plots.METHODS.items()}


def faint(colors, table=dark.DARK, least=4.5):
    """Colors of lines and words that are hard to see on the dark ground."""
    return [color for color in colors if contrast(table[color], GROUND) < least]


def stored():
    """The stored drawings of all lessons; of an explorer its first frame."""
    for path in sorted((ROOT / "lessons").glob("*/*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                if svg := output.get("data", {}).get("image/svg+xml"):
                    yield path.stem, "".join(svg)


def unchanged(svg):
    """Colors of lines of an adapted drawing that no style sheet can change; cells keep theirs."""
    lines = re.findall(r"<path\b[^>]*fill: none[^>]*>|<use\b[^>]*>", svg)
    return {color for line in lines for color in re.findall(r"stroke: (#\w{6})", line)}


def test_no_two_methods_can_be_confused_in_the_dark():
    assert confusable(in_the_dark()) == []
    planted = dark.DARK | {"#d55e00": dark.DARK["#0072b2"]}
    assert confusable(in_the_dark(planted)) == [("momentum", "adam")]


def test_methods_and_their_labels_are_seen_in_the_dark():
    colors = {way.color for way in plots.METHODS.values()} | {*OTHER_COLORS}
    assert faint(colors | {ink_of(color) for color in colors}) == []
    assert faint(["#0072b2"], {"#0072b2": "#0072b2"}) == ["#0072b2"]


def test_every_line_and_word_of_every_lesson_is_seen_in_the_dark():
    drawings = [(name, dark.adapt(svg)) for name, svg in stored()]
    assert len(drawings) > 100
    assert {(name, color) for name, svg in drawings for color in unchanged(svg)} == set()
    words = {c for _, svg in drawings for tag in re.findall(r"<text\b[^>]*>", svg)
             for c in re.findall(r"fill: var\(--c\w+,(#\w{6})\)", tag)}  # fmt: skip
    assert faint(words - {"#ffffff"}) == []  # white stands on a bar of some color
    assert unchanged('<path style="fill: none; stroke: #123456"/>') == {"#123456"}


def square(x, y, color, side=10):
    return (
        f'<path d="M {x} {y} {x + side} {y} {x + side} {y + side} {x} {y + side} z" '
        f'style="fill: {color}"/>'
    )


def test_the_values_of_a_heat_map_and_the_words_on_it_stay():
    paper, cell = square(0, 0, "#ffffff", 99), square(10, 10, "#00224e")
    on = '<text style="font-size: 9px; fill: #ffffff" x="15" y="15">0.3</text>'
    beside = '<text style="font-size: 9px" x="60" y="15">lr</text>'
    svg = dark.adapt(f"<svg>{paper}{cell}{on}{beside}</svg>")
    assert cell in svg and on in svg and beside in svg  # what says nothing is drawn in the ink
    assert "fill: var(--cffffff,#ffffff)" in svg
    assert '<svg fill="var(--c000000,#000000)">' in svg
    box = square(12, 12, "#ffffff", 5)
    assert 'fill: var(--cffffff,#ffffff)" x=' in dark.adapt(f"<svg>{paper}{cell}{box}{on}</svg>")
    bright = on.replace("; fill: #ffffff", "")
    assert "fill: #000000" in dark.adapt(f"<svg>{paper}{cell}{bright}</svg>")


def test_the_pixels_of_a_picture_stay_whatever_their_shade():
    shades = ["#ffffff", "#777777", "#000000", *(f"#{n:02x}{n:02x}{n:02x}" for n in range(61, 67))]
    pixels = [square(10 * n, 0, color) for n, color in enumerate(shades)]
    assert all(pixel in dark.adapt("<svg>" + "".join(pixels) + "</svg>") for pixel in pixels)
    image = (
        '<image x="0" y="0" width="9" height="9"/><text x="5" y="5" style="fill: #ffffff">7</text>'
    )
    assert image in dark.adapt(f"<svg>{image}</svg>")
    bars = "".join(square(10 * n, 0, "#777777") for n in range(12))
    assert "#777777" not in dark.adapt(f"<svg>{bars}</svg>").replace(",#777777)", "")


def test_without_its_style_sheet_a_drawing_is_what_it_was():
    fig, ax = plots.new_figure(4, 2)
    plots.plot_seeds(np.arange(20.0).reshape(2, 10), ax=ax, method="adam")
    svg = to_svg(fig)
    plain = re.sub(r"var\(--c\w+,(#\w{6})\)", r"\1", dark.adapt(svg))
    assert plain == svg.replace("<svg", '<svg fill="#000000"', 1)


def test_the_style_sheet_sets_every_variable_on_dark_screens_alone():
    sheet = dark.stylesheet()
    assert sheet.index("@media screen") < sheet.index('html[data-theme="dark"]')
    assert dict(re.findall(r"--c(\w+): (#\w+);", sheet)) == {
        light[1:]: shade for light, shade in dark.DARK.items()
    }


@pytest.mark.parametrize("color", sorted(dark.DARK))
def test_the_table_is_written_alike(color):
    assert re.fullmatch("#[0-9a-f]{6}", color) and re.fullmatch("#[0-9a-f]{6}", dark.DARK[color])
