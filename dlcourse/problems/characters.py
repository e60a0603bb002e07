"""A real task at the size of a lesson: which character of a novel comes next.

Some characters are in every line, some come once a page, as words do in a large text. Two small
networks read them: a recurrent one, and a transformer of one block.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

import dlcourse.scratch.models
from dlcourse import checks, text
from dlcourse.arrays import Array, Generators
from dlcourse.data import Split

ALPHABET = " !',.?abcdefghijklmnopqrstuvwxyz"
MULTIPLE = 64
"""The training windows are so many, or a multiple: no batch of 8, 16, 32 or 64 is a short one."""


def folded(letters: str) -> str:
    r"""The text in the 32 characters of ``ALPHABET``; what is none of them becomes a space.

    >>> folded("`Oh dear!  I shall be late!'  (when she\nTHOUGHT;")
    "'oh dear! i shall be late!' when she thought,"
    """
    plain = letters.lower().translate(str.maketrans('`";:', "'',,"))
    return re.sub(" +", " ", re.sub(f"[^{ALPHABET}]", " ", plain))


@dataclass(frozen=True, eq=False, repr=False)
class Characters(text.Text):
    """A text in few characters: three parts one after the other; made by ``load_characters``."""

    @cached_property
    def counts(self) -> Array:
        """How often each character is to be predicted in the training part, (k,)."""
        return np.bincount(self.train.y.ravel(), minlength=len(self.characters))

    def groups(self, share: float = 0.1) -> dict[str, Array]:
        """Masks (k,): ``rare`` characters together fill at most ``share`` of the training part."""
        share = checks.scalar("share", share)
        order = np.argsort(self.counts, kind="stable")
        rare = np.zeros(len(order), bool)
        rare[order] = np.cumsum(self.counts[order]) <= share * self.counts.sum()
        return {"frequent": ~rare, "rare": rare}

    def baselines(self, data: Split | None = None) -> dict[str, float]:
        """The loss on ``data``, else the validation part, without a network: with all characters
        alike, by how often each came in the training part, and by how often after each other one.
        All are counted once more than seen, for what was never seen may come.
        """
        x, y = self.validation if data is None else data
        k = len(self.characters)
        after = np.ones((k, k))
        np.add.at(after, (self.train.x, self.train.y), 1)
        alone = self.counts + 1
        return {
            "uniform": float(np.log(k)),
            "unigram": float(-np.log(alone[y] / alone.sum()).mean()),
            "bigram": float(-np.log(after[x, y] / after.sum(-1)[x]).mean()),
        }


def load_characters(length: int = 16) -> Characters:
    """The shipped text, folded: the first 80 % are for training, then twice 10 %.

    Parameters
    ----------
    length : int >= 1, characters in a window

    Examples
    --------
    >>> novel = load_characters(length=8)
    >>> novel
    Characters('alice': train 3072, validation 389, test 389; windows of 8 characters, 32 different)
    >>> x, y = novel.train
    >>> novel.decode(x[4]), novel.decode(y[4])
    ('alice wa', 'lice was')
    """
    found = text.load()
    letters = folded(found.text)
    ids = np.array([ALPHABET.index(character) for character in letters], np.int64)
    pieces = np.split(ids, [len(ids) * 8 // 10, len(ids) * 9 // 10])
    train, *held_out = (text.windows(piece, length) for piece in pieces)
    n = len(train.x) // MULTIPLE * MULTIPLE
    if not n:
        checks.fail("length", f"short enough for {MULTIPLE} windows", length)
    parts = Split(train.x[:n], train.y[:n]), *held_out
    given: Any = found.name, letters, ALPHABET, *parts, found.license, found.source
    return Characters(*given)


def recurrent_model(
    rng: Generators,
    runs: int | None = None,
    *,
    width: int = 16,
    hidden: int = 32,
    dtype: npt.DTypeLike = np.float32,
    room: Any = dlcourse.scratch,
) -> Any:
    """Embedding, Elman network, linear: the model of ``room``, ``scratch`` or ``reference``.

    Parameters
    ----------
    width, hidden : numbers in an embedding, and in the state
    others : as in ``MLP``

    >>> recurrent_model(np.random.default_rng(0), runs=5).theta.shape
    (5, 3136)
    """
    kinds, made = room.layers, {"rng": rng, "runs": runs, "dtype": dtype}
    return room.models.Sequential(
        kinds.Embedding(len(ALPHABET), width, **made),
        kinds.RNN(width, hidden, **made),
        kinds.Linear(hidden, len(ALPHABET), **made),
    )


def attention_model(
    rng: Generators,
    runs: int | None = None,
    *,
    width: int = 16,
    length: int = 16,
    dtype: npt.DTypeLike = np.float32,
    room: Any = dlcourse.scratch,
) -> Any:
    """A transformer of one block, for windows of at most ``length``; else as the recurrent one.

    >>> attention_model(np.random.default_rng(0), runs=5).theta.shape
    (5, 3472)
    """
    kinds, made = room.layers, {"rng": rng, "runs": runs, "dtype": dtype}
    return room.models.Sequential(
        kinds.Embedding(len(ALPHABET), width, **made),
        kinds.PositionEmbedding(length, width, **made),
        room.models.Residual(kinds.CausalSelfAttention(width, **made)),
        room.models.Residual(
            kinds.Linear(width, 2 * width, **made),
            kinds.GELU(),
            kinds.Linear(2 * width, width, **made),
        ),
        kinds.Linear(width, len(ALPHABET), **made),
    )


def census(model: Any) -> str:
    """A line for each parameter of one run: its layer, its name, its shape, how many numbers.

    Examples
    --------
    >>> print(census(recurrent_model(np.random.default_rng(0), width=2, hidden=3)))
    Embedding  0.weight     32 × 2   64
    RNN        1.weight_ih  3 × 2     6
    RNN        1.weight_hh  3 × 3     9
    RNN        1.bias       3         3
    Linear     2.weight     32 × 3   96
    Linear     2.bias       32       32
    all                             210
    """
    owners = [type(leaf).__name__ for leaf in model.leaves for _ in leaf.shapes]
    rows = [
        (owner, name, " × ".join(map(str, shape)), str(math.prod(shape)))
        for owner, (name, shape) in zip(owners, model.shapes.items(), strict=True)
    ]
    rows.append(("all", "", "", str(model.theta.shape[-1])))
    a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(f"{w:{a}}  {x:{b}}  {y:{c}}  {z:>{d}}" for w, x, y, z in rows)


def group_loss(
    model: Any, loss: Any, data: tuple[Any, Any], groups: Mapping[str, Array], name: str
) -> dict[str, Any]:
    """The mean loss on the places where a character of each group comes next: one number a run.

    Parameters
    ----------
    loss : ``SoftmaxCrossEntropy()`` of the model's room
    name : the set that ``data`` is, ``"val"`` or ``"test"``

    Returns
    -------
    {"val_rare_loss": (runs,), …}, as ``sweep`` takes it from its ``measure``
    """
    x, y = data
    places = {f"{name}_{k}_loss": mask[np.asarray(y)].nonzero() for k, mask in groups.items()}
    with np.errstate(over="ignore", invalid="ignore"):  # a run may have diverged
        out = model.forward(x, False)
        return {key: loss.forward(out[..., i, j, :], y[i, j]) for key, (i, j) in places.items()}
