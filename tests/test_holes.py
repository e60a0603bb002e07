"""Sandboxes with a hole in a wall: each is found before an answer is run in it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tools_available import need

from dlcourse.grading import batch
from dlcourse.grading.sandbox import SandboxError, launch


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def _package():
    return str(Path(batch.__file__).parents[1])


# What a wall is replaced by: what gets through.
LEAKS = {
    "the machine's files": (["--ro-bind", "/etc", "/etc"], "read a file of the machine"),
    "the grader's files": (["--ro-bind", _package(), _package()], "read the grader's files"),
    "the package": (["--ro-bind", _package(), "/w/site/dlcourse"], "import the package"),
    "torch": (["--ro-bind", _package(), "/w/site/torch"], "import torch"),
    "a folder to write to": (["--tmpfs", "/dev/shm"], "write to shared memory"),
    "its own folder": (["--tmpfs", "/tmp"], "write to its folder"),
    "what a kernel shows": (["--proc", "/proc"], "read the machine's settings"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_sandbox_that_leaks_is_refused(name, monkeypatch):
    more, leak = LEAKS[name]
    _planted(monkeypatch, lambda words: [*_before(words, "--remount-ro", more)])
    with pytest.raises(SandboxError, match=rf"does not hold: an answer could .*{leak}"):
        batch.Sandbox()


def test_a_sandbox_without_filters_is_refused(monkeypatch):
    def unfiltered(words):
        words = [word for word in words if word not in ("--seccomp", "{filter}")]
        return ["bare" if word == "filtered" else word for word in words]

    _planted(monkeypatch, unfiltered, filter=b"")
    with pytest.raises(SandboxError, match=r"does not hold: .*open a conn.*start a process"):
        batch.Sandbox()


def test_a_sandbox_that_can_be_written_to_is_refused(monkeypatch):
    def writable(words):
        place = words.index("/", words.index("--remount-ro"))
        return [*words[: place - 1], *words[place + 1 :]]

    _planted(monkeypatch, writable)
    with pytest.raises(SandboxError, match=r"does not hold: .*write outside of its folder"):
        batch.Sandbox()


def _before(words, mark, more):
    place = words.index(mark, words.index("--chdir"))
    return [*words[:place], *more, *words[place:]]


def _planted(monkeypatch, change, **fields):
    whole = launch.bubblewrap

    def holed(limits):
        made = whole(limits)
        return replace(made, words=change(made.words), **fields)

    monkeypatch.setattr(launch, "bubblewrap", holed)
