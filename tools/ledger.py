"""The claims ledger: every claim of the book with the verdict of its stored run."""

from __future__ import annotations

import csv
import functools
import html
import io
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dlcourse.lesson.badges import badge
from dlcourse.lesson.registry import KINDS
from tools.markup import lesson_link, list_table, load
from tools.registries import ROOT
from tools.stored import claims_in

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
            for record in claims_in(cell):
                found[record["claim"]] = Record(path.relative_to(root), record)
    return found


def percent(value: float) -> str:
    return f"{100 * value:.3g}".replace("-", "−")


def measured(record: dict[str, Any]) -> str:
    """Effect and interval, in words short enough for a table cell."""
    kind, effect, interval = record["kind"], record.get("effect"), record.get("interval")
    if kind == "cited":
        return "{cite:t}`" + ",".join(record["cite"]) + "`"
    if kind == "untestable":
        return "—"
    if kind == "identity":
        if effect is None:
            return "computed"
        if record["tol"] == 0:
            return "exact" if effect == 0 else "not exact"
        sign = "\\le" if effect <= record["tol"] else ">"
        return f"error ${sign} 10^{{{round(math.log10(record['tol']))}}}$"
    low, high = (percent(bound) for bound in interval)
    edge = ", at the edge of a grid" * ("edge" in record)
    return f"{percent(effect)}% [{low}, {high}]{edge}"


def runs_of(record: dict[str, Any]) -> str:
    """The runs of an experiment, and how many of them are independent if they are not all."""
    if record["runs"] is None:
        return "—"
    alike = record["runs"] == record["independent"]
    return str(record["runs"]) if alike else f"{record['runs']} in {record['independent']}"


def checked(entry: dict[str, Any], found: dict[str, Record]) -> Record:
    """The record of an entry, once it is what the registry expects."""
    name = entry.get("same_as", entry["id"])
    if name not in found:
        if entry["kind"] == "untestable":  # a page need not show what it cannot run
            blank = {"kind": "untestable", "verdict": entry["expected"], "runs": None}
            return Record(Path(entry["lesson"]).with_suffix(".ipynb"), blank)
        raise FlippedError(f"book/claims has {name}, but no lesson has run it.")
    record = found[name]
    if record.claim["verdict"] != entry["expected"]:
        raise FlippedError(
            f"{record.notebook}: the run says that {name} is {record.claim['verdict']}; "
            f"book/claims expects: {entry['expected']}."
        )
    return record


@functools.cache
def references(root: Path = ROOT) -> frozenset[str]:
    """The keys of the bibliography."""
    text = (root / "book" / "references.bib").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^@\w+\{(\S+),", text, re.M))


def cited(text: str, keys: frozenset[str]) -> str:
    """The keys of the bibliography in ``text`` as links that say authors and year."""
    return re.sub(
        r"(?<![.`\w])[a-z]+\d{4}[a-z]*\b",
        lambda key: f"{{cite:t}}`{key[0]}`" if key[0] in keys else key[0],
        text,
    )


def spoken(text: str) -> str:
    """``text`` with our sources by name where it has their numbers, which tell a reader nothing."""

    def name(number: re.Match[str]) -> str:
        words = f"the {SOURCES[number[2]]}"
        return words if number[1] is None else number[1] + words.capitalize()

    return re.sub(rf"(^|\. )?(?<!\d )(?<![\w.,])({'|'.join(SOURCES)})\b", name, text)


def named(sources: list[str]) -> str:
    """The sources of a claim by name, with their section."""
    return "; ".join(
        " ".join([SOURCES[s[:3]], s[3:].strip()]) if s[:3] in SOURCES else s for s in sources
    )


def said_by(sources: list[str]) -> str:
    """The same for a page: their Chinese marked as such, papers as links."""
    words = CHINESE.sub(r'<span lang="zh">\1</span>', html.escape(named(sources)))
    return cited(words, references())


def chapter_of(entry: dict[str, Any]) -> str:
    """``lessons/6-hpo/halving`` is of chapter ``hpo``."""
    return str(entry["lesson"]).split("/")[1].partition("-")[2]


COLUMNS = (
    "id", "chapter", "lesson", "kind", "statement", "sources", "decided_by", "verdict", "effect",
    "low", "high", "margin", "runs", "independent", "note",
)  # fmt: skip


def table(entries: list[dict[str, Any]], root: Path) -> str:
    """The ledger as CSV: one line a claim, effects as fractions, empty where there is none."""
    found = records(root)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        record = checked(entry, found)
        claim = record.claim
        low, high = claim.get("interval") or ("", "")
        line = {key: spoken(str(entry.get(key, ""))).strip() for key in COLUMNS}
        line |= {key: claim[key] for key in ("effect", "margin", "runs", "independent")
                 if claim.get(key) is not None}  # fmt: skip
        line |= {"chapter": chapter_of(entry), "sources": named(entry["sources"])}
        writer.writerow(line | {"verdict": claim["verdict"], "low": low, "high": high})
    return out.getvalue()


def row(entry: dict[str, Any], record: Record) -> list[str]:
    name, decides = html.escape(entry["id"]), html.escape(entry.get("same_as", entry["id"]))
    page = record.notebook.with_suffix(".html").as_posix()
    shown = f' href="../{page}#claim-{decides}"' if "claim" in record.claim else ""
    told = f'data-kind="{entry["kind"]}" data-chapter="{chapter_of(entry)}"'
    where = f'<a id="{name}" {told}{shown}><code>{name}</code></a>'
    statement = entry["statement"].strip()
    if entry["kind"] == "same":
        how = f"Decided as {decides}."
    else:
        how = " ".join([entry["decided_by"], entry.get("few", "")]).strip()
    for text, kind in ((how, "claim-how"), (entry["note"].strip(), "claim-note")):
        if text:
            statement += f"\n\n[{cited(spoken(text), references())}]{{.{kind}}}"
    statement += f"\n\n[{said_by(entry['sources'])}]{{.claim-source}}"
    if entry["kind"] == "same":
        return [where, statement, badge(entry["expected"]), "see there", "—"]
    claim = record.claim
    return [where, statement, badge(claim["verdict"]), measured(claim), runs_of(claim)]


HEADINGS = {
    "experiment": ("experiment", "experiments"),
    "identity": ("identity or definition", "identities and definitions"),
    "cited": ("sentence that rests on its source", "sentences that rest on their source"),
    "untestable": ("sentence without a test", "sentences without a test"),
}


def summary(
    counts: Mapping[str, Counter[str]],
    same: int,
    lead: str = "At present the book puts to the test:",
) -> str:
    """How many claims of each kind, and what they came to: experiments apart from identities."""
    lines = []
    for kind, (one, many) in HEADINGS.items():
        verdicts = counts.get(kind, Counter())
        if not (total := verdicts.total()):
            continue
        parts = [f"{verdicts[v]} {badge(v)}" for v in KINDS[kind].verdicts if verdicts[v]]
        lines.append(f"- {total} {one if total == 1 else many}: {', '.join(parts)}")
    if same:
        lines.append(f"- {same} more that {'says' if same == 1 else 'say'} what one of these says")
    return lead + "\n\n" + "\n".join(lines) + "\n"


def page(entries: list[dict[str, Any]], root: Path) -> tuple[str, str]:
    """The ledger as Markdown: its counts, and one table a lesson in the registry's order."""
    found = records(root)
    unknown = sorted(set(found) - {entry["id"] for entry in entries})
    if unknown:
        raise FlippedError(f"{found[unknown[0]].notebook} runs {unknown[0]}: not in book/claims.")
    counts: dict[str, Counter[str]] = {}
    tables: dict[str, list[list[str]]] = {}
    for entry in entries:
        record = checked(entry, found)
        if entry["kind"] != "same":
            counts.setdefault(entry["kind"], Counter())[record.claim["verdict"]] += 1
        tables.setdefault(entry["lesson"], []).append(row(entry, record))
    head = ["Claim", "What it says", "Verdict", "Effect and 95% interval", "Runs"]
    parts = []
    for lesson, rows in tables.items():
        parts.append(f"## {lesson_link(lesson, root)}\n")
        parts.append(list_table(head, rows, "claims", "22 42 14 16 6"))
    same = sum(entry["kind"] == "same" for entry in entries)
    return summary(counts, same), "\n".join(parts)
