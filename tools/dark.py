"""Drawings that follow the page into the dark: each color becomes a CSS variable of its own name.

``adapt`` takes a stored drawing and gives one that looks the same until a style sheet sets the
variables; ``stylesheet`` sets them where the page is dark, and never on paper. Lines, words and
grounds change. Heat maps and pictures made of cells do not, nor the words upon them: their colors
are their values.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

# The ground is the theme's own in the dark. Methods: at least 4.5 : 1 against it, and as far from
# each other as on white; tests/test_dark.py computes both. Greys keep their order, turned over.
DARK = {
    "#ffffff": "#121212",
    "#eeeeee": "#262626",
    "#dddddd": "#383838",
    "#cccccc": "#4a4a4a",
    "#bbbbbb": "#595959",
    "#b5b5b5": "#5f5f5f",
    "#aaaaaa": "#6b6b6b",
    "#9a9a9a": "#7a7a7a",
    "#999999": "#7b7b7b",
    "#888888": "#8a8a8a",
    "#777777": "#9a9a9a",
    "#767676": "#9b9b9b",
    "#717171": "#a0a0a0",
    "#6b6b6b": "#a8a8a8",
    "#555555": "#b8b8b8",
    "#444444": "#c6c6c6",
    "#333333": "#d2d2d2",
    "#222222": "#dedede",
    "#000000": "#f2f2f2",
    # methods, and the darker inks of their labels
    "#0072b2": "#4baeff",
    "#1494e4": "#b8d4f1",
    "#1079ba": "#b8d4f1",
    "#054f25": "#96fdbc",
    "#791f6c": "#f028bf",
    "#8c4b0b": "#ffb57a",
    "#d55e00": "#d78400",
    "#c05500": "#d78400",
    "#ee4351": "#e84949",
    "#d73c49": "#e84949",
    "#9008e9": "#bd42fd",
    # what single figures use beside them
    "#009e73": "#1fc795",
    "#00815e": "#1fc795",
    "#56b4e9": "#7cc7f2",
    "#39779b": "#7cc7f2",
    "#e69f00": "#e69f00",
    "#a6440a": "#e8894a",
    "#cc79a7": "#cc79a7",
    "#9e5e81": "#cc79a7",
    "#a05080": "#d987b3",
    "#aa4499": "#d673c6",
    "#a01f28": "#f0737b",
}

INK = "#000000"  # what SVG draws in where nothing is said
MANY = 9  # equal cells that make a picture
_TAG = re.compile(r"<(?!/)[^>]*>")
_COLOR = re.compile(r'(?P<what>fill|stroke)(?P<by>: ?|=")(?P<color>#[0-9a-fA-F]{6})\b')
_SHAPE = re.compile(r'<path\b[^>]*\bd="(M[-\d. LlMCcQqzZ]*)"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TRANSLATE = re.compile(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)")


class Cell(NamedTuple):
    """A filled shape: where its tag starts, its box, its color."""

    at: int
    left: float
    top: float
    right: float
    bottom: float
    color: str

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def adapt(svg: str) -> str:
    """The drawing with a variable for each color that changes in the dark."""
    cells = [cell for match in _TAG.finditer(svg) if (cell := _cell(match))]
    fixed = _fixed(cells)

    def rewrite(match: re.Match[str]) -> str:
        tag = match[0]
        if match.start() in fixed:
            return tag if "fill" in tag or tag.startswith("<image") else _say_ink(tag)
        if tag.startswith("<text"):
            place = _place(tag)
            under = [cell for cell in cells if cell.at < match.start() and cell.holds(*place)]
            if under and under[-1].at in fixed:
                return tag if re.search(r"\bfill[:=]", tag) else _say_ink(tag)
        if tag.startswith("<svg"):
            tag = tag.replace("<svg", f'<svg fill="{INK}"', 1)
        return _COLOR.sub(_variable, tag)

    return _TAG.sub(rewrite, svg)


def stylesheet() -> str:
    """The variables in the dark; a page on paper is light, whatever its reader's screen is."""
    lines = [f"    --c{light[1:]}: {dark};" for light, dark in DARK.items()]
    head = "/* Made by tools/dark.py: the colors of drawings on a dark page. */\n@media screen {\n"
    return head + '  html[data-theme="dark"] {\n' + "\n".join(lines) + "\n  }\n}\n"


def _variable(match: re.Match[str]) -> str:
    color = match["color"].lower()
    if color not in DARK:
        return match[0]
    return f"{match['what']}{match['by']}var(--c{color[1:]},{match['color']})"


def _say_ink(tag: str) -> str:
    """The tag with the color it had by default, which the drawing's own no longer is."""
    if 'style="' in tag:
        return tag.replace('style="', f'style="fill: {INK}; ', 1)
    return re.sub(r"\s*/?>$", lambda end: f' fill="{INK}"{end[0]}', tag)


def _fixed(cells: list[Cell]) -> set[int]:
    """Where cells begin whose colors are values: outside the table, or of a picture with such."""
    alike: dict[tuple[float, float], list[Cell]] = defaultdict(list)
    for cell in cells:
        alike[round(cell.right - cell.left), round(cell.bottom - cell.top)].append(cell)
    found = set()
    for same in alike.values():
        values = [cell for cell in same if cell.color not in DARK]
        found |= {cell.at for cell in (same if values and len(same) >= MANY else values)}
    return found


def _cell(match: re.Match[str]) -> Cell | None:
    """The cell that a tag draws, if it draws one; an image is a cell of no color."""
    tag, at = match[0], match.start()
    if tag.startswith("<image"):
        x, y, width, height = (_number(tag, name) for name in ("x", "y", "width", "height"))
        y = -y if "scale(1 -1)" in tag else y  # as matplotlib places it
        return Cell(at, x, y, x + width, y + height, "")
    shape = _SHAPE.match(tag)
    color = re.search(r'\bfill(?:: ?|=")(#[0-9a-fA-F]{6}|none|url)', tag)
    if not shape or (color and color[1] in ("none", "url")):
        return None
    numbers = [float(number) for number in _NUMBER.findall(shape[1])]
    x, y = numbers[::2], numbers[1::2]
    if not color and "z" not in shape[1] and (x[0], y[0]) != (x[-1], y[-1]):
        return None  # a line
    shade = color[1].lower() if color else INK
    return Cell(at, min(x), min(y), max(x), max(y), shade)


def _number(tag: str, name: str) -> float:
    found = re.search(rf'\s{name}="(-?[\d.]+)', tag)
    return float(found[1]) if found else 0.0


def _place(tag: str) -> tuple[float, float]:
    """Where a word stands."""
    if moved := _TRANSLATE.search(tag):
        return float(moved[1]), float(moved[2])
    return _number(tag, "x"), _number(tag, "y")
