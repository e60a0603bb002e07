"""MNIST's files: folder, cache, download, damage, and a strict parser."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests

from dlcourse import data

N_TRAIN, N_TEST, SIDE = 12, 5, 3
(TRAIN_X, TRAIN_Y), (TEST_X, TEST_Y) = data._FILES


def idx(array, magic=None, shape=None):
    """An idx file's bytes, gzipped; ``magic`` and ``shape`` replace what belongs in its header."""
    shape = array.shape if shape is None else shape
    magic = bytes((0, 0, 8, array.ndim)) if magic is None else magic
    content = magic + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()
    return gzip.compress(content, mtime=0)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A data set called mnist, 12 + 5 images of 3x3; ``put`` writes a file with its checksum."""
    rng = np.random.default_rng(3)
    arrays = {
        TRAIN_X: rng.integers(0, 256, (N_TRAIN, SIDE, SIDE), dtype=np.uint8),
        TRAIN_Y: rng.integers(0, 10, N_TRAIN, dtype=np.uint8),
        TEST_X: rng.integers(0, 256, (N_TEST, SIDE, SIDE), dtype=np.uint8),
        TEST_Y: rng.integers(0, 10, N_TEST, dtype=np.uint8),
    }
    folder, cache = tmp_path / "named" / "mnist", tmp_path / "cache"
    folder.mkdir(parents=True)
    sums = {}
    about = dataclasses.replace(
        data._IDX["mnist"],
        sums=sums,
        mirrors=("https://one.invalid/", "https://two.invalid/"),
        sizes=(N_TRAIN, N_TEST),
        n_validation=4,
        side=SIDE,
    )
    monkeypatch.setitem(data._IDX, "mnist", about)
    monkeypatch.setattr(data, "_cache_folder", lambda name: cache / name)
    monkeypatch.setenv("DLCOURSE_DATA", str(tmp_path / "named"))

    class Tiny:
        pass

    def put(file, content):
        sums[file] = hashlib.sha256(content).hexdigest()
        (folder / file).write_bytes(content)

    tiny = Tiny()
    tiny.arrays, tiny.folder, tiny.cache, tiny.put, tiny.sums = (
        arrays,
        folder,
        cache / "mnist",
        put,
        sums,
    )
    for file, array in arrays.items():
        put(file, idx(array))
    return tiny


@pytest.fixture
def offline(monkeypatch):
    """No connection, and a list of what was asked for."""
    asked = []

    def refuse(self, url, output_file, pooch, check_only=False):
        asked.append(url)
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    return asked


def test_the_named_folder_comes_first(tiny, offline):
    mnist = data.load("mnist", flat=False)
    x, y = tiny.arrays[TRAIN_X], tiny.arrays[TRAIN_Y]
    assert np.array_equal(mnist.train.x, x[:8, None] / 255)
    assert np.array_equal(mnist.validation.x, x[8:, None] / 255)
    assert np.array_equal(mnist.test.x, tiny.arrays[TEST_X][:, None] / 255)
    assert np.array_equal(np.concatenate([mnist.train.y, mnist.validation.y]), y)
    assert np.array_equal(mnist.test.y, tiny.arrays[TEST_Y])
    assert data.load("mnist", dtype=np.float32).test.x.shape == (N_TEST, SIDE * SIDE)
    assert offline == [] and not tiny.cache.exists()


def test_the_cache_comes_second(tiny, offline, monkeypatch):
    tiny.cache.parent.mkdir()
    tiny.folder.rename(tiny.cache)
    assert len(data.load("mnist").train.y) == 8  # the named folder exists, but has no files
    monkeypatch.delenv("DLCOURSE_DATA")
    assert len(data.load("mnist").train.y) == 8
    assert offline == []


def test_no_file_and_no_network_is_one_error_with_three_ways_out(tiny, offline, monkeypatch):
    monkeypatch.delenv("DLCOURSE_DATA")
    with pytest.raises(FileNotFoundError) as caught:
        data.load("mnist")
    message = str(caught.value)
    assert message.startswith(
        f"mnist file {TRAIN_X} must be in DLCOURSE_DATA, in the cache or down"
    )
    for way in ("set DLCOURSE_DATA", str(tiny.cache), "with a network", 'load("digits")'):
        assert way in message
    assert "one.invalid/: ConnectionError; https://two.invalid/: ConnectionError" in message
    assert offline == [f"https://{host}.invalid/{TRAIN_X}" for host in ("one", "two")]


def test_a_named_folder_that_does_not_exist_is_no_silent_download(tiny, offline, monkeypatch):
    monkeypatch.setenv("DLCOURSE_DATA", str(tiny.folder / "nowhere"))
    with pytest.raises(FileNotFoundError, match="DLCOURSE_DATA must be an existing folder; got '"):
        data.load("mnist")
    assert offline == []
    assert len(data.load("digits").test.y) == 500  # which needs no folder


def test_pooch_is_needed_only_without_a_file(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)  # as if it were not installed
    monkeypatch.setenv("DLCOURSE_DATA", str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match=r"^pooch must be installed .* set DLCOURSE_DATA"):
        data.load("mnist")


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "another file"])
@pytest.mark.parametrize("place", ["folder", "cache"])
def test_a_damaged_file_is_named_with_both_sums(tiny, offline, monkeypatch, place, damage):
    path = tiny.folder / TEST_X
    content = path.read_bytes()
    damaged = {
        "truncated": content[:-7],
        "one bit": content[:20] + bytes([content[20] ^ 1]) + content[21:],
        "empty": b"",
        "another file": (tiny.folder / TRAIN_X).read_bytes(),
    }[damage]
    path.write_bytes(damaged)
    if place == "cache":
        monkeypatch.delenv("DLCOURSE_DATA")
        tiny.cache.parent.mkdir()
        path = tiny.folder.rename(tiny.cache) / TEST_X
    with pytest.raises(ValueError, match="Delete it and load again") as caught:
        data.load("mnist")
    for part in (str(path), tiny.sums[TEST_X], hashlib.sha256(damaged).hexdigest()):
        assert part in str(caught.value)
    assert path.read_bytes() == damaged and offline == []


# the checksum is right in these: the parser must be strict of itself
BAD_IDX = {
    "magic of labels": (
        TRAIN_X,
        lambda a: idx(a, magic=b"\0\0\x08\x01"),
        "magic number of train-i",
    ),
    "signed bytes": (TRAIN_Y, lambda a: idx(a, magic=b"\0\0\x09\x01"), "00000801; got '00000901'"),
    "no magic": (TEST_Y, lambda a: gzip.compress(b""), "must be 00000801; got ''"),
    "one image short": (TEST_X, lambda a: idx(a[:-1]), "length of t10k-images.* 61 bytes; got 52"),
    "magic only": (TEST_Y, lambda a: gzip.compress(b"\0\0\x08\x01"), "must be 13 bytes; got 4"),
    "a byte behind": (TEST_Y, lambda a: idx(np.append(a, a[:1]), shape=(5,)), "13 bytes; got 14"),
    "sizes swapped": (TEST_X, lambda a: idx(a, shape=(3, 5, 3)), r"\(5, 3, 3\); got \(3, 5, 3\)"),
    "little-endian": (TEST_Y, lambda a: idx(a, shape=(5 << 24,)), r"\(5,\); got \(83886080,\)"),
    "not gzip": (TEST_Y, lambda a: b"plain", "t10k-labels.* must be a complete gzip file"),
    "half a gzip": (TRAIN_X, lambda a: idx(a)[:-9], "a complete gzip file; got 'Compressed file e"),
}


@pytest.mark.parametrize(("file", "make", "message"), BAD_IDX.values(), ids=BAD_IDX.keys())
def test_the_idx_parser_is_strict(tiny, file, make, message):
    tiny.put(file, make(tiny.arrays[file]))
    with pytest.raises(ValueError, match=message):
        data.load("mnist")


def _serve(monkeypatch, answer):
    """Let pooch download, from ``answer(url) -> bytes`` in place of the network."""
    asked = []

    def write(self, url, output_file, pooch, check_only=False):
        asked.append(url)
        content = answer(url)
        Path(output_file).write_bytes(content[: len(content) // 2])
        if content.endswith(b"CUT"):
            raise requests.exceptions.ChunkedEncodingError("connection broken")
        Path(output_file).write_bytes(content)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", write)
    return asked


def test_a_download_is_cached_and_used_again(tiny, monkeypatch):
    monkeypatch.delenv("DLCOURSE_DATA")
    asked = _serve(monkeypatch, lambda url: (tiny.folder / url.rsplit("/")[-1]).read_bytes())
    first = data.load("mnist")
    assert len(asked) == 4 and all(url.startswith("https://one.invalid/") for url in asked)
    assert sorted(path.name for path in tiny.cache.iterdir()) == sorted(tiny.arrays)
    again = data.load("mnist")
    assert len(asked) == 4 and np.array_equal(first.train.x, again.train.x)


def test_the_second_mirror_serves_where_the_first_fails(tiny, monkeypatch):
    monkeypatch.delenv("DLCOURSE_DATA")

    def answer(url):
        content = (tiny.folder / url.rsplit("/")[-1]).read_bytes()
        return content if "two.invalid" in url else b"<html>not here</html>"

    asked = _serve(monkeypatch, answer)
    assert len(data.load("mnist").test.y) == N_TEST
    assert len(asked) == 8


@pytest.mark.parametrize("ending", [b"", b"CUT"], ids=["wrong content", "connection broken"])
def test_a_failed_download_leaves_nothing_in_the_cache(tiny, monkeypatch, ending):
    monkeypatch.delenv("DLCOURSE_DATA")
    asked = _serve(monkeypatch, lambda url: b"half a file" + ending)
    with pytest.raises(FileNotFoundError, match="Three ways out"):
        data.load("mnist")
    assert len(asked) == 2
    assert list(tiny.cache.iterdir()) == []


# --- the real files, where there are some

needs_files = pytest.mark.skipif(
    not os.environ.get("DLCOURSE_DATA"), reason="DLCOURSE_DATA names no folder with the real files"
)


@needs_files
@pytest.mark.parametrize(
    ("name", "mean", "std", "first"),
    [("mnist", 0.1307, 0.3081, 5), ("fashion-mnist", 0.2860, 0.3530, 9)],
)
def test_real_files(name, mean, std, first):
    """Mean and deviation of the 60 000 training images are widely published for both sets."""
    real = data.load(name, dtype=np.float32)
    assert [len(part.y) for part in (real.train, real.validation, real.test)] == [
        55_000,
        5_000,
        10_000,
    ]
    assert real.train.x.shape == (55_000, 784) and real.train.x.dtype == np.float32
    x = np.concatenate([real.train.x, real.validation.x])
    assert abs(x.mean(dtype=float) - mean) < 1e-4 and abs(x.std(dtype=float) - std) < 1e-4
    assert real.train.y[0] == first
    for part in (real.train, real.validation, real.test):
        assert set(part.y.tolist()) == set(range(10))
    if name == "fashion-mnist":
        assert np.bincount(real.test.y).tolist() == [1000] * 10
