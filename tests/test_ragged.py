"""Words of unequal length, their padding, and what it does to statistics."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.ragged import letter_vectors, normalized_letters, padded, words_of_a_novel


def test_words_are_letters_and_nothing_else() -> None:
    words = words_of_a_novel()
    assert len({len(word) for word in words}) > 5
    assert min(word.min() for word in words) == 1
    assert max(word.max() for word in words) <= 26


def test_padding_adds_zeros_and_nothing_else() -> None:
    words = words_of_a_novel()[:40]
    rows = padded(words)
    assert [int((row > 0).sum()) for row in rows] == [len(word) for word in words]
    assert rows[rows > 0].tolist() == np.concatenate(words).tolist()


def test_masked_letters_are_unbiased_and_padded_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    found = normalized_letters(words_of_a_novel(), letter_vectors(rng), rng)
    off = {
        name: np.sqrt(((found[name].mean(axis=0) - found["whole"]) ** 2).mean())
        for name in ("masked", "padded")
    }
    assert off["masked"] < 0.1 < 0.3 < off["padded"]


def test_without_anything_to_fill_both_ways_are_one() -> None:
    rng = np.random.default_rng(1)
    words = [np.arange(1, 27)[rng.permutation(26)[:4]] for _ in range(50)]
    found = normalized_letters(words, letter_vectors(rng), rng)
    np.testing.assert_allclose(found["masked"], found["padded"])
