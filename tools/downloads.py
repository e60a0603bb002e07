"""Links that are meant to download do: the theme's own lack the attribute that says so.

A page that is opened from a folder may neither fetch a file nor name it for download. So each file
stands there once more, packed into a script, which ``download.js`` asks for on a click.
"""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path
from urllib.parse import unquote

BUTTON = re.compile(r'<a href="([^"]*)" target="_blank"(\s+class="[^"]*btn-download-source-button)')
LINK = re.compile(r'<a [^>]*\bdownload\b[^>]*href="([^"#?:]+)"|<a href="([^"#?:]+)" download')


def mend(site: Path) -> int:
    """Mark the theme's links in every page of ``site``, pack what is downloaded; how many files."""
    targets = set()
    for page in sorted(site.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        marked = BUTTON.sub(r'<a href="\1" download\2', text)
        if marked != text:
            page.write_text(marked, encoding="utf-8")
        named = (unquote(one or other) for one, other in LINK.findall(marked))
        targets |= {(page.parent / name).resolve() for name in named}
    for target in targets:
        packed = base64.b64encode(gzip.compress(target.read_bytes(), mtime=0)).decode()
        script = target.with_name(target.name + ".js")
        script.write_text(f'courseFile("{packed}");\n', encoding="ascii")
    return len(targets)
