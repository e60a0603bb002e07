"""Icons as inline SVG, each only where it stands; no icon script, no icon font, no search index.

The theme loads all of Font Awesome (1.5 MB) for a dozen icons, and the search index on every page.
Here its pages are finished as they are rendered: an ``<i class="fa-solid fa-…">`` or a ``<span>``
becomes the SVG that the script would have drawn, and what is then loaded for nothing is dropped.
The style sheets are finished at the end: an icon drawn by a letter of the icon font becomes a
mask. Paths come from the theme's own script. An icon that it does not have stops the build.
"""

from __future__ import annotations

import functools
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.jinja2glue import BuiltinTemplateLoader

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
STYLES = {"fab": "fa-brands", "far": "fa-regular", "fas": "fa-solid"}
Icon = tuple[str, str, str]  # width, height, path

_ICON = re.compile(
    r'(?P<name>[\w-]+)"?:\[(?P<w>\d+),(?P<h>\d+),\[(?P<also>[^\]]*)\],"(?P<code>[0-9a-f]+)",'
    r'"(?P<path>[^"]+)"\]'
)
_TAG = re.compile(r'<(i|span)\b[^>]*\bclass="(?P<names>[^"]*\bfa-[^"]*)"[^>]*>\s*</\1>')
_LEFT = re.compile(r'<(?!svg\b)\w+\b[^>]*\bclass="[^"]*\bfa-[^>]*>')
_SCRIPT = r'[ \t]*<script[^>]*\bsrc="[^"]*{}[^"]*"[^>]*></script>\n?'
_ICON_SCRIPT = re.compile(_SCRIPT.format("scripts/fontawesome.js"))
_SEARCH_SCRIPTS = re.compile(_SCRIPT.format("(?:searchtools|language_data|searchindex).js"))

_CLASS = re.compile(r"\.fa[brs]?(?![a-z]).*")  # a selector of the icon font's own classes
# The theme learns light from dark when its script runs, after the first painting: colors and the
# height of code then change. One line of its inline script, and what makes it know at once.
LATE_THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
THEME_NOW = """{
      const mode = document.documentElement.dataset.mode;
      const now = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      document.documentElement.dataset.theme = ["light", "dark"].includes(mode) ? mode : now;
    }"""


_RULE = re.compile(r"[^{}]+\{[^{}]*\}")
_CODE = r'"\\?(?P<code>[0-9a-f]{4}|[\ue000-\uf8ff])"'
_LETTER = re.compile(rf"(?P<name>--pst-icon-[\w-]+|--pst-breadcrumb-divider|content):{_CODE}")
_CONTENT = re.compile(r"content:(var\(--pst-(?:icon-[\w-]+|breadcrumb-divider)\)|url\([^)]*\))")
_FONT = re.compile(r"font:var\(--fa-font-\w+\)|font-family:Font Awesome[^;]*;font-weight:900")
_MASK = (
    "background-color:currentColor;display:inline-block;height:1em;width:1em;"
    "mask-position:center;mask-repeat:no-repeat;mask-size:contain"
)


@functools.cache
def icons() -> dict[str, dict[str, Icon]]:
    """Style to name (and code point) to icon, out of the theme's script."""
    text = (THEME / "scripts" / "fontawesome.js").read_text(encoding="utf-8")
    found: dict[str, dict[str, Icon]] = {}
    start = 0
    for short, style in STYLES.items():
        end = text.index(f'("{short}",p)', start)
        pack = found[style] = {}
        for match in _ICON.finditer(text, start, end):
            also = re.findall(r'"([^"]+)"', match["also"])
            for name in (match["name"], match["code"], *also):
                pack[name] = (match["w"], match["h"], match["path"])
        start = end
    return found


def icon(name: str, style: str = "fa-solid") -> Icon:
    """The icon of a name (or of a code point, in hexadecimal)."""
    try:
        return icons()[style][name]
    except KeyError:
        raise ExtensionError(f"The theme has no icon {name!r} of the style {style!r}.") from None


def draw(match: re.Match[str]) -> str:
    """The inline SVG for one icon; what it means is said by the control around it."""
    names = match["names"].split()
    style = next((name for name in names if name in STYLES.values()), "fa-solid")
    modifiers = {style, "fa-lg", "fa-fw"}
    named = [name for name in names if name.startswith("fa-") and name not in modifiers]
    if len(named) != 1:
        raise ExtensionError(f"One icon was expected in {match[0]}.")
    width, height, path = icon(named[0].removeprefix("fa-"), style)
    data = "".join(re.findall(r' data-[\w-]+="[^"]*"', match[0]))
    return (
        f'<svg class="icon {" ".join(names)}"{data} aria-hidden="true" focusable="false" '
        f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
    )


def finish(page: str, searches: bool) -> str:
    """A rendered page with its icons, without the scripts it does not need."""
    page = _ICON_SCRIPT.sub("", page)
    if not searches:
        page = _SEARCH_SCRIPTS.sub("", page)
    page = page.replace(LATE_THEME, THEME_NOW, 1)
    if 'id="pst-secondary-sidebar"' in page:
        page = page.replace('<div class="bd-content">', '<div class="bd-content with-contents">', 1)
    page = _TAG.sub(draw, page)
    if left := _LEFT.search(page):
        raise ExtensionError(f"This icon was not understood: {left[0]}")
    return page


class Pages(BuiltinTemplateLoader):
    """Sphinx's own renderer; whatever it renders is finished."""

    def render(self, template: str, context: dict[str, Any]) -> str:
        return finish(super().render(template, context), context.get("pagename") == "search")


def picture(match: re.Match[str]) -> str:
    """A letter of the icon font as the address of the picture it stood for."""
    code = match["code"] if len(match["code"]) == 4 else f"{ord(match['code']):x}"
    style = "fa-brands" if re.search("github|gitlab", match["name"]) else "fa-solid"
    width, height, path = icon(code, style)
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'>"
        f"<path d='{path}'/></svg>"
    )
    return f'{match["name"]}:url("data:image/svg+xml,{quote(svg, safe=" =:/")}")'


def restyle(css: str) -> str:
    """A style sheet without the icon font: its letters become masks, its classes go."""

    def rule(match: re.Match[str]) -> str:
        head, _, body = match[0].partition("{")
        selectors = [one.strip() for one in head.rpartition("*/")[2].split(",")]
        if all(map(_CLASS.fullmatch, selectors)) or ("@font-face" in head and "Awesome" in body):
            return ""
        body = _LETTER.sub(picture, body.replace("Awesome\\ 6", "Awesome 6"))
        body = _CONTENT.sub(r'content:"";mask-image:\1', body)
        return head + "{" + _FONT.sub(_MASK, body)

    return _RULE.sub(rule, css)


def finish_files(app: Sphinx, error: Exception | None) -> None:
    """Style sheets without the icon font; neither it nor its script, and no maps of sources."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for sheet in (static / "styles").glob("*.css"):
        sheet.write_text(restyle(sheet.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
    for path in {*static.glob("scripts/fontawesome*"), *static.rglob("*.map")}:
        path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    app.config.template_bridge = f"{__name__}.Pages"
    app.add_css_file("icons.css")
    app.connect("build-finished", finish_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
