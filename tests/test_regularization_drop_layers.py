"""Layers that drop: a generator for each run, in whatever company, and nothing after training."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from devices import DEVICES
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import dlcourse.reference
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.reference import regularization as twins
from dlcourse.scratch import regularization
from dlcourse.scratch.layers import RNN, Linear, ReLU
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.normalization import Tokens, WeightNorm
from dlcourse.scratch.regularization import DropConnect, Dropout, units

X = np.random.default_rng(0).normal(size=(48, 6))
SEEDS = (11, 12, 13, 14, 15)
P = np.array([0.1, 0.5, 0.3, 0.0, 0.7])
KINDS = {
    "Dropout": (partial(regularization.Dropout), (6, 4)),
    "GaussianDropout": (partial(regularization.GaussianDropout), (6, 4)),
    "SpatialDropout": (partial(regularization.SpatialDropout), (6, 4, 3, 2)),
    "DropBlock": (partial(regularization.DropBlock, block_size=2), (6, 4, 5, 3)),
    "SequenceDropout": (partial(regularization.SequenceDropout), (6, 3, 4)),
    "DropConnect": (lambda p, **more: DropConnect(4, 7, p, **more), (6, 4)),
    "DroppedRNN": (lambda p, **more: regularization.DroppedRNN(4, 3, p, p, **more), (6, 5, 4)),
}


def generators(seeds=SEEDS):
    return [np.random.default_rng(seed) for seed in seeds]


def assert_alone_as_among_many(name: str) -> None:
    """Three training passes of five runs, and of each run by itself."""
    make, shape = KINDS[name]
    x = np.random.default_rng(1).standard_normal((3, 5, *shape))
    many = make(P, rng=generators(), runs=5)
    alone = [make(p, rng=np.random.default_rng(s)) for p, s in zip(P, SEEDS, strict=True)]
    for batch in x:
        y = many.forward(batch, training=True)
        ys = [one.forward(b, training=True) for one, b in zip(alone, batch, strict=True)]
        assert_allclose(y, np.stack(ys), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", KINDS)
def test_a_run_draws_alone_what_it_draws_among_many(name: str) -> None:
    assert_alone_as_among_many(name)


@pytest.mark.parametrize("name", KINDS)
def test_every_pass_and_every_run_have_masks_of_their_own(name: str) -> None:
    make, shape = KINDS[name]
    x = np.random.default_rng(1).standard_normal(shape)  # shared by all runs
    layer = make(0.5, rng=generators(), runs=5)
    ys = [layer.forward(x, training=True) for _ in range(3)]
    assert ys[0].shape[0] == 5
    outs = [run for y in ys for run in y]
    for i, one in enumerate(outs):
        assert all(abs(one - other).max() > 0.1 for other in outs[:i])


@pytest.mark.parametrize("name", KINDS)
def test_afterwards_nothing_is_dropped_and_nothing_drawn(name: str) -> None:
    make, shape = KINDS[name]
    x = np.random.default_rng(1).standard_normal(shape)
    layer = make(0.5, rng=np.random.default_rng(0))
    states = [g.bit_generator.state for g in layer.generators]
    y, again = layer.forward(x), layer.forward(x, training=False)
    assert_array_equal(y, again)
    assert [g.bit_generator.state for g in layer.generators] == states
    if not layer.params:
        assert_array_equal(y, x)
        assert_array_equal(layer.backward(x), x)
    mean = np.mean([layer.forward(x, training=True) for _ in range(4000)], axis=0)
    if name not in ("DroppedRNN", "DropBlock"):  # a tanh lies between; corners are dropped less
        assert abs(mean - y).max() < 0.1 * abs(y).max()


@pytest.mark.parametrize("name", KINDS)
def test_the_backward_pass_has_the_mask_of_the_forward_pass(name: str) -> None:
    """Central differences, each with the generators where they were."""
    make, shape = KINDS[name]
    rng = np.random.default_rng(1)
    x, u = rng.standard_normal((2, 2, *shape))
    layer = make(np.array([0.3, 0.6]), rng=generators(SEEDS[:2]), runs=2)

    def passed(x):
        other = copy.deepcopy(layer)
        return other, other.forward(x, training=True)

    used, y = passed(x)
    dy = rng.standard_normal(y.shape)
    numeric = np.sum(dy * (passed(x + 1e-6 * u)[1] - passed(x - 1e-6 * u)[1])) / 2e-6
    assert abs(numeric) > 1e-3
    assert np.sum(used.backward(dy) * u) == pytest.approx(numeric, rel=1e-6)
    for key, grad in used.grads.items():
        kept, way = layer.params[key], rng.standard_normal(grad.shape)
        layer.params[key] = kept + 1e-6 * way
        ahead = passed(x)[1]
        layer.params[key] = kept - 1e-6 * way
        numeric = np.sum(dy * (ahead - passed(x)[1])) / 2e-6
        layer.params[key] = kept
        assert np.sum(grad * way) == pytest.approx(numeric, rel=1e-6)


def fresh_mask(self, dy, cache):
    return self.dropped(dy, self.each(self.one_run(dy), self.p))[0]


def test_a_fresh_mask_on_the_way_back_is_caught(monkeypatch) -> None:
    monkeypatch.setattr(units.Dropping, "pair_backward", fresh_mask)
    for name in ("Dropout", "GaussianDropout", "SpatialDropout", "DropBlock", "SequenceDropout"):
        with pytest.raises(AssertionError):
            test_the_backward_pass_has_the_mask_of_the_forward_pass(name)


# Models: parts, copies, files


def test_parts_of_a_model_go_on_with_its_generators() -> None:
    """Also of layers inside others, one run or some, whichever of them is asked first."""
    x = np.random.default_rng(1).standard_normal((5, 4, 3))

    def made():
        rngs = generators()
        inner = Residual(Linear(3, 3, rng=rngs, runs=5), Dropout(P, rng=rngs, runs=5))
        return Sequential(inner, Sequential(ReLU(), Dropout(0.5, rng=rngs, runs=5)))

    whole, cut = made(), made()
    parts = [cut.rows(slice(3, 5)), cut.rows(2), cut.rows(slice(0, 2))]
    for _ in range(3):
        right = whole.forward(x, True)
        assert_array_equal(parts[2].forward(x[:2], True), right[:2])
        assert_array_equal(parts[0].forward(x[3:], True), right[3:])
        assert_array_equal(parts[1].forward(x[2], True), right[2])
    assert parts[1].leaves[1].p == 0.3
    assert parts[1].leaves[1].runs is None
    assert_array_equal(parts[0].leaves[1].p, P[3:])
    assert_array_equal(cut.forward(x, True), whole.forward(x, True), "the model itself goes on")
    assert_array_equal(cut.leaves[1].p, P)


def test_places_of_sequences_drop_one_by_one() -> None:
    rngs = generators()
    net = Sequential(Linear(3, 2, rng=rngs, runs=5), Tokens(Dropout(0.5, rng=rngs, runs=5)))
    x = np.random.default_rng(1).standard_normal((5, 6, 4, 3))
    first = net.rows(slice(0, 2)).forward(x[:2], True)
    assert first.shape == (2, 6, 4, 2)
    assert 0.3 < (first == 0).mean() < 0.7


def test_copies_draw_what_their_model_draws() -> None:
    x = np.random.default_rng(1).standard_normal((4, 6))
    net = dropout_mlp([6, 8, 3], np.random.default_rng(0))
    net.forward(x, True)
    deep, read, many = copy.deepcopy(net), pickle.loads(pickle.dumps(net)), net.repeat(3)
    y = net.forward(x, True)
    assert_array_equal(deep.forward(x, True), y)
    assert_array_equal(read.forward(x, True), y)
    for one in many.forward(x, True):
        assert_array_equal(one, y)
    assert many.runs == many.leaves[2].runs == 3
    assert len(many.leaves[2].generators) == 3
    after = net.forward(x, True)
    assert abs(after - y).max() > 0.01
    assert_array_equal(many.rows(1).forward(x, True), after)


def test_a_state_is_pytorchs_and_has_no_generators() -> None:
    net = dropout_mlp([6, 8, 3], np.random.default_rng(0))
    parts = [torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(8, 3)]
    theirs = torch.nn.Sequential(*parts).double()
    theirs.load_state_dict({k: torch.tensor(a) for k, a in net.state_dict().items()})
    theirs.eval()
    right = theirs(torch.tensor(X)).detach()
    assert_allclose(net.forward(X), right, rtol=1e-12, atol=1e-14)


def test_runs_that_only_dropping_layers_know() -> None:
    """A model without parameters, too, knows how many runs it has."""
    drop = Dropout(P, rng=generators(), runs=5)
    net = Sequential(ReLU(), drop)
    assert (net.runs, net.theta.shape, net.holds_runs) == (5, (5, 0), True)
    assert net.rows(slice(1, 3)).forward(abs(X), True).shape == (2, 48, 6)
    assert not Sequential(ReLU()).holds_runs
    assert Sequential(ReLU()).runs is None


def test_a_weight_norm_of_dropped_connections_is_refused() -> None:
    with pytest.raises(TypeError, match=r"layer must be a Linear or a Conv2d; got 'DropConnect'"):
        WeightNorm(DropConnect(3, 2, 0.5, rng=np.random.default_rng(0)))


def test_weights_are_those_of_the_layers_without() -> None:
    for runs in (None, 3):
        kinds = (DropConnect, (0.5,), Linear), (regularization.DroppedRNN, (), RNN)
        for kind, told, plain in kinds:
            layer = kind(4, 3, *told, rng=np.random.default_rng(5), runs=runs)
            right = plain(4, 3, rng=np.random.default_rng(5), runs=runs)
            for name, p in right.params.items():
                assert_array_equal(layer.params[name], p)


def test_kinds_of_p() -> None:
    """A number, one a run, or the column that a sweep hands over."""
    ys = [
        Dropout(p, rng=generators(), runs=5).forward(X, True)
        for p in (P, P[:, None], P.tolist(), P.astype(np.float32).astype(float))
    ]
    for y in ys[1:3]:
        assert_array_equal(y, ys[0])
    same = Dropout(0.5, rng=generators(), runs=5).forward(X, True)
    assert_array_equal(same[1], ys[0][1])


@settings(max_examples=30, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    runs=st.sampled_from([None, 1, 3]),
    p=st.floats(0, 0.99),
    dtype=st.sampled_from([np.float32, np.float64]),
    kind=st.sampled_from(["Dropout", "GaussianDropout"]),
)
def test_any_shape(shape, runs, p, dtype, kind) -> None:
    rng = np.random.default_rng(7)
    lead = () if runs is None or len(shape) < 3 else (runs,)
    x = rng.uniform(0.5, 2, (*lead, *shape)).astype(dtype)[..., ::-1]
    kept = x.copy()
    layer = getattr(regularization, kind)(p, rng=rng, runs=runs)
    y = layer.forward(x, training=True)
    assert y.dtype == dtype
    assert y.shape == (x.shape if runs is None or lead else (runs, *x.shape))
    assert_array_equal(x, kept)
    if kind == "Dropout":
        assert_array_equal(y != 0, np.broadcast_to(layer.mask, y.shape))
        assert_allclose(y, layer.mask * x / (1 - p), rtol=1e-5)
    dy = rng.standard_normal(y.shape).astype(dtype)
    assert layer.backward(dy).dtype == dtype
    assert layer.forward(x) is x


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", KINDS)
def test_the_twin_draws_the_same_and_has_the_same_gradients(name: str, device: str) -> None:
    make, shape = KINDS[name]
    ours = make(P, rng=generators(), runs=5)
    kind = getattr(twins, name)
    told = {"DropConnect": (4, 7, P), "DroppedRNN": (4, 3, P, P), "DropBlock": (P, 2)}
    where = {"device": device} if name in ("DropConnect", "DroppedRNN") else {}
    theirs = kind(*told.get(name, (P,)), rng=generators(), runs=5, **where)
    rng = np.random.default_rng(1)
    for training in (True, True, False):
        x = rng.standard_normal((5, *shape))
        y, ty = ours.forward(x, training), theirs.forward(torch.tensor(x, device=device), training)
        assert_allclose(y, ty.cpu(), rtol=1e-10, atol=1e-12)
        dy = rng.standard_normal(y.shape)
        dx, tdx = ours.backward(dy), theirs.backward(torch.tensor(dy, device=device))
        assert_allclose(dx, tdx.cpu(), rtol=1e-10, atol=1e-12)
        for key, grad in ours.grads.items():
            assert_allclose(grad, theirs.grads[key].cpu(), rtol=1e-10, atol=1e-12)


def test_the_twins_network_is_ours() -> None:
    nets = [
        dropout_mlp([6, 8, 7, 3], generators(), P, 0.2, runs=5, room=room)
        for room in (dlcourse.scratch, dlcourse.reference)
    ]
    copied = copy.deepcopy(nets[1])
    for _ in range(2):
        y, ty = nets[0].forward(X, True), nets[1].forward(torch.tensor(X), True)
        assert_allclose(y, ty.numpy(), rtol=1e-10, atol=1e-12)
        assert_array_equal(copied.forward(torch.tensor(X), True).numpy(), ty.numpy())
    with pytest.raises(ValueError, match=r"layers must be alike in their number of runs"):
        dlcourse.reference.models.Sequential(
            twins.Dropout(0.5, rng=generators()[0], runs=2), *nets[1].layers
        )
