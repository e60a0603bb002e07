"""A small lesson that uses every lesson tool, for the tests that plant errors into it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from nbformat import v4, write

CLAIMS = """
- {id: one.two, statement: One and one are two., sources: [000 §1], kind: identity,
   expected: holds, decided_by: The sum., lesson: lessons/1-sample/sample, note: ''}
- {id: one.smaller, statement: One is smaller than two., sources: [000 §1], kind: experiment,
   expected: supported, decided_by: "Twelve pairs, 12 independent; margin 10%.",
   lesson: lessons/1-sample/sample, note: ''}
- {id: one.one, statement: One is one., sources: [000 §1], kind: identity,
   expected: holds, decided_by: Both sides., lesson: lessons/1-sample/sample, note: ''}
- {id: one.nice, statement: One is nice., sources: [000 §1], kind: untestable,
   expected: not testable, decided_by: A taste., lesson: lessons/1-sample/sample, note: ''}
- {id: one.less, statement: One is less than two., sources: [000 §2], kind: same,
   same_as: one.smaller, lesson: lessons/1-sample/sample, note: ''}
- {id: one.polyak, statement: Polyak was first., sources: [000 §1], kind: cited,
   expected: cited, decided_by: "Read in the text: page 1.",
   lesson: lessons/1-sample/sample, note: ''}
"""
BIBLIOGRAPHY = "@article{polyak1964,\n  author = {Polyak}\n}\n"
CELLS = {
    "title": "# A sample\n\nThe valley takes 346 steps, 98.5 % of them idle (Polyak, 1964).",
    "imports": """
        import numpy as np
        from dlcourse import plots
        from dlcourse.lesson import also_checked, claim, show
        from dlcourse.plots import explore
        from dlcourse.plots.labels import contrast""",
    "numbers": 'print("steps", 346)\nprint(f"idle {0.98512:.4f}, noise ≈{1 / 3:.3f}")',
    "code": "show(contrast)",
    "picture-line": """
        fig, ax = plots.new_figure(4, 2)
        plots.plot_seeds(np.arange(9.0) ** 2, ax=ax, method="momentum")
        ax.set_title("The line rises to the right")
        plots.picture(fig, alt="A line that rises to the right, ever faster.")""",
    "picture-sliders": """
        def draw(height):
            fig, ax = plots.new_figure(4, 2)
            ax.plot([0, 1], [0, height])
            ax.set_title("A slope under a slider")
            return fig


        explore(draw, height=[1, 2, 3])""",
    "claim-exact": 'claim("one.two", check=abs(1 + 1 - 2.0))',
    "claim-run": """
        draws = np.random.default_rng(0).normal(size=(2, 12))
        claim(
            "one.smaller", a=1 + draws[0] / 9, b=2 + draws[1] / 9,
            better="smaller", margin=0.1,
        )""",
    "claim-cite": 'claim("one.polyak", cite="polyak1964")',
    "claim-table": """
        with also_checked():
            claim("one.one", check=True)
            claim("one.nice")""",
}


def build(root: Path) -> Path:
    """Write the sample, unexecuted, with its registry, below ``root``; its path."""
    (root / "book" / "claims").mkdir(parents=True)
    (root / "book" / "claims" / "sample.yml").write_text(CLAIMS, encoding="utf-8")
    (root / "book" / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    path = root / "lessons" / "1-sample" / "sample.ipynb"
    path.parent.mkdir(parents=True)
    notebook: Any = v4.new_notebook()
    for name, source in CELLS.items():
        make = v4.new_markdown_cell if name == "title" else v4.new_code_cell
        notebook.cells.append(make(textwrap.dedent(source).strip(), id=name))
    cell_of(notebook, "picture-sliders").metadata["tags"] = ["picture"]
    write(notebook, path)
    return path


def cell_of(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == name)


def add(
    notebook: Any, source: str, name: str = "planted", tags: Any = (), count: Any = None
) -> None:
    """Put one more cell at the end."""
    cell = v4.new_code_cell(source, id=name, metadata={"tags": list(tags)})
    cell.execution_count = count
    notebook.cells.append(cell)


def plant_stale_alt(notebook: Any) -> None:
    """The words of a picture in the metadata are those of an older one."""
    image = cell_of(notebook, "picture-line").metadata["mystnb"]["image"]
    image["alt"] = "Another line, that falls."
