"""Conventions of the dropout family: ours, and the other form, which differs."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision

from dlcourse.problems.dropped import dropout_mlp
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.regularization import (
    DropConnect,
    Dropout,
    DroppedRNN,
    SequenceDropout,
    block_rate,
    draw_block_mask,
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_spatial_mask,
    drop_block,
    mc_dropout_predict,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def drawn(*shape, seed=0):
    return rng(seed).standard_normal(shape)


def test_p_is_the_probability_of_dropping():
    ours = 1 - draw_dropout_mask((200, 200), 0.9, rng()).mean()
    torch.manual_seed(0)
    theirs = (torch.nn.Dropout(0.9)(torch.ones(200, 200)) == 0).double().mean()
    assert ours == pytest.approx(0.9, abs=0.01)
    assert ours == pytest.approx(float(theirs), abs=0.01)
    keep_prob = 1 - draw_dropout_mask((200, 200), 1 - 0.9, rng()).mean()
    assert keep_prob == pytest.approx(0.1, abs=0.01)


def test_dropout_is_scaled_in_training():
    x, layer = np.ones((200, 200)), Dropout(0.4, rng=rng())
    y = layer.forward(x, training=True)
    assert_allclose(np.unique(y), [0, 1 / 0.6], rtol=1e-15)
    assert_array_equal(layer.forward(x), x)
    theirs = torch.nn.Dropout(0.4)
    assert theirs(torch.tensor(x)).max() == pytest.approx(1 / 0.6, rel=1e-15)
    assert theirs.eval()(torch.tensor(x)).max() == 1
    of_the_paper = x * layer.mask, 0.6 * x  # in training, and after it
    assert of_the_paper[0].mean() == pytest.approx(0.6, abs=0.01)
    assert_allclose(0.6 * y, of_the_paper[0], rtol=1e-15)
    assert abs(of_the_paper[1] - layer.forward(x)).min() == pytest.approx(0.4)


def test_p_of_one_is_refused():
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\); got 1"):
        Dropout(1.0, rng=rng())
    assert not torch.nn.Dropout(1.0)(torch.ones(5)).any()


def test_masks_are_drawn_by_children():
    """Weights and batches are the same with and without, and so is a generator afterwards."""
    generators = [rng(s) for s in (1, 2)]
    one, other = dropout_mlp([4, 6, 6, 2], generators, runs=2), [rng(s) for s in (1, 2)]
    assert_array_equal(one.theta, MLP([4, 6, 6, 2], other, runs=2).theta)
    one.forward(drawn(3, 4), training=True)
    assert [g.random() for g in generators] == [g.random() for g in other]
    torch.manual_seed(0)
    plain = [torch.randperm(50) for _ in range(2)]
    torch.manual_seed(0)
    theirs = torch.randperm(50)
    torch.nn.Dropout(0.5)(torch.ones(3))
    assert (theirs == plain[0]).all()
    assert (torch.randperm(50) != plain[1]).any()


def test_channels_lie_before_the_pixels():
    mask = draw_spatial_mask((5, 4, 3, 2), 0.5, rng())
    assert mask.shape == (5, 4, 1, 1)
    torch.manual_seed(0)
    theirs = torch.nn.Dropout2d(0.5)(torch.ones(50, 4, 3, 2)) != 0
    assert (theirs == theirs[:, :, :1, :1]).all()
    channels_last = theirs.all(1, keepdim=True).all(2, keepdim=True)  # what Keras would keep whole
    assert (theirs != channels_last).any()


def test_drop_block_divides_by_the_share_kept_of_the_batch():
    x = np.ones((6, 2, 9, 9))
    mask = draw_block_mask(x.shape, 0.3, 5, rng())
    ours, _ = drop_block(x, mask)
    assert ours.mean() == pytest.approx(1, rel=1e-14)
    assert ours.max() == pytest.approx(1 / mask.mean(), rel=1e-14)
    torch.manual_seed(0)
    theirs = torchvision().ops.drop_block2d(torch.tensor(x), 0.3, 5, eps=0.0)
    assert theirs.mean() == pytest.approx(1, rel=1e-14)
    as_dropout = x * mask / 0.7
    each = x * mask / mask.mean((1, 2, 3), keepdims=True)
    assert abs(as_dropout.mean() - 1) > 0.02
    assert abs(each - ours).max() > 0.1


def test_blocks_lie_wholly_in_the_image_and_have_any_size():
    with pytest.raises(ValueError, match="block size should be odd"):
        torchvision().ops.drop_block2d(torch.ones(1, 1, 6, 6), 0.3, 2)
    dropped = ~draw_block_mask((4000, 1, 6, 6), 0.3, 2, rng())
    assert set(np.unique(dropped.sum((1, 2, 3)))) <= {*range(0, 37)} - {1, 2, 3}
    share = dropped.mean((0, 1))
    assert share[0, 0] < 0.5 * share[2, 2]
    assert 0.2 < share.mean() < 0.3
    assert block_rate(0.3, 2, (6, 6)) == pytest.approx(0.3 / 4 * 36 / 25)
    cut_off = 0.3 / 4
    assert cut_off < block_rate(0.3, 2, (6, 6))


def test_drop_connect_has_one_mask_for_the_batch():
    layer, p = DropConnect(5, 3, 0.4, rng=rng()), 0.4
    x = np.repeat(drawn(1, 5), 2, axis=0)
    same = layer.forward(x, training=True)
    assert_array_equal(same[0], same[1])
    weight, bias = layer.params.values()
    masks = draw_dropout_mask((2, 3, 5), p, rng(7))
    each = np.einsum("nd,nkd->nk", x, masks * weight / (1 - p)) + bias
    assert abs(each[0] - each[1]).max() > 0.1
    assert_allclose(layer.forward(x), x @ weight.T + bias, rtol=1e-12)


def test_gaussian_noise_has_the_variance_of_dropout():
    noise = draw_gaussian_noise((300, 300), 0.2, rng())
    kept = draw_dropout_mask((300, 300), 0.2, rng()) / 0.8
    assert noise.var() == pytest.approx(0.25, abs=0.01)
    assert noise.var() == pytest.approx(kept.var(), abs=0.01)
    assert abs(noise.var() - 0.2) > 0.03


def test_a_sequence_has_one_mask():
    x = np.ones((4, 20, 6))
    ours = SequenceDropout(0.5, rng=rng()).forward(x, training=True)
    assert_array_equal(ours, np.broadcast_to(ours[:, :1], x.shape))
    anew = Dropout(0.5, rng=rng()).forward(x, training=True)
    assert (anew != anew[:, :1]).any()
    layer = DroppedRNN(6, 3, 0.5, 0.5, rng=rng())
    layer.forward(x, training=True)
    assert [m.shape for m in layer.mask] == [(4, 1, 6), (4, 1, 3)]
    every = DroppedRNN(6, 3, 0.5, 0.5, each_step=True, rng=rng())
    every.forward(x, training=True)
    assert [m.shape for m in every.mask] == [(4, 20, 6), (4, 20, 3)]
    survivors = every.mask[1].all(1).mean(), layer.mask[1].all(1).mean()
    assert survivors[0] == 0 < survivors[1], "carried through 20 places"
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="dropout"):
        theirs = torch.nn.RNN(6, 3, batch_first=True, dropout=0.5)
    a, b = (theirs(torch.ones(4, 20, 6))[0] for _ in range(2))
    assert (a == b).all(), "between layers alone, and here is but one"


def test_only_what_drops_is_as_in_training():
    net = Sequential(Linear(4, 8, rng=rng()), BatchNorm(8), Dropout(0.5, rng=rng()))
    x = drawn(5, 4) + 2
    for _ in range(30):
        net.forward(drawn(32, 4), training=True)
    kept = {name: a.copy() for name, a in net.buffers.items()}
    mean, std = mc_dropout_predict(net, x, 400, transform=None)
    for name, a in net.buffers.items():
        assert_array_equal(a, kept[name])
    net.leaves[2].p = 0.0
    assert abs(mean - net.forward(x)).max() < 6 * std.max() / 20
    as_in_training = net.forward(x, training=True)
    assert abs(as_in_training - mean).max() > 1
    assert any((a != kept[name]).any() for name, a in net.buffers.items())
    net.leaves[2].p = 0.5
    net.leaves[2].generators = [rng(5)]
    _, found = mc_dropout_predict(net, x, 3, transform=None)
    net.leaves[2].generators = [rng(5)]
    outs = [mc_dropout_predict(net, x, 1, transform=None)[0] for _ in range(3)]
    assert_allclose(found, np.std(outs, axis=0), rtol=1e-10, atol=1e-12)
    one_less = torch.std(torch.tensor(np.array(outs)), 0)
    assert_allclose(one_less[one_less > 0] / torch.tensor(found)[one_less > 0], 1.5**0.5)
    probabilities, _ = mc_dropout_predict(net, x, 200)
    logits, _ = mc_dropout_predict(net, x, 200, transform=None)
    of_logits = torch.softmax(torch.tensor(logits), -1)
    assert abs(of_logits - torch.tensor(probabilities)).max() > 0.05
