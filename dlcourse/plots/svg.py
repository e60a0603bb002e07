"""A matplotlib figure as SVG text that two machines agree on to a hundredth of a point.

Matplotlib writes six decimals, a date, its version and identifiers hashed from floats; each of them
changes where nothing visible does. Here the decimals are cut, the identifiers numbered, the rest
dropped.
"""

from __future__ import annotations

import html
import io
import itertools
import re
from typing import TYPE_CHECKING, Any

from dlcourse.plots.labels import lay_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# SVG shown as an image cannot load a web font: name what systems have, DejaVu's metrics first.
FONTS = "'DejaVu Sans', Verdana, Geneva, sans-serif"
INHERITED = f"stroke-linejoin: round; stroke-linecap: butt; font-family: {FONTS}"
_TAG = re.compile(r"<[^>]+>")
_SCALED = re.compile(r'transform="[^"]*(?:scale|matrix)[^"]*"')
_PATH = re.compile(r' d="([^"]*)"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def to_svg(fig: Figure, prefix: str = "s", label: str = "") -> str:
    """The figure as one ``<svg>`` element on opaque white, the same bytes every time.

    Parameters
    ----------
    fig : the figure.
    prefix : start of every identifier inside; two SVG on one page need different ones.
    label : accessible name; with it the element gets ``role="img"``.
    """
    import matplotlib

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "dlcourse", "path.simplify": False}
    settings |= {"figure.autolayout": False, "figure.constrained_layout.use": False}
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context(settings):
        lay_out(fig)
        fig.set_layout_engine(None)  # another pass would move it a little, and draw it twice
        fig.savefig(buffer, format="svg", facecolor="white", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.S)
    text = re.sub(r' transform="rotate\(-?0 [^"]*"', "", text)
    text = _TAG.sub(lambda tag: _shorten(tag.group()), text)
    text = text.replace("; font-family: 'DejaVu Sans'", "")  # every text inherits it from the root
    text = _number_ids(text, prefix).replace("'DejaVu Sans'", FONTS)
    name = f' role="img" aria-label="{html.escape(label)}"' if label else ""
    text = text.replace("<svg", f'<svg style="{INHERITED}"{name}', 1)
    return re.sub(r"\n\s*\n+", "\n", re.sub(r"[ \t]+\n", "\n", text)) + "\n"


def _shorten(tag: str) -> str:
    if _SCALED.search(tag) or tag.startswith("<image"):
        return tag  # a factor needs its digits

    def shorten(match: re.Match[str]) -> str:
        number = f"{float(match.group()):.2f}".rstrip("0").rstrip(".")
        return "0" if number == "-0" else number

    return _PATH.sub(_join_lines, _LONG_NUMBER.sub(shorten, tag))


def _join_lines(match: re.Match[str]) -> str:
    """A path on one line; pairs of numbers after M or L are lines without saying so."""
    parts, command = [], ""
    for line in match[1].split("\n"):
        implied = line.startswith("L ") and command in ("M", "L")
        parts.append(line[2:] if implied else line)
        command = line[:1]
    return f' d="{" ".join(parts).strip()}"'


def _number_ids(text: str, prefix: str) -> str:
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    counter = itertools.count()
    names: dict[str, str] = {}
    for name in re.findall(r' id="([^"]+)"', text):
        if name in used and name not in names:
            names[name] = f"{prefix}{next(counter)}"

    def identifier(match: re.Match[str]) -> str:
        name = match.group(1)
        return f' id="{names[name]}"' if name in names else ""

    text = re.sub(r' id="([^"]+)"', identifier, text)
    return re.sub(r'(url\(|href=")#([^")]+)', lambda m: f"{m[1]}#{names[m[2]]}", text)
