"""What Jupyter Book leaves undone in a built site: a first page, downloads that download."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tools import downloads

FIRST_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{about}">
<meta http-equiv="refresh" content="0; url={first}">
<link rel="icon" href="_static/favicon.svg">
<title>{title}</title>
</head>
<body>
<main><h1>{title}</h1><p><a href="{first}">{invite}</a></p></main>
</body>
</html>
"""

ENGLISH = {
    "language": "en",
    "title": "Training deep networks",
    "about": "Training deep networks: an executable textbook.",
    "invite": "Open the book",
}


def main(site: str, words: Mapping[str, str] = ENGLISH) -> None:
    """Replace the bare redirect of ``site`` by one with a title, a language and a link."""
    root = Path(site)
    first = "book/index.html"
    if not (root / first).exists():
        raise SystemExit(f"{site} has no {first}; was the book built?")
    (root / "index.html").write_text(FIRST_PAGE.format(first=first, **words), encoding="utf-8")
    downloads.mend(root)


if __name__ == "__main__":
    main(sys.argv[1])
