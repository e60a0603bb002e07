"""The machine's shared libraries that the interpreter and NumPy are linked to, and no others.

They are asked of the loader itself, in a process of its own that loads every compiled module of
both: it knows the rules of this machine, and under which names it will look for them again.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

LOADED = """
import contextlib, ctypes, os, sys
for path in sys.argv[1:]:
    with contextlib.suppress(OSError):  # not everything is there for every module: none for X11
        ctypes.CDLL(path)
class Library(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Library), ctypes.c_size_t, ctypes.c_void_p)
def say(library, size, data):
    os.write(1, library.contents.name + b"\\0")
    return 0
ctypes.CDLL(None).dl_iterate_phdr(say, None)
os._exit(0)  # what was loaded need not be cleared up
"""


def standard() -> list[Path]:
    """The folders of the standard library: one, or two where compiled modules lie apart."""
    bases = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}  # not of an environment
    paths = dict.fromkeys(sysconfig.get_path(name, vars=bases) for name in ("stdlib", "platstdlib"))
    return [Path(path) for path in paths if os.path.isdir(path)]


@functools.cache
def needed(interpreter: Path, shipped: tuple[Path, ...]) -> dict[str, str]:
    """Where each library is looked for, and the file that is there.

    ``shipped`` are the folders of NumPy; they and the standard library are seen anyway.
    """
    inside = [*shipped, *standard()]
    compiled = [*shipped, *(path / "lib-dynload" for path in standard())]
    modules = (str(path) for folder in compiled for path in sorted(folder.rglob("*.so")))
    words = [str(interpreter), "-I", "-S", "-c", LOADED, *modules]
    bare = {"OPENBLAS_NUM_THREADS": "1"}  # and no LD_LIBRARY_PATH: there is none in the sandbox
    said = subprocess.run(words, stdout=subprocess.PIPE, env=bare, check=False)
    names = [os.path.normpath(os.fsdecode(name)) for name in said.stdout.split(b"\0")]
    return dict(_places((name for name in names if os.path.isabs(name)), inside))


def _places(names: Iterable[str], inside: list[Path]) -> Iterator[tuple[str, str]]:
    for name in names:
        folder, file = os.path.realpath(os.path.dirname(name)), os.path.realpath(name)
        seen = any(Path(file).is_relative_to(os.path.realpath(path)) for path in inside)
        if os.path.isfile(file) and not seen:
            yield os.path.join(folder, os.path.basename(name)), file
