"""Digits on a canvas: where they stand, what shuffling does, and who is asked to read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse.problems.drawn_digits import draw_digits
from dlcourse.problems.shifted_digits import SIDE, draw_shifted, learn_shifted, on_canvas, reader


def rngs(*seeds: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in seeds]


def test_a_digit_stands_where_it_was_put() -> None:
    x = np.arange(128.0).reshape(2, 64)
    canvas = on_canvas(x, np.array([0, 3]), np.array([4, 1]))
    np.testing.assert_array_equal(canvas[0, 0, 0:8, 4:12], x[0].reshape(8, 8))
    np.testing.assert_array_equal(canvas[1, 0, 3:11, 1:9], x[1].reshape(8, 8))
    assert canvas[1].sum() == x[1].sum()


def test_every_digit_has_a_place_of_its_own_and_keeps_its_label() -> None:
    plain, shifted = draw_digits(rngs(0), 200), draw_shifted(rngs(0), 200)
    np.testing.assert_array_equal(plain.train[1], shifted.train[1])
    images, drawn = plain.train[0][0], shifted.train[0][0, :, 0]
    places = set()
    for image, canvas in zip(images, drawn, strict=True):
        fits = [
            (t, left)
            for t in range(SIDE - 7)
            for left in range(SIDE - 7)
            if (canvas[t : t + 8, left : left + 8] == image.reshape(8, 8)).all()
        ]
        assert fits
        places.add(fits[0])
    assert len(places) > 20


def test_shuffling_is_one_order_for_all_images_of_a_run() -> None:
    plain, mixed = (draw_shifted(rngs(1, 2), 100, shuffled=s) for s in (False, True))
    for part in ("train", "test"):
        a, b = (getattr(d, part)[0].reshape(2, -1, SIDE * SIDE) for d in (plain, mixed))
        np.testing.assert_array_equal(np.sort(a, -1), np.sort(b, -1))
    orders = [np.random.default_rng(s) for s in (1, 2)]
    draw_digits(orders, 100)
    for run, rng in enumerate(orders):
        order = rng.permutation(SIDE * SIDE)
        flat = [d.test[0][run].reshape(-1, SIDE * SIDE) for d in (plain, mixed)]
        np.testing.assert_array_equal(flat[0][:, order], flat[1])


def test_the_networks_are_as_large_as_said() -> None:
    sizes = {kind: reader(rngs(0), 1, kind).theta.shape[1] for kind in ("dense", "convolution")}
    assert sizes == {"dense": 9930, "convolution": 1066}
    with pytest.raises(ValueError, match="kind must be one of"):
        reader(rngs(0), 1, "recurrent")


def test_a_run_alone_learns_what_it_learns_among_others() -> None:
    how: Any = {"lr": 0.03, "kind": "convolution", "n": 50, "epochs": 3}
    pair, alone = learn_shifted(rngs(5, 6), 2, **how), learn_shifted(rngs(6), 1, **how)
    for name, values in alone.items():
        np.testing.assert_allclose(pair[name][1], values[0], rtol=1e-3, atol=3e-3)
