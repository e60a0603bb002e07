"""One ``.npz`` file for what training leaves: no pickles, and whole or not there at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def write(
    path: str | os.PathLike[str], meta: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write ``arrays`` and ``meta``, which names the ``format``; a crash leaves the old file."""
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            columns: Any = dict(arrays)
            np.savez_compressed(file, __meta__=np.array(json.dumps(meta)), **columns)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str], form: str, what: str) -> tuple[Any, dict[str, Array]]:
    """The meta and the arrays of a file of this format; ValueError for any other file."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            meta = json.loads(str(file["__meta__"]))
            if meta["format"] != form:
                raise KeyError("format")
            return meta, {name: file[name] for name in file.files if name != "__meta__"}
    except FileNotFoundError:
        raise
    except Exception as error:
        checks.fail("path", f"{what} saved by dlcourse ({error})", os.fspath(path))
