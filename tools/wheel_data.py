"""What the wheel carries beside the code: the registry of claims, its sources, the exercises.

In git they stand where they are edited, and a clone reads them there. Only a wheel takes a copy
along, in ``dlcourse/book/``; an editable install has the originals beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = {
    "book/claims/*.yml": "dlcourse",
    "book/references.bib": "dlcourse",
    "exercises/*/*.ipynb": "dlcourse/book",
}


class BookData(BuildHookInterface):
    """Called by hatchling; see ``[tool.hatch.build]`` in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to add; ``version`` is "editable" for a wheel that only points here."""
        if version == "standard":
            build_data["force_include"] |= carried(Path(self.root))


def carried(root: Path) -> dict[str, str]:
    """Each file that a wheel takes along, and its place there."""
    found = {}
    for pattern, folder in CARRIED.items():
        files = sorted(root.glob(pattern))
        if not files:
            raise SystemExit(f"{root} must have {pattern}: a wheel is no use without.")
        found |= {str(file): f"{folder}/{file.relative_to(root).as_posix()}" for file in files}
    return found
