"""Norms of a sample that are wrong in their last digits, and statistics of too few tokens."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import test_normalization_sample_digits as sound
import test_transformers
import torch
from harness import relative

from dlcourse.scratch.normalization import layer_norm, rows, sample
from dlcourse.scratch.normalization.tokens import Tokens


def one_pass(x, eps, xhat, std):
    """The mean of the squares less the square of the mean."""
    mu = rows.mean(x)
    np.sqrt(np.maximum(rows.mean(x, x) - mu * mu, 0) + x.dtype.type(eps), out=std)
    np.divide(x - mu, std, out=xhat)


def mean_taken_once(x, eps, xhat, std):
    np.subtract(x, rows.mean(x), out=xhat)
    np.hypot(rows.rms(xhat), x.dtype.type(eps**0.5), out=std)
    xhat /= std


def squares_as_they_come(x, eps, xhat, std):
    np.subtract(x, rows.mean(x), out=xhat)
    xhat -= rows.mean(xhat)
    with np.errstate(over="ignore"):
        np.sqrt(rows.mean(xhat, xhat) + x.dtype.type(eps), out=std)
    xhat /= std


def second_look_at_all_rows(x, eps, xhat, std):
    """Where one row of the batch needs its mean taken off twice, it is from all of them."""
    mean_taken_once(x, 0.0, xhat, std)
    xhat *= std
    rest = rows.mean(xhat)
    if (abs(rest) > np.finfo(x.dtype).eps * std).any():
        xhat -= rest
    np.hypot(rows.rms(xhat), x.dtype.type(eps**0.5), out=std)
    xhat /= std


SUBTLE = [
    (one_pass, partial(sound.test_a_large_mean_costs_no_digits, np.float64, 1e6, 1e-5)),
    (mean_taken_once, partial(sound.test_a_large_mean_costs_no_digits, np.float32, 1e6, 1e-5)),
    (mean_taken_once, partial(sound.test_equal_features_become_exactly_beta, np.float32, 0.1)),
    (squares_as_they_come, partial(sound.test_no_square_overflows_in_float32, 1e30)),
    (
        second_look_at_all_rows,
        partial(sound.test_a_sample_is_alone_to_the_last_digit, np.float32),
    ),
]


@pytest.mark.parametrize(("wrong", "check"), SUBTLE, ids=lambda x: getattr(x, "__name__", "check"))
def test_wrong_in_the_last_digits_is_caught(wrong, check, monkeypatch) -> None:
    check()
    monkeypatch.setattr(sample, "standardize_rows", wrong)
    with pytest.raises(AssertionError):
        check()


def test_statistics_of_each_place_of_their_own_are_caught(monkeypatch) -> None:
    """As batch normalization in a recurrent network has them."""
    check = partial(test_transformers.test_tokens_have_the_statistics_of_all_places, "scratch")
    check()

    def forward(self, x, training=False):
        places = [self.layers[0].forward(x[:, i], training) for i in range(x.shape[1])]
        self.places = x.shape[-3:-1]
        return np.stack(places, axis=1)

    monkeypatch.setattr(Tokens, "forward", forward)
    with pytest.raises(AssertionError):
        check()


def test_torchs_layer_norm_itself_loses_digits_of_a_large_mean() -> None:
    """So parity could not have told which of the two is right."""
    x = (1e6 + np.random.default_rng(9).standard_normal((4, 37))).astype(np.float32)
    right = layer_norm(x.astype(float), None, None)[0]
    theirs = torch.nn.functional.layer_norm(torch.tensor(x), (37,)).numpy()
    assert relative(layer_norm(x, None, None)[0], right) < 1e-6 < 100 * relative(theirs, right)
