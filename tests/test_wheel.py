"""The wheel: all it needs is inside, and what it carries away works where no clone is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from cells import RIGHT, changed

from tools import wheel_data
from tools.notebooks import execute
from tools.stored import write

ROOT = Path(__file__).resolve().parents[1]
LESSON = ROOT / "lessons" / "1-landscape" / "valleys.ipynb"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("dlcourse-*.whl")
    return found


@pytest.fixture(scope="module")
def away(wheel, tmp_path_factory):
    """The wheel unpacked, as pip does it; what it needs from others is taken from here."""
    folder = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def environment(installed):
    """Python's, with that package before the one of this clone."""
    return {**os.environ, "PYTHONPATH": str(installed), "DLCOURSE_HOME": str(installed / "home")}


def dlcourse(installed, folder, *words):
    command = [sys.executable, "-m", "dlcourse", *words]
    env = environment(installed)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def missing(installed):
    """What a wheel should carry and does not."""
    wanted = wheel_data.carried(ROOT).values()
    return [name for name in wanted if not (installed / name).is_file()]


def test_the_wheel_carries_what_the_notebooks_and_the_checks_read(away):
    assert missing(away) == []
    assert len(list((away / "dlcourse" / "book" / "exercises").glob("*/*.ipynb"))) >= 16
    outside = {path.relative_to(away).parts[0] for path in away.rglob("*.*") if path.is_file()}
    assert {name.split("-")[0] for name in outside} == {"dlcourse"}


def test_nothing_to_carry_is_an_error_of_the_build(tmp_path):
    with pytest.raises(SystemExit, match=r"must have book/claims/\*\.yml"):
        wheel_data.carried(tmp_path)


def test_answers_are_checked_without_a_clone(away, tmp_path):
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(changed("lr * v[name]", "2 * lr * v[name]"))
    right = dlcourse(away, tmp_path, "check", "momentum", "right.py")
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.startswith("momentum: correct. ")
    assert right.stdout.endswith("ours: python -m dlcourse solution momentum.\n")
    wrong = dlcourse(away, tmp_path, "check", "momentum", "wrong.py")
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert wrong.stdout.startswith("momentum: not yet. Expected ")


def test_exercises_are_listed_hinted_and_handed_out_without_a_clone(away, tmp_path):
    listed = dlcourse(away, tmp_path, "list").stdout
    assert "adam " in listed
    assert dlcourse(away, tmp_path, "hint", "adam").stdout.startswith("Hint 1 of 3. ")
    second = dlcourse(away, tmp_path, "hint", "adam").stdout
    assert second.startswith("Hint 2 of 3. ") and "Next: python -m dlcourse hint adam." in second
    assert "def run(params, grads" in dlcourse(away, tmp_path, "solution", "adam").stdout
    first = dlcourse(away, tmp_path, "notebooks", "mine")
    assert first.returncode == 0, first.stderr
    copied = sorted((tmp_path / "mine").glob("*/*.ipynb"))
    assert f"{len(copied)} notebooks written, 0 were there" in first.stdout
    copied[0].write_text("my answers")
    again = dlcourse(away, tmp_path, "notebooks", "mine").stdout
    assert f"0 notebooks written, {len(copied)} were there" in again
    assert copied[0].read_text() == "my answers"


def beginning(installed, folder, monkeypatch):
    """The first claim of a downloaded lesson: run in its folder, and as the book stores it."""
    stored = nbformat.read(LESSON, as_version=4)
    last = next(i for i, cell in enumerate(stored.cells) if "claim(" in cell.source)
    stored.cells = stored.cells[: last + 1]
    where = nbformat.v4.new_code_cell("import dlcourse\nprint(dlcourse.__file__)", id="where-from")
    write(nbformat.from_dict({**stored, "cells": [where, *stored.cells]}), folder / "lesson.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    ran = execute(folder / "lesson.ipynb")
    assert ran.cells[0].outputs[0].text.startswith(str(installed))
    return [cells[-1].outputs[-1].data["text/plain"] for cells in (ran.cells, stored.cells)]


def test_a_downloaded_lesson_runs_and_finds_its_claims(away, tmp_path, monkeypatch):
    ran, stored = beginning(away, tmp_path, monkeypatch)
    assert ran == stored


def test_a_wheel_without_its_data_is_found_out(away, tmp_path, monkeypatch):
    """Planted: nothing but code. The lists notice, and no claim comes to a verdict."""
    installed = tmp_path / "site-packages"
    shutil.copytree(away, installed)
    shutil.rmtree(installed / "dlcourse" / "book")
    assert "dlcourse/book/references.bib" in missing(installed)
    refused = dlcourse(installed, tmp_path, "notebooks", "mine")
    assert refused.returncode == 2
    assert "Install a wheel built by `make dist`" in refused.stderr
    ran, _ = beginning(installed, tmp_path, monkeypatch)
    assert "land.ravine: not checked here\n" in ran
