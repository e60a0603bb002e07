"""The errata: what the book's sources print, the right version, and the cell that shows it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from tools.ledger import badge, checked, records, said_by
from tools.markup import list_table

FIELDS = {"claim", "sources", "printed", "right"}
WRONG = ("not supported", "fails")


class ErrataError(SystemExit):
    """The errata and the claims do not fit together."""


def problems(errata: list[dict[str, Any]], registry: dict[str, dict[str, Any]]) -> list[str]:
    """What is missing or contradictory: each an error, in words."""
    rows = [row for group in errata for row in group["rows"]]
    found = []
    for row in rows:
        name = row["claim"]
        if extra := sorted(set(row) - FIELDS):
            found.append(f"{name} has a field {extra[0]!r}.")
        if not row.get("right", "").strip():
            found.append(f"{name} says nothing of what is right.")
        if name not in registry:
            found.append(f"{name} is no claim of book/claims.")
        elif "printed" not in row and registry[name]["expected"] not in WRONG:
            verdict = registry[name]["expected"]
            found.append(f"{name} is {verdict}: say what was printed, if not its statement.")
    listed = {row["claim"] for row in rows}
    found += [
        f"{name} is {entry['expected']}, and no row says what is right instead."
        for name, entry in registry.items()
        if entry["expected"] in WRONG
        and entry["kind"] != "same"
        and entry["sources"] != ["book"]
        and name not in listed
    ]
    return found


def row(erratum: dict[str, Any], entry: dict[str, Any], page: str, verdict: str) -> list[str]:
    name = html.escape(entry["id"])
    printed = erratum.get("printed", entry["statement"]).strip()
    source = said_by(erratum.get("sources", entry["sources"]))
    where = f'<a href="../{page}#claim-{name}"><code>{name}</code></a>'
    return [
        f"{printed}\n\n[{source}]{{.claim-source}}",
        erratum["right"].strip(),
        f"{where}\n\n{badge(verdict)}",
    ]


def page(errata: list[dict[str, Any]], claims: list[dict[str, Any]], root: Path) -> str:
    """The errata as Markdown, one table a group."""
    registry = {entry["id"]: entry for entry in claims}
    if found := problems(errata, registry):
        raise ErrataError("book/errata: " + " ".join(found))
    run = records(root)
    head = ["What is printed", "What is right", "Where it is shown"]
    parts = []
    for group in errata:
        table = []
        for erratum in group["rows"]:
            entry = registry[erratum["claim"]]
            record = checked(entry, run)
            cell = record.notebook.with_suffix(".html").as_posix()
            table.append(row(erratum, entry, cell, record.claim["verdict"]))
        parts += [f"## {group['group']}\n", group["intro"].strip() + "\n"]
        parts.append(list_table(head, table, "errata", "38 40 22"))
    return "\n".join(parts)
