"""What `progress` shows: lines in a terminal, a page in a notebook."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlcourse.grading.spec import Exercise
from dlcourse.grading.store import STATES, Entry

PASSED = STATES[2:]
HEADER = ("exercise", "title", "state", "attempts", "hints")
_SIGNS = dict(zip(STATES, "○◐●✔", strict=True))


@dataclass(frozen=True)
class Table:
    """Rows of text under a header: plain in a terminal, a table in a notebook."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str

    def __repr__(self) -> str:
        lines = (self.header, *self.rows)
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        padded = [zip(line, widths, strict=True) for line in lines]
        text = ["  ".join(f"{cell:<{width}}" for cell, width in row).rstrip() for row in padded]
        return "\n".join((*text, self.caption))

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in self.header)
        cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in self.rows]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Progress:
    """Exercises of the book and what has been done about each, in the order of the book."""

    entries: Sequence[tuple[Exercise, Entry]]

    @property
    def following(self) -> Exercise | None:
        """The first exercise that is not passed yet."""
        return next((spec for spec, entry in self.entries if entry.state not in PASSED), None)

    def __repr__(self) -> str:
        rows = tuple(_row(spec, entry) for spec, entry in self.entries)
        return repr(Table(HEADER, rows, _count(self.entries)))

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{_count(self.entries)}</b> {self._next()}</p>"]
        for chapter, group in itertools.groupby(self.entries, lambda pair: pair[0].chapter):
            own = list(group)
            rows = tuple(_row(spec, entry, _SIGNS[entry.state] + " ") for spec, entry in own)
            passed, name = _passed(own), html.escape(chapter.replace("-", " · ", 1))
            parts.append(
                f'<p>{name} <progress max="{len(own)}" value="{passed}" '
                f'aria-label="passed in {name}">{passed} of {len(own)}</progress></p>'
            )
            parts.append(Table(HEADER, rows, _count(own))._repr_html_())
        return f"<div>{''.join(parts)}</div>"

    def _next(self) -> str:
        if (spec := self.following) is None:
            return "That is all of them."
        return f"Next: {html.escape(spec.title)}, <code>{html.escape(spec.call)}</code>."


def _row(spec: Exercise, entry: Entry, sign: str = "") -> tuple[str, ...]:
    state = sign + entry.state + (", solution seen" if entry.solution_seen else "")
    hints = f"{entry.hints} of {len(spec.hints)}"
    return (spec.id, spec.title, state, str(len(entry.attempts)), hints)


def _passed(entries: Iterable[tuple[Exercise, Entry]]) -> int:
    return sum(entry.state in PASSED for _, entry in entries)


def _count(entries: Sequence[tuple[Exercise, Entry]]) -> str:
    return f"{_passed(entries)} of {len(entries)} exercises passed."
