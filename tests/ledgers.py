"""A folder with one lesson, and entries and records of claims, for the tests of the pages."""

import nbformat
import pytest

from tools import markup


def notebook(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def record(**changes):
    return {
        "claim": "opt.x",
        "verdict": "supported",
        "expected": "supported",
        "kind": "experiment",
        "effect": -0.314,
        "interval": [-0.4, -0.2],
        "runs": 10,
        "independent": 10,
        **changes,
    }


def entry(**changes):
    return {
        "id": "opt.x",
        "statement": "It is <faster>.",
        "sources": ["004 §5"],
        "kind": "experiment",
        "expected": "supported",
        "decided_by": "Ten pairs.",
        "lesson": "lessons/2-optimizers/x",
        "note": "",
        **changes,
    }


@pytest.fixture
def book(tmp_path):
    """Writes a folder with one lesson that holds the given claim records."""

    def write(*records):
        outputs = [
            nbformat.v4.new_output(
                "display_data", {"text/plain": "claim"}, metadata={"dlcourse": r}
            )
            for r in records
        ]
        title = nbformat.v4.new_markdown_cell("# The lesson")
        code = nbformat.v4.new_code_cell("claim(…)", outputs=outputs)
        notebook(tmp_path / "lessons" / "2-optimizers" / "x.ipynb", [title, code])
        markup.load.cache_clear()
        return tmp_path

    yield write
    markup.load.cache_clear()
