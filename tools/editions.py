"""The book in another language: built beside the English one, and joined to it page by page.

    python -m tools.editions zh_CN    (make book LANG=zh_CN)

An edition lies inside the English site, in a folder of its name, so that what is published, packed
or opened from a folder is one site, and a link from page to page is the same everywhere.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tools import book, drawings, finish
from tools.markup import title_of
from tools.registries import ROOT
from tools.translations import LANGUAGES, compiled, documents, read_edition

SITE = ROOT / "_build" / "html"
# Where the theme has its buttons: the link to the other edition is the first of them.
BUTTONS = '<div class="article-header-buttons">'
JOINED = re.compile(r'\n?<(?:a|link)\b[^>]*\bdata-edition="[^>]*>(?:[^<]*</a>)?')


def config(language: str, work: Path, root: Path = ROOT) -> dict[str, Any]:
    """What Sphinx is told beyond _config.yml."""
    told = read_edition(language, root)
    english = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    settings = english["sphinx"]["config"]
    return {
        "language": language,
        "locale_dirs": [str(work / "locale")],
        "gettext_compact": False,
        "gettext_auto_build": False,
        "project": told["title"],
        "html_title": told["title"],
        "author": told["author"],
        "html_theme_options": {"extra_footer": told["footer"]},
        "html_css_files": [*settings["html_css_files"], "edition.css"],
        **told["prompts"],
        "said": told["said"],
        "search_titles": told["titles"],
        "extensions": [*settings["extensions"], "dlcourse_edition"],
    }


def contents(language: str, root: Path = ROOT) -> str:
    """The table of contents with its captions translated, and the titles of pages that are not."""
    told = read_edition(language, root)
    translated = set(documents(language, root))
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for part in toc["parts"]:
        part["caption"] = words(told, "captions", part["caption"])
        for page in listed(part["chapters"]):
            if page["file"] not in translated:
                page["title"] = words(told, "titles", title_of_page(page["file"], root))
    return yaml.safe_dump(toc, allow_unicode=True, sort_keys=False)


def listed(pages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The entries of the table of contents, also those below others."""
    for page in pages:
        yield page
        yield from listed(page.get("sections", []))


def title_of_page(name: str, root: Path = ROOT) -> str:
    """The first heading of a page or a notebook."""
    if (notebook := root / f"{name}.ipynb").exists():
        return title_of(notebook)
    if found := re.search(r"^# (.+)$", (root / f"{name}.md").read_text(encoding="utf-8"), re.M):
        return found[1]
    raise SystemExit(f"{name} has no title.")


def words(told: dict[str, Any], part: str, english: str) -> str:
    """What an edition calls something."""
    if english not in told[part]:
        raise SystemExit(f"edition.yml has nothing under {part} for {english!r}.")
    return str(told[part][english])


def prepare(language: str, work: Path, root: Path = ROOT) -> dict[str, Any]:
    """Write what the build reads besides the pages; the settings of the build."""
    shutil.rmtree(work, ignore_errors=True)
    compiled(language, work / "locale", root)
    drawings.write(language, root)
    (work / "_toc.yml").write_text(contents(language, root), encoding="utf-8")
    return config(language, work, root) | {"external_toc_path": str(work / "_toc.yml")}


def build(language: str, root: Path = ROOT) -> None:
    """Build all pages; any warning is an error, as in the English edition."""
    work, site = root / "_build" / language, root / "_build" / "html" / language
    settings = prepare(language, work, root)
    shutil.rmtree(site, ignore_errors=True)
    book.build(work / "html", settings, root)
    finish.main(str(work / "html"), read_edition(language, root)["first"])
    shutil.copytree(work / "html", site)


def connect(site: Path, language: str, switch: dict[str, str], translated: Iterable[str]) -> None:
    """Put the links into the pages of the two editions; only translated ones are alternates."""
    known = set(translated)
    tag = language.replace("_", "-")
    for there in sorted((site / language).rglob("*.html")):
        page = there.relative_to(site / language)
        here = site / page
        if not here.exists() or page.parts[0].startswith("_"):
            continue
        up = "../" * (len(page.parts) - 1)
        alternate = page.with_suffix("").as_posix() in known
        linked(here, f"{up}{language}/{page.as_posix()}", tag, switch["here"], alternate)
        linked(there, f"{up}../{page.as_posix()}", "en", switch["there"], alternate)


def linked(page: Path, target: str, language: str, words: str, alternate: bool) -> None:
    """Write the link into one page, in the place of an earlier one."""
    text = JOINED.sub("", page.read_text(encoding="utf-8"))
    at = f'data-edition="{language}" hreflang="{language}" href="{target}"'
    link = f'\n<a class="btn btn-sm" {at} lang="{language}">{words}</a>'
    text = text.replace(BUTTONS, BUTTONS + link, 1)
    if alternate:
        text = text.replace("</head>", f'\n<link {at} rel="alternate"></head>', 1)
    page.write_text(text, encoding="utf-8")


def main(language: str = "") -> None:
    """Build an edition, and join it to the English one where that is built."""
    if language not in LANGUAGES:
        raise SystemExit(f"LANG must be {' or '.join(LANGUAGES)}; got {language!r}.")
    build(language)
    connect(SITE, language, read_edition(language)["switch"], documents(language))


if __name__ == "__main__":
    main(*sys.argv[1:])
