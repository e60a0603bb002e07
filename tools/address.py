"""The address that the book is published at: book/publish.yml, read and checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import yaml

FILE = Path(__file__).resolve().parents[1] / "book" / "publish.yml"


class AddressError(ValueError):
    """book/publish.yml says something that no button could lead to."""


class Address(NamedTuple):
    """``repository`` is empty where the book is not published."""

    repository: str
    branch: str

    @property
    def latest(self) -> str:
        """Where the files of the newest release are fetched."""
        return f"{self.repository}/releases/latest/download"


def address(path: Path = FILE) -> Address:
    """Read ``path``.

    Raises
    ------
    AddressError : a key is missing or unknown, the repository is no page of GitHub (to which Colab,
        Binder and the workflow belong), or the branch has no name.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(entries, dict) or set(entries) != {"repository", "branch"}:
        raise AddressError(
            f"{path.name} must have the keys repository and branch; got {entries!r}."
        )
    repository, branch = str(entries["repository"] or "").rstrip("/"), str(entries["branch"] or "")
    repository = repository.removesuffix(".git")
    if repository and not re.fullmatch(r"https://github\.com/[\w-]+/[\w.-]+", repository):
        raise AddressError(
            f"repository must be empty or https://github.com/OWNER/NAME; got {repository!r}."
        )
    if not re.fullmatch(r"[\w][\w./-]*", branch):
        raise AddressError(f"branch must be the name of a branch, as main; got {branch!r}.")
    return Address(repository, branch)


def requirement(at: Address, root: Path = FILE.parents[1]) -> str:
    """What pip is told to install: the wheel that `make dist` leaves in dist, or the source."""
    if at.repository:
        return f"dlcourse[lessons] @ git+{at.repository}@{at.branch}"
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"dlcourse-{project['version']}-py3-none-any.whl[lessons]"


def install(at: Address) -> str:
    """The commands that bring the exercises to a reader who has no clone."""
    wheel = "The wheel is what `make dist` leaves in `dist/`; run pip beside it."
    return (
        f'```sh\npip install "{requirement(at)}" jupyterlab\n'
        "python -m dlcourse notebooks my-answers   # all exercises, into a folder of yours\n"
        f"python -m jupyterlab my-answers\n```\n\n{'' if at.repository else wheel}\n"
        "Where Jupyter runs already, download a notebook from the top of its page;\n"
        "its first cell says what is missing.\n"
    )


def ways(at: Address) -> str:
    """The lines of the book that say how to have it without this site."""
    if not at.repository:
        return (
            "From the project's folder, `make pdf` prints the book, `make zip` packs this site to\n"
            "be read without a network, and `make dist` builds the package, with which the\n"
            "notebooks run anywhere. Each lesson has a button that downloads it.\n"
        )
    return (
        f"To read without a network: [the PDF]({at.latest}/dlcourse.pdf) or [this site as a zip]"
        f"({at.latest}/dlcourse-site.zip).\nTo run it: the button at the top of a lesson opens it "
        "in Colab or Binder, or downloads\nthe notebook, which says in its first cell how the "
        f"package is installed.\nTo change it: [the source]({at.repository}).\n"
    )
