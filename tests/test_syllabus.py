"""All that the five sources hold is in the book: statements, methods, questions, each by its id."""

import pytest

from tools.markup import load
from tools.registries import ROOT, files, read

SIZES = {"claims": 426, "wrong": 34, "algorithms": 80, "questions": 18}


def syllabus():
    """The registry, claims as one list: of two chapters, `read` would keep the later one's."""
    from yaml import safe_load

    parts = [safe_load(path.read_text(encoding="utf-8")) for path in files("syllabus")]
    whole = {key: {} for key in SIZES if key != "claims"}
    for part in parts:
        for key, rows in whole.items():
            assert not set(rows) & set(part.get(key, {}))
            rows.update(part.get(key, {}))
    return {"claims": [id for part in parts for id in part["claims"]], **whole}


def gaps(wanted, claims, errata, index, cells):
    """What of the syllabus is not in the book, each in words."""
    found = [f"{id} has no row in book/claims" for id in wanted["claims"] if id not in claims]
    found += [f"{id} is wrong, and {row} has no erratum" for id, row in wanted["wrong"].items()
              if row not in errata]  # fmt: skip
    for id, row in wanted["algorithms"].items():
        if isinstance(row, dict):
            reason = row["lesson"] in cells and row["why"]
            found += [] if reason else [f"{id} is in no lesson"]
        elif row not in index:
            found.append(f"{id}: the index has no row {row!r}")
    for id, (place, words) in wanted["questions"].items():
        lesson, _, cell = place.partition("#")
        if words not in cells.get(lesson, {}).get(cell, ""):
            found.append(f"{id}: no {words!r} in {place}")
    return found


@pytest.fixture(scope="module")
def book():
    """Claims, errata, names of the index, and the cells of each lesson by their ids."""
    cells = {}
    for path in sorted((ROOT / "lessons").glob("*/*.ipynb")):
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        cells[name] = {cell.id: cell.source for cell in load(path).cells}
    return (
        {entry["id"] for entry in read("claims")},
        {row["claim"] for group in read("errata") for row in group["rows"]},
        {row["name"] for area in read("algorithms") for row in area["rows"]},
        cells,
    )


def test_nothing_of_the_sources_is_missing(book):
    wanted = syllabus()
    assert {key: len(rows) for key, rows in wanted.items()} == SIZES
    assert len(set(wanted["claims"])) == SIZES["claims"]
    assert set(wanted["wrong"]) <= set(wanted["claims"])
    assert gaps(wanted, *book) == []


@pytest.mark.parametrize(
    ("key", "spoilt", "said"),
    [
        ("claims", ["opt.forgotten"], "opt.forgotten has no row in book/claims"),
        ("wrong", {"opt.x": "opt.forgotten"}, "opt.x is wrong, and opt.forgotten has no erratum"),
        ("algorithms", {"alg.x": "Sgd"}, "alg.x: the index has no row 'Sgd'"),
        ("algorithms", {"alg.x": {"lesson": "lessons/x", "why": "So."}}, "alg.x is in no lesson"),
        ("questions", {"q.x": ["lessons/x#y", "Why"]}, "q.x: no 'Why' in lessons/x#y"),
    ],
)
def test_a_gap_is_found(book, key, spoilt, said):
    empty = {"claims": [], "wrong": {}, "algorithms": {}, "questions": {}}
    assert gaps({**empty, key: spoilt}, *book) == [said]
