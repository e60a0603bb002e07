"""Two kinds of page: what one student got and why, and what the class should be taught again."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlcourse.grading.bank import find
from dlcourse.grading.batch import MISSING
from dlcourse.grading.exports import by_student, place_in_book, safe_name
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, NOT_YET
from dlcourse.grading.results import Record, replacing
from dlcourse.grading.spec import GROUPS, Exercise

STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fff; --line: #d5dae0; --quiet: #55606c;
  --link: #0b4fa8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14181d; --line: #4a5461;
  --quiet: #a9b4c0; --link: #8cb8ff } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper); overflow-wrap: break-word }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2rem }
h1, li { overflow-wrap: anywhere }
a { color: var(--link) } .quiet { color: var(--quiet) } li .quiet { white-space: nowrap }
table { border-collapse: collapse; margin-top: 2rem }
caption { text-align: left; padding: .5rem 0; font-weight: 600; font-size: 1.2rem }
th, td { text-align: left; vertical-align: top; padding: .4rem 1.2rem .4rem 0;
  border-bottom: 1px solid var(--line) }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 8rem }
.number { text-align: right; font-variant-numeric: tabular-nums }
td.number { white-space: nowrap } ul.plain { list-style: none; margin: 0; padding: 0 }
@media (max-width: 45rem) {
  table:not(.cards) { font-size: .875rem }
  th, td { padding-right: .6rem } tbody th { min-width: 4rem }
  .cards thead { position: absolute; clip-path: inset(50%) }
  .cards tr { display: block; border-bottom: 1px solid var(--line); padding: .6rem 0 }
  .cards th, .cards td { display: block; text-align: left; border: 0; padding: 0 }
  .cards tbody th { font-weight: 600 }
  .cards td::before { content: attr(data-head) ": "; color: var(--quiet) }
}
"""

FAULTS = {
    "exception": "stops with an error",
    "missing": "has another name than the task gives",
    "type": "returns something else than the task says",
    "length": "returns something else than the task says",
    "keys": "returns something else than the task says",
    "shape": "returns something else than the task says",
    "none": "returns nothing",
    "nan": "gives NaN or infinity",
    "integer": "computes in integers",
    "text": "answers with another word",
    "signature": "takes other arguments",
    "global": "needs a name from another cell",
    "reference": "calls a ready-made implementation",
    "modified": "changes its inputs",
    "memory": "remembers something between calls",
    "calls": "calls the given function another number of times",
    "fixed draws": "draws the same numbers from every seed",
}
"""What can be taught where the answer is none of the known mistakes, by the cause of the report."""

Column = tuple[str, bool]
"""The head of a column, and whether it holds numbers."""


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
    """The exercises with their results and commonest misconceptions; then each student's total."""
    students = by_student(records)
    graded: dict[str, list[Record]] = {}
    for record in records:
        graded.setdefault(record["exercise"], []).append(record)
    rows = [_exercise_row(find(id), graded[id]) for id in sorted(graded, key=place_in_book)]
    head = [("Exercise", False), ("Mean points", True), ("Correct", True), ("Handed in", True),
            ("To teach again", False)]  # fmt: skip
    parts = [_table("Exercises", head, rows, "cards")]
    head = [("Student", False), ("Points", True), ("Correct", True), ("Remarks", True)]
    totals = [_student_row(student, own) for student, own in students.items()]
    parts.append(_table("Students", head, totals))
    return _page(f"A class of {len(students)}", parts)


def misconceptions(spec: Exercise, records: Iterable[Record]) -> Counter[str]:
    """What went wrong and how often: the known mistakes, and of other answers the kind of fault."""
    says = {mistake.id: mistake.says for mistake in spec.mistakes}
    wrong = [record for record in records if record["status"] == NOT_YET]
    found = [says.get(r["hint_id"] or "") or FAULTS.get(r["cause"], "") for r in wrong]
    return Counter(filter(None, found))


def _exercise_row(spec: Exercise, own: Sequence[Record]) -> tuple[str, ...]:
    mean = sum(record["points"] for record in own) / len(own)
    handed_in = sum(record["status"] not in (MISSING, NOT_ATTEMPTED) for record in own)
    correct = sum(record["status"] == CORRECT for record in own)
    again = "".join(
        f"<li>{_text(what)} <span class=quiet>({times} of {len(own)})</span></li>"
        for what, times in misconceptions(spec, own).most_common(3)
    )
    counts = (f"{mean:.0f}", f"{correct} of {len(own)}", f"{handed_in} of {len(own)}")
    return (_text(spec.title), *counts, f"<ul class=plain>{again}</ul>" if again else "—")


def _student_row(student: str, own: Sequence[Record]) -> tuple[str, ...]:
    points, most = sum(r["points"] for r in own), sum(r["max_points"] for r in own)
    correct = sum(record["status"] == CORRECT for record in own)
    remarks = len({flag for record in own for flag in record["flags"]})
    link = f'<a href="students/{safe_name(student)}.html">{_text(student)}</a>'
    return (link, f"{points} of {most}", f"{correct} of {len(own)}", str(remarks or "—"))


def _groups(record: Record) -> str:
    return ", ".join(f"{name} {record['groups'].get(name, 0)} of {GROUPS[name]}" for name in GROUPS)


def _text(value: object) -> str:
    return html.escape(str(value))


def _list(title: str, items: Iterable[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _table(
    caption: str, head: Sequence[Column], rows: Iterable[Sequence[str]], css: str = ""
) -> str:
    """A table whose first column names the rows; its cells are HTML already."""
    kinds = [" class=number" if is_number else "" for _, is_number in head]
    top = "".join(
        f'<th scope="col"{kind}>{_text(name)}</th>'
        for (name, _), kind in zip(head, kinds, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(
            f'<td{kind} data-head="{_text(name)}">{cell}</td>'
            for (name, _), kind, cell in zip(head[1:], kinds[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="{css}"><caption>{_text(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="description" content="What came of the exercises.">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{_text(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )
