"""Which files an answer sees: an interpreter's, NumPy's, what both are linked to, a few of ours."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from tools_available import need

from dlcourse.grading.sandbox import Limits, Sandbox, launch, libraries

LIMITS = Limits(call=60.0, total=120.0, compute=60.0, cpu=120)
SEE = """
def see(names):
    import importlib, os
    found = [os.path.join(folder, name) for folder, _, files in os.walk("/") for name in files]
    failed = []
    for name in names.split():
        try: importlib.import_module(name)
        except ImportError: failed.append(name)
    return [" ".join(path for path in found if "python3" not in path and "numpy" not in path),
            len(found), " ".join(failed)]
"""
SPEAKING = {"antigravity", "this", "idlelib", "turtledemo", "test"}
"""Modules of the standard library that do something when they are imported, or are no library."""


@pytest.fixture(scope="module")
def seen():
    """All files but Python's and NumPy's, how many there are, and what cannot be imported."""
    need("bubblewrap")
    names = " ".join(sorted(sys.stdlib_module_names - SPEAKING))
    with Sandbox(limits=LIMITS).answer(SEE, "see") as subject:
        subject.facts()
        request = {"names": ["names"], "given": {"names": names}, "over": None}
        reply = subject.child.ask(request)
    assert "value" in reply, reply
    paths, count, failed = reply["value"]
    return paths.split(), count, set(failed.split())


def test_of_the_machine_only_libraries_are_seen(seen):
    paths, count, _ = seen
    ours = {path for path in paths if path.startswith("/w/")}
    theirs = {path for path in paths if not path.startswith(("/w/", "/dev/"))}
    assert {Path(path).name for path in ours} >= {path.name for path in launch.FILES}
    assert "/etc/ld.so.cache" in theirs
    others = theirs - {"/etc/ld.so.cache", str(launch.interpreter())}
    assert others and all(".so" in os.path.basename(path) for path in others), others
    assert len(others) < 100 and len(ours) < 20
    python = sum(len(files) for path in libraries.standard() for *_, files in os.walk(path))
    numpy = sum(len(files) for path in launch.numpy_folders() for *_, files in os.walk(path))
    assert count <= python + numpy + len(paths) + 20, "the rest is the interpreter's and NumPy's"


def test_the_whole_standard_library_can_be_imported_as_here(seen):
    here = set()
    for name in seen[2]:
        try:
            importlib.import_module(name)
        except ImportError:
            here.add(name)
    assert seen[2] == here


def test_libraries_are_where_they_will_be_looked_for():
    found = libraries.needed(launch.interpreter(), tuple(launch.numpy_folders()))
    names = {os.path.basename(place).partition(".so")[0] for place in found}
    assert {"libc", "libm"} <= names
    for place, file in found.items():
        assert os.path.samefile(place, file) and not os.path.islink(file)
        assert os.path.realpath(os.path.dirname(place)) == os.path.dirname(place)
    inside = [*launch.numpy_folders(), *libraries.standard()]
    assert not any(Path(file).is_relative_to(path) for file in found.values() for path in inside)


def test_a_module_that_cannot_be_loaded_stops_nothing(tmp_path):
    (tmp_path / "broken.so").write_bytes(b"no library")
    found = libraries.needed(launch.interpreter(), (tmp_path,))
    assert any("libc.so" in place for place in found)


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="this is no virtual environment")
def test_the_library_of_an_environment_is_not_the_standard_library():
    assert not any(path.is_relative_to(sys.prefix) for path in libraries.standard())
