"""Pack the UCI test set of 8x8 digits into the file that ships with the package.

    python tools/pack_digits.py optdigits.tes dlcourse/data_files/digits.npz

The input is the UCI file ``optdigits.tes`` or scikit-learn's copy of it (``digits.csv.gz``): one
image a line, 64 counts of 0 to 16 and the class. The same arrays give the same bytes under one
version of zlib.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

SPLIT_SEED = 1797
TEST_PER_CLASS, VALIDATION_PER_CLASS = 50, 40
TRAIN = 896


def split_order(labels: np.ndarray) -> np.ndarray:
    """Indices of the images: 896 for training, then 400 for validation, then 500 for the test.

    The images are shuffled once; the first 50 of each class then go to the test and the next 40 to
    the validation. Inside each part they keep the shuffled order.

    1797 = 896 + 400 + 500 + 1: the last of those that remain is left out. 897 would leave a single
    image over in batches of 2, 4, ... 128, which moves the weights as a whole batch does;
    896 = 2^7 * 7 leaves none.
    """
    # The legacy generator on purpose: NumPy promises that its stream never changes.
    shuffled = np.random.RandomState(SPLIT_SEED).permutation(len(labels))
    rank = np.empty(len(labels), dtype=int)  # of each shuffled image among those of its class
    for k in range(10):
        of_class = labels[shuffled] == k
        rank[of_class] = np.arange(of_class.sum())
    is_test = rank < TEST_PER_CLASS
    is_train = rank >= TEST_PER_CLASS + VALIDATION_PER_CLASS
    train, validation = shuffled[is_train][:TRAIN], shuffled[~is_train & ~is_test]
    return np.concatenate([train, validation, shuffled[is_test]])


def pack(source: Path, target: Path) -> str:
    """Write ``images``, ``labels`` and the ``order`` of the split; return the file's sha256."""
    table = np.loadtxt(source, delimiter=",", dtype=float)
    if table.shape != (1797, 65) or table[:, :64].max() != 16 or table[:, 64].max() != 9:
        raise SystemExit(f"{source} is not the optdigits test set: table of shape {table.shape}")
    labels = table[:, 64].astype(np.uint8)
    np.savez_compressed(
        target,
        images=table[:, :64].astype(np.uint8).reshape(1797, 8, 8),
        labels=labels,
        order=split_order(labels).astype(np.int16),
    )
    return hashlib.sha256(target.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(pack(Path(sys.argv[1]), Path(sys.argv[2])))
