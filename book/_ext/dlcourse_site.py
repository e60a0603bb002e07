"""Small repairs to the pages, made while Sphinx writes them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools.ledger import spoken

# The theme asks each block of code and each table whether it scrolls, and writes down the answer
# before it asks the next: the page is laid out anew each time, parts that nobody is near included.
# everyone.js asks as well, all at once, of what can be seen.
ASKS_EACH = re.compile(
    r'document\.querySelectorAll\(\["pre"[^]]*\]\.join\(", "\)\)'
    r"\.forEach\((\w)=>\{\1\.tabIndex=[^}]*\}\)"
)


def describe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Demand a description of our pages; give one to the others (search, index)."""
    tags = context.get("metatags", "")
    if re.search(r'<meta[^>]*name="description"', tags):
        return
    if doctree is not None:
        raise ExtensionError(
            f"{page} has no description. Add it as html_meta to the front matter, or to the "
            'metadata of the notebook: {"myst": {"html_meta": {"description": "…"}}}.'
        )
    title = re.sub(r"<[^>]+>", "", str(context.get("title", page)))
    text = f"{title}: {app.config.html_title or app.config.project}."
    context["metatags"] = tags + f'\n<meta name="description" content="{text}" />'


def plain_bibliography(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop the roles of citations: deprecated, and not allowed where docutils puts them."""
    if "doc-biblioentry" in context.get("body", ""):
        for role in (' role="doc-biblioentry"', ' role="list"'):
            context["body"] = context["body"].replace(role, "")


def one_title(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """The first page has the book's own title; its tab need not say it twice."""
    if page == app.config.root_doc:
        context["title"] = "An executable textbook"


EVIDENCE = re.compile(
    r'(?<=<span class="claim-evidence">).*?(?=</span> <a class="claim-)'
    r'|(?<=<p class="claim-note">).*?(?=</p>)',
    re.DOTALL,
)


def name_papers(body: str, links: dict[str, str]) -> str:
    """What stands under the verdicts of stored outputs, with sources by name, papers as links."""

    def linked(words: re.Match[str]) -> str:
        return re.sub(r"\b[a-z]\w+", lambda word: links.get(word[0], word[0]), spoken(words[0]))

    return EVIDENCE.sub(linked, body)


def who(entry: Any) -> str:
    """Authors and year of an entry, as a sentence names them; its title where nobody signed."""
    names = [" ".join(map(str, p.rich_last_names)) for p in entry.persons.get("author", ())]
    if not names:
        return str(entry.fields["title"])
    first = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{first} ({entry.fields['year']})"


def papers(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """A lesson's claims were stored with keys; on its page they are papers."""
    if 'class="claim-evidence"' not in context.get("body", ""):
        return
    cite = app.env.get_domain("cite")
    links = {}
    for citation in cite.citations:
        uri = app.builder.get_relative_uri(page, citation.bibliography_key.docname)
        name = html.escape(who(cite.bibdata.data.entries[citation.key]))
        links[citation.key] = f'<a href="{uri}#{citation.citation_id}">{name}</a>'
    context["body"] = name_papers(context["body"], links)


ANSWERS = (
    '<p class="where-to-answer">You answer in Jupyter, not on this page: <a href="{notebook}" '
    'download>download the notebook</a>, or <a href="{how}">get all of them</a>.</p>'
)


def where_to_answer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """A page of exercises looks as if one could type into it: say where one can."""
    if not page.startswith("exercises/"):
        return
    start, heading, rest = context["body"].partition("</h1>")
    notebook = context["pathto"](f"_sources/{context['sourcename']}", True)
    how = context["pathto"](app.config.root_doc) + "#how-to-do-the-exercises"
    context["body"] = start + heading + ANSWERS.format(notebook=notebook, how=how) + rest


def asks_nothing(script: str) -> str:
    """The theme's script without its question."""
    left, found = ASKS_EACH.subn("void 0", script)
    if found != 1:
        raise ExtensionError(
            f"The theme asks {found} times what scrolls, not once: is it a new version? "
            "See ASKS_EACH in book/_ext/dlcourse_site.py."
        )
    return left


def finish_script(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    script = Path(app.outdir) / "_static" / "scripts" / "pydata-sphinx-theme.js"
    script.write_text(asks_nothing(script.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", describe, priority=900)
    app.connect("html-page-context", plain_bibliography)
    app.connect("html-page-context", one_title)
    app.connect("html-page-context", where_to_answer)
    app.connect("html-page-context", papers)
    app.connect("build-finished", finish_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
