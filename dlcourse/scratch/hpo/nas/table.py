"""How well every cell tells odd digits from even ones, once and for all: regret is exact."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.nas.cells import EDGES, OPERATIONS, cell_index

FILE = "digits_cells.npz"
SAMPLES = {"validation": 400, "test": 500}


@dataclass(frozen=True, eq=False)
class CellTable:
    """Accuracies of all 1,024 cells, each trained from scratch with several seeds.

    Attributes
    ----------
    validation : (epochs, seeds, cells), after each of ``epochs``
    test : (seeds, cells), at the end
    epochs, seeds : what the axes are
    """

    validation: Array
    test: Array
    epochs: tuple[int, ...]
    seeds: tuple[int, ...]

    def accuracy(self, cells: npt.ArrayLike) -> Array:
        """Test accuracy of each cell, the mean over seeds: (..., 5) to (...)."""
        return self.test.mean(0)[cell_index(cells)]

    def regret(self, cells: npt.ArrayLike) -> Array:
        """How much less than the best cell there is, in test accuracy; 0 for the best."""
        return self.test.mean(0).max() - self.accuracy(cells)

    def reward(self, cells: npt.ArrayLike, rng: np.random.Generator | None = None) -> Array:
        """Validation accuracy at the end: of one training, its seed drawn; the mean without rng.

        What training a cell once would have said, at no cost.
        """
        rows, last = cell_index(cells), self.validation[-1]
        if rng is None:
            return last.mean(0)[rows]
        return last[checks.generator("rng", rng).integers(len(self.seeds), size=rows.shape), rows]


def digits_cells() -> CellTable:
    """The table that ships with the package; ``python -m benchmarks.nas_table`` makes it again.

    >>> table = digits_cells()
    >>> table.test.shape, bool(table.accuracy([0, 0, 0, 0, 0]) == 0.5)
    ((8, 1024), True)
    """
    file = resources.files("dlcourse") / "data_files" / FILE
    return read_table(file.read_bytes())


def read_table(content: bytes) -> CellTable:
    """Counts of right answers, as they are stored, to accuracies."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        stored: dict[str, Any] = {name: held[name] for name in held.files}
    cells = len(OPERATIONS) ** len(EDGES)
    epochs, seeds = (tuple(stored[name].tolist()) for name in ("epochs", "seeds"))
    checks.shaped("validation", stored["validation"], (len(epochs), len(seeds), cells))
    checks.shaped("test", stored["test"], (len(seeds), cells))
    shares = {name: stored[name] / n for name, n in SAMPLES.items()}
    return CellTable(shares["validation"], shares["test"], epochs, seeds)
