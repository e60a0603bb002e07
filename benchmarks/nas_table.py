"""Every cell of the small space, trained to tell odd digits from even ones, from scratch.

``python -m benchmarks.nas_table``: 1,024 cells, eight seeds, 18 epochs each, minutes on one core.
All cells of a seed start at the same weights and see the same batches. With ``--write`` the numbers
of right answers, after 2, 6 and 18 epochs on validation data and at the end on test data, go to
``dlcourse/data_files/digits_cells.npz``, which ``dlcourse.scratch.hpo.nas.digits_cells`` reads.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlcourse import data
from dlcourse.scratch.hpo.nas import all_cells, cell_name, odd_digits, train_cells
from dlcourse.scratch.optimizers import Adam

FILE = Path(__file__).parent.parent / "dlcourse" / "data_files" / "digits_cells.npz"
SEEDS, EPOCHS, LR = tuple(range(8)), (2, 6, 18), 0.01


def counted(cells: np.ndarray, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Right answers: (epochs, seeds, cells) on validation data, (seeds, cells) on test data."""
    digits = data.load()
    train, *held_out = map(odd_digits, (digits.train, digits.validation, digits.test))
    validation, test = [], []
    for seed in seeds:
        found = train_cells(
            cells, train, held_out,
            lambda theta: Adam(theta, lr=LR), np.random.default_rng(seed), max(EPOCHS), at=EPOCHS,
        )  # fmt: skip
        validation.append(found[:, 0] * len(digits.validation.y))
        test.append(found[-1, 1] * len(digits.test.y))
    return np.rint(np.stack(validation, 1)).astype("u2"), np.rint(test).astype("u2")


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """A compressed .npz that is the same to the byte whenever it is written."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, a in arrays.items():
            one = io.BytesIO()
            np.save(one, a)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def main(write: bool) -> None:
    cells = all_cells()
    validation, test = counted(cells, SEEDS)
    axes = {"epochs": np.array(EPOCHS), "seeds": np.array(SEEDS)}
    content = packed({"validation": validation, "test": test, **axes})
    order = np.argsort(-test.mean(0), kind="stable")
    for i in (*order[:5], *order[len(order) // 2 :][:3]):
        print(
            f"{test[:, i].mean() / 500:.4f} ± {test[:, i].std(ddof=1) / 500:.4f}",
            cell_name(cells[i]),
        )
    print(f"{len(content)} bytes", "written" if write else "")
    if write:
        FILE.write_bytes(content)


if __name__ == "__main__":
    main("--write" in sys.argv[1:])
