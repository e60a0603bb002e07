"""An edition in another language: what gettext does not reach of its pages.

Catalogs hold the text. Here the drawings of translated lessons get their words, and lines of HTML
theirs; a page that nobody has translated says so and keeps its language. Around both, the theme
names its controls in the edition's.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools.lettering import read_table, translated
from tools.translations import documents, home, read_edition


def reword(app: Sphinx, name: str, source: list[str]) -> None:
    """Translate a page's source where Sphinx would not: drawings of notebooks, lines of HTML."""
    language = app.config.language
    if name not in documents(language):
        return
    if app.env.doc2path(name).endswith(".ipynb"):
        source[0] = translated(source[0], read_table(home(language) / "figures.yml"))
    for line, words in read_edition(language)["html"].get(name, {}).items():
        if line not in source[0]:
            raise ExtensionError(f"edition.yml translates a line that {name} does not have: {line}")
        source[0] = source[0].replace(line, words)


def say_untranslated(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Mark what is English: a page without a translation, and the claims, which are outputs."""
    if doctree is None:
        return
    language = app.config.language
    body = context["body"]
    if page in documents(language):
        for claims in ('<div class="claim ', '<details class="claims-also"'):
            body = body.replace(claims, claims.replace(" class", ' lang="en" class'))
    else:
        note = read_edition(language)["untranslated"]
        body = f'<p class="edition-note">{note}</p>\n<div lang="en">{body}</div>'
    context["body"] = body


# What is read out, or shown when one points at something.
NAMES = re.compile(r'(?<=\s)(aria-label|title|placeholder|data-bs-title)="([^"]+)"')


def name_controls(app: Sphinx, error: Exception | None) -> None:
    """Translate the names that the theme gives without asking gettext, or that have no catalog."""
    if error or app.builder.name != "html":
        return
    words = {
        html.escape(english): html.escape(told)
        for english, told in read_edition(app.config.language)["theme"].items()
    }
    for page in Path(app.outdir).rglob("*.html"):
        text = NAMES.sub(
            lambda name: f'{name[1]}="{words.get(name[2], name[2])}"',
            page.read_text(encoding="utf-8"),
        )
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", reword)
    app.connect("html-page-context", say_untranslated)
    app.connect("build-finished", name_controls)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
