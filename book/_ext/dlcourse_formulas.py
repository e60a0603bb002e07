"""Formulas are set while the book is built: no page loads MathJax, none moves when it is done.

MathJax itself runs, once, in Node; a page holds what it would have made in the browser, with the
MathML that screen readers read, and without a tab stop at every formula. Its style sheet and fonts
are loaded where a page has formulas. A formula that it cannot set is an error of the build.

What was set is kept (formula_store.py): the next build needs no MathJax for it. Formulas are set
when a page is resolved, which one process does for all, so that those that write pages have them.
"""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from formula_store import Store
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

HERE = Path(__file__).parent
MATHJAX = HERE.parents[1] / "node_modules" / "mathjax"
FONTS = "vendor/mathjax/woff-v2"  # as seen from the style sheet
SHEET = "formulas.css"
CLASSES = "math notranslate nohighlight"
_GLYPH = re.compile(r"\bmjx-c[0-9A-F]+\b")


class Typesetter:
    """One running MathJax, started by the first new formula and ended with this process."""

    def __init__(self) -> None:
        node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
        if node is None or not MATHJAX.exists():
            raise ExtensionError("Formulas need Node and node_modules/mathjax: run `make vendor`.")
        command = [node, str(HERE / "typeset.cjs"), str(MATHJAX), FONTS]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
        )
        atexit.register(self.close)

    def close(self) -> None:
        """End it, as the end of its input does."""
        self.process.communicate()

    def ask(self, **question: Any) -> dict[str, str]:
        """One answer to one question."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        if not (line := self.process.stdout.readline()):
            raise ExtensionError("MathJax ended before the last formula; its words stand above.")
        return json.loads(line)


store = Store()
_of_process = functools.cache(lambda process: Typesetter())


def running() -> Typesetter:
    """That of this process: two that asked one would get each other's answers."""
    return _of_process(os.getpid())


def recipe() -> str:
    """What decides how a formula comes out besides its TeX."""
    parts = (MATHJAX / "package.json", HERE / "typeset.cjs", Path(__file__))
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def typeset(tex: str, display: bool = False) -> str:
    """A formula as HTML."""
    key = f"{'block' if display else 'line'} {tex}"
    if key in store.made:
        return store.made[key]
    answer = running().ask(tex=tex, display=display)
    if "error" in answer:
        raise ExtensionError(f"{answer['error']} in the formula {tex}")
    return store.add(key, answer["html"])


def stylesheet() -> str:
    """What every formula needs; its size follows the text around it, as MathJax measures it."""
    if "stylesheet" in store.made:
        return store.made["stylesheet"]
    css = running().ask(stylesheet=True)["css"]
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r'"([^"\w\\])"', lambda m: rf'"\{ord(m[1]):X}"', css)  # braces end no rule
    css = re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", css)).replace(": ", ":")
    # This font has no glyphs and decides where lines stand: in the sheet, so that none moves later.
    zero = (MATHJAX / "es5/output/chtml/fonts/woff-v2/MathJax_Zero.woff").read_bytes()
    data = f"data:font/woff;base64,{base64.b64encode(zero).decode()}"
    css = css.replace(f"{FONTS}/MathJax_Zero.woff", data)
    css = "mjx-container{font-size:calc(1ex/.43)}" + css.strip() + "\n"
    return store.add("stylesheet", css)


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Formulas in a line."""
    translator.body.append(translator.starttag(node, "span", "", CLASS=CLASSES))
    translator.body.append(typeset(node.astext()) + "</span>")
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Formulas on lines of their own, numbered where something refers to them."""
    translator.body.append(translator.starttag(node, "div", CLASS=CLASSES))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(typeset(_display(node), display=True) + "</div>\n")
    raise nodes.SkipNode


def _display(node: nodes.math_block) -> str:
    """The TeX as sphinx.ext.mathjax writes it: a blank line starts another formula below."""
    if node["nowrap"]:
        return node.astext()
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    lines = [rf"\begin{{split}}{p}\end{{split}}" if r"\\" in p else p for p in parts]
    if len(lines) < 2:
        return "".join(lines)
    return r"\begin{align}\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}\end{align}"


def open_store(app: Sphinx) -> None:
    """Before anything is set; beside what is built, where `make clean` finds it."""
    if app.builder.format == "html" and MATHJAX.exists():
        store.open(Path(app.srcdir) / "_build" / "formulas.json", recipe())


def set_all(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """All formulas of a page, before other processes write it."""
    if app.builder.format != "html":
        return
    for node in doctree.findall(nodes.math):
        typeset(node.astext())
    for block in doctree.findall(nodes.math_block):
        typeset(_display(block), display=True)


def close_store(app: Sphinx, error: Exception | None) -> None:
    """A build that failed has set its formulas, too."""
    store.save()


def add_sheet(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """The style sheet for pages with formulas."""
    if "<mjx-container" in context.get("body", ""):
        app.add_css_file(SHEET)


def write_sheet(app: Sphinx) -> None:
    """The whole of it, before Sphinx looks for its static files."""
    if app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        static.mkdir(parents=True, exist_ok=True)
        (static / SHEET).write_text(stylesheet(), encoding="utf-8")


def cut_sheet(app: Sphinx, error: Exception | None) -> None:
    """Keep the glyphs that some page of the site has: a tenth of what MathJax knows."""
    if error or app.builder.format != "html":
        return
    used: set[str] = set()
    for page in Path(app.outdir).rglob("*.html"):
        used.update(_GLYPH.findall(page.read_text(encoding="utf-8")))
    sheet = Path(app.outdir) / "_static" / SHEET
    sheet.write_text(keep_glyphs(sheet.read_text(encoding="utf-8"), used), encoding="utf-8")


def keep_glyphs(css: str, used: set[str]) -> str:
    """The style sheet without the rules for glyphs that are not ``used``."""

    def rule(match: re.Match[str]) -> str:
        return match[0] if used.intersection(_GLYPH.findall(match[0])) else ""

    return re.sub(r"[^{}]*\.mjx-c[0-9A-F]+[^{}]*\{[^{}]*\}", rule, css)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("dlcourse", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", open_store)
    app.connect("builder-inited", write_sheet)
    app.connect("doctree-resolved", set_all)
    app.connect("html-page-context", add_sheet)
    app.connect("build-finished", cut_sheet)
    app.connect("build-finished", close_store)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
