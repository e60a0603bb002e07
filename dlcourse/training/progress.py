"""One bar for all that takes long: on a terminal or in a notebook, and gone when it is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

try:
    from tqdm.auto import tqdm
except ImportError:  # without it there is no bar
    tqdm = None  # type: ignore[assignment, misc]


@contextmanager
def bar(total: float, shown: bool, **look: Any) -> Iterator[Callable[[float], Any]]:
    """A function that moves the bar on; it draws nothing where ``TQDM_DISABLE`` is set."""
    if not shown or tqdm is None or os.environ.get("TQDM_DISABLE"):  # a notebook's ignores it
        yield lambda count: None
        return
    with tqdm(total=total, leave=False, delay=1.0, **look) as drawn:
        yield drawn.update
