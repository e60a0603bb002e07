"""The catalogs of the book's other editions: brought up to date, held against the English text.

    python -m tools.translations update   (make messages: after a change of a translated page)
    python -m tools.translations check    (what a translator has to do; status 1 if anything)

A page is translated where ``locale/<language>/LC_MESSAGES`` has a catalog of its name. Sphinx says
what its messages are now; the catalog must have each of them, no other, and none that is a guess.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jupyter_book.sphinx import build_sphinx
from markdown_it import MarkdownIt

from tools import drawings, pages
from tools.lettering import has_words
from tools.registries import ROOT

LANGUAGES = ("zh_CN",)
# What a translation must keep, by what it is called in a complaint.
KEPT = {
    "formula": re.compile(r"\$[^$]+\$"),
    "code or role": re.compile(r"(?:\{[\w:]+\})?`[^`]+`"),
    "link": re.compile(r"\]\([^)]+\)"),
    "tag": re.compile(r"</?\w[^>]*>"),
}
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:%|°)?")
# A line of the generated counts: its numbers change with every claim, so no catalog has it.
COUNTED = re.compile(r"(\d[\d,]*) ([a-z][a-z ]+)(?:: (.*claim-badge.*))?")

# Terms that are everyday words as well: what they are called hangs on the sentence.
EVERYDAY = ("prior", "schedule", "step")
HEADER = r"""# {name}, kept by `make messages`.
msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def home(language: str, root: Path = ROOT) -> Path:
    return root / "locale" / language


def read_edition(language: str, root: Path = ROOT) -> dict[str, Any]:
    """What an edition says outside of the pages' text: title, captions, counts, notes."""
    told: dict[str, Any] = yaml.safe_load(
        (home(language, root) / "edition.yml").read_text(encoding="utf-8")
    )
    return told


def documents(language: str, root: Path = ROOT) -> list[str]:
    """The pages that are translated, by their names in the table of contents."""
    folder = home(language, root) / "LC_MESSAGES"
    return sorted(p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.po"))


def catalog_of(language: str, document: str, root: Path = ROOT) -> Catalog:
    with (home(language, root) / "LC_MESSAGES" / f"{document}.po").open("rb") as file:
        return read_po(file, locale=language)


def sphinx(builder: str, out: Path, only: Iterable[str], root: Path = ROOT, **config: Any) -> str:
    """Build some pages, without the others that they link to; what Sphinx had to say."""
    contents = {"format": "jb-book", "root": "book/index"}
    chapters = [{"file": name} for name in only if name != "book/index"]
    out.mkdir(parents=True, exist_ok=True)
    (out / "_toc.yml").write_text(yaml.safe_dump(contents | {"chapters": chapters}), "utf-8")
    config = {"latex_individualpages": False, "external_toc_path": str(out / "_toc.yml")} | config
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        failed = build_sphinx(
            root, out / builder, noconfig=True, path_config=root / "_config.yml",
            builder=builder, doctreedir=out / ".doctrees", confoverrides=config, quiet=True,
        )  # fmt: skip
    if failed:
        raise SystemExit(f"Sphinx cannot read the pages to be translated:\n{said.getvalue()}")
    return said.getvalue()


def extracted(only: Iterable[str], root: Path = ROOT) -> dict[str, list[str]]:
    """The messages of some pages as they are now, in their order."""
    only = list(only)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        sphinx("gettext", out, only, root, gettext_compact=False, gettext_location=False)
        now = {}
        for name in only:
            with (out / "gettext" / f"{name}.pot").open("rb") as file:
                ids = [message.id for message in read_po(file) if message.id]
            now[name] = [one for one in ids if not COUNTED.fullmatch(one)]
    return now


def needs_words(message: str) -> bool:
    """Whether there is anything in a message that a translator could change."""
    if "\\" in message and "$" not in message and "`" not in message:
        return False  # a displayed formula is a message of its own, without its dollars
    for pattern in KEPT.values():
        message = pattern.sub("", message)
    return has_words(message)


def compared(name: str, now: list[str], catalog: Catalog) -> Iterator[str]:
    """What a page's translation lacks, has too much, or only guesses."""
    known = {message.id: message for message in catalog if message.id}
    for one in now:
        if one not in known:
            yield f"{name}: new or changed, not in the catalog: {short(one)}"
        elif known[one].fuzzy:
            yield f"{name}: the English has changed, look at the translation: {short(one)}"
        elif not known[one].string and needs_words(one):
            yield f"{name}: not translated: {short(one)}"
        elif known[one].string:
            said = known[one].string
            for fault in (*faults(one, said), *off_terms(one, said)):
                yield f"{name}: {fault}: {short(one)}"
    for gone in known.keys() - set(now):
        yield f"{name}: no longer in the page: {short(gone)}"


def faults(message: str, translation: str) -> Iterator[str]:
    """Formulas, code, links, tags and numbers that a translation has lost or added; raw markup."""
    rest = [message, translation]
    for what, pattern in KEPT.items():
        here, there = (Counter(pattern.findall(text)) for text in rest)
        yield from (f"lost the {what} {one}" for one in here - there)
        yield from (f"adds the {what} {one}" for one in there - here)
        rest = [pattern.sub(" ", text) for text in rest]
    here, there = (Counter(NUMBER.findall(text)) for text in rest)
    yield from (f"lost the number {one}" for one in here - there)
    # What English calls zero, one and ones may be a numeral.
    yield from (f"adds the number {one}" for one in there - here if one not in ("0", "1"))
    (inline,) = MarkdownIt().parseInline(KEPT["formula"].sub("x", translation))
    if any("*" in token.content for token in inline.children or [] if token.type == "text"):
        yield "has a * that marks nothing (after a full stop it wants a space)"


@cache
def terms() -> dict[str, str]:
    """The glossary's terms and what they are called; without words that have other senses, too."""
    rows = yaml.safe_load((ROOT / "book" / "glossary.yml").read_text(encoding="utf-8"))
    return {row["term"]: row["chinese"] for row in rows if row["term"] not in EVERYDAY}


def off_terms(message: str, translation: str) -> Iterator[str]:
    """Terms of the glossary that a translation calls otherwise; links and code have names."""
    if message == translation:
        return
    for pattern in KEPT.values():
        message = pattern.sub(" ", message)
    for term, chinese in terms().items():
        if re.search(rf"\b{re.escape(term)}\b", message, re.I) and chinese not in translation:
            yield f"does not call {term} {chinese}, as the glossary does"


def short(message: str) -> str:
    return message if len(message) < 80 else message[:77] + "…"


def counted(line: str, words: dict[str, str]) -> str:
    """A line of the counts in the words of an edition; its badges stay as they are."""
    if not (found := COUNTED.fullmatch(line)) or found[2] not in words:
        raise SystemExit(f"edition.yml has no words for the count {line!r}.")
    said = words[found[2]].format(found[1])
    return said + (f"：{found[3].replace(', ', '，')}" if found[3] else "")


def compiled(language: str, out: Path, root: Path = ROOT) -> None:
    """Write what Sphinx reads: the catalogs, and in each page's the counts that it includes."""
    words = read_edition(language, root)["counts"]
    generated = root / "book" / "generated"
    counts = [
        line.removeprefix("- ")
        for file in (generated / "summary.md", *sorted((generated / "parts").glob("*.md")))
        for line in file.read_text(encoding="utf-8").splitlines()
        if COUNTED.fullmatch(line.removeprefix("- "))
    ]
    for name in documents(language, root):
        catalog = catalog_of(language, name, root)
        for line in counts:
            catalog.add(line, counted(line, words))
        path = out / language / "LC_MESSAGES" / f"{name}.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_mo(file, catalog)


def problems(language: str, root: Path = ROOT) -> list[str]:
    """All that a translator has to do, as sentences."""
    now = extracted(documents(language, root), root)
    found = [
        one
        for name, messages in now.items()
        for one in compared(name, messages, catalog_of(language, name, root))
    ]
    return found + drawings.problems(home(language, root), now, root)


def update(language: str, root: Path = ROOT) -> None:
    """Put the messages of now into the catalogs; a changed one keeps its translation as a guess."""
    for name, messages in extracted(documents(language, root), root).items():
        template = Catalog()
        for message in messages:
            template.add(message)
        catalog = catalog_of(language, name, root)
        catalog.update(template, no_fuzzy_matching=False)
        catalog.obsolete.clear()
        save(catalog, language, name, root)


def save(catalog: Catalog, language: str, name: str, root: Path = ROOT) -> None:
    """Write a catalog, the same bytes for the same messages: no dates, no programs."""
    path = home(language, root) / "LC_MESSAGES" / f"{name}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = Catalog(locale=language)
    for message in catalog:
        if message.id:
            plain.add(message.id, message.string, flags=message.flags & {"fuzzy"})
    with path.open("wb") as file:
        file.write(HEADER.format(name=name, language=language).encode())
        write_po(file, plain, width=0, omit_header=True)


def main(command: str = "check") -> None:
    """Update or check the catalogs of every language."""
    if command not in ("update", "check"):
        raise SystemExit(f"the command must be update or check; got {command!r}.")
    pages.main()
    found = []
    for language in LANGUAGES:
        if command == "update":
            update(language)
        found += [f"{language}: {one}" for one in problems(language)]
    print("\n".join(found) or "Nothing to translate.")
    raise SystemExit(bool(found) and command == "check")


if __name__ == "__main__":
    main(*sys.argv[1:])
