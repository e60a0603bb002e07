"""What chapter 7 offers has a row in the index; every function of images has parity."""

from __future__ import annotations

import re
from typing import Any

from dlcourse.lesson import augmented, mixtures
from dlcourse.scratch import augmentation, regularization
from tools.registries import read

HELPERS = {"Operation", "OPERATIONS", "digits_policy", "load_synonyms"}
"""Data, and what reads them."""
STEPS = {"pad", "resize", "block_rate", "nll", "softmax"}
"""Steps of a row: of crops, of DropBlock, of temperatures."""
OF_CHANCE = {"random_crop", "search_policy"}
"""Held to their twins by tests of their own."""


def rows_of(room: str) -> set[str]:
    """The names of that room which the index has."""
    rows = [row for area in read("algorithms") for row in area["rows"]]
    places = [row["scratch"].rpartition(".") for row in rows]
    return {name for place, _, name in places if f".{room}" in place}


def without_row(names: Any, rows: set[str]) -> set[str]:
    """Draws and what applies them, backward passes, layers and operations are parts of others."""

    def is_part(name: str) -> bool:
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        whole = {snake, name.removesuffix("_backward")} & rows
        drawn = name.startswith(("draw_", "apply_")) or name in augmentation.OPERATIONS
        return bool(whole) or drawn or name in HELPERS | STEPS

    return {name for name in names if name not in rows and not is_part(name)}


def test_no_row_is_missing() -> None:
    for room in (augmentation, regularization):
        rows = rows_of(room.__name__.rpartition(".")[2])
        assert len(rows) > 20
        assert without_row(room.__all__, rows) == set()
        assert without_row([*room.__all__, "new", "new_backward", "NewLayer"], rows) == {
            "new", "new_backward", "NewLayer",
        }  # fmt: skip
    assert without_row(regularization.__all__, rows - {"drop_block"}) == {
        "drop_block", "drop_block_backward", "DropBlock",
    }  # fmt: skip


def without_parity(names: Any, equal: Any) -> set[str]:
    """Names that ``parity`` does not hold to their twins."""
    known = {*equal} | HELPERS | OF_CHANCE
    return {name for name in names if not name.startswith("draw_") and name not in known}


def test_no_parity_is_missing() -> None:
    equal = [*augmented.CALLS, *mixtures.CALLS, *mixtures.LAYERS]
    assert without_parity(augmentation.__all__, equal) == set()
    assert without_parity([*augmentation.__all__, "new"], equal) == {"new"}
