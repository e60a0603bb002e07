"""The pages of the site in the order of the book, joined into one page of HTML for the printer."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CSS = str.maketrans({"\\": r"\\", "'": r"\'", "\n": " "})  # for a string in a style sheet


class Chapter(NamedTuple):
    """A page of the site: its id in the book, its file, its part, its title where it has two."""

    id: str
    file: Path
    part: str
    title: str


class Page(NamedTuple):
    """A chapter as it was read in the browser."""

    chapter: Chapter
    title: str
    text: str


def chapters(site: Path, toc: Path = ROOT / "_toc.yml") -> list[Chapter]:
    """The pages that the book's contents name, in their order; each must have been built."""
    order = yaml.safe_load(toc.read_text(encoding="utf-8"))
    found = [
        Chapter(f"p{i}", (site / f"{entry['file']}.html").resolve(), part, entry.get("title", ""))
        for i, (entry, part) in enumerate(_named(order))
    ]
    for chapter in found:
        if not chapter.file.is_file():
            raise SystemExit(f"{chapter.file} must be built first: run `make book`.")
    return found


def _named(order: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    yield {"file": order["root"]}, ""
    for part in order["parts"]:
        yield from ((entry, part["caption"]) for entry in _below(part["chapters"]))


def _below(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield entry
        yield from _below(entry.get("sections", []))


def joined(title: str, author: str, head: str, pages: list[Page]) -> str:
    """The book as one page; ``head`` is what the pages of the site load to look as they do."""
    own = (HERE / "book.css").read_text(encoding="utf-8") + "".join(map(_running, pages))
    body, part = [], ""
    for page in pages:
        opening = ""
        if page.chapter.part != part:
            part = page.chapter.part
            opening = f'<h1 class="part">{html.escape(part)}</h1>'
        id = page.chapter.id
        body.append(f'<section class="chapter" id="{id}">{opening}{page.text}</section>')
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8"><title>{html.escape(title)}</title>
<meta name="author" content="{html.escape(author)}">
{head}
<style>{own}</style>
</head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
<article class="bd-article">
<section class="title-page"><p class="title">{html.escape(title)}</p>
<p>{html.escape(author)}</p></section>
{contents(pages)}
{"".join(body)}
</article></div></div></main></body></html>
"""


def contents(pages: list[Page]) -> str:
    """The table of contents; the numbers of pages come once the book has been printed."""
    lines, part = [], ""
    for page in pages:
        if page.chapter.part != part:
            part = page.chapter.part
            lines.append(f"</ol><p>{html.escape(part)}</p><ol>")
        lines.append(
            f'<li><a href="#{page.chapter.id}" data-page="0"><span>{html.escape(page.title)}</span>'
            '<span class="leader"></span></a></li>'
        )
    return f'<nav class="book-contents"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>'


def dead_ends(text: str) -> list[str]:
    """The places that links of the joined page name and it does not have."""
    there = set(re.findall(r'\bid="([^"]+)"', text))
    wanted = re.findall(r'<a\b[^>]*\bhref="#([^"]+)"', text)
    return [place for place in dict.fromkeys(wanted) if place not in there]


def _running(page: Page) -> str:
    """The line above the text of each page: the part on its left, the title on its right."""
    id = page.chapter.id
    left, right = (text.translate(CSS) for text in (page.chapter.part, page.title))
    box = "color: #333; font: 8.5pt sans-serif;"
    return (
        f"#{id} {{ page: {id} }} @page {id} {{ @top-left {{ {box} content: '{left}' }} "
        f"@top-right {{ {box} content: '{right}' }} }}\n"
    )
