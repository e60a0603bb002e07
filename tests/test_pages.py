"""The generated pages: complete, and a name that is no longer so stops the build."""

import ledgers
import nbformat
import pytest

from dlcourse.scratch.optimizers import Optimizer
from tools import markup, pages
from tools.registries import ROOT, read

book, notebook = ledgers.book, ledgers.notebook

ROW = {
    "name": "SGD",
    "formula": "\\theta \\leftarrow \\theta - \\eta g",
    "scratch": "dlcourse.scratch.optimizers.SGD",
    "twin": "dlcourse.reference.optimizers.SGD",
}


def registry(**changes):
    return [{"area": "Optimizers", "rows": [{**ROW, **changes}]}]


def test_a_row_of_the_index_links_to_both_rooms():
    text = pages.algorithms(registry(paper="polyak1964"))
    assert "[`SGD`](#code-scratch-optimizers-sgd)" in text
    assert "[`SGD`](#code-reference-optimizers-sgd)" in text
    assert "{cite:t}`polyak1964`" in text
    for name in ("scratch", "reference"):
        assert f"(code-{name}-optimizers-sgd)=" in pages.code(registry())


def test_every_public_algorithm_is_in_the_index():
    from dlcourse.scratch import layers, losses, optimizers

    listed = {
        row[key]
        for area in read("algorithms")
        for row in area["rows"]
        for key in ("scratch", "backward")
        if key in row
    }
    missing = missing_from(listed, optimizers, layers, losses)
    assert missing == []


def missing_from(listed, *modules):
    """Optimizers, and pure pairs, of the modules that no row names."""
    found = []
    for module in modules:
        for name in getattr(module, "__all__", None) or dir(module):
            thing = getattr(module, name)
            is_optimizer = isinstance(thing, type) and issubclass(thing, Optimizer)
            is_pair = name.endswith("_backward") and not name.startswith("flatten")
            full = f"{module.__name__}.{name}"
            if (is_optimizer or is_pair) and full not in listed and thing is not Optimizer:
                found.append(full)
    return found


RUNNING = ["minimize", "Journal", "Search", "Float", "Int", "Categorical"]
"""What whoever runs a search writes; the searches themselves have rows of their own."""


def unprinted(index):
    """Names of these whose code the page does not print."""
    text = pages.code(index)
    return [name for name in RUNNING if f"(code-scratch-hpo-{name.lower()})=" not in text]


def test_what_runs_a_search_is_printed():
    index = read("algorithms")
    assert unprinted(index) == []
    assert unprinted([area for area in index if area["area"] != "Running a search"]) == RUNNING


def test_an_algorithm_without_a_row_is_found():
    from dlcourse.scratch import optimizers

    forgotten = "dlcourse.scratch.optimizers.AdamW"
    listed = {f"dlcourse.scratch.optimizers.{name}" for name in optimizers.__all__} - {forgotten}
    assert missing_from(listed, optimizers) == [forgotten]


GROUND = {"Layers", "Losses"}  # what the algorithms stand on has no lesson of its own
FIELDS = ("formula", "scratch", "twin", "lesson", "exercise", "paper")


def needed(row):
    """The fields of a row; what PyTorch has nothing of the kind for has a test instead of a twin,
    and nothing to write oneself; a page may stand for the lesson.
    """
    instead = {"twin", "exercise"} if row.get("beside") and row.get("test") else set()
    instead |= {"lesson"} if row.get("page") else set()
    return [key for key in FIELDS if key not in instead]


def gaps(registry, papers):
    """What the rows of the finished areas lack: a field, or a paper in the bibliography."""
    rows = [row for area in registry if area["area"] not in GROUND for row in area["rows"]]
    lacking = [f"{row['name']}: {key}" for row in rows for key in needed(row) if not row.get(key)]
    unknown = [row for row in rows if row.get("paper") and f"{{{row['paper']}," not in papers]
    return lacking + [f"{row['name']}: {row['paper']} is not in references.bib" for row in unknown]


def test_every_row_of_a_finished_area_is_complete():
    registry = read("algorithms")
    assert {area["area"] for area in registry} > GROUND
    assert gaps(registry, (ROOT / "book" / "references.bib").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("key", FIELDS)
def test_a_gap_in_a_finished_area_is_found(key):
    full = {"lesson": "lessons/2-optimizers/x", "exercise": "sgd", "paper": "polyak1964"}
    papers = "@article{polyak1964,"
    assert gaps(registry(**full), papers) == []
    assert gaps(registry(**{**full, key: ""}), papers) == [f"SGD: {key}"]
    without = registry(**full)
    del without[0]["rows"][0][key]
    assert gaps(without, papers) == [f"SGD: {key}"]
    assert gaps(registry(**{**full, "paper": "polyak"}), papers) == [
        "SGD: polyak is not in references.bib"
    ]


INSTEAD = {"beside": "SciPy's:", "test": "tests/test_pages.py::test_without_a_twin_a_test"}


def test_without_a_twin_a_test(book):
    alone = {key: text for key, text in ROW.items() if key != "twin"}
    full = {**alone, **INSTEAD, "page": "book/map", "paper": "polyak1964"}
    papers = "@article{polyak1964,"
    assert gaps([{"area": "?", "rows": [full]}], papers) == []
    for key, lacking in {"beside": 2, "test": 2, "page": 1, "paper": 1}.items():
        rest = {name: text for name, text in full.items() if name != key}
        assert len(gaps([{"area": "?", "rows": [rest]}], papers)) == lacking
    text = pages.algorithms([{"area": "?", "rows": [full]}])
    assert "SciPy's: [`test_without_a_twin_a_test`]{.test-id}" in text
    assert "](/book/map.md)" in text and "### The PyTorch twin" not in pages.code(
        [{"area": "?", "rows": [full]}]
    )
    for gone, said in (
        ({"test": "tests/test_pages.py::test_w"}, "no such test"),
        ({"page": "map"}, "not there"),
    ):
        with pytest.raises(markup.DeadNameError, match=said):
            pages.algorithms([{"area": "?", "rows": [{**full, **gone}]}])


def test_what_is_to_be_known_of_a_twin_stands_beside_it():
    text = pages.algorithms(registry(beside="a witness, no tool"))
    assert "[`SGD`](#code-reference-optimizers-sgd), a witness, no tool" in text


@pytest.mark.parametrize("key", ["scratch", "twin"])
@pytest.mark.parametrize("name", ["dlcourse.scratch.optimizers.Sgd", "dlcourse.nowhere.SGD"])
def test_a_dead_name_stops_the_build(key, name):
    with pytest.raises(markup.DeadNameError, match="which is not there"):
        pages.code(registry(**{key: name}))


def test_a_dead_lesson_or_exercise_stops_the_build(book):
    root = book()
    with pytest.raises(markup.DeadNameError, match="the lesson lessons/gone"):
        pages.algorithms(registry(lesson="lessons/gone"), root)
    cells = [nbformat.v4.new_code_cell('check("sgd", step)')]
    notebook(root / "exercises" / "2-optimizers" / "first.ipynb", cells)
    text = pages.algorithms(registry(exercise="sgd", lesson="lessons/2-optimizers/x"), root)
    assert "[sgd](/exercises/2-optimizers/first.ipynb)" in text
    assert "[The lesson](/lessons/2-optimizers/x.ipynb)" in text
    with pytest.raises(markup.DeadNameError, match="the exercise sg:"):
        pages.algorithms(registry(exercise="sg"), root)


def test_the_counts_of_the_exercises_are_summed_and_survivors_explained(book):
    root = book()
    cells = [nbformat.v4.new_code_cell(f'check("{id}", run)') for id in ("sgd", "nag", "clip")]
    notebook(root / "exercises" / "2-optimizers" / "first.ipynb", cells)
    row = {"rejected": [8, 8], "hinted": [7, 8], "accepted": [3, 3], "noticed": [26, 27]}
    counts = {"sgd": row, "nag": row, "clip": {**row, "noticed": [0, 0]}}
    stored = {"counts": counts, "equivalent": {"sgd": {"a becomes b": "they are the same"}}}
    text = pages.exercises(stored, root)
    assert "**all**\n  - 24 of 24\n  - 21 of 24\n  - 9 of 9\n  - 52 of 54\n" in text
    assert "[clip](/exercises/2-optimizers/first.ipynb)" in text and "0 of 0" not in text
    assert "* `sgd`, a becomes b: they are the same." in text
    with pytest.raises(markup.DeadNameError, match="the exercise adam"):
        pages.exercises({**stored, "counts": {"adam": row}}, root)
