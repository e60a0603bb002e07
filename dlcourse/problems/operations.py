"""How many additions and multiplications a function makes: counted while it runs, not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.arrays import Array


class Counted(np.ndarray[Any, Any]):
    """An array that notes what is computed with it, and all that comes of it, in ``counts``."""

    counts: list[int]

    def __array_finalize__(self, obj: Any) -> None:
        self.counts = getattr(obj, "counts", [])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(one) for one in inputs]
        found = np.asarray(getattr(ufunc, method)(*plain, **options))
        if ufunc.signature is None:  # entry by entry
            made = max(found.size, *(one.size for one in plain))
        else:  # one multiplication and one addition for each term of a sum
            made = 2 * found.size * plain[0].shape[-1]
        self.counts.append(made)
        result = found.view(Counted)
        result.counts = self.counts
        return result


def operations(function: Callable[..., Any], *arrays: Array) -> int:
    """Operations of NumPy in ``function(*arrays)``, those on the arrays and on what comes of them.

    A product of matrices, or of vectors, counts two for each term of its sums.

    >>> import numpy as np
    >>> x, W = np.ones((8, 5)), np.ones((5, 3))
    >>> operations(lambda x, W: 2 * (x @ W), x, W)  # 2 * 8 * 3 * 5 and 8 * 3
    264
    """
    counts: list[int] = []
    given = [array.view(Counted) for array in arrays]
    for array in given:
        array.counts = counts
    function(*given)
    return sum(counts)
