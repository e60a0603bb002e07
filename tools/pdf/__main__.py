"""Print the built site as one PDF: contents with page numbers, outline, tags, links inside.

    python -m tools.pdf _build/html _build/dlcourse.pdf        (what `make pdf` does)

Every page is read in the browser, so that figures stand as a reader first sees them; together they
are printed once. Only a printing tells on which page a chapter begins, so the contents are printed
a second time, alone.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import yaml
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Window

from tools.pdf.book import ROOT, Chapter, Page, chapters, dead_ends, joined

GATHER = (Path(__file__).parent / "gather.js").read_text(encoding="utf-8")
PRINTED = {"width": 642, "height": 970}  # A4 without its margins, in CSS pixels
WAIT = 1_800_000  # ms: a thousand pages on a busy machine
HEAD = """Array.from(document.querySelectorAll('link[rel="stylesheet"]'), (sheet) =>
  `<link rel="stylesheet" href="${sheet.href}">`)"""
# Printing does not wait for fonts that nothing has shown yet, and widths are theirs.
FONTS = """() => Promise.allSettled(Array.from(document.fonts, (face) => face.load()))
  .then((faces) => faces.filter((face) => face.status === "rejected").length)"""
# What is wider than the page becomes smaller, down to what can be read; the rest is named.
FIT = """() => {
  const column = document.querySelector("article").getBoundingClientRect();
  const over = (box) => {
    const place = box.getBoundingClientRect();
    return place.left + Math.max(place.width, box.scrollWidth - 2) - column.right;
  };
  // All are measured before one is changed: the whole book would be laid out anew for each.
  for (const kind of [".cell_output table", "mjx-container"]) {
    const sizes = [];
    for (const box of document.querySelectorAll(kind)) {
      const room = column.right - box.getBoundingClientRect().left;
      if (over(box) > 0) sizes.push([box, Math.max(55, 97 * room / (room + over(box)))]);
    }
    for (const [box, size] of sizes) box.style.fontSize = `${size}%`;
  }
  const wide = Array.from(document.querySelectorAll("article *")).filter(
    (box) => over(box) > 1 && box.getClientRects().length &&
      !box.closest("svg, mjx-container *, mjx-assistive-mml"));
  return wide.filter((box) => !wide.some((other) => other !== box && box.contains(other))).map(
    (box) => `${box.closest(".chapter")?.id}: ${box.outerHTML.slice(0, 90)}`);
}"""
NUMBER = """(pages) => {
  for (const link of document.querySelectorAll(".book-contents a"))
    link.dataset.page = pages[link.getAttribute("href").slice(1)];
  for (const chapter of document.querySelectorAll(".chapter")) chapter.replaceChildren();
}"""


def gather(browser: Browser, found: list[Chapter]) -> tuple[str, list[Page]]:
    """What the site's pages load to look as they do, and each chapter as its reader sees it."""
    ids = {chapter.file.as_uri(): chapter.id for chapter in found}
    context = browser.new_context(viewport=PRINTED, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(WAIT // 6)  # for one page
    window = context.new_page()
    sheets: dict[str, None] = {}  # of any page, in their order
    pages = []
    for chapter in found:
        window.goto(chapter.file.as_uri(), wait_until="load")
        _explorers(window)
        sheets |= dict.fromkeys(window.evaluate(HEAD))
        given = {"prefix": chapter.id, "part": chapter.part, "chapters": ids}
        read = window.evaluate(GATHER, given)
        pages.append(Page(chapter, chapter.title or read["title"], read["text"]))
    context.close()
    return "\n".join(sheets), pages


def _explorers(window: Window) -> None:
    """Wait until every explorer shows its frame."""
    window.wait_for_function(
        """() => document.querySelectorAll(".explore").length ===
        Array.from(document.querySelectorAll(".explore")).filter(
          (figure) => Array.from(figure.querySelectorAll(".explore-frame svg")).some(
            (frame) => frame.getClientRects().length)).length
        && !Array.from(document.scripts).some((script) =>
          script.type.includes("widget-view") && !document.querySelector(".explore"))"""
    )


def printed(browser: Browser, page: Path, ids: list[str], out: Path) -> dict[str, int]:
    """Print the joined page to ``out``; the number of the page on which each chapter begins."""
    window = browser.new_page(viewport=PRINTED, reduced_motion="reduce")  # moved to the end
    window.set_default_timeout(WAIT)
    window.emulate_media(media="print", color_scheme="light")
    window.goto(page.as_uri(), wait_until="load", timeout=WAIT)
    if missing := window.evaluate(FONTS):
        raise SystemExit(f"{missing} fonts of the site are missing: run `make book`.")
    if wide := window.evaluate(FIT):
        lines = "\n".join(wide[:10])
        raise SystemExit(f"{len(wide)} things must be narrower than the paper:\n{lines}")
    options: dict[str, Any] = {"prefer_css_page_size": True, "print_background": True}
    options |= {"tagged": True, "outline": True}
    options["format"] = "A4"  # by this, not by the style sheet, a media query knows the width
    whole, front = (out.with_suffix(f".{part}.pdf") for part in ("whole", "front"))
    try:
        window.pdf(path=whole, **options)
        numbers = starts(whole, ids)
        window.evaluate(NUMBER, numbers)
        window.pdf(path=front, **options)
        window.close()
        number_contents(whole, front, numbers[ids[0]] - 1)
        whole.replace(out)
    finally:
        for part in (whole, front):
            part.unlink(missing_ok=True)
    return numbers


def number_contents(book: Path, front: Path, count: int) -> None:
    """Give the first pages of the book the look of those whose contents have numbers.

    What is drawn changes, and no more: links, places and tags are those of the whole book.
    """
    with pikepdf.open(book, allow_overwriting_input=True) as whole, pikepdf.open(front) as numbered:
        pairs = list(zip(whole.pages[:count], numbered.pages[:count], strict=False))
        if len(pairs) < count or any(tags(old) != tags(new) for old, new in pairs):
            raise SystemExit("The contents, once numbered, must be laid out as before.")
        for old, new in pairs:
            for name in ("/Contents", "/Resources"):
                old.obj[name] = whole.copy_foreign(numbered.make_indirect(new.obj[name]))
        # Tags are long, and alike.
        whole.save(book, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def tags(page: pikepdf.Page) -> list[str]:
    """The marks in what a page draws, by which the tags of the document know its parts."""
    drawn = pikepdf.parse_content_stream(page)
    return [str(step.operands) for step in drawn if str(step.operator) == "BDC"]


def starts(pdf: Path, ids: list[str]) -> dict[str, int]:
    """The page, counted from one, that each place of the contents leads to."""
    document = pypdfium2.PdfDocument(pdf)
    raw, found = pypdfium2.raw, {}
    for id in ids:
        place = raw.FPDF_GetNamedDestByName(document, id.encode())
        if not place:
            raise SystemExit(f"{pdf} must have a place called {id}: nothing leads there.")
        found[id] = raw.FPDFDest_GetDestPageIndex(document, place) + 1
    document.close()
    return found


def book(browser: Browser, site: Path, out: Path, toc: Path = ROOT / "_toc.yml") -> dict[str, int]:
    """Print the book; on which page each of its chapters begins."""
    about = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    found = chapters(site, toc)
    out.parent.mkdir(parents=True, exist_ok=True)
    page = out.with_suffix(".html").resolve()
    head, pages = gather(browser, found)
    text = joined(about["title"], about["author"], head, pages)
    if lost := dead_ends(text):
        raise SystemExit(f"Links must lead somewhere in the book; these do not: {', '.join(lost)}")
    page.write_text(text, encoding="utf-8")
    try:
        return printed(browser, page, [chapter.id for chapter in found], out)
    finally:
        page.unlink()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.pdf", description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if (path := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("make pdf needs Chromium; on Debian: apt install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        numbers = book(browser, options.site, options.out)
        browser.close()
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {len(numbers)} chapters, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
