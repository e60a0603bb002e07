"""Equal marks of a drawing as one path with a marker at each corner: a tenth of the text.

matplotlib stores each mark as a ``<use>`` of its own, which a browser keeps as an element with a
copy of the mark below it. A path draws the same marks in the same order, as one element.
"""

from __future__ import annotations

import itertools
import re

LEAST = 4  # marks: fewer are not worth a marker
_RUN = re.compile(r"<use\b[^>]*/>(?:\s*<use\b[^>]*/>)+")
_MARK = re.compile(
    r'<use xlink:href="#(?P<name>[^"]+)" x="(?P<x>-?[\d.]+)" y="(?P<y>-?[\d.]+)"'
    r'(?P<style>(?: style="[^"]*")?)/>'
)


def join(svg: str) -> str:
    """The drawing with its runs of equal marks joined; it looks the same."""
    number = itertools.count(1)

    def joined(run: re.Match[str]) -> str:
        marks = list(_MARK.finditer(run[0]))
        kinds = {(mark["name"], mark["style"]) for mark in marks}
        if len(marks) < max(LEAST, run[0].count("<use")) or len(kinds) > 1:
            return run[0]
        return _path(marks, f"{marks[0]['name']}-{next(number)}")

    return _RUN.sub(joined, svg)


def _path(marks: list[re.Match[str]], name: str) -> str:
    """A path that nobody sees through the places of marks, with the mark at each of them."""
    first = marks[0]
    places = " ".join(f"{mark['x']} {mark['y']}" for mark in marks)
    ends = "".join(f' marker-{end}="url(#{name})"' for end in ("start", "mid", "end"))
    return (
        f'<marker id="{name}" markerUnits="userSpaceOnUse" overflow="visible">'
        f'<use xlink:href="#{first["name"]}"{first["style"]}/></marker>'
        f'<path d="M {places}" fill="none" stroke="none"{ends}/>'
    )
