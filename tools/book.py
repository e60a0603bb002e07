"""The pages, from stored outputs: no lesson is executed here. Any warning is an error.

    python -m tools.book    (make site)

``jupyter-book build`` has one process; Sphinx below it reads and writes with several.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

from jupyter_book.sphinx import build_sphinx

from tools.registries import ROOT

MOST = 4  # processes: above it, the one that joins what the others have read is what takes time
# Pages are millions of small objects that refer to each other: looking through all of them for
# what nobody needs any more, as often as Python does, takes a tenth of the time.
SELDOM = (20_000, 10, 10)


def build(out: Path, settings: dict[str, Any], root: Path = ROOT) -> None:
    """Build all pages into a folder, with settings beyond those of _config.yml."""
    told = {"latex_individualpages": False, "external_toc_path": str(root / "_toc.yml")}
    failed = build_sphinx(
        root, out, noconfig=True, path_config=root / "_config.yml", builder="html",
        confoverrides=told | {"nitpicky": True} | settings, quiet=True, warningiserror=True,
        keep_going=True, jobs=min(MOST, os.cpu_count() or 1),
    )  # fmt: skip
    if failed:
        raise SystemExit(f"{out} was not built: see the warnings above.")


if __name__ == "__main__":
    gc.set_threshold(*SELDOM)
    build(ROOT / "_build" / "html", {})
