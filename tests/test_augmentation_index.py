"""What hides, mixes and draws has a row in the index; every function of the room has parity."""

from __future__ import annotations

from typing import Any

from dlcourse.lesson import augmented, mixtures
from dlcourse.scratch import augmentation
from tools.registries import read

HELPERS = {"OPERATIONS", "Operation", "digits_policy", "load_synonyms"}
"""Data, and what reads them."""
ROOMS = ("erasing", "mixing", "policies", "search", "training", "words")
OF_CHANCE = {"random_crop", "search_policy"}
"""Held to their twins by tests of their own."""


def missing(names: Any, rows: Any, equal: Any) -> tuple[set[str], set[str]]:
    """Names without a row, and those without parity; draws and what applies them are parts."""
    parts = {name for name in names if name.startswith(("draw_", "apply_"))} | HELPERS
    lacking = {name for name in names if name not in parts and name not in rows}
    unlike = {n for n in names if not n.startswith("draw_") and n not in HELPERS | OF_CHANCE}
    return lacking, unlike - set(equal)


def test_nothing_is_left_out() -> None:
    rows = [row for area in read("algorithms") for row in area["rows"]]
    listed = {
        row["scratch"].rpartition(".")[2] for row in rows if ".augmentation." in row["scratch"]
    }
    equal = [*augmented.CALLS, *mixtures.CALLS, *mixtures.LAYERS]
    _, unlike = missing(augmentation.__all__, listed, equal)
    assert unlike == set()
    made = {name: getattr(augmentation, name) for name in augmentation.__all__}
    mine = [name for name, one in made.items() if getattr(one, "__module__", "").endswith(ROOMS)]
    assert len(mine) > 20
    lacking, _ = missing(mine, listed, equal)
    assert lacking == set()
    assert missing(["mixup", "new"], {"mixup"}, ["new"]) == ({"new"}, {"mixup"})
