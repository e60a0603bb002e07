"""Two kinds of page: what one student got and why, and what the class should be taught again."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlcourse.grading.batch import MISSING
from dlcourse.grading.exports import by_student, place_in_book, safe_name
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED
from dlcourse.grading.results import Record, replacing
from dlcourse.grading.spec import GROUPS, Exercise, find

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2733; background: #fff; overflow-wrap: anywhere }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } caption { text-align: left; padding: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid #d5dae0 }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.quiet { color: #55606c } pre { white-space: pre-wrap }
@media (prefers-color-scheme: dark) { body { color: #e6e9ed; background: #14181d }
  th, td { border-color: #4a5461 } .quiet { color: #a9b4c0 } }
"""


def write(records: Sequence[Record], folder: Path) -> None:
    """``students/<name>.html`` for each student, and ``class.html``."""
    for student, own in by_student(records).items():
        with replacing(folder / "students" / f"{safe_name(student)}.html") as file:
            file.write(student_page(student, own))
    with replacing(folder / "class.html") as file:
        file.write(class_page(records))


def student_page(student: str, own: Sequence[Record]) -> str:
    """Every exercise with its points and the three lines that `check` would have shown."""
    total, most = sum(r["points"] for r in own), sum(r["max_points"] for r in own)
    parts = [f"<p>{total} of {most} points.</p>"]
    flags = [flag for record in own for flag in record["flags"]]
    if flags:
        parts.append(_list("About the files", dict.fromkeys(flags)))
    for record in own:
        spec = find(record["exercise"])
        parts.append(f"<h2>{_text(spec.title)}: {record['points']} of {record['max_points']}</h2>")
        said = "<br>".join(_text(line) for line in record["lines"])
        parts.append(f"<p><b>{_text(record['status'].capitalize())}.</b> {said}</p>")
        if record["status"] not in (CORRECT, MISSING, NOT_ATTEMPTED):
            parts.append(f"<p class=quiet>{_groups(record)}</p>")
    return _page(student, parts)


def class_page(records: Sequence[Record]) -> str:
    """The exercises with their results and commonest misconception; then each student's total."""
    students = by_student(records)
    graded: dict[str, list[Record]] = {}
    for record in records:
        graded.setdefault(record["exercise"], []).append(record)
    rows = [_exercise_row(find(id), graded[id]) for id in sorted(graded, key=place_in_book)]
    head = ("Exercise", "Mean points", "Correct", "Handed in", "To teach again")
    parts = [_table("What the class can do, in the order of the book.", head, rows)]
    totals = [
        (
            f'<a href="students/{safe_name(student)}.html">{_text(student)}</a>',
            _number(str(sum(r["points"] for r in own))),
            _number(str(sum(r["status"] == CORRECT for r in own))),
        )
        for student, own in students.items()
    ]
    parts.append(_table("Each student.", ("Student", "Points", "Correct"), totals))
    return _page(f"{len(students)} students", parts)


def misconceptions(records: Iterable[Record]) -> Counter[str]:
    """How often each known mistake was made, commonest first."""
    return Counter(record["hint_id"] for record in records if record["hint_id"])


def _exercise_row(spec: Exercise, own: Sequence[Record]) -> tuple[str, ...]:
    mean = sum(record["points"] for record in own) / len(own)
    handed_in = sum(record["status"] not in (MISSING, NOT_ATTEMPTED) for record in own)
    correct = sum(record["status"] == CORRECT for record in own)
    said = {mistake.id: mistake.says for mistake in spec.mistakes}
    again = "<br>".join(
        f"{_text(said.get(id, id))} <span class=quiet>({times} of {len(own)})</span>"
        for id, times in misconceptions(own).most_common(3)
    )
    numbers = (f"{mean:.0f}", f"{correct} of {len(own)}", f"{handed_in} of {len(own)}")
    return (_text(spec.title), *map(_number, numbers), again or "—")


def _groups(record: Record) -> str:
    return ", ".join(f"{name} {record['groups'].get(name, 0)} of {GROUPS[name]}" for name in GROUPS)


def _text(value: object) -> str:
    return html.escape(str(value))


def _number(text: str) -> str:
    return f"\0{_text(text)}"


def _list(title: str, items: Iterable[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells are HTML already; one that begins with a zero byte is a number."""
    top = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td class=number>{cell[1:]}</td>" if cell.startswith("\0") else f"<td>{cell}</td>"
            for cell in row
        )
        + "</tr>"
        for row in rows
    )
    caption = f"<caption>{_text(caption)}</caption>"
    return f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{_text(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )
