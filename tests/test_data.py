"""The digits that ship with the package, and what ``load`` refuses."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from dlcourse import data

ROOT = Path(data.__file__).resolve().parent.parent


def test_digits_have_the_documented_split():
    digits = data.load("digits")
    assert repr(digits) == (
        "Dataset('digits': train 896, validation 400, test 500; 1x8x8 images, 10 classes)"
    )
    assert digits.image_shape == (1, 8, 8)
    assert digits.classes == tuple("0123456789")
    assert "CC BY 4.0" in digits.license and "Alpaydin" in digits.source
    counts = [np.bincount(part.y) for part in (digits.train, digits.validation, digits.test)]
    assert counts[0].tolist() == [88, 92, 87, 93, 91, 92, 91, 88, 84, 90]
    assert counts[1].tolist() == [40] * 10
    assert counts[2].tolist() == [50] * 10


def test_digits_are_the_uci_images():
    """Known from outside: class counts of the UCI test set, and its first image, a zero."""
    digits = data.load("digits")
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(_stored("labels")).tolist() == counts
    y = np.concatenate([digits.train.y, digits.validation.y, digits.test.y])
    counts[7] -= 1  # the image left out
    assert np.bincount(y).tolist() == counts
    x = np.concatenate([digits.train.x, digits.validation.x, digits.test.x]) * 16
    assert np.array_equal(x, np.rint(x))
    assert len(np.unique(x, axis=0)) == 1796  # no image twice, so none in two parts
    first = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0]
    (row,) = np.flatnonzero((x[:, :24] == first).all(axis=1))
    assert y[row] == 0


@pytest.mark.parametrize("dtype", [np.float64, "float32"])
@pytest.mark.parametrize("flat", [True, False])
def test_digits_shape_kind_and_scale(dtype, flat):
    digits = data.load("digits", dtype=dtype, flat=flat)
    for (x, y), n in zip(
        (digits.train, digits.validation, digits.test), (896, 400, 500), strict=True
    ):
        assert x.shape == ((n, 64) if flat else (n, 1, 8, 8))
        assert x.dtype == dtype and x.flags.c_contiguous and x.min() == 0.0 and x.max() == 1.0
        assert y.shape == (n,) and y.dtype == np.int64


def test_flat_and_image_form_agree():
    flat, images = data.load("digits"), data.load("digits", flat=False)
    assert np.array_equal(flat.test.x, images.test.x.reshape(500, 64))


def test_what_a_caller_does_to_the_arrays_stays_with_the_caller():
    mine = data.load("digits")
    untouched = mine.validation.x.copy()
    mine.train.x[...] = -1.0
    mine.train.y[...] = 7
    assert np.array_equal(mine.validation.x, untouched)
    fresh = data.load("digits")
    assert fresh.train.x.min() == 0.0 and len(np.unique(fresh.train.y)) == 10
    with pytest.raises(dataclasses.FrozenInstanceError):
        mine.train = mine.test
    with pytest.raises(AttributeError):
        mine.train.x = mine.test.x


def test_a_damaged_digits_file_is_refused(monkeypatch):
    monkeypatch.setattr(data, "_DIGITS_SHA256", "0" * 64)
    with pytest.raises(
        ValueError, match=r"digits\.npz must be the file with sha256 0{64}; got 'sha2"
    ):
        data.load("digits")


def test_the_stored_order_is_the_one_the_readme_describes():
    labels, order = _stored("labels"), _stored("order")
    assert np.array_equal(_packer().split_order(labels), order)
    shuffled = np.random.RandomState(1797).permutation(1797)
    sevens = shuffled[labels[shuffled] == 7]
    assert np.array_equal(order[1296:][labels[order[1296:]] == 7], sevens[:50])
    assert np.array_equal(order[896:1296][labels[order[896:1296]] == 7], sevens[50:90])
    rest = shuffled[~np.isin(shuffled, order[896:])]
    assert len(order) == 1796 and len(rest) == 897
    assert np.array_equal(order[:896], rest[:-1]), "the last of the training order is left out"
    assert labels[rest[-1]] == 7


def test_the_digits_file_can_be_packed_again(tmp_path):
    table = np.column_stack([_stored("images").reshape(1797, 64), _stored("labels")])
    np.savetxt(tmp_path / "optdigits.tes", table, fmt="%d", delimiter=",")
    sums = {_packer().pack(tmp_path / "optdigits.tes", tmp_path / f"{k}.npz") for k in "ab"}
    assert len(sums) == 1  # the same bytes twice
    with np.load(tmp_path / "a.npz", allow_pickle=False) as again:
        for name in ("images", "labels", "order"):
            assert np.array_equal(again[name], _stored(name)), name


def _stored(name):
    path = Path(data.__file__).parent / "data_files" / "digits.npz"
    with np.load(path, allow_pickle=False) as file:
        return file[name]


def _packer():
    spec = importlib.util.spec_from_file_location("pack_digits", ROOT / "tools" / "pack_digits.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- bad arguments

NAMES = "name must be one of 'digits', 'mnist', 'fashion-mnist'; got "
ERRORS = [
    ({"name": "minst"}, ValueError, NAMES + "'minst'. Did you mean 'mnist'?"),
    ({"name": None}, ValueError, NAMES + "None."),
    ({"dtype": np.int64}, ValueError, "dtype must be float64 or float32; got 'int64'."),
    ({"dtype": "real"}, TypeError, "dtype must be float64 or float32; got 'real'."),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), ERRORS)
def test_bad_arguments(arguments, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        data.load(**arguments)
