"""Registry tables, of which a narrow window makes a card a row: each cell says what its column is.

Written while the book is built, not by a script: so the cards have their heads at once, without
JavaScript too, and the thousands of cells of the ledger are not touched again when it is opened.
"""

from __future__ import annotations

import html
import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

NOTHING = "—"
_TABLE = re.compile(r'<table class="cards\b.*?</table>', re.S)
_HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.S)
_ROW = re.compile(r"<tr\b.*?</tr>", re.S)
_CELL = re.compile(r"<td\b([^>]*)>(.*?)</td>", re.S)


def words(markup: str) -> str:
    """What a piece of HTML says."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()


def name_cells(table: str) -> str:
    """A table whose cells bear the words of their heads, but for the first, which is the row's."""
    top, end, body = table.partition("</thead>")
    if not end:
        raise ExtensionError("A table of cards needs a row of heads: give it :header-rows: 1.")
    heads = ["", *_HEAD.findall(top)[1:]]

    def row(match: re.Match[str]) -> str:
        columns = map(words, heads)
        return _CELL.sub(lambda cell: _named(cell, next(columns, "")), match[0])

    return f"{top}</thead>{_ROW.sub(row, body)}"


def _named(cell: re.Match[str], head: str) -> str:
    name = f' data-head="{html.escape(head)}"' if head else ""
    empty = ' class="empty"' if words(cell[2]) == NOTHING else ""
    return f"<td{cell[1]}{name}{empty}>{cell[2]}</td>"


def finish(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Do so with all such tables of a page."""
    if "body" in context:
        context["body"] = _TABLE.sub(lambda table: name_cells(table[0]), context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
