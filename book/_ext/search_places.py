"""The places of a page that a search can land on: its sections, and the rows of its registries."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from types import MappingProxyType
from typing import Any

from docutils import nodes
from search_text import prose, unicode_of

KINDS = {
    "lessons": "lesson",
    "exercises": "exercise",
    "book/parts": "chapter",
    "book/code": "code",
    "book/errata": "errata",
}
# What stands between the cells of a row; an edition in another language has its own.
ELSEWHERE = ". Elsewhere {}"
INTRODUCED = ". Introduced in {}"
Words = Mapping[str, str]
_CLAIM = re.compile(r'<a id="([^"]+)"[^>]*?(?: href="([^"]+)")?>')
_CHECK = re.compile(r"\bcheck\(\"([^\"]+)\"")
_NAME = re.compile(r"\b[A-Za-z]\w*(?:_\w|[a-z][A-Z]|[A-Z][a-z])\w*")


@dataclass
class Place:
    """Where a search can land, what it is called there, and what it says."""

    page: str
    anchor: str
    title: str
    kind: str
    text: str
    names: list[str] = field(default_factory=list)  # what this is the place of
    code: list[str] = field(default_factory=list)  # names in the code shown here
    stressed: list[str] = field(default_factory=list)  # how a term is introduced
    also: str = ""  # the same thing in a lesson


def kind_of(page: str) -> str:
    return next((kind for start, kind in KINDS.items() if page.startswith(start)), "page")


def places(
    doctree: nodes.document, page: str, words: Words = MappingProxyType({})
) -> Iterator[Place]:
    """All places of a page, in its order; rows get the anchors they lack.

    ``words`` are what an edition in another language says of a row.
    """
    top = True
    for section in doctree.findall(nodes.section):
        found = _section(section, page)
        if top or found.text or found.names:
            yield found
        top = False
    for table in doctree.findall(nodes.table):
        make = next((ROWS[css] for css in table["classes"] if css in ROWS), None)
        for row in table.findall(nodes.row):
            if make and not isinstance(row.parent, nodes.thead):
                yield make(list(row.children), row, page, words)


def _section(section: nodes.section, page: str) -> Place:
    kind = kind_of(page)
    title = next(iter(section.findall(nodes.title)))
    found = Place(page, section["ids"][0], _heading(title), kind, prose(section))
    shown = [block.astext() for block in _own(section, nodes.literal_block)]
    if kind == "code":
        found.names = [part.astext() for part in title.findall(nodes.literal)][:1]
        found.text = " ".join([found.text, *map(_summary, shown)]).strip()
    else:
        found.names = _CHECK.findall("\n".join(shown))
        found.code = sorted(set(_NAME.findall("\n".join(shown))))
    found.stressed = [
        part.astext() for part in _own(section, (nodes.strong, nodes.emphasis)) if part.astext()
    ]
    return found


def _heading(title: nodes.title) -> str:
    """The words of a heading, without the number that an exercise has."""
    return re.sub(r"^\d+ · ", "", " ".join(prose(title).split()))


def _own(part: nodes.Element, kind: Any) -> Iterator[nodes.Element]:
    """What belongs to a section and to none inside it."""
    for child in part.children:
        if isinstance(child, kind):
            yield child
        elif isinstance(child, nodes.Element) and not isinstance(child, nodes.section):
            yield from _own(child, kind)


def _summary(source: str) -> str:
    """The first paragraph of the docstring of a class or function."""
    try:
        body = ast.parse(textwrap.dedent(source)).body
        said = ast.get_docstring(body[0]) or ""
    except (SyntaxError, IndexError, TypeError):
        return ""
    said = " ".join(said.split("\n\n")[0].split())
    said = re.sub(r":math:`([^`]+)`", lambda match: unicode_of(match[1]), said)
    return said.replace("`", "")


def _anchor(row: nodes.row, kind: str, name: str, fallback: str) -> str:
    """An address for a row, the same in each build and no other's on this page."""
    wanted = f"{kind}-{nodes.make_id(name) or nodes.make_id(fallback)}"
    document, anchor, n = row.document, wanted, 1
    while document.ids.get(anchor, row) is not row:
        n += 1
        anchor = f"{wanted}-{n}"
    document.ids[anchor] = row
    row["ids"].append(anchor)
    return anchor


def _symbol(cells: list[nodes.Element], row: nodes.row, page: str, words: Words) -> Place:
    """A row of the notation: its letters as TeX and as one sees them, and its names in code."""
    tex = [letter for part in cells[0].findall(nodes.math) for letter in part.astext().split(",")]
    code = [part.astext() for part in cells[1].findall(nodes.literal)]
    letters = ", ".join(map(unicode_of, tex))
    title = f"{letters} ({', '.join(code)})" if code else letters
    anchor = _anchor(row, "symbol", cells[0].astext(), "-".join(code))
    names = [name.strip() for name in [*tex, *map(unicode_of, tex), *code]]
    text = prose(cells[2])
    if (elsewhere := prose(cells[3])) != "—":
        text += words.get(ELSEWHERE, ELSEWHERE).format(elsewhere)
    return Place(page, anchor, title, "symbol", text, list(dict.fromkeys(names)))


def _term(cells: list[nodes.Element], row: nodes.row, page: str, words: Words) -> Place:
    """A row of the glossary."""
    names = [prose(cell) for cell in cells[:2]]
    text = prose(cells[2]) + words.get(INTRODUCED, INTRODUCED).format(prose(cells[3]))
    return Place(page, _anchor(row, "term", *names), " · ".join(names), "term", text, names)


def _algorithm(cells: list[nodes.Element], row: nodes.row, page: str, words: Words) -> Place:
    """A row of the index of algorithms."""
    name = prose(cells[0])
    columns = [cell.findall(nodes.literal) for cell in cells[2:4]]
    code = dict.fromkeys(part.astext() for column in columns for part in column)
    said = map(prose, [cells[1], *cells[4:]])  # the formula; lesson, exercise and paper, if any
    text = ". ".join(part for part in said if part not in ("", "—"))
    anchor = _anchor(row, "algorithm", name, "-".join(code))
    return Place(page, anchor, name, "algorithm", text, [name, *code])


def _claim(cells: list[nodes.Element], row: nodes.row, page: str, words: Words) -> Place:
    """A row of the ledger; its id leads to the lesson that runs it."""
    raw = next(iter(cells[0].findall(nodes.raw))).astext()
    match = _CLAIM.search(raw)
    if match is None:
        raise ValueError(f"A row of the ledger has no id: {raw}")
    anchor, link = unescape(match[1]), unescape(match[2] or "")
    also = link.removeprefix("../")
    return Place(page, anchor, anchor, "claim", prose(cells[1]), [anchor], also=also)


ROWS = {"notation": _symbol, "glossary": _term, "algorithms": _algorithm, "claims": _claim}


def papers(citations: list[Any]) -> Iterator[Place]:
    """The entries of the bibliography: who, when, what."""
    for citation in citations:
        entry = citation.entry
        people = ["".join(person.last_names[-1:]) for person in entry.persons.get("author", [])]
        who = " and ".join(people) if len(people) < 3 else f"{people[0]} and others"
        year, title = entry.fields.get("year", ""), _plain(entry.fields.get("title", ""))
        names = [f"{people[0]} {year}"] if people else []
        text = f"{title}. {', '.join(people)}"
        page, anchor = citation.bibliography_key.docname, citation.citation_id
        yield Place(page, anchor, f"{_plain(who)} ({year})", "paper", _plain(text), names)


def _plain(tex: str) -> str:
    """A field of a BibTeX file without its braces and accents in TeX."""
    return unicode_of(tex) if "\\" in tex or "$" in tex else tex.replace("{", "").replace("}", "")
