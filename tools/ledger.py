"""The claims ledger: every claim of the book with the verdict of its stored run."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tools.markup import lesson_link, list_table, load

VERDICTS = ("supported", "not supported", "inconclusive", "cited")
# The documents the book grew from, by the numbers that book/claims gives them.
SOURCES = {
    "000": "textbook chapter",
    "001": "beginner’s notes",
    "002": "reading notes",
    "003": "university notes",
    "004": "blog post",
}
CHINESE = re.compile("([\u3400-\u9fff]+)")


class FlippedError(SystemExit):
    """A claim whose stored run does not say what the registry expects."""


class Record(NamedTuple):
    """What one ``claim(…)`` left in the metadata of its output, and where."""

    notebook: Path
    claim: dict[str, Any]


def records(root: Path) -> dict[str, Record]:
    """The latest record of every claim id in the stored outputs of lessons/."""
    found: dict[str, Record] = {}
    for path in sorted((root / "lessons").glob("*/*.ipynb")):
        for cell in load(path).cells:
            for output in cell.get("outputs", []):
                record = output.get("metadata", {}).get("dlcourse", {})
                if "claim" in record:
                    found[record["claim"]] = Record(path.relative_to(root), record)
    return found


def percent(value: float) -> str:
    return f"{100 * value:.3g}".replace("-", "−")


def measured(record: dict[str, Any]) -> str:
    """Effect and interval, in words short enough for a table cell."""
    kind, effect, interval = record["kind"], record.get("effect"), record.get("interval")
    if kind == "cite":
        return "{cite:t}`" + ",".join(record["cite"]) + "`"
    if kind == "exact":
        if effect is None:
            return "computed"
        sign = "\\le" if effect <= record["tol"] else ">"
        return f"error ${sign} 10^{{{round(math.log10(record['tol']))}}}$"
    low, high = (percent(bound) for bound in interval)
    return f"{percent(effect)}% [{low}, {high}]"


def badge(verdict: str) -> str:
    return f'<span class="claim-badge claim-{verdict.replace(" ", "-")}">{verdict}</span>'


def checked(entry: dict[str, Any], found: dict[str, Record]) -> Record:
    """The record of an entry, once it is what the registry expects."""
    if entry["id"] not in found:
        raise FlippedError(f"book/claims has {entry['id']}, but no lesson has run it.")
    record = found[entry["id"]]
    if record.claim["verdict"] != entry["expected"]:
        raise FlippedError(
            f"{record.notebook}: the run says that {entry['id']} is {record.claim['verdict']}; "
            f"book/claims expects: {entry['expected']}."
        )
    return record


def said_by(sources: list[str]) -> str:
    """``["004 §5"]`` in words."""
    words = (" ".join([SOURCES[s[:3]], s[3:].strip()]) if s[:3] in SOURCES else s for s in sources)
    return CHINESE.sub(r'<span lang="zh">\1</span>', html.escape("; ".join(words)))


def row(entry: dict[str, Any], record: Record) -> list[str]:
    name = html.escape(entry["id"])
    page = record.notebook.with_suffix(".html").as_posix()
    where = f'<a id="{name}" href="../{page}#claim-{name}"><code>{name}</code></a>'
    statement = entry["statement"].strip()
    if note := entry["note"].strip():
        statement += f"\n\n[{note}]{{.claim-note}}"
    statement += f"\n\n[{said_by(entry['sources'])}]{{.claim-source}}"
    return [
        where,
        statement,
        badge(record.claim["verdict"]),
        measured(record.claim),
        str(record.claim["runs"] or "—"),
    ]


def summary(verdicts: Counter[str]) -> str:
    parts = [f"{verdicts[v]} {badge(v)}" for v in VERDICTS if verdicts[v]]
    total = verdicts.total()
    count = "1 claim" if total == 1 else f"{total} claims"
    return f"At present the book makes {count}: " + ", ".join(parts) + "."


def page(registry: list[dict[str, Any]], root: Path) -> tuple[str, str]:
    """The ledger as Markdown: its counts, and one table a lesson in the registry's order."""
    found = records(root)
    unknown = sorted(set(found) - {entry["id"] for entry in registry})
    if unknown:
        raise FlippedError(f"{found[unknown[0]].notebook} runs {unknown[0]}: not in book/claims.")
    verdicts: Counter[str] = Counter()
    tables: dict[str, list[list[str]]] = {}
    for entry in registry:
        record = checked(entry, found)
        verdicts[record.claim["verdict"]] += 1
        tables.setdefault(record.notebook.with_suffix("").as_posix(), []).append(row(entry, record))
    head = ["Claim", "What it says", "Verdict", "Effect and 95% interval", "Runs"]
    parts = []
    for lesson, rows in tables.items():
        parts.append(f"## {lesson_link(lesson, root)}\n")
        parts.append(list_table(head, rows, "claims", "22 42 14 16 6"))
    return summary(verdicts) + "\n", "\n".join(parts)
