"""What publishes the book cannot be run here, so schemas, linters and the Makefile read it."""

import importlib.resources
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import nbformat
import pytest
import yaml

import dlcourse
from tools import vendor
from tools.address import Address, AddressError, address, install, ways

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "book.yml"
DEVCONTAINER = ROOT / ".devcontainer" / "devcontainer.json"
AT = Address("https://github.com/someone/dlcourse", "main")


def actionlint(path):
    """What actionlint says of a workflow; empty where it is content."""
    node = Path(vendor.npm_command()[0]).with_name("node")
    tool = vendor.MODULES / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
    done = subprocess.run([node, tool, path], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def schema(name, path):
    """What a schema says of a file, by the copies of schemas that check-jsonschema carries."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    rules = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    text = re.sub("^on:", '"on":', path.read_text(encoding="utf-8"), flags=re.M)  # else: true
    said = json.loads(json.dumps(yaml.safe_load(text), default=str))  # a date is text there
    errors = jsonschema.validators.validator_for(rules)(rules).iter_errors(said)
    return [f"{error.json_path}: {error.message}" for error in errors]


def targets():
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    return {
        name
        for line in lines
        if (m := re.match(r"([a-z][\w -]*):(?!=)", line))
        for name in m[1].split()
    }


def unknown_targets(commands):
    """Words after ``make`` in shell lines that the Makefile has no rule for."""
    called = re.findall(r"^(?:\s*- )?(?:run: )?make ([\w -]+)$", commands, flags=re.M)
    return {word for words in called for word in words.split()} - targets()


def loose_actions(text):
    """Actions that are not pinned to a version or a commit."""
    return [
        use
        for use in re.findall(r"uses: (\S+)", text)
        if not re.search(r"@(v\d+|[0-9a-f]{40})$", use)
    ]


CHECKS = {
    "actionlint": actionlint,
    "schema": lambda path: schema("github-workflows", path),
    "targets": lambda path: sorted(unknown_targets(path.read_text(encoding="utf-8"))),
    "pins": lambda path: loose_actions(path.read_text(encoding="utf-8")),
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_workflow_is_sound(check):
    assert CHECKS[check](WORKFLOW) == []


@pytest.mark.parametrize(
    ("check", "right", "wrong", "message"),
    [
        ("actionlint", "[test, build]", "[tests, build]", 'job "tests" which does not exist'),
        ("actionlint", "vars.PIP", "varz.PIP", 'undefined variable "varz"'),
        ("schema", "timeout-minutes: 60", "timeout-minuets: 60", "timeout-minuets"),
        ("schema", "contents: read", "contents: reed", "reed"),
        ("targets", "run: make test\n", "run: make tests\n", "tests"),
        ("pins", "actions/checkout@v4", "actions/checkout@main", "actions/checkout@main"),
    ],
)
def test_an_error_in_the_workflow_is_found(check, right, wrong, message, tmp_path):
    text = WORKFLOW.read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "book.yml").write_text(text.replace(right, wrong), encoding="utf-8")
    found = CHECKS[check](tmp_path / "book.yml")
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize(
    ("name", "file", "right", "wrong"),
    [
        ("dependabot", ".github/dependabot.yml", "interval: monthly", "interval: fortnightly"),
        ("citation-file-format", "CITATION.cff", "cff-version: 1.2.0", "cff-version: one"),
    ],
)
def test_files_for_other_programs_fit_their_schema(name, file, right, wrong, tmp_path):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert schema(name, ROOT / file) == []
    copy = tmp_path / Path(file).name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    assert schema(name, copy) != []


# The keys we use, spelled as in the specification; a misspelled one would be ignored.
DEV_KEYS = {"name", "image", "postCreateCommand", "forwardPorts", "runArgs", "customizations"}


def test_the_dev_container_asks_for_what_there_is():
    said = json.loads(DEVCONTAINER.read_text(encoding="utf-8"))
    assert set(said) <= DEV_KEYS
    assert unknown_targets(said["postCreateCommand"]) == set()
    assert unknown_targets(said["postCreateCommand"].replace("setup", "set-up")) == {"set-up"}


def test_binder_installs_the_package_of_this_folder():
    path = ROOT / ".binder" / "environment.yml"
    asked = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [item["pip"] for item in asked if isinstance(item, dict)]
    place, extras = re.fullmatch(r"-e (\S+)\[(.+)\]", pip[0]).groups()
    project = (path.parent / place / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{extra} = \[", project, flags=re.M) for extra in extras.split(","))
    assert "pytorch-cpu" in asked, "pip's own PyTorch is too large for an image"


# The one variable: an empty address leads nowhere, a wrong one stops the build.


def publish_file(tmp_path, text):
    path = tmp_path / "publish.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_an_address_is_read(end, tmp_path):
    path = publish_file(tmp_path, f"repository: {AT.repository}{end}\nbranch: main\n")
    assert address(path) == AT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repository: ''", "must have the keys repository and branch"),
        ("repository: ''\nbranch: main\nrepo: x", "must have the keys"),
        ("- a", "must have the keys"),
        ("repository: github.com/a/b\nbranch: main", "https://github.com/OWNER/NAME; got 'github"),
        ("repository: https://gitlab.com/a/b\nbranch: main", "OWNER/NAME; got"),
        ("repository: https://github.com/a\nbranch: main", "OWNER/NAME; got"),
        ("repository: ''\nbranch: ''", "branch must be the name of a branch"),
        ("repository: ''\nbranch: 'a b'", "branch must be the name of a branch"),
    ],
)
def test_a_bad_address_is_refused(text, message, tmp_path):
    with pytest.raises(AddressError, match=re.escape(message)):
        address(publish_file(tmp_path, text))


def test_the_ways_to_have_the_book_link_only_where_there_is_something():
    assert "](" not in ways(Address("", "main"))
    assert f"{AT.repository}/releases/latest/download/dlcourse.pdf" in ways(AT)
    for text in (ways(Address("", "main")), install(Address("", "main"))):
        assert unknown_targets("\n".join(re.findall(r"make \w+", text))) == set()
        assert unknown_targets("make wheel") == {"wheel"}  # planted


def test_who_installs_gets_the_wheel_or_the_source():
    source = f"dlcourse[lessons] @ git+{AT.repository}@{AT.branch}"
    assert f'\npip install "{source}" jupyterlab\n' in install(AT)
    assert "dist" not in install(AT)
    name = f"dlcourse-{dlcourse.__version__}-py3-none-any.whl[lessons]"
    assert f'pip install "{name}"' in install(Address("", "main"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """One page of code built by Jupyter Book's theme without and with an address: html of both."""
    found = []
    for repository in ("", AT.repository):
        root = tmp_path_factory.mktemp("book")
        (root / "_toc.yml").write_text("format: jb-book\nroot: page\n")
        cells = [nbformat.v4.new_markdown_cell("# A page")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), root / "page.ipynb")
        (root / "conf.py").write_text(
            f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "book" / "_ext")!r}]
from tools import address
address.address.__defaults__ = (address.Path({str(root / "publish.yml")!r}),)
extensions = ["myst_nb", "sphinx_external_toc", "dlcourse_publish"]
nb_execution_mode = "off"
html_theme = "sphinx_book_theme"
html_theme_options = {{"use_download_button": False}}
"""
        )
        publish_file(root, f"repository: '{repository}'\nbranch: main\n")
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", root, root / "out"]
        subprocess.run(command, check=True)
        found.append((root / "out" / "page.html").read_text(encoding="utf-8"))
    return found


def test_buttons_stand_where_there_is_an_address_and_nowhere_else(pages):
    without, with_address = pages
    places = [
        "colab.research.google.com/github/someone/dlcourse/blob/main/page",
        "mybinder.org/v2/gh",
    ]
    assert all(place in with_address for place in [*places, f'href="{AT.repository}"'])
    assert not any(host in without for host in ("colab", "mybinder", "github.com"))
