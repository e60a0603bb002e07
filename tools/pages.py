"""Write book/generated: algorithms, code, conventions, exercises, claims, errata, headlines.

Every name is looked up where it lives — in the package, in the lessons, in the stored outputs —
so a page cannot say what is no longer so: a dead name or a verdict that flipped stops the build.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

from dlcourse.figures.front import front_picture
from dlcourse.grading import quality
from dlcourse.lesson.registry import load_claims
from tools import chapters, errata, headlines, ledger
from tools.address import address, install, ways
from tools.markup import DeadNameError, exercise_link, lesson_link, list_table
from tools.registries import ROOT, read

OUT = ROOT / "book" / "generated"


def resolve(name: str) -> Any:
    """The object that a dotted name of the package stands for."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        raise DeadNameError(f"book/algorithms names {name}, which is not there.") from None


def label(name: str) -> str:
    return "code-" + name.removeprefix("dlcourse.").replace(".", "-").lower()


def code_link(name: str) -> str:
    return f"[`{name.rpartition('.')[2]}`](#{label(name)})"


def twin(row: dict[str, Any], root: Path = ROOT) -> str:
    """The twin, and what there is to know of it; or what is held against code that has none."""
    said = row.get("beside", "")
    if "twin" in row:
        return code_link(row["twin"]) + (f", {said}" if said else "")
    return f"{said} {by_test(row['test'], 'algorithms', root)}"


def place(row: dict[str, Any], root: Path = ROOT) -> str:
    """The lesson that derives it, or the page that has how to call it."""
    if "page" not in row:
        return lesson_link(row["lesson"], root) if "lesson" in row else ""
    file = root / f"{row['page']}.md"
    if not file.exists():
        raise DeadNameError(f"book/algorithms names the page {row['page']}, which is not there.")
    return f"[In your own program](/{row['page']}.md)"


def by_test(test: str, registry: str, root: Path = ROOT) -> str:
    """The name of a test that is there."""
    if not has_test(test, root):
        raise DeadNameError(f"book/{registry} names {test}: no such test.")
    return f"[`{test.partition('::')[2]}`]{{.test-id}}"


def algorithms(registry: list[dict[str, Any]], root: Path = ROOT) -> str:
    head = ["Algorithm", "Formula", "From scratch", "Twin", "Lesson", "Exercise", "Paper"]
    parts = []
    for area in registry:
        rows = []
        for row in area["rows"]:
            scratch = [code_link(row[key]) for key in ("scratch", "backward") if key in row]
            rows.append(
                [
                    f"**{row['name']}**",
                    f"${row['formula']}$",
                    ", ".join(scratch),
                    twin(row, root),
                    place(row, root),
                    exercise_link(row["exercise"], root) if "exercise" in row else "",
                    f"{{cite:t}}`{row['paper']}`" if "paper" in row else "",
                ]
            )
        used = [i for i in range(len(head)) if any(row[i] for row in rows)]
        table = [[row[i] for i in used] for row in rows]
        widths = " ".join(("16", "30", "16", "12", "18", "12", "20")[i] for i in used)
        parts += [
            f"## {area['area']}\n",
            list_table([head[i] for i in used], table, "algorithms", widths),
        ]
    return "\n".join(parts)


def named(registry: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """For each area, the distinct names of either room in the order of the index."""
    found: dict[str, dict[str, list[str]]] = {}
    for area in registry:
        rooms: dict[str, list[str]] = {"scratch": [], "twin": []}
        for row in area["rows"]:
            for key, room in (("scratch", "scratch"), ("backward", "scratch"), ("twin", "twin")):
                if key in row and row[key] not in rooms[room]:
                    rooms[room].append(row[key])
        found[area["area"]] = rooms
    return found


def code(registry: list[dict[str, Any]]) -> str:
    """The source of everything in the index, as installed."""
    parts = []
    for area, rooms in named(registry).items():
        parts.append(f"## {area}\n")
        for room, names in rooms.items():
            if not names:
                continue
            parts.append("### From scratch\n" if room == "scratch" else "### The PyTorch twin\n")
            for name in names:
                source = textwrap.dedent(inspect.getsource(resolve(name))).rstrip()
                module, _, short = name.rpartition(".")
                parts += [
                    f"({label(name)})=\n",
                    f"#### `{short}` in `{module.removeprefix('dlcourse.')}`\n",
                    f"````python\n{source}\n````\n",
                ]
    return "\n".join(parts)


def has_test(test: str, root: Path = ROOT) -> bool:
    """Whether ``tests/file.py::function`` is a test that is there."""
    file, _, function = test.partition("::")
    path = root / file
    return (
        path.is_file()
        and re.search(rf"^def {re.escape(function)}\(", path.read_text(encoding="utf-8"), re.M)
        is not None
    )


def conventions(registry: list[dict[str, Any]], root: Path = ROOT) -> str:
    head = ["What", "Here", "Elsewhere", "When it matters"]
    parts = []
    for area in registry:
        rows = []
        for row in area["rows"]:
            item = f"[**{row['item']}**]{{#{row['id']}}}" if "id" in row else f"**{row['item']}**"
            item += f"\n\n{by_test(row['test'], 'conventions', root)}"
            rows.append([item, row["ours"], row["elsewhere"], row["matters"]])
        parts += [f"## {area['area']}\n", list_table(head, rows, "conventions", "18 30 26 26")]
    return "\n".join(parts)


def exercises(stored: dict[str, Any], root: Path = ROOT) -> str:
    """What the probes of each exercise catch, and the mutants that nobody could."""
    head = ["Exercise", *(name.capitalize() for name in quality.HEADER[1:])]
    counts = {id: list(row.values()) for id, row in stored["counts"].items()}
    rows = [[exercise_link(id, root), *map(_of, row)] for id, row in counts.items()]
    total = [
        [sum(n) for n in zip(*column, strict=True)] for column in zip(*counts.values(), strict=True)
    ]
    rows.append(["**all**", *map(_of, total)])
    survivors = [
        f"* `{id}`, {change}: {reason}."
        for id, reasons in stored["equivalent"].items()
        for change, reason in reasons.items()
    ]
    table = list_table(head, rows, "exercises", "28 18 18 18 18")
    return "\n".join([table, "Not noticed, because nobody could:\n", *survivors, ""])


def glossary(terms: list[dict[str, str]], root: Path = ROOT) -> str:
    """Terms in English and Chinese, in the alphabet's order."""
    rows = [
        [
            f"**{row['term']}**",
            f'<span lang="zh">{row["chinese"]}</span>',
            row["means"],
            lesson_link(row["lesson"], root),
        ]
        for row in terms
    ]
    return list_table(["Term", "Chinese", "Here", "Introduced in"], rows, "glossary", "22 16 42 20")


def _of(count: list[int]) -> str:
    return "{} of {}".format(*count) if count[1] else ""


def write(name: str, text: str) -> None:
    """Leave the file's time alone when nothing changed, so that its page is not rebuilt."""
    path = OUT / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write all pages."""
    index = read("algorithms")
    write("algorithms.md", algorithms(index))
    write("code.md", code(index))
    write("exercises.md", exercises(read("exercises")))
    write("conventions.md", conventions(read("conventions")))
    known = load_claims(ROOT / "book" / "claims")
    registry = [known[entry["id"]] for entry in read("claims")]  # in the book's order
    counts, claims = ledger.page(registry, ROOT)
    write("summary.md", counts)
    write("claims.csv", ledger.table(registry, ROOT))
    write("claims.md", counts + "\n" + claims)
    write("errata.md", errata.page(read("errata"), registry, ROOT))
    moving, alt = front_picture()
    write("front.svg", moving)
    write("front.md", f"```{{image}} /book/generated/front.svg\n:alt: {alt}\n```\n")
    terms = yaml.safe_load((ROOT / "book" / "glossary.yml").read_text(encoding="utf-8"))
    write("glossary.md", glossary(terms))
    write("ways.md", ways(address()))
    write("install.md", install(address()))
    for name, text in (chapters.pages(registry) | headlines.pages()).items():
        write(name, text)


if __name__ == "__main__":
    main()
