"""Every picture says how large it is, so that the text below it stays where it is when it comes."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sphinx.application import Sphinx

_IMAGE = re.compile(r'<img\b(?![^>]*\bwidth=")[^>]*\bsrc="[^"]*_images/([^"?]+)"[^>]*?(?=\s*/?>)')
_PIXELS = {"pt": 4 / 3, "px": 1.0, "": 1.0}


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels of an SVG or a PNG; ``None`` where the file does not say."""
    if path.suffix == ".png":
        with path.open("rb") as file:
            return struct.unpack(">II", file.read(24)[16:])
    if path.suffix != ".svg":
        return None
    found = re.search(r"<svg\b[^>]*>", path.read_text(encoding="utf-8"))
    tag = found[0] if found else ""
    width, height = _length(tag, "width"), _length(tag, "height")
    if not (width and height) and (box := re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', tag)):
        width, height = float(box[1]), float(box[2])
    return (round(width), round(height)) if width and height else None


def _length(tag: str, name: str) -> float:
    found = re.search(rf'(?<![\w-]){name}="([\d.]+)(pt|px|)"', tag)
    return float(found[1]) * _PIXELS[found[2]] if found else 0.0


def reserve(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Add ``width`` and ``height`` to the pictures of a page."""
    images = getattr(app.builder, "images", {})
    sources = {name: Path(app.srcdir, source) for source, name in images.items()}

    def sized(match: re.Match[str]) -> str:
        source = sources.get(unquote(match[1]))
        size = size_of(source) if source else None
        return f'{match[0]} width="{size[0]}" height="{size[1]}"' if size else match[0]

    if "body" in context:
        context["body"] = _IMAGE.sub(sized, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", reserve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
