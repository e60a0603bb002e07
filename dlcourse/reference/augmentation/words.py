"""Twin of ``scratch.augmentation.words``: words are numbers, edits are moves of their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from dlcourse import augmented, checks

Words = Sequence[str]
Synonyms = Mapping[str, Sequence[str]]


class Numbered:
    """Words as a row of integers, and back."""

    def __init__(self, words: Words, synonyms: Synonyms) -> None:
        kinds = [*words, *synonyms, *(o for others in synonyms.values() for o in others)]
        self.kinds = [*dict.fromkeys(kinds)]
        self.number = {word: i for i, word in enumerate(self.kinds)}
        self.has = torch.tensor([word in synonyms for word in self.kinds], dtype=torch.bool)
        self.synonyms = synonyms
        self.ids = self.encoded(words)

    def encoded(self, words: Words) -> torch.Tensor:
        return torch.tensor([self.number[word] for word in words], dtype=torch.long)

    def drawn(self, place: int, rng: np.random.Generator) -> torch.Tensor:
        """A synonym of the word at this place, (1,)."""
        options = self.encoded(self.synonyms[self.kinds[int(self.ids[place])]])
        return options[int(rng.integers(len(options)))][None]

    def places(self) -> torch.Tensor:
        """Those of words that have synonyms."""
        return self.has[self.ids].nonzero().flatten()

    @property
    def words(self) -> list[str]:
        return [self.kinds[i] for i in self.ids.tolist()]


def load_synonyms() -> dict[str, list[str]]:
    """The same file."""
    return {
        word: [*others] for word, others in augmented.read_json("synonyms.json")["synonyms"].items()
    }


def synonym_replacement(
    words: Words, count: int, synonyms: Synonyms, rng: np.random.Generator
) -> list[str]:
    """``Tensor.nonzero`` and an assignment."""
    words, count = augmented.words(words), checks.integer("count", count, 0)
    text = Numbered(words, augmented.synonyms(synonyms))
    places = text.places()
    order = torch.as_tensor(checks.generator("rng", rng).permutation(len(places)))
    for place in places[order][:count].tolist():
        text.ids[place] = text.drawn(place, rng)[0]
    return text.words


def random_insertion(
    words: Words, count: int, synonyms: Synonyms, rng: np.random.Generator
) -> list[str]:
    """``torch.cat``."""
    words, count = augmented.words(words), checks.integer("count", count, 0)
    text = Numbered(words, augmented.synonyms(synonyms))
    checks.generator("rng", rng)
    while count and len(places := text.places()):
        new = text.drawn(int(places[int(rng.integers(len(places)))]), rng)
        at = int(rng.integers(len(text.ids) + 1))
        text.ids = torch.cat([text.ids[:at], new, text.ids[at:]])
        count -= 1
    return text.words


def random_swap(words: Words, count: int, rng: np.random.Generator) -> list[str]:
    """Products of permutation matrices."""
    words, count = augmented.words(words), checks.integer("count", count, 0)
    checks.generator("rng", rng)
    n = len(words)
    moved = torch.eye(n)
    for _ in range(count if n > 1 else 0):
        i, j = rng.permutation(n)[:2].tolist()
        swap = torch.eye(n)
        swap[[i, j]] = swap[[j, i]]
        moved = swap @ moved
    return [words[i] for i in moved.argmax(1).tolist()] if n else []


def random_deletion(words: Words, p: float, rng: np.random.Generator) -> list[str]:
    """``torch.masked_select``."""
    text, p = Numbered(augmented.words(words), {}), checks.scalar("p", p)
    checks.number("p", p, 0, 1)
    kept = torch.ge(torch.as_tensor(checks.generator("rng", rng).random(len(text.ids))), p)
    if len(kept) and not kept.any():
        kept = torch.arange(len(kept)) == int(rng.integers(len(kept)))
    text.ids = torch.masked_select(text.ids, kept)
    return text.words
