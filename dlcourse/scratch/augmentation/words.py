"""Edits of a sentence that should leave its meaning: synonyms, insertions, swaps, deletions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dlcourse import augmented, checks

Words = Sequence[str]
Synonyms = Mapping[str, Sequence[str]]


def load_synonyms() -> dict[str, list[str]]:
    """A short list of everyday English words, each with words that can stand in its place.

    >>> load_synonyms()["big"]
    ['large', 'huge']
    """
    return dict(augmented.read_json("synonyms.json")["synonyms"])


def known(words: Words, synonyms: Synonyms) -> list[int]:
    """The places of those words that have synonyms."""
    return [i for i, word in enumerate(words) if word in synonyms]


def one_of(options: Words, rng: np.random.Generator) -> str:
    """One of the words, all equally likely."""
    return options[int(rng.integers(len(options)))]


def synonym_replacement(
    words: Words, count: int, synonyms: Synonyms, rng: np.random.Generator
) -> list[str]:
    """Put synonyms in the place of ``count`` words, or of all that have any if they are fewer.

    Parameters
    ----------
    words : a sentence, as of ``text.split()``; it stays as it is
    count : int >= 0
    synonyms : {word: [synonym, …]}, as of ``load_synonyms()``; a word is looked up as it is written

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> synonym_replacement(["a", "big", "cat"], 1, {"big": ["large"]}, rng)
    ['a', 'large', 'cat']

    References
    ----------
    Wei and Zou (2019), who replace words that are no stop words: here, words of the list.
    """
    out, count = augmented.words(words), checks.integer("count", count, 0)
    synonyms = augmented.synonyms(synonyms)
    places = checks.generator("rng", rng).permutation(known(out, synonyms))
    for place in places[:count]:
        out[place] = one_of(synonyms[out[place]], rng)
    return out


def random_insertion(
    words: Words, count: int, synonyms: Synonyms, rng: np.random.Generator
) -> list[str]:
    """``count`` times, put a synonym of one of the words anywhere in the sentence.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> random_insertion(["a", "big", "cat"], 1, {"big": ["large"]}, rng)
    ['a', 'large', 'big', 'cat']

    References
    ----------
    Wei and Zou (2019).
    """
    out, count = augmented.words(words), checks.integer("count", count, 0)
    synonyms, rng = augmented.synonyms(synonyms), checks.generator("rng", rng)
    for _ in range(count):
        places = known(out, synonyms)
        if not places:
            break
        new = one_of(synonyms[out[places[rng.integers(len(places))]]], rng)
        out.insert(int(rng.integers(len(out) + 1)), new)
    return out


def random_swap(words: Words, count: int, rng: np.random.Generator) -> list[str]:
    """``count`` times, exchange two words, any two equally likely.

    Examples
    --------
    >>> random_swap(["a", "cat"], 1, np.random.default_rng(0))
    ['cat', 'a']

    References
    ----------
    Wei and Zou (2019).
    """
    out, count = augmented.words(words), checks.integer("count", count, 0)
    checks.generator("rng", rng)
    for _ in range(count if len(out) > 1 else 0):
        i, j = rng.permutation(len(out))[:2]
        out[i], out[j] = out[j], out[i]
    return out


def random_deletion(words: Words, p: float, rng: np.random.Generator) -> list[str]:
    """Drop each word with probability p; if none would be left, one of them stays.

    Examples
    --------
    >>> random_deletion(["a", "big", "cat"], 0.5, np.random.default_rng(0))
    ['a']

    References
    ----------
    Wei and Zou (2019).
    """
    out, p = augmented.words(words), checks.number("p", p, 0, 1)
    kept = checks.generator("rng", rng).random(len(out)) >= p
    if out and not kept.any():
        kept[rng.integers(len(out))] = True
    return [word for word, stays in zip(out, kept, strict=True) if stays]
