"""Every notebook says how to get the package: one cell, the same everywhere, on no page."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import exercises, first_cell, lesson_checks
from tools.stored import code_cells

ROOT = Path(__file__).resolve().parents[1]
LESSON = "lessons/2-optimizers/momentum.ipynb"
MASTER = "solutions/2-optimizers/momentum-and-adam.ipynb"


@pytest.fixture
def root(tmp_path):
    """A copy of what the tool reads: one lesson, one master."""
    for name in ("pyproject.toml", "book/publish.yml", LESSON, MASTER):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def published(root, text):
    (root / "book" / "publish.yml").write_text(text)


def test_it_comes_first_once_and_says_the_same_in_lesson_and_exercise(root, capsys):
    assert first_cell.main(["check"], root) == (LESSON in first_cell.problems(root))
    assert first_cell.main(["write"], root) == exercises.main(["build"], root) == 0
    assert first_cell.main(["check"], root) == 0
    before = (root / LESSON).read_bytes()
    capsys.readouterr()
    assert first_cell.main(["write"], root) == 0
    assert capsys.readouterr().out.count("unchanged") == 2
    assert (root / LESSON).read_bytes() == before
    for name in (LESSON, MASTER, MASTER.replace("solutions", "exercises")):
        notebook = nbformat.read(root / name, as_version=4)
        cells = [cell for cell in notebook.cells if cell.id == first_cell.ID]
        assert [cell.metadata.tags for cell in cells] == [["remove-cell"]]
        assert next(code_cells(notebook)).source == first_cell.source(root)
        assert notebook.cells[0].cell_type == "markdown"


def test_a_notebook_without_it_or_with_another_is_found(root, capsys):
    first_cell.main(["write"], root)
    exercises.main(["build"], root)
    notebook = nbformat.read(root / LESSON, as_version=4)
    next(code_cells(notebook)).source = "import dlcourse"
    nbformat.write(notebook, root / LESSON)
    capsys.readouterr()
    assert first_cell.main(["check"], root) == 1
    assert capsys.readouterr().err.splitlines()[0] == LESSON


def test_a_lesson_with_it_keeps_the_rules(root):
    first_cell.main(["write"], root)
    notebook = nbformat.read(root / LESSON, as_version=4)
    for rule in (
        lesson_checks.unexecuted,
        lesson_checks.bad_ids,
        lesson_checks.bad_code,
        lesson_checks.long_cells,
        lesson_checks.bad_length,
    ):
        assert rule(notebook) == []
    next(code_cells(notebook)).metadata.tags = []
    assert lesson_checks.bad_code(notebook)  # planted: seen on the page, its imports stand apart


def run(text, *path):
    """The cell where only these folders hold packages."""
    words = [sys.executable, "-S", "-c", f"import sys\nsys.path += {list(map(str, path))}\n{text}"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_it_says_how_and_only_where_something_is_missing(root, tmp_path):
    text = first_cell.source(root)
    missing = run(text)
    assert missing.returncode == 1
    assert "%pip install './dlcourse-0.1.0-py3-none-any.whl[lessons]'\n" in missing.stderr
    assert "Traceback" not in missing.stderr
    for name in first_cell.NEEDED:
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").touch()
    assert run(text, tmp_path / "packages").returncode == 0


def test_the_address_comes_from_one_place(root):
    published(root, 'repository: ""\nbranch: main\n')
    assert ".whl[lessons]" in first_cell.source(root)
    published(root, "repository: https://github.com/with-a-long-name/dlcourse\nbranch: main\n")
    text = first_cell.source(root)
    assert "%pip install 'dlcourse[lessons] @ \"" in text
    assert "git+https://github.com/with-a-long-name/dlcourse@main'" in text
    assert max(map(len, text.splitlines())) <= lesson_checks.CODE_WIDTH
    assert "dlcourse[lessons] @ git+https://github.com/with-a" in run(text).stderr


def test_all_notebooks_have_it():
    assert first_cell.problems() == []
