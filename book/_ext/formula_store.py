"""Formulas that were set before: kept from build to build, and for the processes of one build."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Store:
    """What MathJax made of each formula, and the recipe by which it made it."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.recipe = ""
        self.made: dict[str, str] = {}
        self.changed = False

    def open(self, path: Path, recipe: str) -> None:
        """Begin with what a file has by the same recipe; any other begins anew."""
        self.path, self.recipe, self.made, self.changed = path, recipe, {}, False
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["recipe"] == recipe:
                self.made = dict(kept["made"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # the first build, or one that was interrupted while it wrote

    def add(self, key: str, made: str) -> str:
        """Keep something that was made; it is given back."""
        self.made[key] = made
        self.changed = True
        return made

    def save(self) -> None:
        """Write the file, at once: another build may be reading it."""
        if not self.changed or self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        text = json.dumps({"recipe": self.recipe, "made": self.made}, ensure_ascii=False)
        part.write_text(text, encoding="utf-8")
        part.replace(self.path)
        self.changed = False
