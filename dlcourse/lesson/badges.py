"""How a claim is shown: as plain text, as a box in the flow of a page, as a line of a table."""

from __future__ import annotations

import html
from collections import Counter
from typing import Any, NamedTuple

LEDGER = "../../book/claims.html"


class Result(NamedTuple):
    """What a claim came to: its entry in the registry, the record, the evidence in words."""

    entry: dict[str, Any]
    record: dict[str, Any]
    evidence: str


def percent(value: float) -> str:
    """Three digits, with a real minus; what a machine may change is marked ≈ by the caller."""
    text = "0" if value == 0 else f"{100 * value:.3g}"
    return text.replace("-", "−") + "%"


def surprise(record: dict[str, Any]) -> str:
    """What to say of a verdict beside the expected one: nothing where they agree."""
    if record["verdict"] == record["expected"]:
        return ""
    return f"the book expects: {record['expected']}"


def as_text(result: Result) -> str:
    """The plain text of the output, which nbval compares."""
    entry, record = result.entry, result.record
    off = f" — UNEXPECTED, {text}" if (text := surprise(record)) else ""
    lines = [f"claim {record['claim']}: {record['verdict']}{off}", f"  “{entry['statement']}”"]
    lines += [f"  {result.evidence}", f"  decided by: {entry['decided_by']}"]
    lines += [f"  few runs: {entry['few']}"] if entry.get("few") else []
    lines += [f"  note: {entry['note']}"] if entry.get("note") else []
    return "\n".join(lines)


def as_html(result: Result) -> str:
    """The box of the page: every word of the plain text, and a link to the ledger."""
    entry, record = result.entry, result.record
    name = html.escape(record["claim"])
    note = f'<p class="claim-note">{html.escape(entry["note"])}</p>' if entry.get("note") else ""
    off = surprise(record)
    flag = f'<span class="claim-unexpected">Unexpected: {off}</span>' if off else ""
    few = f" Few runs: {entry['few']}" if entry.get("few") else ""
    return (
        f'<div class="claim {_css(record["verdict"])}" id="claim-{name}">'
        f'<p class="claim-head">{badge(record["verdict"])} '
        f'<a class="claim-id" href="{LEDGER}#{name}">{name}</a>{flag}</p>'
        f'<p class="claim-statement">{html.escape(entry["statement"])}</p>'
        f'<p class="claim-evidence">{html.escape(result.evidence)}</p>'
        f'<details class="claim-how"><summary>What decides it</summary>'
        f"<p>{html.escape(entry['decided_by'] + few)}</p></details>{note}</div>"
    )


def as_table(results: list[Result]) -> str:
    """Several claims, folded, a line each; what decides them stands in the ledger."""
    counts = Counter(result.record["verdict"] for result in results)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    rows = []
    for entry, record, evidence in results:
        name = html.escape(record["claim"])
        off = f" Unexpected: {text}." if (text := surprise(record)) else ""
        note = f" {entry['note']}" if entry.get("note") else ""
        rows.append(
            f'<tr id="claim-{name}"><td>{badge(record["verdict"])}</td>'
            f"<td>{html.escape(entry['statement'] + off)} "
            f'<span class="claim-evidence">{html.escape(evidence + "." + note)}</span> '
            f'<a class="claim-id" href="{LEDGER}#{name}">{name}</a></td></tr>'
        )
    return (
        f'<details class="claims-also"><summary>Also checked here: {told}</summary>'
        f"<table><tbody>{''.join(rows)}</tbody></table></details>"
    )


def badge(verdict: str) -> str:
    """The verdict as a colored word."""
    return f'<span class="claim-badge {_css(verdict)}">{verdict}</span>'


def _css(verdict: str) -> str:
    return f"claim-{verdict.replace(' ', '-')}"
