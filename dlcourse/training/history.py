"""What a training run leaves behind: columns over epochs, saved to one file and read back equal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training import files

FORMAT = "dlcourse-history-1"


class History(Mapping[str, Array]):
    """Columns by name, each ``(epochs,)`` or ``(epochs, runs)``; ``wall_seconds`` for the whole.

    Examples
    --------
    >>> history = History()
    >>> history.append({"val_loss": 0.5})
    >>> history.append({"val_loss": 0.25})
    >>> history["val_loss"]
    array([0.5 , 0.25])
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[Array]] = {}
        self.wall_seconds = 0.0

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one epoch; every epoch has the same columns."""
        if self._columns and row.keys() != self._columns.keys():
            checks.fail("row", f"of the columns {list(self._columns)}", list(row))
        for name, value in row.items():
            self._columns.setdefault(name, []).append(np.array(value, dtype=float))

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            known = ", ".join(self._columns) or "none yet"
            checks.fail("column", f"one of: {known}", name, error=KeyError)
        return np.array(self._columns[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {self[name].shape}" for name in self)
        return f"History({shapes}; {self.wall_seconds:.1f} s)"

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Count the time of the block, also when it ends in an error."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.wall_seconds += time.perf_counter() - start

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one ``.npz`` file without pickles; it appears whole or not at all."""
        files.write(path, {"format": FORMAT, "wall_seconds": self.wall_seconds}, dict(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read what ``save`` wrote; ValueError for any other file."""
        history = cls()
        meta, columns = files.read(path, FORMAT, "a history")
        history.wall_seconds = float(meta["wall_seconds"])
        history._columns = {name: list(column) for name, column in columns.items()}
        return history
