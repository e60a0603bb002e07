"""What Jupyter Book leaves undone in a built site: a first page, downloads that download."""

from __future__ import annotations

import sys
from pathlib import Path

from tools import downloads

FIRST_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Training deep networks: an executable textbook.">
<meta http-equiv="refresh" content="0; url={first}">
<link rel="icon" href="_static/favicon.svg">
<title>Training deep networks</title>
</head>
<body>
<main><h1>Training deep networks</h1><p><a href="{first}">Open the book</a></p></main>
</body>
</html>
"""


def main(site: str) -> None:
    """Replace the bare redirect of ``site`` by one with a title, a language and a link."""
    root = Path(site)
    first = "book/index.html"
    if not (root / first).exists():
        raise SystemExit(f"{site} has no {first}; was the book built?")
    (root / "index.html").write_text(FIRST_PAGE.format(first=first), encoding="utf-8")
    downloads.mend(root)


if __name__ == "__main__":
    main(sys.argv[1])
