"""What a chapter's page shows besides its text: a picture out of a lesson, the lessons, the counts.

The picture is the lesson's own stored output, so that it cannot show what is no longer so.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools import ledger
from tools.markup import DeadNameError, load, title_of
from tools.registries import ROOT

SVG = "image/svg+xml"


class Picture(NamedTuple):
    """A stored drawing, its words, and the notebook it is from."""

    svg: str
    alt: str
    notebook: Path


def picture(place: str, root: Path = ROOT) -> Picture:
    """The drawing that the cell of ``lessons/…#cell`` has stored."""
    lesson, _, name = place.partition("#")
    notebook = root / f"{lesson}.ipynb"
    cells = load(notebook).cells if notebook.exists() else []
    for cell in cells:
        for output in cell.get("outputs", []) if cell.id == name else []:
            if SVG in output.get("data", {}):
                return Picture(output.data[SVG], output.metadata["dlcourse"]["alt"], notebook)
    raise DeadNameError(f"book/parts names the picture {place}, which is not there.")


def listed(root: Path = ROOT) -> dict[str, list[str]]:
    """The pages of each chapter as ``_toc.yml`` lists them, by the chapter's name."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = {}
    for part in toc["parts"]:
        for page in part["chapters"]:
            if "sections" in page:
                name = page["file"].removeprefix("book/parts/")
                found[name] = [section["file"] for section in page["sections"]]
    return found


def heading(words: str) -> str:
    """One that Sphinx does not count: the numbers below a chapter's are those of its lessons."""
    return f"```{{rubric}} {words}\n:heading-level: 2\n```\n"


def described(notebook: Path) -> str:
    """What a notebook says of itself, without the name it says it under."""
    words = str(load(notebook).metadata["myst"]["html_meta"]["description"])
    short = re.sub(r"^[^:]{3,60}: ", "", words)
    return short[0].upper() + short[1:]


def page(files: list[str], shown: Picture, name: str, entries: list[dict[str, Any]],
         root: Path = ROOT) -> str:  # fmt: skip
    """The generated half of a chapter's page, in Markdown."""
    lessons = [root / f"{file}.ipynb" for file in files if file.startswith("lessons/")]
    exercises = [root / f"{file}.ipynb" for file in files if file.startswith("exercises/")]
    lines = [
        f"```{{image}} /book/generated/parts/{name}.svg",
        f":alt: {shown.alt}",
        f":target: ../../{shown.notebook.relative_to(root).with_suffix('.html').as_posix()}",
        "```\n",
        f"From *{title_of(shown.notebook)}*.\n",
        heading("The lessons"),
    ]
    for number, path in enumerate(lessons, 1):
        link = f"[{title_of(path)}](/{path.relative_to(root).as_posix()})"
        lines.append(f"{number}. **{link}** {described(path)}")
    lines += ["", heading("The exercises")]
    lines += [f"- [{title_of(path)}](/{path.relative_to(root).as_posix()})" for path in exercises]
    lines += ["", heading("What is put to the test"), _counted(entries)]
    return "\n".join(lines) + "\n"


def _counted(entries: list[dict[str, Any]]) -> str:
    counts: dict[str, Counter[str]] = {}
    for entry in entries:
        if entry["kind"] != "same":
            counts.setdefault(entry["kind"], Counter())[entry["expected"]] += 1
    same = sum(entry["kind"] == "same" for entry in entries)
    return ledger.summary(counts, same, "This chapter puts to the test:")


def cards(files: dict[str, list[str]], pictures: dict[str, Picture], root: Path = ROOT) -> str:
    """The chapters side by side, each with its picture and a line, as links to their pages."""
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for name in files:
        text = (root / "book" / "parts" / f"{name}.md").read_text(encoding="utf-8")
        head = re.search(r"^# (.+)$", text, re.M)
        says = re.search(r'description: "Chapter (\d), [^:]+: (.+)"', text)
        if not (head and says):
            raise DeadNameError(f"book/parts/{name}.md has no title, or does not say what it is.")
        lines += [
            f":::{{grid-item-card}} Chapter {says[1]} · {head[1]}",
            f":link: /book/parts/{name}",
            ":link-type: doc",
            f":img-bottom: /book/generated/parts/{name}.svg",
            f":img-alt: {pictures[name].alt}",
            says[2][0].upper() + says[2][1:],
            ":::",
            "",
        ]
    return "\n".join([*lines, "::::", ""])


def pages(claims: list[dict[str, Any]], root: Path = ROOT) -> dict[str, str]:
    """The files of ``book/generated``: the cards, and a drawing and a text for each chapter."""
    text = (root / "book" / "parts" / "pictures.yml").read_text(encoding="utf-8")
    chosen: dict[str, str] = yaml.safe_load(text)
    files = listed(root)
    pictures = {name: picture(chosen[name], root) for name in files}
    written = {"chapters.md": cards(files, pictures, root)}
    for name, shown in pictures.items():
        own = [entry for entry in claims if entry["lesson"] in files[name]]
        written[f"parts/{name}.svg"] = shown.svg
        written[f"parts/{name}.md"] = page(files[name], shown, name, own, root)
    return written
