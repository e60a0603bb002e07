"""The page of conventions: every row has its test, every test of a convention its row."""

import re
from pathlib import Path

import pytest

from tools import pages
from tools.markup import DeadNameError
from tools.registries import read

ROOT = Path(__file__).resolve().parents[1]


def registered():
    return [row["test"] for area in read("conventions") for row in area["rows"]]


@pytest.mark.parametrize("test", registered())
def test_every_row_has_its_test(test):
    assert pages.has_test(test)


def test_every_test_of_a_convention_has_its_row():
    tests = [
        f"tests/{file.name}::{name}"
        for file in sorted(Path(__file__).parent.glob("test_conventions_*.py"))
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.M)
    ]
    assert len(tests) > 20
    rows = registered()
    assert len(set(rows)) == len(rows)
    assert sorted(set(tests) - set(rows)) == []


def test_a_row_without_a_test_stops_the_build():
    row = {"item": "?", "ours": "?", "elsewhere": "?", "matters": "?"}
    dead = {**row, "test": "tests/test_conventions.py::test_that_nobody_wrote"}
    with pytest.raises(DeadNameError, match="no such test"):
        pages.conventions([{"area": "?", "rows": [dead]}])
    commented_out = "tests/test_conventions.py::test_every_row"  # only the start of a name
    assert not pages.has_test(commented_out)
