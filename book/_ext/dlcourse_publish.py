"""Launch buttons and links to the source, where book/publish.yml says where that is."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from tools.address import Address, AddressError, address


def options(at: Address) -> dict[str, Any]:
    """The theme's options for an address; none for an empty one."""
    if not at.repository:
        return {}
    return {
        "repository_url": at.repository,
        "repository_branch": at.branch,
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": {
            "colab_url": "https://colab.research.google.com",
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        },
    }


def switch(app: Sphinx, config: Config) -> None:
    try:
        config.html_theme_options |= options(address())
    except AddressError as error:
        raise ConfigError(str(error)) from None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", switch)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
