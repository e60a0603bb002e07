"""``claim``: one sentence of the book, put to the test where it stands.

The registry, ``book/claims/``, says what is claimed, by whom, and which verdict the book
expects; the call says what was measured. The verdict is about the sentence as its sources put it.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlcourse.checks import fail
from dlcourse.lesson.bootstrap import compare
from dlcourse.lesson.registry import KINDS, book_root, entry_of, load_claims, nearest
from dlcourse.publish import publish


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
    """Test the claim ``id`` of ``book/claims/`` and show its verdict.

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
    ``dlcourse.lesson.bootstrap``). *Supported*: the whole interval lies beyond the margin on the
    claimed side. *Not supported*: the whole interval falls short of it. *Inconclusive*: it does
    neither.

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
    entry = entry_of(load_claims(root / "claims"), id)
    given = {name: value for name, value in evidence.items() if value is not None}
    options = {"tol": given.pop("tol", 1e-10), "names": given.pop("names", ("a", "b"))}
    options["chaotic"] = given.pop("chaotic", False)
    allowed = {"run": {"a", "b", "better", "margin"}, "exact": {"check"}, "cite": {"cite"}}
    kind = entry["kind"]
    if set(given) != allowed[kind]:
        fix = f"book/claims says that {id} is of kind {kind!r}."
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
            fail("cite", "a key of book/references.bib", key, nearest(key, known), KeyError)
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
