"""The registries, ``book/<registry>/<chapter>.yml``, each read as one in the book's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]


def chapters(root: Path = ROOT) -> list[str]:
    """The chapters by name, in the order that the numbers of ``lessons/`` give them."""
    folders = sorted(folder.name for folder in (root / "lessons").iterdir() if folder.is_dir())
    return [name.partition("-")[2] for name in folders]


def files(registry: str, root: Path = ROOT) -> list[Path]:
    """The files of a registry in the book's order; one that is no chapter's stands before them."""
    order = chapters(root)
    found = (root / "book" / registry).glob("*.yml")
    place = {name: number for number, name in enumerate(order)}
    return sorted(found, key=lambda file: (place.get(file.stem, -1), file.stem))


def read(registry: str, root: Path = ROOT) -> Any:
    """All entries: lists one after the other, mappings merged key by key."""
    parts = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files(registry, root)]
    if isinstance(parts[0], list):
        return [entry for part in parts for entry in part]
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            whole.setdefault(key, {}).update(value)
    return whole
