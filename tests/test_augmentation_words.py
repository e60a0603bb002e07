"""Edits of sentences: what may change, how often, and that nothing else does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse import augmented
from dlcourse.lesson.parity import parity
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours

FEW = {"big": ["large", "huge"], "fast": ["quick"], "cat": ["kitten", "puss", "tom"]}
SENTENCE = ["the", "big", "cat", "ran", "fast", "past", "a", "big", "dog"]
NAMES = ("synonym_replacement", "random_insertion", "random_swap", "random_deletion")
texts = st.lists(st.sampled_from([*FEW, "the", "a", "dog", "ran"]), max_size=8)


def edits(room: Any, name: str, words: Any, much: Any, seed: int) -> list[str]:
    given_ = [FEW] if name in NAMES[:2] else []
    return getattr(room, name)(words, much, *given_, np.random.default_rng(seed))


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(0, 12), st.integers(0, 2**32))
def test_only_that_many_words_are_replaced_and_by_synonyms(words: Any, count: int, s: int) -> None:
    kept, out = list(words), edits(ours, NAMES[0], words, count, s)
    assert words == kept
    assert len(out) == len(words)
    changed = [(a, b) for a, b in zip(words, out, strict=True) if a != b]
    assert len(changed) == min(count, sum(word in FEW for word in words))
    assert all(b in FEW[a] for a, b in changed)


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(0, 12), st.integers(0, 2**32))
def test_insertions_keep_the_sentence_in_its_order(words: Any, count: int, seed: int) -> None:
    out = edits(ours, NAMES[1], words, count, seed)
    able = any(word in FEW for word in words)
    assert len(out) == len(words) + (count if able else 0)
    rest = iter(out)
    assert all(word in rest for word in words)
    new = Counter(out) - Counter(words)
    assert set(new) <= {o for word in words if word in FEW for o in FEW[word]}


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(0, 12), st.integers(0, 2**32))
def test_swaps_keep_the_words(words: Any, count: int, seed: int) -> None:
    out = edits(ours, NAMES[2], words, count, seed)
    assert Counter(out) == Counter(words)
    named = [f"{i}{word}" for i, word in enumerate(words)]
    moved = sum(a != b for a, b in zip(named, edits(ours, NAMES[2], named, 1, seed), strict=True))
    assert moved == (2 if len(words) > 1 else 0)


@settings(max_examples=150, deadline=None)
@given(texts, st.floats(0, 1), st.integers(0, 2**32))
def test_deletion_keeps_the_order_and_one_word_at_least(words: Any, p: float, seed: int) -> None:
    out = edits(ours, NAMES[3], words, p, seed)
    rest = iter(words)
    assert all(word in rest for word in out)
    assert bool(out) == bool(words)


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(0, 9), st.integers(0, 2**32), st.sampled_from(NAMES))
def test_the_twin_says_the_same(words: Any, count: int, seed: int, name: str) -> None:
    much = count / 9 if name == "random_deletion" else count
    assert edits(ours, name, words, much, seed) == edits(twins, name, words, much, seed)


@pytest.mark.parametrize("name", NAMES)
def test_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=20)
    assert "word by word" in capsys.readouterr().out


def test_every_place_and_synonym_is_as_likely_as_any_other() -> None:
    rng = np.random.default_rng(0)
    seen = Counter(tuple(ours.synonym_replacement(SENTENCE, 1, FEW, rng)) for _ in range(6000))
    places: Counter[int] = Counter()
    for out, times in seen.items():
        (place,) = [i for i, word in enumerate(out) if word != SENTENCE[i]]
        places[place] += times
    assert set(places) == {1, 2, 4, 7}
    assert all(abs(n - 1500) < 4 * (6000 * 0.25 * 0.75) ** 0.5 for n in places.values())
    puss = sum(n for out, n in seen.items() if out[2] == "puss")
    assert abs(puss - 500) < 4 * (6000 / 12) ** 0.5


def test_deletion_has_the_probability_it_is_given() -> None:
    rng, words = np.random.default_rng(1), [str(i) for i in range(50)]
    left = np.array([len(ours.random_deletion(words, 0.3, rng)) for _ in range(2000)])
    assert abs(left.mean() - 35) < 4 * (50 * 0.21 / 2000) ** 0.5
    assert abs(left.var() - 50 * 0.21) < 1.5
    ends = Counter(word for _ in range(3000) for word in ours.random_deletion(words[:3], 1.0, rng))
    assert sum(ends.values()) == 3000
    assert all(abs(n - 1000) < 4 * (3000 * 2 / 9) ** 0.5 for n in ends.values())


def test_insertion_goes_anywhere_and_swaps_take_any_two() -> None:
    rng = np.random.default_rng(2)
    at = Counter(
        ours.random_insertion(["x", "fast", "y"], 1, FEW, rng).index("quick") for _ in range(4000)
    )
    assert set(at) == {0, 1, 2, 3}
    assert all(abs(n - 1000) < 4 * 750**0.5 for n in at.values())
    pairs = Counter("".join(ours.random_swap(list("abcd"), 1, rng)) for _ in range(6000))
    assert len(pairs) == 6
    assert all(abs(n - 1000) < 4 * (6000 * 5 / 36) ** 0.5 for n in pairs.values())


def test_the_list_of_synonyms() -> None:
    found = ours.load_synonyms()
    assert found == twins.load_synonyms()
    assert 150 <= len(found) <= 250
    assert all(others and word not in others for word, others in found.items())
    assert all(len(set(others)) == len(others) for others in found.values())
    every = [*found, *(other for others in found.values() for other in others)]
    assert all(word.isascii() and word.isalpha() and word.islower() for word in every)
    found["big"].append("spoiled")
    assert "spoiled" not in ours.load_synonyms()["big"]
    folder = Path(augmented.__file__).parent / "data_files"
    assert "CC0" in json.loads((folder / "synonyms.json").read_text())["about"]
    assert "synonyms.json" in (folder / "README.md").read_text()
