"""Answers one after the other, each in a process that was started before its turn came."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator

from dlcourse.grading.sandbox.child import Child, StartError
from dlcourse.grading.sandbox.remote import Remote

AHEAD = 1
"""How many processes come up while one is asked. To come up takes several times as long as to be
asked, since each imports NumPy; with one ahead a single worker keeps nearly two cores busy."""


class Line:
    """A fresh process for each of ``count`` answers; what is left over ends with the ``with``.

    A process holds nothing of an answer before its turn; with bubblewrap none can know of another.
    The line belongs to one thread: bubblewrap ends with the thread that started it.
    """

    def __init__(self, start: Callable[[], Child], count: int) -> None:
        self._start, self._left = start, count
        self._waiting: deque[Child] = deque()

    @contextlib.contextmanager
    def answer(self, source: str, entry: str) -> Iterator[Remote]:
        """The answer whose cell is ``source`` and whose function is called ``entry``.

        Raises
        ------
        StartError
            If no process comes up for it. It can be asked for again, and gets a new one.
        """
        with self._next() as child:
            yield Remote(child, source, entry)

    def _next(self) -> Child:
        waited = bool(self._waiting)
        child = self._waiting.popleft() if waited else self._start()
        try:
            self._left -= 1
            with contextlib.suppress(StartError, OSError):  # they are not needed yet
                while len(self._waiting) < min(AHEAD, self._left):
                    self._waiting.append(self._start())
            return child.ready()
        except BaseException as error:
            child.close()
            self.close()  # whatever ended this one may have ended those, too
            self._left = 0  # a machine that fails is not asked for two at a time
            if not (waited and isinstance(error, StartError)):
                raise
        return self._next()  # that it came up too early is nothing to count against the answer

    def close(self) -> None:
        """End the processes that nobody has asked."""
        while self._waiting:
            self._waiting.popleft().close()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
