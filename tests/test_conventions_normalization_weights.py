"""Conventions of weight normalization and LRN: ours, and the other form, which differs."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn.utils import parametrizations

from dlcourse.scratch.layers import Linear
from dlcourse.scratch.normalization import (
    WeightNorm,
    data_dependent_init,
    local_response_norm,
    weight_norm,
)


def test_lrn_divides_alpha_by_the_window():
    x = 3 * np.random.default_rng(0).standard_normal((2, 7, 2, 3))
    ours, _ = local_response_norm(x, 5, alpha=0.1, k=2.0)
    theirs = torch.nn.LocalResponseNorm(5, alpha=0.1, k=2.0)(torch.tensor(x)).numpy()
    assert_allclose(ours, theirs, rtol=1e-13)
    of_the_paper = np.empty_like(x)
    for c in range(7):
        squares = (x[:, max(c - 2, 0) : c + 3] ** 2).sum(1)
        of_the_paper[:, c] = x[:, c] / (2.0 + 0.1 * squares) ** 0.75
    assert_allclose(local_response_norm(x, 5, alpha=0.5, k=2.0)[0], of_the_paper, rtol=1e-13)
    assert abs(ours / of_the_paper - 1).max() > 0.3


def test_an_even_window_lies_one_more_to_the_left():
    x = np.eye(5)[[2]]
    ours = local_response_norm(x + 1e-9, 2, alpha=2.0, beta=1.0, k=1.0)[0] / 1e-9
    assert_allclose(ours[0, [1, 3, 4]], [1.0, 0.5, 1.0], rtol=1e-6)
    theirs = torch.nn.LocalResponseNorm(2, alpha=2.0, beta=1.0)(torch.tensor(x + 1e-9)[..., None])
    assert_allclose(ours, theirs[..., 0].numpy() / 1e-9, rtol=1e-12)


def test_weight_norm_has_one_length_for_each_output():
    rng = np.random.default_rng(0)
    v, g = rng.standard_normal((3, 4)), np.array([1.0, 2.0, 3.0])
    assert_allclose(np.linalg.norm(weight_norm(v, g)[0], axis=1), g, rtol=1e-14)
    for dim, axis in ((0, 1), (1, 0)):
        module = parametrizations.weight_norm(torch.nn.Linear(4, 3).double(), dim=dim)
        lengths = module.parametrizations.weight.original0.detach().numpy().ravel()
        rows = torch.linalg.vector_norm(module.weight, dim=axis).detach().numpy()
        assert_allclose(lengths, rows, rtol=1e-14)
        assert lengths.shape == ((3,) if dim == 0 else (4,))
    assert WeightNorm(Linear(4, 3, rng=rng)).shapes["weight_g"] == (3,)


def test_wrapping_keeps_the_weights_and_the_data_dependent_start_is_asked_for():
    rng = np.random.default_rng(0)
    plain, x = Linear(4, 3, rng=rng), 5 + 2 * rng.standard_normal((50, 4))
    layer = WeightNorm(plain)
    assert_allclose(layer.forward(x), plain.forward(x), rtol=1e-13)
    module = torch.nn.Linear(4, 3).double()
    before = module(torch.tensor(x)).detach().numpy()
    parametrizations.weight_norm(module)
    assert_allclose(module(torch.tensor(x)).detach().numpy(), before, rtol=1e-13)
    assert abs(before.var(0) - 1).max() > 0.1
    y = data_dependent_init(layer, x)
    assert y.mean(0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert y.var(0) == pytest.approx(np.ones(3), abs=1e-12)
