"""Masters and student notebooks: one is made from the other, and both run from top to bottom."""

import ast
import inspect
import re
import textwrap

import cells
import nbformat
import pytest

from dlcourse.grading.bank import exercises
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED
from tools import exercises as generator
from tools import first_cell, lesson_checks
from tools.lesson_differences import differences
from tools.notebooks import execute
from tools.stored import code_cells

home = cells.home


def read(folder):
    paths = sorted((generator.ROOT / folder).glob("*/*.ipynb"))
    return {path.name: nbformat.read(path, as_version=4) for path in paths}


def functions(source):
    """The definitions of a cell, without comments and decorators, as text."""
    tree = ast.parse(textwrap.dedent(source))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in found:
        node.decorator_list = []
    return [ast.unparse(node) for node in found]


def test_the_master_holds_the_solutions_of_the_bank():
    asked = {}
    for notebook in read("solutions").values():
        tagged = ((generator.exercise_of(cell), cell.source) for cell in notebook.cells)
        asked |= {id: source for id, source in tagged if id}
    assert set(asked) == set(exercises()), "every exercise is asked somewhere"
    for id, source in asked.items():
        assert functions(source) == functions(inspect.getsource(exercises()[id].reference))


def test_committed_exercises_are_what_their_masters_give():
    assert generator.problems() == []
    assert generator.main(["check"]) == 0


def test_the_generator_is_deterministic_and_its_check_bites(tmp_path, capsys):
    master = generator.ROOT / "solutions/2-optimizers/momentum-and-adam.ipynb"
    (tmp_path / "solutions/2-optimizers").mkdir(parents=True)
    (tmp_path / "solutions/2-optimizers/a.ipynb").write_bytes(master.read_bytes())
    assert generator.main(["check"], tmp_path) == 1
    assert generator.main([], tmp_path) == generator.main(["check"], tmp_path) == 0
    student = tmp_path / "exercises/2-optimizers/a.ipynb"
    first = student.read_bytes()
    student.unlink()
    generator.main(["build"], tmp_path)
    assert student.read_bytes() == first
    student.write_bytes(first.replace(b"Momentum", b"momentum", 1))
    (tmp_path / "exercises/2-optimizers/b.ipynb").write_bytes(first)
    capsys.readouterr()
    assert generator.main(["check"], tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "exercises/2-optimizers/a.ipynb is not what its master gives",
        "exercises/2-optimizers/b.ipynb has no master",
        "Run `make exercises` and commit what it writes.",
    ]


def test_a_student_notebook_gives_nothing_away():
    for name, student in read("exercises").items():
        master = read("solutions")[name]
        solved = [c.source for c in master.cells if generator.exercise_of(c)]
        hidden = {line.strip() for source in solved for line in source.splitlines()[2:-1]}
        asked = (cell for cell in code_cells(student) if cell.id != first_cell.ID)
        text = "\n".join(cell.source for cell in asked)
        assert hidden
        assert not [line for line in hidden if line and line in text]
        assert not generator.MARKER.search(text)
        assert not lesson_checks.bad_tables(student)
        for cell in student.cells:
            assert not cell.get("outputs") or cell.id == "judge-curve"
            assert cell.get("execution_count") is None
        folded = [c for c in student.cells if "Our " in c.source and "ours" not in c.source]
        assert folded
        assert all(re.search(r"<details>\n<summary><b>Our", cell.source) for cell in folded)


STUBS = [
    ("def f():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION", "def f():\n    ..."),
    ("# BEGIN SOLUTION NO PROMPT\nx = 1\n# END SOLUTION\ny = 2", "y = 2"),
    ("x = 1  # SOLUTION\ny = x == 2  # SOLUTION", "x = ...\ny = ..."),
    ("    return x + 1 # SOLUTION", "    ..."),
    ("a = 0\nb = 1  # SOLUTION NO PROMPT", "a = 0"),
    ('x = 1  # SOLUTION NO PROMPT\n""" # BEGIN PROMPT\nx = ...  # you\n"""; # END PROMPT',
     "x = ...  # you"),
    ("assert x == 5", "assert x == 5"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "stub"), STUBS)
def test_solution_markers(source, stub):
    assert generator.stub(source) == stub


def changed_master(change):
    master = read("solutions")["momentum-and-adam.ipynb"]
    by_id = {cell.id: cell for cell in master.cells}
    change(by_id, master)
    return master


def test_a_result_that_is_kept_loses_its_number():
    result = nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    master = changed_master(lambda cells, _: cells["judge-curve"].update(outputs=[result]))
    cells = generator.student(master, "a").cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert [output.execution_count for output in outputs] == [None]


BAD = [
    (lambda c, m: c["answer-nag"].update(source="def run(w0):\n    # BEGIN SOLUTION\n    pass"),
     "cell answer-nag: the solution that begins here must end"),
    (lambda c, m: c["answer-nag"].update(source="# END SOLUTION"), "must follow a BEGIN SOLUTION"),
    (lambda c, m: c["answer-nag"].update(source="def run(): ..."), "must stand between markers"),
    (lambda c, m: c["answer-nag"].update(source="def walk(): ...\nx = 1  # SOLUTION"),
     "the stub must still define run"),
    (lambda c, m: c["answer-nag"].update(source="def run():\n    x = 1  # SOLUTION\n    return 2"),
     "the stub must not answer"),
    (lambda c, m: c["answer-nag"].update(source="def run(:\n    x = 1  # SOLUTION"),
     "the stub must run; SyntaxError"),
    (lambda c, m: c["answer-nag"].metadata.update(tags=["exercise:nga"]), "got 'nga'"),
    (lambda c, m: c["answer-nag"].metadata.update(tags=["exercise:adam"]), "must be asked once"),
    (lambda c, m: c["check-nag"].update(source='check("nag", walk)'), 'with check("nag", run)'),
    (lambda c, m: c["imports"].update(source="x = 1  # SOLUTION"), "only a cell tagged exercise:"),
    (lambda c, m: c["judge-curve"].update(outputs=[]), "so run the master first"),
    (lambda c, m: c["title"].update(source="# Only a title"), "a title and a paragraph"),
    (lambda c, m: m.update(cells=[c["title"]]), "no cell is tagged exercise:<id>"),
    (lambda c, m: c["imports"].update(id="title"), "id must be unique"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_master_with_a_fault_is_refused(change, message):
    with pytest.raises(SystemExit, match=re.escape(message)):
        generator.student(changed_master(change), "solutions/2-optimizers/a.ipynb")


def verdicts(notebook):
    """What the check cells of an executed notebook say, by exercise."""
    said = {}
    for cell in notebook.cells:
        if found := re.match(r'check\("(\w+)"', cell.source if cell.cell_type == "code" else ""):
            said[found[1]] = cell.outputs[0].data["text/plain"].splitlines()[0]
    return said


RUNS = [("solutions", CORRECT), ("exercises", NOT_ATTEMPTED)]


def out_of_date(stored, ran):
    """Where the outputs that are stored (a student notebook keeps few) differ from a fresh run."""
    for cell, old in zip(ran.cells, stored.cells, strict=True):
        if not old.get("outputs"):
            cell.outputs = old.get("outputs", [])
            cell.metadata = old.metadata
    return differences(stored, ran)


def test_an_altered_output_of_a_master_is_seen():
    stored = read("solutions")["momentum-and-adam.ipynb"]
    cell = next(cell for cell in stored.cells if cell.id == "judge-curve")
    fresh = nbformat.from_dict(stored)
    assert out_of_date(stored, fresh) == []
    picture = cell.outputs[0].data["image/svg+xml"]
    altered = nbformat.from_dict(stored)
    altered.cells[stored.cells.index(cell)].outputs[0].data["image/svg+xml"] = picture.replace(
        'font-size: 10px; text-anchor: middle" x="', 'font-size: 10px; text-anchor: middle" x="9', 1
    )
    assert out_of_date(stored, altered) != []


@pytest.mark.parametrize(("folder", "status"), RUNS)
def test_notebooks_run_from_top_to_bottom(folder, status, home):
    """Every solution correct, every stub not attempted, and stored outputs are what comes out."""
    for path in sorted((generator.ROOT / folder).glob("*/*.ipynb")):
        ran, stored = execute(path), nbformat.read(path, as_version=4)
        said = verdicts(ran)
        assert said
        assert all(text.startswith(f"{id}: {status}. ") for id, text in said.items()), said
        assert out_of_date(stored, ran) == [], path.name
