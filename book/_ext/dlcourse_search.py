"""A search of our own: it lands on the heading or the row, and knows what is defined where.

Sphinx's index knows pages only, shows raw sources, and the theme loads it on every page. Here the
places are read off the pages while they are written, with formulas in Unicode, and end up in one
script that works from a folder, too. It is loaded when somebody searches; book/assets/search*.js
do the rest, with MiniSearch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from search_places import Place, papers, places
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

HERE = Path(__file__).parent
INDEX = "search-index.js"
CLOSING = {"what-you-can-now-say", "exercises"}
Found = dict[str, list[Place]]  # the places of each page, the page itself first


class UndefinedTermError(ExtensionError):
    """The glossary names a lesson that is not there."""


def find_templates(app: Sphinx, config: Any) -> None:
    """Our search page, and pages that load no index."""
    config.templates_path = [*config.templates_path, str(HERE.parent / "_templates")]


def begin(app: Sphinx) -> None:
    """No index of Sphinx's; the page of that name is ours, and speaks an edition's language."""
    if app.builder.name == "html":
        app.builder.search = False
        app.config.html_additional_pages["search"] = "search.html"
        if words := app.config.said:
            app.add_js_file(None, body=f"dlcourseWords={json.dumps(words, ensure_ascii=False)}")


def collect(found: Found, app: Sphinx, doctree: nodes.document, page: str) -> None:
    """The places of a page; pages are resolved by one process, whoever writes them."""
    if app.builder.name == "html":
        found[page] = list(places(doctree, page, app.config.said))


def said_as(term: str, chinese: str) -> re.Pattern[str]:
    """A term as it stands in a sentence: in either number, with a hyphen or without.

    Or as it is called in Chinese, which has neither number nor spaces.
    """
    words = [re.escape(word) for word in re.split(r"[\s-]+", term)]
    english = r"\b" + r"s?[\s-]*".join(words) + r"(?:e?s)?\b"
    return re.compile(f"{english}|{re.escape(chinese)}", re.IGNORECASE)


def has_words(term: str, text: str) -> bool:
    """Whether a text has the words of a term in any form and order: gradients, clipped."""
    stems = [word[: max(4, len(word) - 3)] for word in re.split(r"[\s-]+", term)]
    return all(re.search(r"\b" + re.escape(stem), text, re.IGNORECASE) for stem in stems)


def defining(term: str, chinese: str, lesson: list[Place]) -> Place | None:
    """The section of a lesson that introduces a term, by either name.

    The section whose title is it, or says it; else the first that stresses it, as one does where
    one says what a thing is; else a title, with the page's own before it, that has all its words;
    else the first that has it in its text. What closes a page introduces nothing.
    """
    wanted = said_as(term, chinese)
    top = lesson[0]
    tests: list[Callable[[Place], object]] = [
        lambda place: wanted.search(place.title),
        lambda place: any(wanted.fullmatch(words) for words in place.stressed),
        lambda place: place is top and has_words(term, top.title),
        lambda place: has_words(term, f"{top.title} {place.title}"),
        lambda place: wanted.search(place.text),
    ]
    opening = [place for place in lesson if place.anchor not in CLOSING]
    return next((place for test in tests for place in opening if test(place)), None)


def left_out(lesson: str, found: Found) -> bool:
    """Whether a lesson is there, but not in this build, which is one of a few pages."""
    return lesson not in found and (HERE.parents[1] / f"{lesson}.ipynb").exists()


def define(found: Found, glossary: Iterable[dict[str, str]]) -> None:
    """Give each term, English and Chinese, to the section that introduces it, else to its page."""
    for entry in glossary:
        lesson = found.get(entry["lesson"])
        if lesson is None:
            raise UndefinedTermError(f"book/glossary.yml names {entry['lesson']}: no such page.")
        names = entry["term"], entry["chinese"]
        place = defining(*names, lesson) or lesson[0]
        place.names += names


def script(found: list[Place], titles: dict[str, str]) -> str:
    """The index as JavaScript: pages once, places as short lists."""
    pages = list(dict.fromkeys(place.page for place in found))
    rows = [
        [pages.index(p.page), p.anchor, p.kind, p.title, p.text, p.names, " ".join(p.code), p.also]
        for p in found
    ]
    index = {"pages": [[f"{page}.html", titles[page]] for page in pages], "places": rows}
    return f"window.dlcourseIndex={json.dumps(index, ensure_ascii=False, separators=(',', ':'))};\n"


def write(found: Found, app: Sphinx, error: Exception | None) -> None:
    if error or not found:
        return
    glossary = yaml.safe_load((HERE.parent / "glossary.yml").read_text(encoding="utf-8"))
    define(found, [entry for entry in glossary if not left_out(entry["lesson"], found)])
    titles = {page: own[0].title for page, own in found.items()}
    for page, own in found.items():  # what the contents of an edition call a page in English
        if title := app.config.search_titles.get(titles[page]):
            titles[page] = title
            own[0].names.append(title)
    every = [place for page in sorted(found) for place in found[page]]
    every += papers(app.env.get_domain("cite").citations)
    static = Path(app.outdir) / "_static"
    (static / INDEX).write_text(script(every, titles), encoding="utf-8")
    for unused in ("searchtools.js", "language_data.js"):
        (static / unused).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("said", {}, "html", dict)  # of an edition, by the English ones
    app.add_config_value("search_titles", {}, "html", dict)  # of its pages that are in English
    app.connect("config-inited", find_templates)
    app.connect("builder-inited", begin)
    found: Found = {}
    app.connect("doctree-resolved", partial(collect, found))
    app.connect("build-finished", partial(write, found))
    app.add_js_file("search.js", loading_method="defer")
    app.add_css_file("search.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
