"""Pack the built site into one file to carry away: unpacked, it is read from its folder.

    python -m tools.offline _build/html _build/dlcourse-site.zip        (what `make zip` does)

The same site gives the same bytes.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

FOLDER = "dlcourse"
NOTHING = {".buildinfo", ".doctrees", ".nojekyll"}  # what only Sphinx and servers read
MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold
LARGEST = 40e6  # bytes: what still goes by mail or chat


def pack(site: Path, out: Path) -> int:
    """Write the zip; the number of its files."""
    if not (site / "index.html").is_file():
        raise SystemExit(f"{site} must hold the built book: run `make book`.")
    out.parent.mkdir(parents=True, exist_ok=True)
    files = [
        path
        for path in sorted(site.rglob("*"))
        if path.is_file() and not NOTHING & set(path.relative_to(site).parts)
    ]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(site).as_posix()}", MOMENT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    if out.stat().st_size > LARGEST:
        largest = max(files, key=lambda path: path.stat().st_size)
        out.unlink()
        raise SystemExit(
            f"{out} must be at most {LARGEST / 1e6:.0f} MB; the largest file is {largest}."
        )
    return len(files)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.offline", description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    count = pack(options.site, options.out)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {count} files, {size:.1f} MB; unpack it and open {FOLDER}/index.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
