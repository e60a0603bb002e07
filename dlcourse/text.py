"""A text of the course as sequences of characters, for models that predict the next one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.data import Split, verified

__all__ = ["Text", "load", "windows"]

Ids = npt.NDArray[np.int64]

_SHA256 = "87de8b55fc26e92ada36bcb08c3dc694ec21174c789ab4d8ceffdee31182b3b4"


@dataclass(frozen=True, eq=False, repr=False)
class Text:
    """Three consecutive parts of one text, and where it comes from; made by ``load``.

    Attributes
    ----------
    name, text : str
    characters : the different ones, in order: the integer i stands for ``characters[i]``
    train, validation, test : Split, each a pair (x, y) of integers (n, length)
    license, source : str
    """

    name: str
    text: str
    characters: str
    train: Split
    validation: Split
    test: Split
    license: str
    source: str

    def encode(self, text: str) -> Ids:
        """The integers of a piece of text."""
        if not isinstance(text, str):
            checks.fail("text", "a string", text, error=TypeError)
        for character in text:
            if character not in self.characters:
                checks.fail("text", "of the characters of this text", character)
        return np.array([self.characters.index(character) for character in text], np.int64)

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of a row of integers."""
        row = inputs.integers("ids", ids).ravel()
        inputs.indices("ids", row, len(self.characters))
        return "".join(self.characters[i] for i in row)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{k} {len(getattr(self, k).y)}" for k in ("train", "validation", "test"))
        length, kinds = self.train.x.shape[-1], len(self.characters)
        about = f"{sizes}; windows of {length} characters, {kinds} different"
        return f"{type(self).__name__}({self.name!r}: {about})"


def load(name: str = "alice", *, length: int = 32) -> Text:
    """Load a text, cut into windows; the first 80 % are for training, then twice 10 %.

    Parameters
    ----------
    name : "alice"
    length : int >= 1, characters in a window

    Examples
    --------
    >>> text = load()
    >>> text
    Text('alice': train 829, validation 103, test 103; windows of 32 characters, 67 different)
    >>> x, y = text.train
    >>> text.decode(x[3]), text.decode(y[3])
    ('beginning to get very tired of s', 'eginning to get very tired of si')
    """
    checks.choice("name", name, ("alice",))
    with resources.as_file(resources.files("dlcourse") / "data_files" / f"{name}.txt") as path:
        text = verified(path, _SHA256, "Install the package again.").decode("ascii")
    characters = "".join(sorted(set(text)))
    places = {character: i for i, character in enumerate(characters)}
    ids = np.array([places[character] for character in text], np.int64)
    parts = np.split(ids, [len(ids) * 8 // 10, len(ids) * 9 // 10])
    train, validation, test = (windows(part, length) for part in parts)
    source = "L. Carroll (1865), Alice's Adventures in Wonderland, chapters I to III"
    return Text(name, text, characters, train, validation, test, "public domain", source)


def windows(ids: npt.ArrayLike, length: int) -> Split:
    """Pieces x (n, length) side by side, and y, which is one place ahead: what comes next.

    Examples
    --------
    >>> x, y = windows(np.arange(8), 3)
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    row, length = inputs.integers("ids", ids), checks.integer("length", length, 1)
    if row.ndim != 1:
        checks.fail("ids", "one row of integers", ids)
    n = (len(row) - 1) // length
    if n < 1:
        checks.fail("length", f"less than the {len(row)} places there are", length)
    x, y = (row[i : i + n * length].reshape(n, length).copy() for i in (0, 1))
    return Split(x, y)
