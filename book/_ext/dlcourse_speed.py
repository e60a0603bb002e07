"""What lets the book be built by several processes, and keeps them from asking the same twice."""

from __future__ import annotations

import functools
from typing import Any

from pybtex import plugin
from sphinx.application import Sphinx

# Neither says of itself that pages may be read by several processes. The one only changes pages
# for LaTeX, the other numbers sections after all pages are read.
SAFE = ("sphinx_jupyterbook_latex", "sphinx_multitoc_numbering")


def read_together(app: Sphinx, config: Any) -> None:
    """Say so for them."""
    for name in SAFE:
        if name in app.extensions:
            app.extensions[name].parallel_read_safe = True


def remember_plugins() -> None:
    """Each citation asks for pybtex's plugins, and pybtex all installed packages: a tenth of the
    build. They stay the same."""
    if not hasattr(plugin.entry_points, "cache_info"):
        plugin.entry_points = functools.cache(plugin.entry_points)


def setup(app: Sphinx) -> dict[str, Any]:
    remember_plugins()
    app.connect("config-inited", read_together)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
