"""The twins refuse what the scratch room refuses; ``test_errors`` has its rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases.augmentation_images import REFUSED, Refused, X

from dlcourse.lesson.augmented import _tensors
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_the_twin_says_the_same(row: Refused) -> None:
    with pytest.raises(row.error, match=row.message):
        getattr(twins, row.name)(*_tensors(row.given), **row.more)


def test_every_function_has_its_row() -> None:
    images = {n for n in augmentation.__all__ if _module(n) in MODULES}
    assert images - {"equalize", "autocontrast"} == {row.name for row in REFUSED}


MODULES = {"color", "crops", "elastic", "geometry", "noise", "tones"}


def _module(name: str) -> str:
    return getattr(getattr(augmentation, name), "__module__", "").rpartition(".")[2]


def test_rounding_is_no_reason_to_refuse_a_colour() -> None:
    """Turned or resized images may lie an ulp outside of [0, 1]."""
    over = np.nextafter(np.float32(1), np.float32(2))
    x = np.full((1, 2, 2), over, np.float32)
    assert augmentation.brightness(x, 1.0).max() == 1
    assert twins.brightness(torch.as_tensor(x), 1.0).max() == 1
    turned = augmentation.rotate(X.astype(np.float32), 33.3)
    assert augmentation.contrast(turned, 2.0).max() <= 1


def test_a_refused_call_changes_nothing() -> None:
    x = X.copy()
    with pytest.raises(ValueError, match="top must be in"):
        augmentation.crop(x, np.array([0, 0, 0, 0, 9]), 0, 2)
    np.testing.assert_array_equal(x, X)
