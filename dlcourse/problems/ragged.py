"""Sequences of unequal length: the words of a novel, letter by letter, and their padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlcourse.arrays import Array
from dlcourse.problems.characters import load_characters
from dlcourse.scratch.normalization import batch_statistics


def words_of_a_novel() -> list[Array]:
    """Every word of the shipped text in order, its letters as numbers from 1, "a", to 26.

    >>> words_of_a_novel()[1]
    array([9])
    """
    text = load_characters().text
    plain = "".join(c if c.isalpha() else " " for c in text)
    return [np.frombuffer(w.encode(), np.uint8).astype(np.int64) - 96 for w in plain.split()]


def padded(words: Sequence[Array]) -> Array:
    """The words below each other, each filled up with zeros to the length of the longest.

    >>> padded([np.array([8, 9]), np.array([15, 23, 12])])
    array([[ 8,  9,  0],
           [15, 23, 12]])
    """
    longest = max(map(len, words))
    return np.stack([np.pad(word, (0, longest - len(word))) for word in words])


def letter_vectors(rng: np.random.Generator, width: int = 8) -> Array:
    """One random vector a letter, (27, width); the first, that of the padding, is zero."""
    table = rng.normal(size=(27, width))
    table[0] = 0.0
    return table


def normalized_letters(
    words: Sequence[Array], table: Array, rng: np.random.Generator
) -> dict[str, Array]:
    """What the vectors of the letters become in twenty batches of 32 words.

    Returns
    -------
    {"masked": by the statistics of the letters alone, "padded": by those of all places}, each
    (20, 26, width), and "whole": by those of all letters of all words, (26, width)
    """
    found: dict[str, list[Array]] = {"masked": [], "padded": []}
    for _ in range(20):
        places = padded([words[i] for i in rng.choice(len(words), 32)])
        for name, seen in (("masked", places[places > 0]), ("padded", places)):
            mean, var = batch_statistics(table[seen.ravel()])
            found[name].append((table[1:] - mean) / np.sqrt(var))
    mean, var = batch_statistics(table[np.concatenate(words)])
    every = {name: np.array(each) for name, each in found.items()}
    return every | {"whole": (table[1:] - mean) / np.sqrt(var)}
