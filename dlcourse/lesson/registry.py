"""The registry of claims, ``book/claims/``: what is claimed, by whom, what will decide it, and
which verdict is expected.

Every entry has ``id``, ``statement``, ``sources``, ``lesson``, ``note`` and a ``kind``, which says
what else it has and which verdicts it may come to.
"""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import Any, NamedTuple

from dlcourse.checks import fail

COMMON = {"id", "statement", "sources", "kind", "lesson", "note"}


class Kind(NamedTuple):
    """What an entry of a kind says besides, what its cell hands to ``claim``, its verdicts."""

    fields: frozenset[str]
    evidence: tuple[str, ...]
    verdicts: tuple[str, ...]


_DECIDED = frozenset({"expected", "decided_by"})
KINDS = {
    "experiment": Kind(
        _DECIDED, ("a", "b", "better", "margin"), ("supported", "not supported", "inconclusive")
    ),
    "identity": Kind(_DECIDED, ("check",), ("holds", "fails")),
    "cited": Kind(_DECIDED, ("cite",), ("cited",)),
    "untestable": Kind(_DECIDED, (), ("not testable",)),
    "same": Kind(frozenset({"same_as"}), (), ()),
}
"""An *identity* is computed, nothing in it is left to chance; an *experiment* is run many times;
*cited* rests on its source, and ``decided_by`` says where it stands there; *untestable* has no
operational meaning, and ``decided_by`` says why; *same* says what another entry says, and that one
decides it. An experiment may have ``few``: why fewer than ten independent runs must do."""
READ = ("Read in the text:", "Read in the abstract:", "Could not be read:")
VERDICTS = tuple(verdict for kind in KINDS.values() for verdict in kind.verdicts)


PACKAGE = Path(__file__).resolve().parents[1]
CARRIED = PACKAGE / "book"  # in a wheel; a clone has the originals beside the package


def book_root() -> Path:
    """The folder ``book/`` with the registry: above the notebook, in a clone, or in the wheel."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, PACKAGE.parent, PACKAGE):
        if (folder / "book" / "claims").is_dir():
            return folder / "book"
    fix = "Install a wheel built by `make dist`, or run inside a clone of the book."
    fail("book/claims", "part of this installation", str(PACKAGE), fix, FileNotFoundError)


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
    for entry in registry.values():
        if entry["kind"] == "same":
            _point(entry, registry)
    return registry


def _check_entry(file: str, entry: Any) -> None:
    if not isinstance(entry, dict) or COMMON - entry.keys():
        found = sorted(entry) if isinstance(entry, dict) else entry
        fail(f"{file}: an entry", f"a mapping with {sorted(COMMON)} and more", found)
    name = f"{file}: {entry['id']}"
    if entry["kind"] not in KINDS:
        fail(f"{name}: kind", f"one of {list(KINDS)}", entry["kind"])
    kind = KINDS[entry["kind"]]
    fields = COMMON | kind.fields
    also = {"few"} if entry["kind"] == "experiment" else set()
    if entry.keys() - also != fields:
        fail(name, f"of kind {entry['kind']!r} and have exactly {sorted(fields)}", sorted(entry))
    for field in entry.keys() - {"sources"}:
        if not isinstance(entry[field], str) or not (entry[field].strip() or field == "note"):
            fail(f"{name}: {field}", "text", entry[field], error=TypeError)
    if not isinstance(entry["sources"], list) or not entry["sources"]:
        fail(f"{name}: sources", "a list of at least one", entry["sources"])
    if entry["kind"] == "cited" and not entry["decided_by"].startswith(READ):
        fail(f"{name}: decided_by", f"begun with one of {list(READ)}", entry["decided_by"][:40])
    if kind.verdicts and entry["expected"] not in kind.verdicts:
        fail(f"{name}: expected", f"one of {list(kind.verdicts)}", entry["expected"])


def _point(entry: dict[str, Any], registry: dict[str, dict[str, Any]]) -> None:
    """An entry that says the same as another has its verdict."""
    other = registry.get(entry["same_as"])
    if other is None or other["kind"] == "same":
        fail(f"{entry['id']}: same_as", "an entry that decides", entry["same_as"])
    entry["expected"] = other["expected"]


def entry_of(registry: dict[str, dict[str, Any]], id: str) -> dict[str, Any]:
    """The entry with this id; an unknown id names its nearest neighbors."""
    if id not in registry:
        fail("id", "a claim of book/claims", id, nearest(str(id), list(registry)), KeyError)
    return registry[id]


def nearest(name: str, known: list[str]) -> str:
    """What was perhaps meant, as a sentence; nothing where nothing is near."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"Nearest: {', '.join(near)}." if near else ""
