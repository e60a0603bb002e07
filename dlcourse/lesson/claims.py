"""``claim``: one sentence of the book, put to the test where it stands.

The registry, ``book/claims/``, says what is claimed, by whom, and which verdict the book
expects; the call says what was measured. The verdict is about the sentence as its sources put it.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.lesson.badges import Result, as_html, as_table, as_text, percent
from dlcourse.lesson.bootstrap import compare
from dlcourse.lesson.registry import CARRIED, KINDS, book_root, entry_of, load_claims, nearest
from dlcourse.publish import publish


def claim(
    id: str, *, a: Any = None, b: Any = None, better: str | None = None,
    margin: float | None = None, names: tuple[str, str] | None = None, clusters: Any = None,
    check: Any = None, tol: float = 1e-10, cite: str | None = None, chaotic: bool = False,
) -> None:  # fmt: skip
    """Test the claim ``id`` of ``book/claims/`` and show its verdict.

    Parameters
    ----------
    id : its name in the registry, which also says what will decide it, and of which kind it is.
    a, b : of an experiment, arrays (runs,): both methods on the same seeds, equally tuned.
    better : what is claimed of ``a``: "smaller", "larger" or "equal".
    margin : how far, in units of mean|b|, for the claim to matter; stated before the run.
    names : what a and b are, in words for the reader.
    clusters : what each run shares with others, its data set or its start: one label a run. Taken
        from ``a`` and ``b`` where ``Trials.at_best`` made them of seeds (shared, own).
    check : of an identity, its largest error, which must be <= ``tol``; or whether it holds.
    cite : keys in ``book/references.bib``, for what no run of ours can settle.
    chaotic : the runs hang on their last digits, so that another processor is another draw: the
        numbers may then be others by half of the interval's width; the verdict may not.

    Notes
    -----
    The effect is the mean of (a - b) / mean|b| over the independent runs (see
    ``dlcourse.lesson.bootstrap``), with a 95% interval. *Supported*: the whole interval lies beyond
    the margin on the claimed side. *Not supported*: the whole interval falls short of it.
    *Inconclusive*: it does neither, or a or b is a winner at the edge of its grid.

    Examples
    --------
    ``claim("opt.mom.inertia", check=largest_error)`` ·
    ``claim("opt.adam.bias_accuracy", a=with_it, b=without, better="smaller", margin=0.1)``
    """
    result = evaluate(
        id, a=a, b=b, better=better, margin=margin, names=names, clusters=clusters, check=check,
        tol=tol, cite=cite, chaotic=chaotic,
    )  # fmt: skip
    if _collected:
        _collected[-1].append(result)
        return
    data = {"text/plain": as_text(result), "text/html": as_html(result)}
    publish(data, {"dlcourse": result.record})


UNCHECKED = "not checked here"
_collected: list[list[Result]] = []


@contextlib.contextmanager
def also_checked() -> Iterator[None]:
    """Claims made inside stand together, a line each, in one folded table.

    Examples
    --------
    ``with also_checked(): claim(…); claim(…)``
    """
    _collected.append([])
    try:
        yield
        results = _collected[-1]
    finally:
        _collected.pop()
    if not results:
        fail("also_checked", "a block with at least one claim", "none")
    data = {"text/plain": "\n".join(map(as_text, results)), "text/html": as_table(results)}
    publish(data, {"dlcourse": {"claims": [result.record for result in results]}})


def evaluate(id: str, **evidence: Any) -> Result:
    """The result of ``claim`` with the same arguments, without showing it."""
    try:
        root = book_root()
        registry = load_claims(root / "claims")
    except FileNotFoundError as missing:
        return _unchecked(id, str(missing))
    if root == CARRIED and id not in registry:
        return _unchecked(id, "this notebook is newer than the installed dlcourse")
    entry = entry_of(registry, id)
    given = {name: value for name, value in evidence.items() if value is not None}
    options = {"tol": given.pop("tol", 1e-10), "names": given.pop("names", ("a", "b"))}
    options["chaotic"] = given.pop("chaotic", False)
    options["clusters"] = given.pop("clusters", None)
    kind = entry["kind"]
    if kind == "same":
        fail("id", f"the entry that decides, {entry['same_as']!r}", id)
    if set(given) != set(KINDS[kind].evidence):
        wanted = ", ".join(f"{name}=" for name in KINDS[kind].evidence) or "nothing"
        fix = f"book/claims says that {id} is of kind {kind!r}."
        fail("the evidence", f"exactly {wanted}", sorted(given), fix, TypeError)
    found, words = MEASURES[kind](root=root, few="few" in entry, **options, **given)
    record = {"claim": id, "expected": entry["expected"], "kind": kind, **found}
    return Result(entry, record, words)


def _unchecked(id: str, reason: str) -> Result:
    """Where a notebook was carried away from its registry: no verdict rather than a false one."""
    entry = {"statement": f"{id}: its words stand in the book's ledger", "decided_by": "nothing"}
    record = {"claim": id, "verdict": UNCHECKED, "expected": UNCHECKED, "kind": UNCHECKED}
    return Result(entry, record, reason)


def _experiment(
    a: Any,
    b: Any,
    better: str,
    margin: float,
    names: tuple[str, str],
    clusters: Any,
    few: bool,
    chaotic: bool,
    **_: Any,
) -> tuple[dict[str, Any], str]:
    result = compare(a, b, better, margin, clusters=shared_by(a, b, clusters), few=few)
    for name, side in (("a", a), ("b", b)):
        if getattr(side, "in_sample", False):
            fix = "The best of many flatters itself: report on another set."
            fail(name, "measured on another set than the one it was chosen by", side.metric, fix)
    edge = [*dict.fromkeys(said for side in (a, b) if (said := getattr(side, "edge", "")))]
    low, high = (f"≈{percent(bound)}" for bound in result.interval)
    aims = {"smaller": f"below {percent(-margin)}", "larger": f"above {percent(margin)}"}
    aim = aims.get(better, f"within ±{percent(margin)}")
    first, second = names
    shared = "" if result.independent == result.runs else f" in {result.independent} clusters"
    words = (
        f"{first} minus {second}: ≈{percent(result.effect)} of mean |{second}|, 95% interval "
        f"{low} to {high}, {result.runs} paired runs{shared}; claimed: {aim}"
    )
    if edge:
        words += f"; undecided, for a winner is at the edge of its grid: {', '.join(edge)}"
    record = {
        "verdict": "inconclusive" if edge else result.verdict,
        "effect": result.effect,
        "interval": list(result.interval),
        "runs": result.runs,
        "independent": result.independent,
        "better": better,
        "margin": float(margin),
    }
    return record | ({"edge": edge} if edge else {}) | ({"chaotic": True} if chaotic else {}), words


def shared_by(a: Any, b: Any, clusters: Any) -> Any:
    """The labels of the runs: those given, or those that a or b brings along; they must agree."""
    brought = [tuple(known) for side in (a, b) if (known := getattr(side, "clusters", None))]
    given = None if clusters is None else tuple(np.asarray(clusters).tolist())
    for one in brought:
        if one != brought[0] or given not in (None, one):
            fix = "Runs that share their data or their start are one cluster."
            fail("clusters", f"those of the trials, {one}", given or brought[0], fix)
    return given or (brought[0] if brought else None)


def _identity(check: Any, tol: float, **_: Any) -> tuple[dict[str, Any], str]:
    nothing: dict[str, Any] = {"interval": None, "runs": None}
    if isinstance(check, bool | np.bool_):
        words = "computed: it holds" if check else "computed: it does not hold"
        return {"verdict": "holds" if check else "fails", "effect": None, **nothing}, words
    if not np.isscalar(check) or not isinstance(check, int | float | np.number):
        fail("check", "a bool or the largest error, a number >= 0", check, error=TypeError)
    error = float(np.real(check))
    if not (math.isfinite(error) and error >= 0):
        fail("check", "a finite error >= 0", error, "Take the maximum of the absolute error.")
    verdict, sign = ("holds", "≤") if error <= tol else ("fails", ">")
    record = {"verdict": verdict, "effect": error, **nothing, "tol": tol}
    return record, f"largest error ≈{error:.1g} {sign} {tol:.0e}"


def _cited(cite: str, root: Path, **_: Any) -> tuple[dict[str, Any], str]:
    path = root / "references.bib"
    known = re.findall(r"^\s*@\w+\{\s*([^,\s]+)", path.read_text(encoding="utf-8"), re.M)
    for key in (keys := [part.strip() for part in cite.split(",")]):
        if key not in known:
            fail("cite", "a key of book/references.bib", key, nearest(key, known), KeyError)
    record = {"verdict": "cited", "effect": None, "interval": None, "runs": None, "cite": keys}
    return record, "rests on its source: " + ", ".join(keys)


def _untestable(**_: Any) -> tuple[dict[str, Any], str]:
    record = {"verdict": "not testable", "effect": None, "interval": None, "runs": None}
    return record, "not run: no run of ours would decide it"


MEASURES: dict[str, Callable[..., tuple[dict[str, Any], str]]] = {
    "experiment": _experiment,
    "identity": _identity,
    "cited": _cited,
    "untestable": _untestable,
}
