"""The shipped text: what it is, how it is cut, and what its windows ask a model to predict."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from dlcourse import text

FILES = Path(text.__file__).parent / "data_files"


def test_the_text_is_the_one_its_readme_describes() -> None:
    content = (FILES / "alice.txt").read_bytes()
    assert len(content) < 40_000
    assert b"\r" not in content
    alice, readme = text.load(), (FILES / "README.md").read_text(encoding="utf-8")
    assert alice.text.encode("ascii") == content
    counted = f"{len(alice.text.split()):,} words in {len(alice.text):,} ASCII characters"
    assert f"{counted}, {len(set(alice.text))} of them different" in readme
    assert alice.license == "public domain" and "Carroll (1865)" in alice.source
    for line in ("CHAPTER I\n", "Alice was beginning to get very tired", "finish his story.\n"):
        assert line in alice.text
    assert "Gutenberg" not in alice.text


def test_a_damaged_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = hashlib.sha256((FILES / "alice.txt").read_bytes()).hexdigest()
    assert found == text._SHA256
    monkeypatch.setattr(text, "_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"alice\.txt must be the file with sha256 0{64}; got 'sh"):
        text.load()


@pytest.mark.parametrize("length", [1, 32, 100])
def test_the_parts_follow_one_another_and_y_is_one_character_ahead(length: int) -> None:
    alice, end = text.load(length=length), 0
    for part, share in zip(
        (alice.train, alice.validation, alice.test), (0.8, 0.1, 0.1), strict=True
    ):
        assert part.x.shape == part.y.shape and part.x.dtype == part.y.dtype == np.int64
        assert abs(part.x.size - share * len(alice.text)) <= length + 1
        read, ahead = alice.decode(part.x), alice.decode(part.y)
        start = alice.text.index(read, end)
        assert alice.text[start : start + len(read)] == read
        assert alice.text[start + 1 : start + 1 + len(read)] == ahead
        assert start - end <= length  # what filled no window is left out, and nothing else
        end = start + len(read)


def test_a_text_becomes_integers_and_back() -> None:
    alice = text.load()
    ids = alice.encode("Curiouser!")
    assert ids.dtype == np.int64
    assert alice.decode(ids) == "Curiouser!"
    assert [alice.characters[i] for i in ids[:2]] == ["C", "u"]
    assert list(alice.characters) == sorted(set(alice.text))
    with pytest.raises(ValueError, match=r"text must be of the characters of this text; got 'é'"):
        alice.encode("café")
    with pytest.raises(ValueError, match=r"ids must be in 0 \.\. 66; got -1"):
        alice.decode([3, -1])


def test_what_a_caller_does_to_the_arrays_stays_with_the_caller() -> None:
    mine = text.load()
    y = mine.train.y.copy()
    mine.train.x[...] = 0
    assert (mine.train.y == y).all()
    assert text.load().train.x.max() > 0


def test_nothing_becomes_nothing_and_back() -> None:
    alice = text.load()
    assert alice.encode("").shape == (0,) and alice.encode("").dtype == np.int64
    assert alice.decode([]) == alice.decode(alice.encode("")) == ""


def test_windows_are_copies_of_one_row_of_integers_of_any_width() -> None:
    row = np.arange(9, dtype=np.uint8)
    x, y = text.windows(row, 4)
    assert x.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]] and (y == x + 1).all()
    x[...] = 0
    assert (row == np.arange(9)).all() and y.min() == 1
    assert text.windows([1, 2], 1).x.tolist() == [[1]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: text.load("allice"), ValueError, r"name must be one of 'alice'.*mean 'alice'\?"),
        (lambda: text.load(length=0), ValueError, "length must be >= 1; got 0"),
        (lambda: text.load(length=3319), ValueError, "length must be less than the 3319 places"),
        (lambda: text.load(length=2.5), TypeError, r"length must be an integer; got 2\.5"),
        (lambda: text.load(length=True), TypeError, "length must be an integer; got True"),
        *(
            (
                lambda given=given: text.load().encode(given),
                TypeError,
                "text must be a string; got ",
            )
            for given in (None, 3, b"abc", ["a", "b"])
        ),
        *(
            (lambda given=given: text.load().decode(given), TypeError, "ids must be integers; got ")
            for given in ([1.0], [True], None, "ab", ["a"], [[1], [2, 3]], [float("nan")])
        ),
        (lambda: text.load().decode([0, 67]), ValueError, r"ids must be in 0 \.\. 66; got 67"),
        (
            lambda: text.load().decode(np.array([200], np.uint8)),
            ValueError,
            "ids must be .* got 200",
        ),
        *(
            (lambda given=given: text.windows(given, 1), TypeError, "ids must be integers; got ")
            for given in ("abcd", None, [1.0, 2.0], [True, False], [[1], [2, 3]])
        ),
        (lambda: text.windows(3, 1), ValueError, "ids must be one row of integers; got 3"),
        (lambda: text.windows([[1, 2], [3, 4]], 1), ValueError, "ids must be one row of integers"),
        (lambda: text.windows([], 1), ValueError, "length must be less than the 0 places"),
        (lambda: text.windows([1, 2, 3], 3), ValueError, "length must be less than the 3 places"),
    ],
)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()
