"""``claim``: one sentence of the book, put to the test where it stands.

The registry ``book/claims.yml`` says what is claimed, by whom, and which verdict the book
expects; the call says what was measured. The verdict is about the sentence as its sources put it.
"""

from __future__ import annotations

import difflib
import functools
import html
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlcourse.bootstrap import compare
from dlcourse.checks import fail
from dlcourse.publish import publish

VERDICTS = ("supported", "not supported", "inconclusive", "cited")
KINDS = {"run": "a=, b=, better= and margin=", "exact": "check=", "cite": "cite="}
FIELDS = {"id", "statement", "sources", "kind", "expected", "lesson", "note"}


class Result(NamedTuple):
    """What a claim came to: its entry in the registry, the record, the evidence in words."""

    entry: dict[str, Any]
    record: dict[str, Any]
    evidence: str


def claim(
    id: str, *, a: Any = None, b: Any = None, better: str | None = None,
    margin: float | None = None, names: tuple[str, str] | None = None, check: Any = None,
    tol: float = 1e-10, cite: str | None = None, chaotic: bool = False,
) -> None:  # fmt: skip
    """Test the claim ``id`` of ``book/claims.yml`` and show its verdict.

    Parameters
    ----------
    id : its name in the registry, which also says which of the three ways it takes.
    a, b : arrays (runs,): both methods on the same seeds, equally tuned; at least ten runs.
    better : what is claimed of ``a``: "smaller", "larger" or "equal".
    margin : how far, in units of mean|b|, for the claim to matter; stated before the run.
    names : what a and b are, in words for the reader.
    check : for an identity, its largest error, which must be <= ``tol``; or whether it holds.
    cite : key in ``book/references.bib``, for what no run of ours can settle.
    chaotic : the runs hang on their last digits, so that another processor is another draw: the
        numbers may then be others by half of the interval's width; the verdict may not.

    Notes
    -----
    The effect is the mean of (a - b) / mean|b| over the runs, with a 95% bootstrap interval (see
    ``dlcourse.bootstrap``). *Supported*: the whole interval lies beyond the margin on the claimed
    side. *Not supported*: the whole interval falls short of it. *Inconclusive*: it does neither.

    Examples
    --------
    ``claim("opt.mom.inertia", check=largest_error)`` ·
    ``claim("opt.adam.bias_accuracy", a=with_it, b=without, better="smaller", margin=0.1)``
    """
    result = evaluate(
        id, a=a, b=b, better=better, margin=margin, names=names, check=check, tol=tol, cite=cite,
        chaotic=chaotic,
    )  # fmt: skip
    data = {"text/plain": as_text(result), "text/html": as_html(result)}
    publish(data, {"dlcourse": result.record})


def evaluate(id: str, **evidence: Any) -> Result:
    """The result of ``claim`` with the same arguments, without showing it."""
    root = book_root()
    entry = _entry(load_claims(root / "claims.yml"), id)
    given = {name: value for name, value in evidence.items() if value is not None}
    options = {"tol": given.pop("tol", 1e-10), "names": given.pop("names", ("a", "b"))}
    options["chaotic"] = given.pop("chaotic", False)
    allowed = {"run": {"a", "b", "better", "margin"}, "exact": {"check"}, "cite": {"cite"}}
    kind = entry["kind"]
    if set(given) != allowed[kind]:
        fix = f"book/claims.yml says that {id} is of kind {kind!r}."
        fail("the evidence", f"exactly {KINDS[kind]}", sorted(given), fix, TypeError)
    measures: dict[str, Callable[..., tuple[dict[str, Any], str]]]
    measures = {"run": _run, "exact": _exact, "cite": _cite}
    found, words = measures[kind](root=root, **options, **given)
    record = {"claim": id, "expected": entry["expected"], "kind": kind, **found}
    return Result(entry, record, words)


def _run(
    a: Any, b: Any, better: str, margin: float, names: tuple[str, str], chaotic: bool, **_: Any
) -> tuple[dict[str, Any], str]:
    result = compare(a, b, better, margin)
    low, high = (f"≈{percent(bound)}" for bound in result.interval)
    aims = {"smaller": f"below {percent(-margin)}", "larger": f"above {percent(margin)}"}
    aim = aims.get(better, f"within ±{percent(margin)}")
    first, second = names
    words = (
        f"{first} minus {second}: ≈{percent(result.effect)} of mean |{second}|, 95% interval "
        f"{low} to {high}, {result.runs} paired runs; claimed: {aim}"
    )
    record = {
        "verdict": result.verdict,
        "effect": result.effect,
        "interval": list(result.interval),
        "runs": result.runs,
        "better": better,
        "margin": float(margin),
    }
    return record | ({"chaotic": True} if chaotic else {}), words


def _exact(check: Any, tol: float, **_: Any) -> tuple[dict[str, Any], str]:
    if isinstance(check, bool | np.bool_):
        verdict = "supported" if check else "not supported"
        record: dict[str, Any] = {"verdict": verdict, "effect": None, "interval": None}
        return {
            **record,
            "runs": None,
        }, "computed: it holds" if check else "computed: it does not hold"
    if not np.isscalar(check) or not isinstance(check, int | float | np.number):
        fail("check", "a bool or the largest error, a number >= 0", check, error=TypeError)
    error = float(np.real(check))
    if not (math.isfinite(error) and error >= 0):
        fail("check", "a finite error >= 0", error, "Take the maximum of the absolute error.")
    verdict = "supported" if error <= tol else "not supported"
    record = {"verdict": verdict, "effect": error, "interval": None, "runs": None, "tol": tol}
    sign = "≤" if error <= tol else ">"
    return record, f"largest error ≈{error:.1g} {sign} {tol:.0e}"


def _cite(cite: str, root: Path, **_: Any) -> tuple[dict[str, Any], str]:
    path = root / "references.bib"
    known = re.findall(r"^\s*@\w+\{\s*([^,\s]+)", path.read_text(encoding="utf-8"), re.M)
    for key in (keys := [part.strip() for part in cite.split(",")]):
        if key not in known:
            fail("cite", "a key of book/references.bib", key, _nearest(key, known), KeyError)
    record = {"verdict": "cited", "effect": None, "interval": None, "runs": None, "cite": keys}
    return record, "rests on its source: " + ", ".join(keys)


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
    head = f"claim {record['claim']}: {record['verdict']}{off}"
    lines = [head, f"  “{entry['statement']}”", f"  {result.evidence}"]
    return "\n".join([*lines, f"  note: {entry['note']}"] if entry.get("note") else lines)


def as_html(result: Result) -> str:
    """The badge of the page: every word of the plain text, and a link to the ledger."""
    entry, record = result.entry, result.record
    name = html.escape(record["claim"])
    kind = record["verdict"].replace(" ", "-")
    off = surprise(record)
    note = f'<p class="claim-note">{html.escape(entry["note"])}</p>' if entry.get("note") else ""
    flag = f'<span class="claim-unexpected">Unexpected: {off}</span>' if off else ""
    return (
        f'<div class="claim claim-{kind}" id="claim-{name}">'
        f'<p class="claim-head"><span class="claim-badge claim-{kind}">{record["verdict"]}</span> '
        f'<a class="claim-id" href="../../book/claims.html">{name}</a>{flag}</p>'
        f'<p class="claim-statement">{html.escape(entry["statement"])}</p>'
        f'<p class="claim-evidence">{html.escape(result.evidence)}</p>{note}</div>'
    )


def book_root() -> Path:
    """The folder ``book/`` with the registry: above the notebook, or beside the package."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "book" / "claims.yml").is_file():
            return folder / "book"
    fix = "Run inside a clone of the book, or install the package from one (pip install -e .)."
    fail("book/claims.yml", "in a folder above this one", here.name, fix, FileNotFoundError)


def load_claims(path: Path) -> dict[str, dict[str, Any]]:
    """The registry by id; every entry is checked for its fields, kinds and verdicts."""
    state = path.stat()
    return _load_claims(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=2)
def _load_claims(path: Path, *version: int) -> dict[str, dict[str, Any]]:
    """A lesson asks for the registry with each of its claims; reading it takes a tenth second."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the quick one is not everywhere
    entries = yaml.load(path.read_text(encoding="utf-8"), loader)
    if not isinstance(entries, list):
        fail(path.name, "a list of claims", entries, error=TypeError)
    registry: dict[str, dict[str, Any]] = {}
    for entry in entries:
        _check_entry(path.name, entry)
        if entry["id"] in registry:
            fail(f"{path.name}: id", "unique", entry["id"])
        registry[entry["id"]] = entry
    return registry


def _check_entry(file: str, entry: Any) -> None:
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        found = sorted(entry) if isinstance(entry, dict) else entry
        fail(f"{file}: an entry", f"a mapping with exactly {sorted(FIELDS)}", found)
    name = f"{file}: {entry['id']}"
    for field in FIELDS - {"sources"}:
        if not isinstance(entry[field], str) or not (entry[field].strip() or field == "note"):
            fail(f"{name}: {field}", "text", entry[field], error=TypeError)
    if not isinstance(entry["sources"], list) or not entry["sources"]:
        fail(f"{name}: sources", "a list of at least one", entry["sources"])
    if entry["kind"] not in KINDS:
        fail(f"{name}: kind", f"one of {list(KINDS)}", entry["kind"])
    allowed = ("cited",) if entry["kind"] == "cite" else VERDICTS[:3]
    if entry["expected"] not in allowed:
        fail(f"{name}: expected", f"one of {list(allowed)}", entry["expected"])


def _entry(registry: dict[str, dict[str, Any]], id: str) -> dict[str, Any]:
    if id not in registry:
        fail("id", "a claim of book/claims.yml", id, _nearest(str(id), list(registry)), KeyError)
    return registry[id]


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"Nearest: {', '.join(near)}." if near else ""
