"""The registry of claims, ``book/claims/``: what is claimed, by whom, which verdict is expected."""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import Any

from dlcourse.checks import fail

VERDICTS = ("supported", "not supported", "inconclusive", "cited")
KINDS = {"run": "a=, b=, better= and margin=", "exact": "check=", "cite": "cite="}
FIELDS = {"id", "statement", "sources", "kind", "expected", "lesson", "note"}


def book_root() -> Path:
    """The folder ``book/`` with the registry: above the notebook, or beside the package."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "book" / "claims").is_dir():
            return folder / "book"
    fix = "Run inside a clone of the book, or install the package from one (pip install -e .)."
    fail("book/claims", "in a folder above this one", here.name, fix, FileNotFoundError)


def load_claims(folder: Path) -> dict[str, dict[str, Any]]:
    """The claims of all chapters by id; every entry is checked for its fields, kinds, verdicts."""
    files = sorted(folder.glob("*.yml"))
    return _load_claims(
        tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    )


@functools.lru_cache(maxsize=2)
def _load_claims(versions: tuple[tuple[Path, int, int], ...]) -> dict[str, dict[str, Any]]:
    """A lesson asks for the registry with each of its claims; reading it takes a tenth second."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the quick one is not everywhere
    registry: dict[str, dict[str, Any]] = {}
    for file, *_ in versions:
        entries = yaml.load(file.read_text(encoding="utf-8"), loader)
        if not isinstance(entries, list):
            fail(file.name, "a list of claims", entries, error=TypeError)
        for entry in entries:
            _check_entry(file.name, entry)
            if entry["id"] in registry:
                fail(f"{file.name}: id", "unique", entry["id"])
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


def entry_of(registry: dict[str, dict[str, Any]], id: str) -> dict[str, Any]:
    """The entry with this id; an unknown id names its nearest neighbors."""
    if id not in registry:
        fail("id", "a claim of book/claims", id, nearest(str(id), list(registry)), KeyError)
    return registry[id]


def nearest(name: str, known: list[str]) -> str:
    """What was perhaps meant, as a sentence; nothing where nothing is near."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"Nearest: {', '.join(near)}." if near else ""
