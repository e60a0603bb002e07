"""Transformers of any depth: block by block PyTorch's own, whatever the place and the norm."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import relative
from networks import ROOMS, SCRATCH
from numpy.testing import assert_allclose, assert_array_equal

import dlcourse.reference.normalization  # noqa: F401  (a room is what has been imported of it)
from dlcourse import reference, scratch
from dlcourse.problems import load_characters
from dlcourse.problems.transformers import (
    block_activations,
    block_gradients,
    blocks_of,
    transformer,
)
from dlcourse.training import evaluate, steps

KINDS = [
    ("pre", "layer"),
    ("post", "layer"),
    ("none", "layer"),
    ("rezero", "layer"),
    ("pre", "rms"),
    ("post", "batch"),
    ("pre", "batch"),
    ("pre", "dyt"),
]
PACKAGES = {"scratch": scratch, "reference": reference}


@pytest.fixture(scope="module")
def novel():
    return load_characters()


def make(place="pre", norm="layer", runs=None, room="scratch", seed=0, **kwargs):
    """In float64, and with no parameter at its start: norms too are to be told apart."""
    rng, kwargs = np.random.default_rng(seed), {"dtype": np.float64} | kwargs
    model = transformer(rng, runs, place=place, norm=norm, room=PACKAGES[room], **kwargs)
    shift = 0.1 * np.random.default_rng(seed + 1).standard_normal(model.theta.shape)
    model.theta += ROOMS[room].number(shift)
    return model


# The parameters of a block in the order of theta, by PyTorch's names.
NAMES = {
    "pre": ["norm1.weight", "norm1.bias", "self_attn.", "norm2.weight", "norm2.bias", "linear"],
    "post": ["self_attn.", "norm1.weight", "norm1.bias", "linear", "norm2.weight", "norm2.bias"],
}


def torchs_block(place: str, block) -> tuple[torch.nn.Module, list[str]]:
    """``torch.nn.TransformerEncoderLayer`` with the weights of a block, and its names in order."""
    torchs = torch.nn.TransformerEncoderLayer(
        16, 2, 32, dropout=0.0, activation="gelu", batch_first=True, norm_first=place == "pre"
    ).double()
    own = [name for name, _ in torchs.named_parameters()]
    names = [name for part in NAMES[place] for name in own if name.startswith(part)]
    assert sorted(names) == sorted(own)
    with torch.no_grad():
        params = dict(torchs.named_parameters())
        for name, value in zip(names, block.params.values(), strict=True):
            params[name].copy_(torch.tensor(value))
    return torchs, names


@pytest.mark.parametrize("place", NAMES)
def test_a_block_is_pytorchs(place: str) -> None:
    block = blocks_of(make(place))[2]
    torchs, names = torchs_block(place, block)
    x, dy = np.random.default_rng(3).standard_normal((2, 5, 9, 16))
    tx = torch.tensor(x, requires_grad=True)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.double)
    ty = torchs(tx, src_mask=mask, is_causal=True)
    ty.backward(torch.tensor(dy))
    assert relative(block.forward(x, True), ty.detach()) < 1e-10
    assert relative(block.backward(dy), tx.grad) < 1e-10
    params = dict(torchs.named_parameters())
    for name, grad in zip(names, block.grads.values(), strict=True):
        assert relative(grad, params[name].grad) < 1e-10, name
        assert abs(grad).max() > 1e-3, name


def test_pre_and_post_in_each_others_place_would_be_seen() -> None:
    block = blocks_of(make("pre"))[2]
    torchs, _ = torchs_block("pre", block)
    torchs.norm_first = False
    x = np.random.default_rng(3).standard_normal((5, 9, 16))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.double)
    wrong = torchs(torch.tensor(x), src_mask=mask, is_causal=True).detach()
    assert relative(block.forward(x), wrong) > 0.1


def trained(novel, room: str, place: str, norm: str, runs, updates=50):
    """Losses before each of the updates, the parameters after, and the loss in evaluation."""
    one, model = ROOMS[room], make(place, norm, runs, room)
    adam, loss = one.optimizers.Adam(model.theta, lr=0.01), one.losses.SequenceCrossEntropy()
    data = tuple(one.number(a[: 8 * updates]) for a in novel.train)
    plan = {"epochs": 1, "batch_size": 8, "rng": np.random.default_rng(2)}
    losses = [np.asarray(step.loss) for step in steps(model, adam, loss, data, **plan)]
    held_out = tuple(one.number(a[:40]) for a in novel.validation)
    return np.array(losses), np.asarray(model.theta), evaluate(model, loss, held_out)["loss"]


@pytest.mark.parametrize(
    ("place", "norm", "runs"), [(p, n, 2 if i % 2 else None) for i, (p, n) in enumerate(KINDS)]
)
def test_fifty_steps_in_both_rooms(novel, place: str, norm: str, runs) -> None:
    ours, theirs = (trained(novel, room, place, norm, runs) for room in ROOMS)
    assert len(ours[0]) == 50
    assert (ours[0][-5:].mean(0) < ours[0][:5].mean(0) - 0.3).all()
    for a, b in zip(ours, theirs, strict=True):
        assert relative(a, b) < 1e-10


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize(("place", "norm"), KINDS)
def test_what_it_is_made_of(place: str, norm: str, runs) -> None:
    model = make(place, norm, runs, blocks=3, dtype=np.float32)
    assert model.theta.dtype == np.float32
    lead = () if runs is None else (runs,)
    blocks = blocks_of(model)
    assert len(blocks) == 3
    kind = {"layer": "LayerNorm", "rms": "RMSNorm", "batch": "BatchNorm", "dyt": "DynamicTanh"}
    norms = [type(leaf).__name__ == kind[norm] for leaf in model.leaves]
    assert sum(norms) == {"pre": 7, "post": 6, "none": 0, "rezero": 0}[place]
    gates = [type(leaf).__name__ for leaf in model.leaves].count("Gate")
    assert gates == (6 if place == "rezero" else 0)
    ids = np.random.default_rng(4).integers(0, 32, (5, 16))
    y = model.forward(ids, True)
    assert y.shape == (*lead, 5, 16, 32) and y.dtype == np.float32
    dx = model.backward(y, input_grad=False)
    assert dx is None and np.isfinite(model.grad).all()


def test_without_the_last_norm_there_is_none() -> None:
    with_it, without = (make(final=final) for final in (True, False))
    kinds = [[type(layer).__name__ for layer in m.layers[-2:]] for m in (with_it, without)]
    assert kinds == [["LayerNorm", "Linear"], ["Sequential", "Linear"]]


@pytest.mark.parametrize("runs", [None, 3])
def test_the_same_generator_draws_the_same_weights_for_all_places_and_norms(runs) -> None:
    drawn = []
    for place, norm in KINDS:
        model = transformer(np.random.default_rng(5), runs, place=place, norm=norm)
        leaves = [
            a
            for leaf in model.leaves
            if type(leaf).__name__ in {"Linear", "Embedding", "CausalSelfAttention"}
            for a in leaf.params.values()
        ]
        drawn.append(np.concatenate([a.ravel() for a in leaves]))
    for other in drawn[1:]:
        assert_array_equal(other, drawn[0])
    if runs:
        model = transformer(np.random.default_rng(5), runs)
        assert abs(np.diff(model.params["0.weight"], axis=0)).min(axis=(-2, -1)).shape == (2,)
        assert abs(np.diff(model.params["0.weight"], axis=0)).max() > 1


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_the_future_is_not_seen_and_with_a_batchs_statistics_it_is(norm: str) -> None:
    """In training a norm over the batch lets later characters, and other windows, speak."""
    ids = np.random.default_rng(6).integers(0, 32, (4, 16))
    changed = ids.copy()
    changed[0, 9] = (changed[0, 9] + 1) % 32
    model = make("pre", norm)
    differs = (model.forward(ids, True) != model.forward(changed, True)).any(-1)
    assert differs[0, 9:].all()
    assert differs.all() if norm == "batch" else not (differs[0, :9].any() or differs[1:].any())
    differs = (model.forward(ids) != model.forward(changed)).any(-1)
    assert not differs[0, :9].any() and not differs[1:].any(), "in use none does"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("runs", [None, 2])
def test_gradients_and_activations_of_blocks(novel, room: str, runs) -> None:
    one, model = ROOMS[room], make("pre", runs=runs, blocks=3, room=room)
    batch = tuple(one.number(a[:6]) for a in novel.train)
    loss = one.losses.SequenceCrossEntropy()
    found = block_gradients(model, loss, batch)
    lead = () if runs is None else (runs,)
    assert found.shape == (3, *lead)
    for i, row in enumerate(found):
        owned = [s for name, s in model.slices.items() if name.startswith(f"{i + 2}.")]
        grad = np.concatenate([np.asarray(model.grad)[..., s] for s in owned], axis=-1)
        assert grad.shape[-1] == 2224
        assert_allclose(row, np.linalg.norm(grad, axis=-1), rtol=1e-12)
    sizes = block_activations(model, batch[0])
    assert sizes.shape == (4, *lead)
    y = batch[0]
    for i, layer in enumerate(model.layers[:5]):
        y = layer.forward(y, True)
        if i:
            rms = np.sqrt((np.asarray(y) ** 2).mean((-3, -2, -1)))
            assert_allclose(sizes[i - 1], rms, rtol=1e-12)
    assert (np.diff(sizes, axis=0) != 0).all()


def test_asking_changes_nothing_that_a_model_remembers(novel) -> None:
    """Statistics of batches that were only looked at are none of training."""
    model = make("pre", "batch", runs=2)
    kept = model.state_dict()
    block_gradients(model, SCRATCH.losses.SequenceCrossEntropy(), tuple(a[:6] for a in novel.train))
    block_activations(model, novel.train.x[:6])
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name], name)


@pytest.mark.parametrize("room", ROOMS)
def test_tokens_have_the_statistics_of_all_places(room: str) -> None:
    one, kinds = ROOMS[room], PACKAGES[room].normalization
    x, dy = np.random.default_rng(7).standard_normal((2, 3, 5, 4)) * 2 + 0.5
    torchs = torch.nn.BatchNorm1d(4).double()
    tx = torch.tensor(x, requires_grad=True)
    ty = torchs(tx.flatten(0, 1)).unflatten(0, (3, 5))
    ty.backward(torch.tensor(dy))
    tokens = kinds.Tokens(kinds.BatchNorm(4))
    assert relative(tokens.forward(one.number(x), True), ty.detach()) < 1e-12
    assert relative(tokens.backward(one.number(dy)), tx.grad) < 1e-12
    assert relative(tokens.buffers["0.running_var"], torchs.running_var) < 1e-12
    used = tokens.forward(one.number(x[:1]))
    torchs.eval()
    assert relative(used, torchs(tx[:1].flatten(0, 1)).unflatten(0, (1, 5)).detach()) < 1e-12


def test_tokens_take_their_state_along_and_have_shapes_of_their_own() -> None:
    rng = np.random.default_rng(8)
    model = make("pre", "batch", runs=3)
    ids = rng.integers(0, 32, (5, 16))
    model.forward(ids, True)
    whole = model.forward(ids)
    part = model.rows(slice(1, 3))
    assert_allclose(part.forward(ids), whole[1:], rtol=1e-12)
    part.forward(ids[:2], True)
    part.backward(whole[1:, :2])
    model.forward(ids[:, :7], True)
    assert part.backward(whole[1:, :2], input_grad=False) is None


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"blocks": 0}, ValueError, "blocks must be >= 1; got 0"),
        ({"place": "before"}, ValueError, "place must be one of 'pre', 'post', 'none', 'rezero'"),
        ({"norm": "lay"}, ValueError, "norm must be one of 'layer', .*Did you mean 'layer'"),
        ({"heads": 3}, ValueError, "embed_dim must be a multiple of num_heads, 3; got 16"),
        ({"width": 0}, ValueError, "embedding_dim must be >= 1; got 0"),
        ({"approximate": "sigmoid"}, ValueError, "approximate must be one of"),
    ],
)
def test_errors(kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        transformer(np.random.default_rng(0), **kwargs)
