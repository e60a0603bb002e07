"""Twin of ``scratch.landscape.units``: matrices on both sides of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import geometry
from dlcourse.reference.layers import (
    GELU,
    AvgPool2d,
    Conv2d,
    Flatten,
    GlobalAvgPool2d,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Tanh,
)

Tensor = torch.Tensor
WEIGHTED = (Linear, Conv2d)
MEANS = (AvgPool2d, GlobalAvgPool2d, Flatten)
POSITIVE = (ReLU, LeakyReLU, MaxPool2d, *MEANS)
ODD = (Tanh, *MEANS)
APART = (ReLU, LeakyReLU, Tanh, Sigmoid, GELU, MaxPool2d, *MEANS)


def permute_units(
    model: Any, theta: Tensor, permutations: Sequence[npt.ArrayLike | None]
) -> Tensor:  # fmt: skip
    """``F.one_hot`` permutation matrices."""
    hidden = geometry.hidden_layers(model, WEIGHTED, APART)
    geometry.vector_of(model, "theta", theta, Tensor)
    check = geometry.permutation
    given = geometry.one_a_layer("permutations", permutations, hidden, theta, check)
    matrices = [None if p is None else _one_hot(p, theta) for p in given]
    return turned(model, theta, hidden, [(m, m) for m in matrices])


def _one_hot(p: Any, theta: Tensor) -> Tensor:
    return F.one_hot(torch.tensor(p, device=theta.device), p.shape[-1]).to(theta.dtype)


def turned(
    model: Any, theta: Tensor, hidden: Sequence[geometry.Hidden], matrices: Sequence[Any]
) -> Tensor:
    """P W for the rows that enter a layer, and W Qᵀ for the columns that leave it, (P, Q) each."""
    parts, lead = dict(model.unflatten(theta)), theta.shape[:-1]
    for layer, (rows, columns) in zip(hidden, matrices, strict=True):
        if rows is None:
            continue
        for name in layer.incoming:
            w = parts[name]
            flat = w.reshape(*lead, layer.units, -1)
            parts[name] = torch.einsum("...ij,...jr->...ir", rows, flat).reshape(w.shape)
        w = parts[layer.outgoing]
        flat = w.reshape(*lead, w.shape[len(lead)], layer.units, -1)
        parts[layer.outgoing] = torch.einsum("...ij,...kjr->...kir", columns, flat).reshape(w.shape)
    return torch.cat([w.reshape(*lead, -1) for w in parts.values()], -1)


def flip_signs(model: Any, theta: Tensor, signs: Sequence[npt.ArrayLike | None]) -> Tensor:
    """``torch.diag_embed``."""
    hidden = geometry.hidden_layers(model, WEIGHTED, ODD, "signs")
    geometry.vector_of(model, "theta", theta, Tensor)
    given = geometry.one_a_layer("signs", signs, hidden, theta, geometry.signs)
    matrices = [None if s is None else _diagonal(s, theta) for s in given]
    return turned(model, theta, hidden, [(m, m) for m in matrices])


def rescale_units(model: Any, theta: Tensor, factors: Sequence[npt.ArrayLike | None]) -> Tensor:
    """``torch.diag_embed``, and its ``torch.linalg.inv``."""
    hidden = geometry.hidden_layers(model, WEIGHTED, POSITIVE, "factors")
    geometry.vector_of(model, "theta", theta, Tensor)
    given = geometry.one_a_layer("factors", factors, hidden, theta, geometry.factors)
    matrices = [None if a is None else _diagonal(a, theta) for a in given]
    both = [(m, None if m is None else torch.linalg.inv(m)) for m in matrices]
    return turned(model, theta, hidden, both)


def _diagonal(a: Any, theta: Tensor) -> Tensor:
    return torch.diag_embed(torch.tensor(a, dtype=theta.dtype, device=theta.device))
